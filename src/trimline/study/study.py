"""A project being carried out, stage by stage."""

from __future__ import annotations

from typing import Any

from trimline.project import Project, project_hash
from trimline.study.ledger import Done, Ledger
from trimline.study.stages import STAGES

Outcome = dict[str, Any]
"""The object that ``--json`` prints."""


class Study:
    """A project being carried out: its ledger, and what its stages have done so far."""

    def __init__(self, project: Project, *, force: bool = False, scheduler: str | None = None) -> None:
        self.project = project
        self.scheduler = scheduler
        """Address of the dask scheduler whose cluster maps; None where this machine does."""
        self.ledger = Ledger(project.output, project_hash(project), force)
        self.done: dict[str, Done] = {}
        self.experiments: dict[str, Study] = {}
        """The project's experiments, each a study of its own; filled by the stage of that name."""

    def bring_up(self, name: str) -> Done:
        """Do a stage and, first, whatever it stands on; a stage whose inputs did not change is only looked at."""
        if name not in self.done:
            for earlier in STAGES[name].needs:
                self.bring_up(earlier)
            self.done[name] = STAGES[name].run(self)
        return self.done[name]

    def outcome(self) -> Outcome:
        """Return what the stages done so far say, as one object."""
        merged: Outcome = {}
        for stage in STAGES:
            if stage in self.done:
                merged.update(self.done[stage].result)
        return merged


def run_study(project: Project, *, until: str = "report", force: bool = False, scheduler: str | None = None) -> Study:
    """Carry out a project up to a stage, skipping what is done; map on a dask cluster where a scheduler is given."""
    study = Study(project, force=force, scheduler=scheduler)
    study.bring_up(until)
    return study
