"""Reference of the command line: every command with its arguments and options, from the commands themselves."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from typer.models import ArgumentInfo, OptionInfo

from documentation.reference.attribute_docstrings import docstrings_of_module
from documentation.reference.command_examples import EXAMPLES
from documentation.reference.markdown import code, escaped, fence, page, paragraphs, table

PATH = "reference/command-line.md"
SOURCE = "Generated from the commands and options in `src/trimline/cli`."
INTRODUCTION = """\
Every command takes `-h` (`--help`), which prints what this page says of it. The options of the first table stand
before the name of the command: `trimline -q outline SCENE`. Results go to standard output, as tables or, with
`--json`, as one JSON object; the log goes to standard error."""

_WORDS: dict[Any, str] = {Path: "PATH", str: "TEXT", int: "WHOLE NUMBER", float: "NUMBER"}
_EXIT_CODES = "trimline.cli.exit_codes"


@dataclass(frozen=True)
class Command:
    """One command of the program."""

    name: str
    """Its name on the command line."""
    text: str
    """What it does: its help, in paragraphs."""
    parameters: tuple[Parameter, ...]
    """Its arguments and options, in order."""

    @property
    def usage(self) -> str:
        """How it is called, in one line."""
        arguments = [
            each.value if each.is_required else f"[{each.value}]" for each in self.parameters if not each.is_option
        ]
        return " ".join(["trimline", self.name, *arguments, "[OPTIONS]"])


@dataclass(frozen=True)
class Parameter:
    """One argument or option of a command."""

    names: tuple[str, ...]
    """An option's names, `--output` and `-o`; none of an argument."""
    value: str
    """What stands for its value; empty for a switch."""
    help: str
    """Its meaning."""
    default: str
    """Its default as it is typed, or in words; empty where there is none."""
    choices: tuple[str, ...]
    """The values that it may have; none where any."""
    bounds: str
    """The numbers that it may have, in words; empty where any."""
    is_required: bool
    """Whether it must be given."""
    is_repeated: bool
    """Whether it may be given several times."""

    @property
    def is_option(self) -> bool:
        """Whether it is an option, and no argument."""
        return bool(self.names)


def pages() -> dict[str, str]:
    """Return the page of the command line."""
    commands = all_commands()
    parts = [
        INTRODUCTION,
        table(("command", "what it does"), ((_link(each), _first_sentence(each.text)) for each in commands)),
        "## Options of all commands",
        _parameters(program_options(), "option"),
        "## Exit codes",
        table(("code", "meaning"), ((code(number), escaped(meaning)) for number, meaning in exit_codes())),
    ]
    return {PATH: page("Command line", SOURCE, *parts, *(_section(each) for each in commands))}


def all_commands() -> list[Command]:
    """Return the commands of the program, in the order of its help."""
    from trimline.cli.app import app

    found = []
    for info in app.registered_commands:
        callback = info.callback
        if callback is None:  # typer would let it pass
            raise TypeError(f"the command {info.name} has no function")
        text = info.help or inspect.getdoc(callback) or ""
        found.append(Command(info.name or callback.__name__.replace("_", "-"), text, tuple(_read(callback))))
    return found


def program_options() -> list[Parameter]:
    """Return the options that stand before the name of a command."""
    from trimline.cli.app import app

    registered = app.registered_callback
    return [] if registered is None or registered.callback is None else list(_read(registered.callback))


def exit_codes() -> list[tuple[str, str]]:
    """Return the exit codes of the program with their meaning, smallest first."""
    from importlib import import_module

    meanings = docstrings_of_module(_EXIT_CODES)
    codes = {getattr(import_module(_EXIT_CODES), name): text for name, text in meanings.items()}
    return [("0", "All was done."), *((str(number), codes[number]) for number in sorted(codes))]


