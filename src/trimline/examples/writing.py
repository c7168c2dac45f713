"""An example written as a folder: real or simulated inputs, and a README.txt that says which and what each file is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from trimline.errors import ExampleError
from trimline.examples.catalogue import EXAMPLES, Example
from trimline.examples.data_folder import VARIABLE, data_folder, lacking
from trimline.examples.described import Described
from trimline.files import StrPath, whole_folder
from trimline.project import nearest_name

README = "README.txt"
"""File of an example that says what it is."""

_WIDTH = 100
"""Columns of the README."""


@dataclass(frozen=True)
class WrittenExample:
    """An example on disk."""

    name: str
    folder: Path
    is_real: bool
    """Whether its files are real data; otherwise they are simulated."""
    why_simulated: str | None
    """What of the real data was missing; None for real data."""
    was_there: bool
    """Whether the folder held the example already, so that nothing was written."""
    files: Mapping[str, str]
    """What each file or folder is, by its name within the folder."""
    next_steps: tuple[str, ...]
    """Commands to go on with."""


def write_example(name: str, folder: StrPath | None = None) -> WrittenExample:
    """Write the inputs of a tutorial into a folder.

    Real data are copied from the folder that `TRIMLINE_DATA` names, or from `../shared/data` beside a checkout of the
    repository. Where they are missing, a simulated twin has the same files, columns and options. The same call gives
    the same files.

    Parameters
    ----------
    name
        One of `EXAMPLES`.
    folder
        Where to write; by default a folder of the example's name in the working directory.

    Raises
    ------
    ExampleError
        There is no such example, or the folder exists and holds something else.
    DiskError
        The folder cannot be written.
    """
    example = _example(name)
    folder = Path(name if folder is None else folder)
    data = data_folder()
    why_simulated = lacking(data, example.needs)
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ExampleError("a file is in the way of the example's folder", where=folder, remedy="give another, with -o")
    module = import_module(example.module)
    if folder.is_dir() and any(folder.iterdir()):
        described = module.described(why_simulated is None)
        _require_same(folder, example, described, why_simulated)
        return _result(example, folder, described, why_simulated, was_there=True)
    with whole_folder(folder) as place:
        if data is not None and why_simulated is None:
            module.from_data(data, place)
        else:
            module.simulated(place)
        described = module.described(why_simulated is None)
        (place / README).write_text(_readme(example, described, why_simulated), encoding="utf-8")
    return _result(example, folder, described, why_simulated, was_there=False)


def _example(name: str) -> Example:
    if name in EXAMPLES:
        return EXAMPLES[name]
    raise ExampleError(f"there is no example '{name}'", remedy=nearest_name(name, EXAMPLES))


def _require_same(folder: Path, example: Example, described: Described, why_simulated: str | None) -> None:
    """Raise unless the folder holds this example, whole and from the same source."""
    readme = folder / README
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    whole = all((folder / name).exists() for name in described.files)
    if text == _readme(example, described, why_simulated) and whole:
        return
    raise ExampleError(
        "the folder exists and holds something else; nothing was written",
        where=folder,
        remedy="move it away, or give another folder with -o",
    )


def _result(
    example: Example, folder: Path, described: Described, why_simulated: str | None, *, was_there: bool
) -> WrittenExample:
    return WrittenExample(
        name=example.name,
        folder=folder,
        is_real=why_simulated is None,
        why_simulated=why_simulated,
        was_there=was_there,
        files={**described.files, README: "this list, with source, terms of use and options"},
        next_steps=tuple(step.format(folder=folder) for step in example.next_steps),
    )


def _readme(example: Example, described: Described, why_simulated: str | None) -> str:
    kind = "real data" if why_simulated is None else f"simulated ground, not real data (set {VARIABLE} for those)"
    summary = example.summary if why_simulated is None else example.simulated_summary
    parts = [f"{example.name}: {summary}", f"This is {kind}.", described.source, *described.notes]
    paragraphs = [textwrap.fill(part, _WIDTH) for part in parts]
    longest = max(map(len, described.files))
    listed = [f"{name:<{longest}}  {what}" for name, what in described.files.items()]
    return "\n\n".join([*paragraphs, "\n".join(listed)]) + "\n"
