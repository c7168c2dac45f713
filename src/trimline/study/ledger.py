"""What has been done, from what: the record that lets a stage skip work whose inputs did not change.

Each step leaves one JSON file in ``<output>/stages``: the fingerprint of all that went in, the files that came out,
and its result. The record is written after the outputs, so a step that was killed is simply done again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trimline import __version__
from trimline.errors import StageError
from trimline.files import json_ready, write_json

_LOG = logging.getLogger(__name__)


class OutOfDate(StageError):
    """A step is not up to date, and must not be done."""


@dataclass(frozen=True)
class Done:
    """A step that has been done."""

    step: str
    fingerprint: str
    """SHA-256 of everything that went in."""
    result: dict[str, Any]
    """What the step says of itself, as JSON holds it."""
    skipped: bool
    """Whether it had been done before, from the same inputs."""


@dataclass(frozen=True)
class Ledger:
    """The records of one output folder."""

    output: Path
    project_sha256: str
    force: bool = False
    """Do every step again, whatever the records say."""
    read_only: bool = False
    """Do no step: one that is not up to date is an error."""

    def once(
        self,
        step: str,
        inputs: Mapping[str, Any],
        outputs: Iterable[Path],
        action: Callable[[], dict[str, Any]],
    ) -> Done:
        """Do a step unless it was done from the same inputs and its outputs are all there.

        Parameters
        ----------
        step
            Name of the step, as in ``train/unet``.
        inputs
            All that decides the outcome: settings, `stamp`s of files, fingerprints of earlier steps.
        outputs
            Files and folders that the step leaves.
        action
            Does the work and returns the step's result.

        Raises
        ------
        OutOfDate
            The ledger is read-only, and the step is not up to date.
        StageError
            An output is missing after the work.
        """
        fingerprint = _digest({"version": __version__, "step": step, "inputs": inputs})
        expected = list(outputs)
        known = self._read(step)
        if (
            not self.force
            and known is not None
            and known["fingerprint"] == fingerprint
            and all(path.exists() for path in expected)
        ):
            _LOG.info("%s: nothing to do, its inputs did not change", step)
            return Done(step, fingerprint, known["result"], skipped=True)
        if self.read_only:
            raise OutOfDate("the step is missing or out of date", where=step, remedy="run its stage")
        _LOG.info("%s: starting", step)
        self._file(step).unlink(missing_ok=True)
        result = json_ready(action())
        missing = [path for path in expected if not path.exists()]
        if missing:
            raise StageError(f"the step left no {missing[0].name}", where=step)
        write_json(
            self._file(step),
            {
                "step": step,
                "fingerprint": fingerprint,
                "trimline": __version__,
                "project_sha256": self.project_sha256,
                "inputs": inputs,
                "outputs": [path.relative_to(self.output).as_posix() for path in expected],
                "result": result,
            },
        )
        return Done(step, fingerprint, result, skipped=False)

    def _file(self, step: str) -> Path:
        return self.output / "stages" / f"{step.replace('/', '--')}.json"

    def _read(self, step: str) -> dict[str, Any] | None:
        try:
            content = json.loads(self._file(step).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return content if {"fingerprint", "result"} <= content.keys() else None


def stamp(path: Path) -> dict[str, Any]:
    """Return what tells whether a file, or the files of a folder, changed: names, sizes and times.

    Products are gigabytes, so their bytes are not read again for every stage.

    Raises
    ------
    StageError
        There is no such file or folder.
    """
    if not path.exists():
        raise StageError("does not exist", where=path, remedy="check the paths in the project file")
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    described = [
        (each.relative_to(path.parent).as_posix(), each.stat().st_size, each.stat().st_mtime_ns) for each in files
    ]
    return {"path": path.name, "files": len(files), "digest": _digest(described)}


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