def _read(callback: Callable[..., Any]) -> Iterator[Parameter]:
    """Yield the parameters of a command from its function, which is all that typer reads too."""
    for name, given in inspect.signature(callback, eval_str=True).parameters.items():
        kind, info = _annotated(given.annotation)
        kind, is_repeated = _without_list(kind)
        is_required = given.default is inspect.Parameter.empty
        default = None if is_required else given.default
        # typer takes the first name within `Annotated` for the default, as its parameters stand in that order.
        first = (info.default,) if isinstance(info.default, str) else ()
        named = (*first, *(info.param_decls or ()))
        if isinstance(info, OptionInfo):
            long = f"--{name.replace('_', '-')}"
            is_switch = kind is bool
            names = tuple(part for each in (named or _switch_names(long, is_switch)) for part in each.split("/"))
            value = "" if is_switch else (info.metavar or _word(kind))
        else:
            is_switch, names, value = False, (), (info.metavar or name.upper()).strip("[]")
        yield Parameter(
            # Long names first, as they say what the option is.
            names=tuple(sorted(names, key=lambda each: not each.startswith("--"))),
            value=value,
            help=info.help or "",
            default=_default(default, info.show_default, names, is_switch=is_switch),
            choices=tuple(str(each) for each in typing.get_args(kind)) if typing.get_origin(kind) is Literal else (),
            bounds=_bounds(info.min, info.max),
            is_required=is_required,
            is_repeated=is_repeated,
        )


def _annotated(annotation: Any) -> tuple[Any, ArgumentInfo | OptionInfo]:
    """Return the type of a parameter, without None, and what typer is told of it."""
    kind, *told = typing.get_args(annotation)
    infos = [each for each in told if isinstance(each, ArgumentInfo | OptionInfo)]
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        (kind,) = (each for each in typing.get_args(kind) if each is not type(None))
    return kind, infos[0]


def _without_list(kind: Any) -> tuple[Any, bool]:
    if typing.get_origin(kind) is list:
        return typing.get_args(kind)[0], True
    return kind, False


def _switch_names(long: str, is_switch: bool) -> tuple[str, ...]:
    return (long, f"--no-{long.removeprefix('--')}") if is_switch else (long,)


def _word(kind: Any) -> str:
    return "CHOICE" if typing.get_origin(kind) is Literal else _WORDS[kind]


def _default(default: Any, shown: bool | str | None, names: tuple[str, ...], *, is_switch: bool) -> str:
    """Return a default as it is typed or, where typer is told so, in words; empty where there is none."""
    if isinstance(shown, str):
        return shown
    if is_switch:
        on, *off = [each for each in names if each.startswith("--")]
        return (code(on) if default else code(off[0])) if off else ""
    if default is None or shown is False:
        return ""
    return code(f"{default:g}" if isinstance(default, float) else str(default))


def _bounds(lowest: float | None, highest: float | None) -> str:
    if lowest is None and highest is None:
        return ""
    if highest is None:
        return f"{lowest:g} or more"
    return f"{highest:g} or less" if lowest is None else f"{lowest:g} to {highest:g}"


def _link(command: Command) -> str:
    return f"[`{command.name}`](#trimline-{command.name})"


def _first_sentence(text: str) -> str:
    first = " ".join(text.split("\n\n")[0].split())
    return escaped(first)


def _section(command: Command) -> str:
    arguments = [each for each in command.parameters if not each.is_option]
    options = [each for each in command.parameters if each.is_option]
    examples = "\n\n".join(f"# {each.does}\n{each.command}" for each in EXAMPLES.get(command.name, ()))
    parts = [
        f"## trimline {command.name}",
        paragraphs(command.text),
        fence(command.usage, "text"),
        _parameters(arguments, "argument"),
        _parameters(options, "option"),
        fence(examples, "sh") if examples else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _parameters(parameters: list[Parameter], head: str) -> str:
    if not parameters:
        return ""
    rows = []
    for each in parameters:
        name = ", ".join(code(name) for name in each.names)
        value = code(each.value) if each.value else ""
        rows.append((" ".join(part for part in (name, value) if part), _meaning(each)))
    return table((head, "meaning"), rows)


def _meaning(parameter: Parameter) -> str:
    """Return the meaning of a parameter, with its choices, bounds and default."""
    may_be_repeated = parameter.is_option and parameter.is_repeated and "repeated" not in parameter.help
    sentences = [
        escaped(parameter.help),
        f"One of {', '.join(code(each) for each in parameter.choices)}." if parameter.choices else "",
        f"{parameter.bounds[0].upper()}{parameter.bounds[1:]}." if parameter.bounds else "",
        "May be repeated." if may_be_repeated else "",
        "Must be given." if parameter.is_required and parameter.is_option else "",
        "May be left out." if not parameter.is_required and not parameter.is_option else "",
        f"Default: {parameter.default}." if parameter.default else "",
    ]
    return " ".join(each for each in sentences if each)
