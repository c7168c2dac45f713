"""Reference of the project file: every key, from the models that read it, in the words of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import yaml
from pydantic.fields import FieldInfo

from documentation.reference.attribute_docstrings import docstrings_of_class
from documentation.reference.markdown import code, escaped, fence, page
from documentation.reference.yaml_words import bounds_in_words, type_in_words
from trimline.project import Project, Recipe
from trimline.project.settings import Settings
from trimline.study.stages import STAGES

PATH = "reference/project-file.md"
SOURCE = "Generated from the models in `src/trimline/project` that read and check a project file."
INTRODUCTION = """\
Every key that a project file may have. How they work together stands in [a study as a project
file](../project-file.md). A key that is left out has its default; so has one that is `null`, where the default is
"not given". An unknown key is an error that names the nearest one, and so is a value that is not of the type or
beyond the bounds that stand here.

A name such as `scenes[].offset` means the key `offset` of each member of the list `scenes`. Relative paths start at
the folder of the file they stand in. `${NAME}` and `${NAME:-default}` are environment variables; `${output}` and
`${archive}` are the folders that these keys name. Any key can be set for one run: `--set map.smoothing=2`, `--set
scenes.LC08_2018.offset=-1000`.

`methods: [unet]`, `split: blocks` and `recipe: paper` are short for `methods: [{network: unet}]`, `split: {by:
blocks}` and `recipe: {base: paper}`. "Or one alone" means that a list of one member may stand without its brackets."""

BESIDE_THE_MODEL = MappingProxyType(
    {
        "quick": "Values that replace others when the study is carried out with `--quick`.",
        "extends": "Another project file that this one has only the differences to: mappings merge key by key, lists "
        "whose members have an `id`, a `name` or a `network` member by member, and all else is replaced. The path "
        "starts at the folder of this file.",
    }
)
"""Keys that are gone before the model sees the file, and their meaning."""

_STAGES: Mapping[str, str] = MappingProxyType(
    {
        "search": "search",
        "dem_catalogue": "fetch",
        "simulate": "simulate",
        "samples": "samples",
        "split": "samples",
        "methods": "train",
        "evaluate": "evaluate",
        "thresholds": "thresholds",
        "experiments": "experiments",
        "sensors": "sensors",
        "map": "map",
        "timeline": "timeline",
        "change": "change",
        "glaciers": "glaciers",
        "terminus": "terminus",
        "edits": "timeline",
        "authors": "release",
        "license": "release",
        "version": "release",
        "doi": "release",
        "released": "release",
    }
)
"""Commands or stages that use a key of the top, and those below it."""

_TITLES: Mapping[str, str] = MappingProxyType({"": "The study"})
_FILLED: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("Period", "last"): "as `first`",
        ("Method", "name"): "by what the method is",
    }
)
"""Defaults that are filled in before a model checks its fields, in words."""

_RECIPE = "methods[].recipe"
"""Where the recipe stands, whose defaults are those of its preset."""

_EXAMPLES = Path(__file__).with_name("project_examples.yaml")
_SAME_AS: Mapping[str, str] = MappingProxyType(
    {"experiments[].samples": "samples", "experiments[].split": "split", "experiments[].evaluate": "evaluate"}
)
"""Keys whose own keys stand elsewhere already."""

_UNIT_IN_TEXT = re.compile(r"\[([^\]]+)\]")
_UNITS = (
    ("_m_per_a", "m per year"),
    ("_km2", "km2"),
    ("_m", "m"),
)


@dataclass(frozen=True)
class Key:
    """One key of the project file."""

    path: str
    """Where it stands: `scenes[].offset`."""
    type: str
    """Its type in words of YAML."""
    unit: str
    """Its unit; empty where it has none."""
    default: str
    """Its default, as YAML or in words."""
    meaning: str
    """Its meaning, Markdown."""
    section: str
    """The section of its own keys, where it has some that stand in one."""

    @property
    def name(self) -> str:
        """Its name, without the keys above it."""
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Section:
    """The keys of one model, at one place of the project file."""

    path: str
    """Where they stand: empty at the top, `scenes[]`."""
    meaning: str
    """What they are together, Markdown."""
    keys: tuple[Key, ...]
    """The keys, in the order of the model."""

    @property
    def title(self) -> str:
        """Its heading."""
        return _TITLES.get(self.path) or self.path


def pages() -> dict[str, str]:
    """Return the page of the project file."""
    found = sections()
    contents = "\n".join(f"- [{each.title}](#{anchor(each.title)}): {_first(each.meaning)}" for each in found)
    beside = [
        f"## Keys beside these\n\n### {name}\n\n{text}\n\n{fence(examples()[name], 'yaml')}"
        if not place
        else f"### {name}\n\n{text}\n\n{fence(examples()[name], 'yaml')}"
        for place, (name, text) in enumerate(BESIDE_THE_MODEL.items())
    ]
    return {PATH: page("Project file", SOURCE, INTRODUCTION, contents, *(_shown(each) for each in found), *beside)}


def anchor(heading: str) -> str:
    """Return the anchor that the heading of a section or key gets."""
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading)).strip().lower()


def sections() -> list[Section]:
    """Return every section of the project file, the top first, each model once."""
    return list(_sections(Project, ""))


@cache
def examples() -> Mapping[str, str]:
    """Return parts of project files, YAML, by the section that they are shown in."""
    return MappingProxyType(yaml.safe_load(_EXAMPLES.read_text(encoding="utf-8")))


def models_of(annotation: Any) -> list[type[Settings]]:
    """Return the models within a type."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [model for each in get_args(annotation) for model in models_of(each)]


