"""Maps of the test scenes beside their truth: what scores of a study are made of."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.inference import Model
from trimline.mapping import MapOptions, predict_array
from trimline.outlines import rasterise
from trimline.project import Project
from trimline.samples import ICE, IGNORE, SampleStore
from trimline.study.samples_stage import FOLDER as SAMPLES
from trimline.study.scenes import labelled_scene, split_of, tested_scenes

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TestedMap:
    """One scene as a model maps it, and its truth."""

    scene_id: str
    geobox: GeoBox
    """The scene's grid."""
    probability: NDArray[np.float32]
    """(h, w) of ice, as `map` writes it."""
    truth: NDArray[np.bool_]
    """(h, w) whether a pixel is ice."""
    valid: NDArray[np.bool_]
    """(h, w) pixels to judge: within the ground of the test, with a prediction and a label."""
    labelled: int
    """Pixels within the ground of the test with a label, those without data or a prediction included."""

    @property
    def pixel_m(self) -> float:
        """Side of a pixel [m]."""
        return abs(float(self.geobox.resolution.x))


def tested_maps(project: Project, model: Model, options: MapOptions) -> Iterator[TestedMap]:
    """Map the test scenes one after the other, with the options that the stage `map` takes.

    A scene that shares no ground with the test is left out, which the log says.
    """
    ground = _test_ground(project)
    for entry in tested_scenes(project):
        labelled = labelled_scene(project, entry)
        geobox = labelled.scene.geobox
        tested = np.ones(geobox.shape, bool) if ground is None else rasterise(ground, geobox).astype(bool)
        if not tested.any():
            _LOG.warning("%s shares no ground with the test and is not judged", entry.id)
            continue
        probability = predict_array(labelled.scene, model, geobox, options=options)
        truth = labelled.truth.mask(geobox)
        known = tested & (truth != IGNORE)
        valid = known & np.isfinite(probability)
        yield TestedMap(labelled.id, geobox, probability, truth == ICE, valid, int(known.sum()))


def _test_ground(project: Project) -> gpd.GeoDataFrame | None:
    """Return the blocks of ground kept for the test; None where whole scenes are."""
    if split_of(project) != "blocks":
        return None
    ground = SampleStore(project.output / SAMPLES).ground
    return ground[ground["part"] == "test"]
