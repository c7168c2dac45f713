"""A desk in memory, for tests of the server: outlines on a lattice, and answers of the right form."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import shapely

from trimline.errors import EditError
from trimline.review import contract
from trimline.review.desk import InConflict, NotThere
from trimline.review.layers.tile_grid import grid_around
from trimline.review.live.snapshot import Snapshot, layer_id

PERIOD = "1986-1988"
LAYER = layer_id("outlines", PERIOD)
PIXEL_M = 30.0


def squares(side: int = 3, spacing_m: float = 2000.0, width_m: float = 1000.0) -> Snapshot:
    """Return outlines of `side` by `side` square glaciers."""
    west, south = (each.ravel() * spacing_m for each in np.meshgrid(np.arange(side), np.arange(side)))
    return snapshot_of(shapely.box(west, south, west + width_m, south + width_m))


def snapshot_of(geometries: Any, version: int = 1) -> Snapshot:
    """Return some outlines as a snapshot."""
    outlines = np.asarray(geometries, object)
    number = len(outlines)
    return Snapshot(
        version=version,
        glac_ids=tuple(f"G{i}" for i in range(number)),
        geometries=outlines,
        area_km2=shapely.area(outlines) / 1e6,
        states=("open",) * number,
        edits=np.zeros(number, np.int64),
    )


class MemoryDesk:
    """Outlines of one period, in which every draft of `remove` takes a glacier away."""

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        self.snapshot = squares() if snapshot is None else snapshot
        self.sequence = 1
        self.saves: list[contract.SaveRequest] = []
        self.failing: Exception | None = None
        self.is_closed = False
        self._changed = threading.Condition()

    def review(self) -> contract.Review:
        if self.failing is not None:
            raise self.failing
        west, south, east, north = map(float, shapely.total_bounds(self.snapshot.geometries))
        return contract.Review(
            name="test",
            title="A test",
            kind="project",
            crs="EPSG:32619",
            proj4="+proj=utm +zone=19 +datum=WGS84 +units=m +no_defs",
            extent=(west, south, east, north),
            grid=self.grid(),
            periods=(contract.Period(name=PERIOD, first=1986, last=1988, glaciers=9, area_km2=9.0),),
            layers=(self._layer(),),
            pictures=(),
            overlays=(),
            author=None,
            sequence=self.sequence,
            problems=(),
        )

    def grid(self) -> contract.TileGrid:
        west, south, east, north = map(float, shapely.total_bounds(self.snapshot.geometries))
        return grid_around((west, south, east, north), PIXEL_M)

    def layer(self, layer_id: str) -> Snapshot:
        if layer_id != LAYER:
            raise NotThere(f"there is no layer '{layer_id}'", remedy=f"there is {LAYER}")
        return self.snapshot

    def glaciers(
        self,
        period: str,
        *,
        order: Literal["doubt", "area", "name"],
        state: contract.GlacierState | None,
        limit: int,
        offset: int,
    ) -> contract.GlacierList:
        self._require(period)
        return contract.GlacierList(period=period, total=0, is_complete=True, glaciers=())

    def glacier(self, period: str, glac_id: str) -> contract.Glacier:
        self._require(period)
        if glac_id not in self.snapshot.glac_ids:
            raise NotThere(f"there is no glacier '{glac_id}'", where=period)
        return contract.Glacier(
            period=period,
            outline=None,
            automatic=None,
            neighbours=(),
            previous=None,
            next=None,
            measure=None,
            state="open",
            edits=(),
            termini=(),
        )

    def edits(self, *, period: str | None, glac_id: str | None) -> contract.EditList:
        return contract.EditList(edits=())

    def history(self, edit_id: str, period: str) -> contract.EditHistory:
        raise NotThere(f"there is no edit '{edit_id}'", where=period)

    def preview(self, request: contract.PreviewRequest) -> contract.Preview:
        self._require(request.period)
        return contract.Preview(outlines=(), gone=(), measures=(), base={}, notes=(), is_applied=())

    def save(self, request: contract.SaveRequest) -> contract.Saved:
        self._require(request.period)
        if request.base.get("G0") == "old":
            raise InConflict(contract.Conflict(what="the outline has changed", outlines=(), gone=(), edits=()))
        if request.reason == "crossing":
            raise EditError("crosses itself", where="G0", remedy="draw it without a loop")
        with self._changed:
            self.saves.append(request)
            self.sequence += 1
            self._changed.notify_all()
        return contract.Saved(sequence=self.sequence, edits=(), outlines=(), gone=())

    def revert(self, request: contract.RevertRequest) -> contract.Saved:
        raise NotThere(f"there is no edit '{request.edit_id}'")

    def changes(self, after: int, wait_s: float) -> contract.Changes:
        with self._changed:
            self._changed.wait_for(lambda: self.sequence > after, wait_s)
        return contract.Changes(
            sequence=max(self.sequence, after),
            edits=(),
            layers=(),
            glaciers=(),
            pictures=(),
            is_reloaded=False,
        )

    def prepare(self, picture_id: str) -> contract.Picture:
        raise NotThere(f"there is no picture '{picture_id}'")

    def close(self) -> None:
        self.is_closed = True

    def move(self, number: int, outline: shapely.Geometry) -> None:
        """Give a glacier another outline."""
        geometries = self.snapshot.geometries.copy()
        geometries[number] = outline
        self.snapshot = replace(self.snapshot, version=self.snapshot.version + 1, geometries=geometries)

    def _layer(self) -> contract.Layer:
        return contract.Layer(
            id=LAYER, kind="outlines", period=PERIOD, version=self.snapshot.version, count=len(self.snapshot.glac_ids)
        )

    def _require(self, period: str) -> None:
        if period != PERIOD:
            raise NotThere(f"there is no period '{period}'", remedy=f"there is {PERIOD}")