def _sections(model: type[Settings], path: str) -> Iterator[Section]:
    texts = docstrings_of_class(model)
    keys, within = [], []
    # Fields of a base stand first in a model, and last here: those of a release end a project file.
    own = sorted(model.model_fields, key=lambda name: name not in model.__annotations__)
    for name in own:
        field = model.model_fields[name]
        found = models_of(field.annotation)
        is_list = "tuple" in str(field.annotation) and bool(found)
        full = f"{path}.{field.alias or name}" if path else (field.alias or name)
        here = f"{full}[]" if is_list else full
        if found and full not in _SAME_AS:
            within.append((found[0], here))
        section = _SAME_AS.get(full, here) if found else ""
        keys.append(_key(model, full, field, texts[name], section))
    yield Section(path, escaped(_class_meaning(model)), tuple(keys))
    for found_model, where in within:
        yield from _sections(found_model, where)


def _class_meaning(model: type[Settings]) -> str:
    """Return the first paragraphs of the docstring of a model, without examples in Python."""
    return re.split(r"\n\s*Examples\n", model.__doc__ or "")[0].strip()


def _key(model: type[Settings], path: str, field: FieldInfo, text: str, section: str) -> Key:
    name = path.rpartition(".")[2]
    unit = _UNIT_IN_TEXT.search(text)
    ending = next((unit for ending, unit in _UNITS if name.endswith(ending)), "")
    kind = type_in_words(model, field)
    return Key(
        path=path,
        type=kind + bounds_in_words(field),
        unit=(unit[1] if unit else ending) if "number" in kind else "",
        default=_default(model, path, field),
        meaning=_in_yaml(escaped(text)),
        section=section,
    )


def _default(model: type[Settings], path: str, field: FieldInfo) -> str:
    filled = _FILLED.get((model.__name__, path.rpartition(".")[2]))
    if filled:
        return f"default: {filled}"
    if field.is_required():
        return "must be given"
    default = field.get_default(call_default_factory=True)
    if isinstance(default, Settings):
        return ""
    if path.startswith(f"{_RECIPE}."):
        return f"default: {_of_presets(path.removeprefix(f'{_RECIPE}.'))}"
    if default is None:
        return "default: not given"
    return f"default: {code(_yaml(default))}" if default not in ((), "", {}) else "default: none"


