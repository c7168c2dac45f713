"""Record of one step: inputs, settings, version of the results, outputs and result, as a JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from trimline.file_identity import digest
from trimline.files import sha256

_SHOWN = 3
"""Changes that one line of the log names."""


@dataclass(frozen=True)
class NoRecord:
    """No record that can be relied on."""

    why: str
    """Empty where there is none at all."""


class Output(BaseModel):
    """One file that a step wrote."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    """[bytes]"""
    sha256: str


class Record(BaseModel):
    """What a step was done from, and what came out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    results_version: int
    trimline: str
    """Version of the program, for readers; it is not compared, since few releases change results."""
    project_sha256: str
    """Of the project file, for readers."""
    inputs: dict[str, Any]
    settings: dict[str, Any]
    left: tuple[str, ...]
    """Files and folders that the step promised to leave, in the output folder."""
    files: dict[str, Output]
    """All files in them by path, as the step left them."""
    result: dict[str, Any]

    def content(self) -> dict[str, Any]:
        """Return what the JSON file holds: the record, and a digest by which damage shows."""
        content = self.model_dump(mode="json")
        return {**content, "digest": digest(content)}

    def changes(self, inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> list[str]:
        """Return how inputs and settings, as JSON holds them, differ from those recorded, in words."""
        changed = _listed(_differing(self.inputs, inputs))
        reasons = [f"inputs changed: {changed}"] if changed else []
        changed = _listed(_differing(self.settings, settings))
        return [*reasons, f"settings changed: {changed}"] if changed else reasons

    def damage(self, output: Path, record: Path) -> dict[str, str]:
        """Return the files that are not as the step left them, by path, and what happened to them.

        A file of the recorded size that nobody touched since the record was written is trusted; any other is hashed.

        Parameters
        ----------
        output
            The output folder.
        record
            The file of this record. Where all hashed files are as they were it is touched, to trust them next time.
        """
        written_ns = record.stat().st_mtime_ns
        found, was_hashed = {}, False
        for name, known in self.files.items():
            path = output / name
            if not path.is_file():
                found[name] = "deleted"
                continue
            status = path.stat()
            if status.st_size != known.size:
                found[name] = "changed"
            # Strictly before: a change within the same tick of the clock must not pass.
            elif max(status.st_mtime_ns, status.st_ctime_ns) >= written_ns:
                was_hashed = True
                if sha256(path) != known.sha256:
                    found[name] = "changed"
        if was_hashed and not found:
            os.utime(record)
        return found


def read_record(path: Path) -> Record | NoRecord:
    """Read the record of a step, or say why there is none."""
    content = read_sealed(path)
    if isinstance(content, NoRecord):
        return content
    try:
        return Record.model_validate(content)
    except ValidationError:
        return NoRecord("its record is of another form")


def read_sealed(path: Path) -> dict[str, Any] | NoRecord:
    """Read a JSON object that holds a digest of the rest of itself, without the digest."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            return NoRecord("its record is damaged")
        if "digest" not in content:
            return NoRecord("its record is of another form")
        is_whole = content.pop("digest") == digest(content)
    except FileNotFoundError:
        return NoRecord("")
    except (ValueError, RecursionError, OSError):  # neither JSON nor UTF-8, or no file that can be read
        return NoRecord("its record is damaged")
    return content if is_whole else NoRecord("its record is damaged")


def files_in(left: Iterable[Path], output: Path) -> dict[str, Output]:
    """Describe the files that a step left, by path in the output folder; hidden ones do not count."""
    files = {}
    for path in left:
        for each in [path] if path.is_file() else sorted(path.rglob("*")):
            name = each.relative_to(output).as_posix()
            if each.is_file() and not any(part.startswith(".") for part in each.relative_to(path).parts):
                files[name] = Output(size=each.stat().st_size, sha256=sha256(each))
    return files


def listed_damage(damage: Mapping[str, str]) -> list[str]:
    """Return in words what happened to files."""
    return [f"{name} {what}" for name, what in list(damage.items())[:_SHOWN]] + _more(len(damage))


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join([*every[:_SHOWN], *_more(len(every))])


def _more(count: int) -> list[str]:
    return [f"{count - _SHOWN} more"] if count > _SHOWN else []


def _differing(before: Any, now: Any, key: str = "") -> Iterator[str]:
    """Yield the keys, ``map.threshold``, at which two JSON objects differ."""
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        if before != now:
            yield key
        return
    for name in [*before, *(name for name in now if name not in before)]:
        yield from _differing(before.get(name), now.get(name), f"{key}.{name}" if key else name)
