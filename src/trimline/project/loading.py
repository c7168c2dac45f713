"""Loading a `Project` from YAML: variables expanded, overrides applied, errors in one sentence.

``${NAME}`` and ``${NAME:-default}`` are environment variables, ``${output}`` is the project's output folder and
``${archive}`` its folder of products. They have the same value in a file and in one that extends it, since they are
expanded after merging.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from trimline.errors import ProjectError, ProjectProblems, shortened
from trimline.files import StrPath
from trimline.project.extending import EXTENDS, SHORT_FORMS, WrittenPath, member_label, merge, read_project_file
from trimline.project.project_file import Project
from trimline.project.yaml_text import MOST_CHARACTERS, MOST_LEVELS, read_yaml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LOG = logging.getLogger(__name__)

FOLDER_VARIABLES = ("TRIMLINE_DATA", "TRIMLINE_ARCHIVE")
"""Environment variables of folders with imagery."""

QUICK = "quick"
"""The key of the values for `--quick`."""

_PROJECT_FOLDERS = ("output", "archive")
"""Keys that other values name as variables; the second may name the first."""

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def load_project(path: StrPath, overrides: Iterable[str] = (), *, quick: bool = False) -> Project:
    """Read and validate a project file.

    Parameters
    ----------
    path
        The YAML file. Relative paths in it start at its folder, those in a file that it extends at that file's.
    overrides
        ``key.path=value`` as given to ``--set``; the value is read as YAML. Members of a list are named by their
        ``id`` or ``name``, or by their position: ``scenes.2022.offset=-1000``, ``methods.0.recipe=paper``.
    quick
        Whether to apply the values under `quick`, before the overrides.

    Raises
    ------
    ProjectError
        A file cannot be read, is not YAML, extends itself, holds an unknown key or a wrong value, or uses a variable
        that is not set; or `quick` is set and the file has no such key.

    Examples
    --------
    >>> import trimline
    >>> project = trimline.load_project("projects/demo.yaml", ["output=elsewhere", "seed=3"])
    >>> [scene.id for scene in project.scenes]
    """
    path = Path(path)
    content = read_project_file(path)
    shorter = content.pop(QUICK, None)
    if quick:
        if not isinstance(shorter, dict):
            raise ProjectError(
                "has no quick form", where=path, remedy=f"say under the key {QUICK} what is different then"
            )
        content = merge(content, shorter)
    for override in overrides:
        _apply(content, override)
    content = _expand(content, _environment)
    for key in _PROJECT_FOLDERS:
        given = content.get(key)
        if isinstance(given, str):
            written = given if isinstance(given, WrittenPath) else WrittenPath(given, path.parent)
            content = _expand(content, {key: written.resolved()}.get, later=_PROJECT_FOLDERS)
    content = _resolved(_expand(content, lambda _: None))
    try:
        project = Project.model_validate(content, context={"folder": path.resolve().parent})
    except ValidationError as error:
        raise ProjectProblems(_problems_of(error), where=path) from error
    _warn_of_years(project)
    return project


def project_hash(project: Project) -> str:
    """Return the SHA-256 of a project's content, independent of the order of its keys and of its output folder."""
    content = project.model_dump(mode="json", exclude={"output"})
    text = json.dumps(content, sort_keys=True).replace(f"{project.output}/", "${output}/")
    return hashlib.sha256(text.encode()).hexdigest()


def _environment(name: str) -> str | None:
    """Return the value of a variable; relative folders of imagery start at the working folder."""
    if name in _PROJECT_FOLDERS:
        return f"${{{name}}}"
    value = os.environ.get(name)
    return str(Path(value).absolute()) if value and name in FOLDER_VARIABLES else value


