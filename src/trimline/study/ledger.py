"""Ledger of a study: a record per step of inputs, settings and outputs, by which a step that is done is skipped.

Each step leaves one JSON file in ``<output>/stages``: the identities of its inputs, its settings, the version of its
results, the digest of every file that it wrote, and its result. A step counts as done while all of these are as
recorded; otherwise it is done again, and the log says why. The record is written after the outputs, so that a step
that was killed is done again. A later step's inputs are the digests of an earlier step's outputs, never its inputs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trimline import __version__
from trimline.errors import StageError
from trimline.file_identity import digest
from trimline.files import json_ready, require_no_folder, write_json
from trimline.study.record import NoRecord, Output, Record, files_in, listed_damage, read_record, read_sealed

_LOG = logging.getLogger(__name__)


class OutOfDate(StageError):
    """A step is not up to date, and must not be done."""


@dataclass(frozen=True)
class Done:
    """A step that has been done."""

    step: str
    result: dict[str, Any]
    """Result of the step, as JSON holds it."""
    outputs: Mapping[str, str]
    """SHA-256 of every file that the step wrote, by its path in the output folder; of a stage of several steps those
    of all of them."""
    skipped: bool
    """Whether it had been done before, from the same inputs, with the same outputs."""

    @property
    def outputs_digest(self) -> str:
        """SHA-256 of everything that came out: what a later step depends on."""
        return digest([self.result, dict(self.outputs)])

    def sha256_of(self, name: str) -> str:
        """Return the SHA-256 of the one output of a file name."""
        (found,) = (sha256 for path, sha256 in self.outputs.items() if path.rpartition("/")[2] == name)
        return found


@dataclass(frozen=True)
class Ledger:
    """The records of one output folder."""

    output: Path
    project_sha256: str
    force: bool = False
    """Do every step again, whatever the records say."""
    read_only: bool = False
    """Do no step: one that is not up to date is an error."""
    steps: dict[str, Done] = field(default_factory=dict)
    """What has been done or found done so far, by step."""

    def once(
        self,
        step: str,
        inputs: Mapping[str, Any],
        outputs: Iterable[Path],
        action: Callable[[], dict[str, Any]],
        *,
        settings: Mapping[str, Any] | None = None,
        results_version: int = 1,
    ) -> Done:
        """Do a step unless it was done from the same inputs and its outputs are as it left them.

        Parameters
        ----------
        step
            Name of the step, as in ``train/unet``.
        inputs
            Identities of files and scenes, and digests of earlier steps' outputs.
        outputs
            Files and folders that the step leaves, in the output folder.
        action
            Does the work and returns the step's result.
        settings
            What the project file says that decides the outcome.
        results_version
            Raised by hand when the step's code gives other results from the same inputs and settings.

        Raises
        ------
        OutOfDate
            The ledger is read-only, and the step is not up to date.
        StageError
            An output is missing after the work.
        """
        expected = list(outputs)
        left = [path.relative_to(self.output).as_posix() for path in expected]
        decided = json_ready({"inputs": inputs, "settings": settings or {}})
        file = self._file(step)
        known = read_record(file)
        why = known.why if isinstance(known, NoRecord) else ""
        damage: dict[str, str] = {}
        if isinstance(known, Record):
            damage = known.damage(self.output, file)
            reasons = [
                *(["it is forced"] if self.force else []),
                *(["another version of results"] if known.results_version != results_version else []),
                *known.changes(**decided),
                *(["it leaves other files"] if list(known.left) != left else []),
                *listed_damage(damage),
            ]
            if not reasons:
                _LOG.info("%s: nothing to do, nothing has changed", step)
                return self._done(step, known.result, known.files, skipped=True)
            why = "; ".join(reasons)
        if self.read_only:
            because = f" ({why})" if why else ""
            raise OutOfDate(f"the step is missing or out of date{because}", where=step, remedy="run its stage")
        _LOG.info("%s: starting%s", step, f" again: {why}" if why else "")
        # A damaged output is worth nothing, and must not be taken for a part that is finished.
        for path in (self.output / name for name in damage):
            if path.is_file():
                path.unlink()
        require_no_folder(file)
        file.unlink(missing_ok=True)
        result = json_ready(action())
        missing = [path for path in expected if not path.exists()]
        if missing:
            raise StageError(f"the step left no {missing[0].name}", where=step)
        record = Record(
            step=step,
            results_version=results_version,
            trimline=__version__,
            project_sha256=self.project_sha256,
            **decided,
            left=tuple(left),
            files=files_in(expected, self.output),
            result=result,
        )
        write_json(file, record.content())
        return self._done(step, result, record.files, skipped=False)

    def together(self, stage: str, steps: Iterable[Done], result: Mapping[str, Any]) -> Done:
        """Return a stage that is the sum of its steps, and record its result.

        Parameters
        ----------
        stage
            Name of the stage.
        steps
            What it consists of.
        result
            Result of the stage, made from those of its steps.
        """
        parts = list(steps)
        content = json_ready(
            {"stage": stage, "steps": {each.step: each.outputs_digest for each in parts}, "result": result}
        )
        known = read_sealed(self._file(stage))
        is_same = known == content
        if not is_same and not self.read_only:
            if isinstance(known, NoRecord) and known.why:
                _LOG.info("%s: %s, and is written again", stage, known.why)
            write_json(self._file(stage), {**content, "digest": digest(content)})
        done = Done(
            stage,
            content["result"],
            {path: sha256 for each in parts for path, sha256 in each.outputs.items()},
            skipped=is_same and all(each.skipped for each in parts),
        )
        self.steps[stage] = done
        return done

    def _done(self, step: str, result: dict[str, Any], files: Mapping[str, Output], *, skipped: bool) -> Done:
        outputs = {name: each.sha256 for name, each in files.items()}
        self.steps[step] = Done(step, result, outputs, skipped)
        return self.steps[step]

    def _file(self, step: str) -> Path:
        return self.output / "stages" / f"{step.replace('/', '--')}.json"
