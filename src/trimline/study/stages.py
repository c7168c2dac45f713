"""The stages of a study, their order and dependencies. Light to import: the command line lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from trimline.errors import StageError

PATIENCE_S = 10.0
"""How long a run waits for another run of the same project to end, unless said otherwise [s]."""


@dataclass(frozen=True)
class Stage:
    """One stage: its name, a summary, and the stages whose results it reads."""

    name: str
    """Its name; the module ``trimline.study.<name>_stage`` does it."""
    summary: str
    """One sentence, for the help of the command line."""
    needs: tuple[str, ...] = ()
    """Names of the stages that come before it."""


STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        stage.name: stage
        for stage in (
            Stage("simulate", "Simulate the project's ranges: products, DEM and true outlines."),
            Stage("fetch", "Fetch the windows of archives' scenes that meet the region.", ("simulate",)),
            Stage("samples", "Cut scenes and outlines into labelled tiles and split them.", ("fetch",)),
            Stage("train", "Train every method of the project.", ("samples",)),
            Stage("evaluate", "Score every method on ground, scenes or dates that it was not trained on.", ("train",)),
            Stage("thresholds", "Score the band ratio at the project's thresholds.", ("samples",)),
            Stage(
                "experiments", "Carry out the project's experiments and write the table of all scores.", ("evaluate",)
            ),
            Stage("sensors", "Compare two sensors on the same ground and dates.", ("experiments",)),
            Stage("map", "Map whole scenes: probability, mask and outlines.", ("train",)),
            Stage("timeline", "Combine the maps of each period into one set of outlines.", ("map",)),
            Stage("change", "Measure areas, their uncertainty and their change.", ("timeline",)),
            Stage("glaciers", "Measure glaciers: attributes, flow lines, area by elevation and aspect.", ("timeline",)),
            Stage("terminus", "Measure how far the terminus of each glacier moved.", ("glaciers",)),
            Stage("report", "Write the HTML report.", ("evaluate", "thresholds", "sensors", "change", "terminus")),
            Stage("release", "Write a folder for a data repository.", ("evaluate", "change")),
        )
    }
)
"""Every stage by name, in the order of a run; without another wish a run ends with the report."""


FROM_SCENES = frozenset(STAGES) - {"change", "glaciers", "terminus", "report", "release"}
"""Stages that have nothing to do where the outlines of all periods are given."""


def require_stage(name: str) -> None:
    """Raise `StageError` that names the nearest stage where there is none of a name."""
    if name not in STAGES:
        from trimline.project.names import nearest_name  # pydantic, which listing the stages does not need

        raise StageError(f"there is no stage '{name}'", remedy=nearest_name(name, STAGES))


def stages_before(name: str) -> list[str]:
    """Return the stages that a stage needs, and those that they need, in the order of a run."""
    needed: set[str] = set()
    left = list(STAGES[name].needs)
    while left:
        earlier = left.pop()
        if earlier not in needed:
            needed.add(earlier)
            left += STAGES[earlier].needs
    return [earlier for earlier in STAGES if earlier in needed]
