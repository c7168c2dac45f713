"""The stages of a study, in order, and what each stands on. Light to import: the command line lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trimline.study.ledger import Done
    from trimline.study.study import Study


@dataclass(frozen=True)
class Stage:
    """One stage: its name, what it stands on, and the file of this room that does it."""

    name: str
    summary: str
    needs: tuple[str, ...] = ()

    def run(self, study: Study) -> Done:
        """Do the stage, or find it done."""
        module = import_module(f"trimline.study.{self.name}_stage")
        work: Callable[[Study], Done] = module.run
        return work(study)


STAGES: Mapping[str, Stage] = MappingProxyType(
    {
        stage.name: stage
        for stage in (
            Stage("simulate", "Simulate the project's ranges: products, DEM and true outlines."),
            Stage("samples", "Cut scenes and outlines into labelled tiles and split them.", ("simulate",)),
            Stage("train", "Train every method of the project.", ("samples",)),
            Stage("evaluate", "Judge every method on what it was not trained on.", ("train",)),
            Stage("thresholds", "Judge the band ratio at the project's thresholds.", ("samples",)),
            Stage("experiments", "Carry out the project's experiments and table all scores.", ("evaluate",)),
            Stage("sensors", "Compare two sensors on the same ground and dates.", ("experiments",)),
            Stage("map", "Map whole scenes: probability, mask and outlines.", ("train",)),
            Stage("timeline", "Make one set of outlines per period of the maps of its scenes.", ("map",)),
            Stage("change", "Measure areas, their uncertainty and their change.", ("timeline",)),
            Stage("report", "Write the HTML report.", ("evaluate", "thresholds", "sensors", "change")),
            Stage("release", "Write a folder fit for a data repository.", ("evaluate", "change")),
        )
    }
)
"""Every stage by name, in the order in which `trimline run` does them; it stops at the report."""
