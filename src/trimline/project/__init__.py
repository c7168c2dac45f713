"""The project file: everything that a study decides, as one validated model.

The room hands out `load_project`, which reads the YAML, `Project`, the model it becomes, and the settings models that
other rooms take as arguments (`Recipe`, `SimulatedRange`).
"""

from __future__ import annotations

from trimline.project.loading import load_project, project_hash
from trimline.project.model import (
    MapSettings,
    Method,
    Project,
    SampleSettings,
    SceneEntry,
    SplitSettings,
    union_of_bands,
)
from trimline.project.recipe import Augmentation, Focal, Recipe, Schedule
from trimline.project.simulation import SimulatedRange, SimulatedScene

__all__ = [
    "Augmentation",
    "Focal",
    "MapSettings",
    "Method",
    "Project",
    "Recipe",
    "SampleSettings",
    "SceneEntry",
    "Schedule",
    "SimulatedRange",
    "SimulatedScene",
    "SplitSettings",
    "load_project",
    "project_hash",
    "union_of_bands",
]
