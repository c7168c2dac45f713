"""Outlines of a scene for a picture, and how far two sets of outlines differ."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.inference import Model
from trimline.mapping import MapOptions, map_scene
from trimline.outlines import read_outlines
from trimline.rasters import read_onto
from trimline.scenes import Scene


@dataclass(frozen=True)
class Map:
    """A map of one scene."""

    outlines: gpd.GeoSeries
    hidden: gpd.GeoSeries
    """Ground that is not seen."""
    mask: NDArray[np.uint8]
    """(h, w) uint8 on the scene's grid: 1 ice, 0 ground, 255 not seen."""

    @property
    def ice(self) -> shapely.Geometry:
        """All ice as one geometry."""
        return self.outlines.union_all()


def mapped(scene: Scene, model: Model, options: MapOptions | None = None) -> Map:
    """Map a scene as `trimline outline` does."""
    with tempfile.TemporaryDirectory() as name:
        written = map_scene(scene, model, Path(name), options=options, progress=False)
        outlines = read_outlines(written.outlines).geometry
        hidden = read_outlines(written.outlines, "not_seen").geometry
        mask = np.asarray(read_onto(written.mask, scene.geobox, classes=True), np.uint8)
    return Map(outlines, hidden, mask)


def km2(shape: shapely.Geometry) -> float:
    """Return the area of a shape in a projected CRS [km2]."""
    return float(shape.area) / 1e6


def false_share(mapped_ice: shapely.Geometry, truth: shapely.Geometry) -> float:
    """Return the area that is mapped as ice and is none, as a share of the true ice."""
    return km2(mapped_ice.difference(truth)) / km2(truth)


def missed_share(mapped_ice: shapely.Geometry, truth: shapely.Geometry) -> float:
    """Return the true ice that is not mapped, as a share of all."""
    return km2(truth.difference(mapped_ice)) / km2(truth)


def framed(truth: gpd.GeoDataFrame, scene: Scene) -> shapely.Geometry:
    """Return the true ice within the scene, as one geometry."""
    return shapely.intersection(truth.geometry.union_all(), shapely.box(*scene.geobox.boundingbox.bbox))
