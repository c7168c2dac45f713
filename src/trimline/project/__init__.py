"""The project file: all decisions of a study, as one validated model.

The room hands out `load_project`, which reads the YAML, `Project`, its model, and the settings models that
other rooms take as arguments (`Recipe`, `SearchSettings`, `SimulatedRange`).
"""

from __future__ import annotations

from trimline.project.changing import ChangeSettings
from trimline.project.entry import SceneEntry
from trimline.project.loading import load_project, project_hash
from trimline.project.mapping import MapSettings
from trimline.project.measuring import Rule, TimelineSettings
from trimline.project.method import Method
from trimline.project.names import nearest_name
from trimline.project.places import Area, Period
from trimline.project.project_file import (
    SIMULATED,
    EvaluateSettings,
    Experiment,
    Project,
    SampleSettings,
    SensorStudy,
    SplitSettings,
)
from trimline.project.publishing import Author
from trimline.project.recipe import Augmentation, Focal, Recipe, Schedule
from trimline.project.searching import SearchSettings
from trimline.project.shipped import shipped_project
from trimline.project.simulation import SimulatedRange, SimulatedScene

__all__ = [
    "SIMULATED",
    "Area",
    "Augmentation",
    "Author",
    "ChangeSettings",
    "EvaluateSettings",
    "Experiment",
    "Focal",
    "MapSettings",
    "Method",
    "Period",
    "Project",
    "Recipe",
    "Rule",
    "SampleSettings",
    "SceneEntry",
    "Schedule",
    "SearchSettings",
    "SensorStudy",
    "SimulatedRange",
    "SimulatedScene",
    "SplitSettings",
    "TimelineSettings",
    "load_project",
    "nearest_name",
    "project_hash",
    "shipped_project",
]