def _expand(value: Any, lookup: Callable[[str], str | None], later: Sequence[str] = ()) -> Any:
    """Replace variables by their values, except those expanded later."""
    if isinstance(value, dict):
        return {key: _expand(each, lookup, later) for key, each in value.items()}
    if isinstance(value, list):
        return [_expand(each, lookup, later) for each in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        found = lookup(name)
        if found is not None:
            return found
        if name in later:
            return match[0]
        if default is not None:
            return str(default)
        known_here = name in _PROJECT_FOLDERS
        raise ProjectError(
            f"the variable '{name}' in '{value}' is not set",
            remedy=f"give the project the key {name}"
            if known_here
            else f"set it in the environment, or give a default: ${{{name}:-value}}",
        )

    expanded = _VARIABLE.sub(replace, value)
    if len(expanded) > MOST_CHARACTERS:
        raise ProjectError(f"'{shortened(value, 60)}' has {len(expanded)} characters with its variables expanded")
    return WrittenPath(expanded, value.folder) if isinstance(value, WrittenPath) else expanded


def _resolved(value: Any) -> Any:
    """Return the content with its paths absolute."""
    if isinstance(value, dict):
        return {key: _resolved(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each) for each in value]
    return value.resolved() if isinstance(value, WrittenPath) else value


def _warn_of_years(project: Project) -> None:
    """Warn of scenes used for a period that does not hold their year."""
    periods = {period.name: period for period in project.periods}
    for entry in project.scenes:
        if entry.period is not None and entry.date is not None and not periods[entry.period].holds(entry.date):
            years = periods[entry.period].first, periods[entry.period].last
            _LOG.warning(
                "scene %s of %s is used for the period %s, which goes from %d to %d",
                entry.id, entry.date, entry.period, *years,
            )  # fmt: skip


def _apply(content: dict[str, Any], override: str) -> None:
    """Set the value of ``key.path=value`` in nested mappings and lists."""
    key, separator, text = override.partition("=")
    steps = key.strip().split(".")
    if not separator or not all(steps):
        raise ProjectError(f"--set '{override}' is not of the form key.path=value")
    if len(steps) > MOST_LEVELS:
        raise ProjectError(f"--set '{shortened(override, 60)}': the key has more than {MOST_LEVELS} levels")
    value = read_yaml(text, f"--set '{shortened(override, 60)}'")
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
        if isinstance(held, str) and step in SHORT_FORMS:
            holder[step] = held = {SHORT_FORMS[step]: held}
        return held
    raise ProjectError(f"--set '{override}': '{following}' is looked for in a value, not in keys")


def _position(holder: Sequence[Any], step: str, override: str) -> int:
    names = [member_label(each) or str(each) for each in holder]
    if step in names:
        return names.index(step)
    if step.isdigit() and int(step) < len(holder):
        return int(step)
    raise ProjectError(
        f"--set '{override}': the list has no member '{step}'",
        remedy=f"its members are {', '.join(names)}" if names else "the list is empty",
    )


def _problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """Return what is wrong with each key, and the remedy: the nearest valid key where one is unknown."""
    found = error.errors()
    within = {each["loc"][:length] for each in found for length in range(1, len(each["loc"]))}
    # A list whose members are wrong is said to be too short besides.
    return list(dict.fromkeys(_in_words(each) for each in found if each["loc"] not in within))


def _in_words(problem: ErrorDetails) -> tuple[str, str]:
    location = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        unknown = str(problem["loc"][-1])
        valid = _keys_at(Project, problem["loc"][:-1])
        if len(problem["loc"]) == 1:
            valid += [EXTENDS, QUICK]
        nearest = difflib.get_close_matches(unknown, valid, n=1, cutoff=0.5)
        remedy = f"did you mean '{nearest[0]}'?" if nearest else f"valid keys there are {', '.join(valid)}"
        return f"unknown key '{location}'", remedy
    if problem["type"] == "missing":
        return f"the key '{location}' is missing", "add it"
    message = problem["msg"].removeprefix("Value error, ")
    said = f"{location or 'project'}: {message[:1].lower()}{message[1:]}"
    return said, "correct the key; docs/project-file.md describes each"


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the valid keys of the model at a pydantic error location."""
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
