"""Vector layers that nobody edits: ground that no scene shows, and the glaciers of the inventory."""

from __future__ import annotations

import threading
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio

from trimline.errors import OutlineError
from trimline.foreign import foreign_errors
from trimline.layer_path import layer_path
from trimline.outlines import read_outlines
from trimline.outlines.area import area_km2
from trimline.reprojecting import reprojected
from trimline.review.contract import GlacierState, Layer, LayerKind
from trimline.review.desk import NotThere
from trimline.review.live.snapshot import Snapshot, layer_id
from trimline.review.opened.reviewed import Reviewed
from trimline.timeline.inventory import read_inventory


class FixedLayers:
    """Layers that are read when they are first asked for; safe to use from many threads.

    Parameters
    ----------
    reviewed
        What is reviewed.
    version
        The version of all of them.
    """

    def __init__(self, reviewed: Reviewed, version: int) -> None:
        self._reviewed, self._version = reviewed, version
        self._paths: dict[str, tuple[LayerKind, str | None, Path]] = {
            layer_id("unseen", each.name): ("unseen", each.name, each.unseen)
            for each in reviewed.periods
            if each.unseen is not None
        }
        if reviewed.inventory is not None:
            self._paths[layer_id("inventory", None)] = "inventory", None, reviewed.inventory
        self._counts: dict[str, int] = {}
        self._read: dict[str, Snapshot] = {}
        self._lock = threading.Lock()

    def layers(self) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
        """Return what the page is told of them, and why others cannot be read."""
        found, problems = [], []
        for each, (kind, period, path) in self._paths.items():
            try:
                count = self._count(each, path)
            except OutlineError as error:
                problems.append(f"{each} is not shown: {error}")
            else:
                found.append(Layer(id=each, kind=kind, period=period, version=self._version, count=count))
        return tuple(found), tuple(problems)

    def snapshot(self, layer: str) -> Snapshot:
        """Return a layer; polygons that are no glaciers have an empty id.

        Raises
        ------
        NotThere
            There is no such layer.
        OutlineError
            Its file cannot be read.
        """
        if layer not in self._paths:
            raise NotThere(f"there is no layer '{layer}'", remedy="reload the page")
        with self._lock:
            if layer not in self._read:
                kind, _, path = self._paths[layer]
                self._read[layer] = self._made(kind, path)
            return self._read[layer]

    def _made(self, kind: LayerKind, path: Path) -> Snapshot:
        unmarked: tuple[GlacierState, ...] = ("open",)
        if kind == "inventory":
            pixel_m = min(each.pixel_m for each in self._reviewed.periods)
            found = read_inventory(path, self._reviewed.crs, pixel_m2=pixel_m**2)
            ids = tuple(found["glac_id"].astype(str))
        else:
            found = reprojected(read_outlines(path), self._reviewed.crs)
            ids = ("",) * len(found)
        return Snapshot(
            version=self._version,
            glac_ids=ids,
            geometries=np.array(found.geometry.to_numpy(), dtype=object),
            area_km2=area_km2(gpd.GeoSeries(found.geometry)),
            states=unmarked * len(found),
            edits=np.zeros(len(found), np.int64),
        )

    def _count(self, layer: str, path: Path) -> int:
        if layer not in self._counts:
            given = layer_path(path)
            with foreign_errors(OutlineError, path, what="cannot be read"):
                about = pyogrio.read_info(given.file, layer=given.layer, force_feature_count=True)
            self._counts[layer] = int(about["features"])
        return self._counts[layer]
