"""Scenes of a period as candidates: date, cloud and snow, by which they are ordered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from trimline.project import SceneEntry
from trimline.study.scenes import date_of
from trimline.timeline import Candidate
from trimline.timeline.preference import FLAGS
from trimline.timeline.scene_view import MappedScene, cloud_and_snow


def candidates_of(
    entries: Sequence[SceneEntry], views: Mapping[str, MappedScene], snow: Mapping[str, Mapping[str, Any]]
) -> list[Candidate]:
    """Return the candidates of a period.

    Cloud is that of the project, else of the product, else of its flags. Snow is that off the glaciers, if it is known
    of all scenes: a share by the flags, which has the ice in it, does not compare with it.

    Parameters
    ----------
    entries
        The scenes.
    views
        The scenes with their maps, by id.
    snow
        What the stage `map` measured of each, see `trimline.mapping.snow.SnowOffGlaciers`.
    """
    flagged = [_candidate(entry, views[entry.id]) for entry in entries]
    if any(snow[each.id]["share"] is None for each in flagged):
        return flagged
    return [replace(each, snow=snow[each.id]["share"], snow_by=snow[each.id]["reference"]) for each in flagged]


def off_glaciers(candidate: Candidate) -> float:
    """Return the share of snow off the glaciers; NaN where it was not measured."""
    return math.nan if candidate.snow_by == FLAGS else candidate.snow


def _candidate(entry: SceneEntry, view: MappedScene) -> Candidate:
    """Return the candidate of a scene, with the shares of its flags."""
    cloud, snow = cloud_and_snow(view.scene)
    percent = entry.cloud_cover if entry.cloud_cover is not None else view.scene.cloud_cover
    return Candidate(
        entry.id,
        date_of(entry, view.scene),
        reference=entry.reference,
        cloud=cloud if percent is None else percent / 100.0,
        snow=snow,
    )
