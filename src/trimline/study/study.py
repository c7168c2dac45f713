"""A project carried out stage by stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from trimline.errors import StageError
from trimline.project import Project, SceneEntry, project_hash
from trimline.study.ledger import Done, Ledger, OutOfDate
from trimline.study.needs import check_needs, require_fetched_for
from trimline.study.running import only_run
from trimline.study.scene_identities import SceneIdentities
from trimline.study.stages import FROM_SCENES, PATIENCE_S, STAGES, require_stage, stages_before


class Study:
    """A project under way: its ledger, and the stages done so far."""

    def __init__(self, project: Project, *, force: bool = False, scheduler: str | None = None) -> None:
        self.project = project
        self.scheduler = scheduler
        """Address of the dask scheduler whose cluster maps; None where this machine does."""
        self.workers_fetch = False
        """Whether the workers of that cluster fetch the scenes of archives, and nobody here reads them."""
        self.ledger = Ledger(project.output, project_hash(project), force)
        self.identities = SceneIdentities(project.output / "stages" / "scenes")
        self.done: dict[str, Done] = {}
        self.experiments: dict[str, Study] = {}
        """The project's experiments, each a study of its own; filled by the stage of that name."""

    def bring_up(self, name: str) -> Done:
        """Do a stage after the stages that it needs; what is up to date is not done again."""
        if name not in self.done:
            for earlier in STAGES[name].needs:
                self.bring_up(earlier)
            self.done[name] = self._do(name)
        return self.done[name]

    def do_alone(self, name: str) -> Done:
        """Do a stage and no other.

        Raises
        ------
        StageError
            A stage that it needs is missing or out of date.
        """
        ledger, scheduler = self.ledger, self.scheduler
        self.ledger, self.scheduler = replace(ledger, force=False, read_only=True), None
        try:
            for earlier in stages_before(name):
                self._require_done(earlier, name)
        finally:
            self.ledger, self.scheduler = ledger, scheduler
        return self.bring_up(name)

    def of_experiment(self, project: Project) -> Study:
        """Return a study of another project that belongs to the same run."""
        study = Study(project)
        study.ledger = replace(study.ledger, force=self.ledger.force, read_only=self.ledger.read_only)
        study.identities = self.identities
        return study

    def source_of(self, entry: SceneEntry) -> dict[str, Any]:
        """Return, as an input of a step, which pixels a scene has: its entry and its identity."""
        described = entry.model_dump(mode="json", exclude={"reference", "cloud_cover", "period"})
        return {"entry": described, "identity": self._pixels_of(entry)}

    def _pixels_of(self, entry: SceneEntry) -> str:
        """Return the identity of a scene: of one that was fetched by what was, wherever it was; else by its files."""
        if entry.item is None:
            return self.identities.of(entry)
        from trimline.study.archive_scenes import fetched_pixels, wanted_pixels

        if self.workers_fetch and not entry.path.exists():
            return wanted_pixels(self.project, entry)
        return fetched_pixels(entry) or self.identities.of(entry)

    def _require_done(self, earlier: str, name: str) -> None:
        try:
            self.bring_up(earlier)
        except OutOfDate as error:
            raise StageError(
                f"the stage '{name}' needs '{earlier}', which is missing or out of date",
                where=self.project.output,
                remedy=f"run it with --until {earlier}, or everything with --until {name}",
            ) from error

    def _do(self, name: str) -> Done:
        if self.project.has_own_outlines and name in FROM_SCENES:
            return self.ledger.together(name, [], {})
        stage: Callable[[Study], Done] = import_module(f"trimline.study.{name}_stage").run
        return stage(self)

    def outcome(self) -> dict[str, Any]:
        """Return the results of the stages done so far, the object that ``--json`` prints."""
        merged: dict[str, Any] = {}
        for stage in STAGES:
            if stage in self.done:
                merged.update(self.done[stage].result)
        return merged


def run_study(
    project: Project,
    *,
    until: str = "report",
    only: str | None = None,
    force: bool = False,
    scheduler: str | None = None,
    wait_s: float = PATIENCE_S,
) -> Study:
    """Carry out a project, skipping what is up to date.

    Parameters
    ----------
    project
        The project.
    until
        The last stage; the stages that it needs come before it.
    only
        A stage to do alone; None does everything up to `until`.
    force
        Whether to do stages again that are up to date; with `only` that stage alone.
    scheduler
        Address of the dask scheduler on whose cluster scenes are mapped; None maps on this machine.
    wait_s
        How long to wait for another run of the same project to end [s].

    Raises
    ------
    ProjectError
        A late stage needs what the project does not give, see `check_needs`.
    StageError
        There is no such stage, one that `only` needs is missing or out of date, or another run of the project is
        still at work.
    """
    last = until if only is None else only
    require_stage(last)
    check_needs(project, frozenset({last, *(stages_before(last) if only is None else ())}))
    study = Study(project, force=force, scheduler=scheduler)
    study.workers_fetch = scheduler is not None and last == "map"
    if only is not None and not study.workers_fetch:
        require_fetched_for(project, only)
    with only_run(project.output, wait_s):
        if only is None:
            study.bring_up(until)
        else:
            study.do_alone(only)
    return study
