"""A YAML file becomes a `Project`: variables expanded, overrides applied, errors put into one sentence.

``${NAME}`` and ``${NAME:-default}`` stand for environment variables, ``${output}`` for the project's output folder.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from trimline.errors import ProjectError
from trimline.project.model import Project

DATA_VARIABLE = "TRIMLINE_DATA"
"""The environment variable that names the folder of a user's imagery."""

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def load_project(path: Path | str, overrides: Iterable[str] = ()) -> Project:
    """Read and validate a project file.

    Parameters
    ----------
    path
        The YAML file. Relative paths in it start at its folder.
    overrides
        ``key.path=value`` as given to ``--set``; the value is read as YAML. Members of a list are named by their
        ``id`` or ``name``, or by their position: ``scenes.2022.offset=-1000``, ``methods.0.recipe=paper``.

    Raises
    ------
    ProjectError
        The file cannot be read, is not YAML, holds an unknown key or a wrong value, or uses a variable that is not
        set.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProjectError(
            f"cannot be read ({error.strerror})", where=path, remedy="check the path of the project file"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProjectError(f"is not valid YAML: {' '.join(str(error).split())}", where=path) from error
    if not isinstance(content, dict):
        raise ProjectError("is not a mapping of keys to values", where=path, remedy="see docs/project-file.md")
    for override in overrides:
        _apply(content, override)
    content = _expand(content, _environment)
    if "output" in content:
        folder = (path.parent / str(content["output"])).resolve()
        content = _expand(content, {"output": str(folder)}.get)
    try:
        return Project.model_validate(content, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise _in_one_sentence(error, path) from error


def project_hash(project: Project) -> str:
    """Return the SHA-256 of a project's content, whatever the order of its keys or the place of its output."""
    content = project.model_dump(mode="json", exclude={"output"})
    text = json.dumps(content, sort_keys=True).replace(f"{project.output}/", "${output}/")
    return hashlib.sha256(text.encode()).hexdigest()


def _environment(name: str) -> str | None:
    """Look a variable up; `output` waits until it is known, and a relative data folder starts where the user stands."""
    if name == "output":
        return "${output}"
    value = os.environ.get(name)
    return str(Path(value).absolute()) if value and name == DATA_VARIABLE else value


def _expand(value: Any, lookup: Callable[[str], str | None]) -> Any:
    if isinstance(value, dict):
        return {key: _expand(each, lookup) for key, each in value.items()}
    if isinstance(value, list):
        return [_expand(each, lookup) for each in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        found = lookup(match["name"])
        if found is None and match["default"] is None:
            raise ProjectError(
                f"the variable '{match['name']}' in '{value}' is not set",
                remedy=f"set it in the environment, or give a default: ${{{match['name']}:-value}}",
            )
        return found if found is not None else match["default"]

    return _VARIABLE.sub(replace, value)


def _apply(content: dict[str, Any], override: str) -> None:
    """Put the value of ``key.path=value`` into nested mappings and lists."""
    key, separator, text = override.partition("=")
    steps = key.strip().split(".")
    if not separator or not all(steps):
        raise ProjectError(f"--set '{override}' is not of the form key.path=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProjectError(f"--set '{override}': the value is not valid YAML") from error
    holder: Any = content
    for step, following in pairwise(steps):
        holder = _member(holder, step, override, following)
    if isinstance(holder, list):
        holder[_position(holder, steps[-1], override)] = value
    elif isinstance(holder, dict):
        holder[steps[-1]] = value
    else:
        raise ProjectError(f"--set '{override}': '{'.'.join(steps[:-1])}' holds a value, not keys")


def _member(holder: Any, step: str, override: str, following: str) -> Any:
    if isinstance(holder, list):
        position = _position(holder, step, override)
        if isinstance(holder[position], str):  # `methods: [unet]` is short for `methods: [{network: unet}]`
            holder[position] = {"network": holder[position]}
        return holder[position]
    if isinstance(holder, dict):
        held = holder.setdefault(step, {})
        if isinstance(held, str) and step in _SHORT_FORMS:
            holder[step] = held = {_SHORT_FORMS[step]: held}
        return held
    raise ProjectError(f"--set '{override}': '{following}' is looked for in a value, not in keys")


_SHORT_FORMS = {"recipe": "base", "split": "by"}
"""Keys whose value may be one word, and the key that the word stands for."""


def _position(holder: Sequence[Any], step: str, override: str) -> int:
    names = [
        str(each.get("id", each.get("name", each.get("network")))) if isinstance(each, dict) else str(each)
        for each in holder
    ]
    if step in names:
        return names.index(step)
    if step.isdigit() and int(step) < len(holder):
        return int(step)
    raise ProjectError(
        f"--set '{override}': the list has no member '{step}'",
        remedy=f"its members are {', '.join(names)}" if names else "the list is empty",
    )


def _in_one_sentence(error: ValidationError, path: Path) -> ProjectError:
    """Name the first thing that is wrong, and the nearest valid key where a key is unknown."""
    problems = error.errors()
    first = problems[0]
    location = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        unknown = str(first["loc"][-1])
        valid = _keys_at(Project, first["loc"][:-1])
        nearest = difflib.get_close_matches(unknown, valid, n=1, cutoff=0.5)
        remedy = f"did you mean '{nearest[0]}'?" if nearest else f"valid keys there are {', '.join(valid)}"
        return ProjectError(f"unknown key '{location}'{more}", where=path, remedy=remedy)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        return ProjectError(f"the key '{location}' is missing{more}", where=path, remedy="add it")
    return ProjectError(f"{location or 'project'}: {message[:1].lower()}{message[1:]}{more}", where=path)


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the valid keys of the model that a pydantic error location leads to."""
    for step in location:
        if isinstance(step, int) or step not in model.model_fields:
            continue
        inner = _model_in(model.model_fields[step].annotation)
        if inner is not None:
            model = inner
    return sorted(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the settings model inside ``tuple[Model, ...]``, ``Model | None`` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def nearest_name(wanted: str, known: Mapping[str, Any] | Iterable[str]) -> str:
    """Return a remedy that names the known name nearest to a wanted one, or lists them all."""
    names = list(known)
    nearest = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    return f"did you mean '{nearest[0]}'?" if nearest else f"there are {', '.join(names)}"
