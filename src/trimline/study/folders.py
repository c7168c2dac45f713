"""Where the maps of scenes and the outlines of periods lie in the output of a project."""

from __future__ import annotations

from pathlib import Path

from trimline.project import Project
from trimline.study.editing import FINAL, TIMELINE

MAPS = "maps"
"""Folder of the maps of scenes."""
MASK = "mask.tif"
"""Map of ice and ground, in the folder of a scene."""


def map_folder(project: Project, scene_id: str) -> Path:
    """Return where the maps of a scene lie."""
    return project.output / MAPS / project.mapping_method.name / scene_id


def period_folder(project: Project, period: str) -> Path:
    """Return where the maps and outlines of a period lie."""
    return project.output / TIMELINE / period


def outlines_path(project: Project, period: str) -> Path:
    """Return the final outlines of a period: automatic ones, with corrections by hand."""
    return period_folder(project, period) / FINAL