def _of_presets(path: str) -> str:
    """Return the value of a key of a recipe, by preset where it differs."""
    names = get_args(Recipe.model_fields["base"].annotation)
    if path == "base":
        return "`strong`, or `fine_tune` for a method with `start`"
    by_value: dict[str, list[str]] = {}
    for preset in sorted(names, key=lambda each: each != "strong"):
        value: Any = attrgetter(path)(Recipe.preset(preset))
        shown = "not given" if value is None else ("none" if value in ((), {}) else code(_yaml(value)))
        by_value.setdefault(shown, []).append(preset)
    if len(by_value) == 1:
        return next(iter(by_value))
    return ", ".join(f"{value} ({', '.join(presets)})" for value, presets in by_value.items())


def _yaml(value: Any) -> str:
    """Return a value as it is written in a project file, in one line."""
    plain = _plain(value)
    text: str = yaml.safe_dump(plain, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n...\n").strip()


def _plain(value: Any) -> Any:
    if isinstance(value, Settings):
        given = value.model_dump(mode="json", exclude_defaults=True)
        network = given.get("network")
        return {"network": network} if network is not None and given.get("name") == network else given
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return str(value) if isinstance(value, Path) else value


def _in_yaml(text: str) -> str:
    """Return a meaning without Python's word for what is not given."""
    text = re.sub(r"(^|\. )None (?=means|gives|takes)", r"\1Not given ", text)
    return re.sub(r"\bNone (?=means|gives|takes)", "not given ", text).replace("None", "`null`")


def _first(text: str) -> str:
    return re.split(r"(?<=[.:])\s", text)[0].rstrip(":")


def _shown(section: Section) -> str:
    name = section.path.partition(".")[0].removesuffix("[]")
    stage = _STAGES.get(name) if section.path else None
    used = f" First used by {_user(stage)}." if stage else ""
    parts = [f"## {section.title}", f"{section.meaning}{used}"]
    example = examples().get(section.path.replace("[]", ""))
    if example:
        parts.append(fence(example, "yaml"))
    mappings = "\n".join(
        f"- `{each.name}`: {each.meaning} [Its keys](#{anchor(each.section)})." for each in section.keys if each.section
    )
    parts += [f"Keys with keys of their own:\n\n{mappings}"] if mappings else []
    return "\n\n".join([*parts, *(_key_shown(each, stage) for each in section.keys if not each.section)])


def _user(stage: str) -> str:
    """Return in words what uses a key: a stage or, of what is no stage, the command."""
    return f"the stage `{stage}`" if stage in STAGES else f"`trimline {stage}`"


def _key_shown(key: Key, stage_of_section: str | None) -> str:
    facts = [key.type + (f" \\[{escaped(key.unit)}\\]" if key.unit else ""), key.default]
    if "." not in key.path and stage_of_section is None and key.path in _STAGES:
        facts.append(f"first used by {_user(_STAGES[key.path])}")
    example = single_line_example(key.path)
    if example:
        facts.append("example: " + code(f"{key.name}: {example}"))
    return f"### {key.path}\n\n*{'; '.join(each for each in facts if each)}*\n\n{key.meaning}"


def single_line_example(path: str) -> str:
    """Return the value of a key as it is written in an example; empty where that takes more than a line."""
    section = path.rpartition(".")[0].replace("[]", "")
    texts = sorted(examples().items(), key=lambda each: each[0] != section)
    places = [path, *(path.replace(same, place, 1) for place, same in _SAME_AS.items() if path.startswith(f"{same}."))]
    for place in places:
        for _, text in texts:
            for node in _nodes(yaml.compose(text), place.split(".")):
                if node.start_mark.line == node.end_mark.line:
                    return text[node.start_mark.index : node.end_mark.index]
    return ""


def _nodes(node: yaml.Node | None, path: list[str]) -> Iterator[yaml.Node]:
    """Yield the nodes that a path leads to, through every member of lists."""
    if not path:
        if node is not None:
            yield node
        return
    name, is_list = path[0].removesuffix("[]"), path[0].endswith("[]")
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value != name:
            continue
        if is_list and isinstance(value, yaml.SequenceNode):
            for member in value.value:
                yield from _nodes(member, path[1:])
        elif not is_list:
            yield from _nodes(value, path[1:])
