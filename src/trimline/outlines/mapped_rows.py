"""The automatic outlines of a period as they were mapped: names, spatial index and a record for each row."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from trimline.errors import OutlineError
from trimline.outlines.corrected_rows import EDIT_IDS, GlacierRecord
from trimline.outlines.polygon_cut import SLIVER_M
from trimline.reprojecting import unit_m


class MappedRows:
    """Rows of outlines that never change.

    Parameters
    ----------
    outlines
        A row per glacier, its name in `glac_id`.

    Raises
    ------
    OutlineError
        A `glac_id` is missing or occurs twice.
    """

    def __init__(self, outlines: gpd.GeoDataFrame) -> None:
        self.rows = outlines.reset_index(drop=True)
        self.names = _names(self.rows)
        """Of each row."""
        self._row_of = {name: row for row, name in enumerate(self.names)}
        self._shapes: NDArray[np.object_] = self.rows.geometry.to_numpy()
        self._records: dict[str, GlacierRecord] = {}

    def __len__(self) -> int:
        return len(self.names)

    def record(self, name: str) -> GlacierRecord | None:
        """Return the record of a glacier, the same object each time; None where there is no such row."""
        row = self._row_of.get(name)
        if row is None:
            return None
        if name not in self._records:
            given = self.rows[EDIT_IDS].iloc[row] if EDIT_IDS in self.rows.columns else None
            shape = self._shapes[row]
            edit_ids = tuple(given.split(";")) if isinstance(given, str) else ()
            self._records[name] = GlacierRecord(name, row, shape, row, edit_ids=edit_ids, of_map=shape)
        return self._records[name]

    def touching(self, geometry: BaseGeometry) -> NDArray[np.int64]:
        """Return the rows whose outlines a geometry intersects, in no order."""
        return np.asarray(self._index.query(geometry, predicate="intersects"), dtype=np.int64)

    def near(self, geometry: BaseGeometry, most: float | None, left_out: Collection[str]) -> list[tuple[int, float]]:
        """Return rows among which are those nearest to a geometry, with their distances in the unit of the CRS.

        Parameters
        ----------
        geometry
            Any geometry.
        most
            Rows beyond this distance do not matter; None without a limit.
        left_out
            Names that do not count.
        """
        rows, distances = self._index.query_nearest(geometry, return_distance=True, all_matches=True)
        found = [(int(row), float(far)) for row, far in zip(rows, distances, strict=True)]
        if not found or any(self.names[row] not in left_out for row, _ in found):
            return [(row, far) for row, far in found if self.names[row] not in left_out]
        every = (
            self._index.query(geometry, predicate="dwithin", distance=most) if most is not None else range(len(self))
        )
        kept = [int(row) for row in every if self.names[row] not in left_out]
        far = shapely.distance(self._shapes[kept], geometry) if kept else []
        return [(row, float(each)) for row, each in zip(kept, far, strict=True)]

    @cached_property
    def sliver(self) -> float:
        """Width below which ground is rounding of vertices, in the unit of the CRS."""
        return SLIVER_M / unit_m(CRS.from_user_input(self.rows.crs))

    @cached_property
    def _index(self) -> shapely.STRtree:
        return shapely.STRtree(self._shapes)


def _names(rows: gpd.GeoDataFrame) -> list[str]:
    if "glac_id" not in rows.columns:
        raise OutlineError("the outlines have no column 'glac_id'", remedy="edits name glaciers by it: add it")
    if rows["glac_id"].isna().any():
        raise OutlineError("an outline has no glac_id", where=f"row {int(rows['glac_id'].isna().to_numpy().argmax())}")
    names = pd.Series(rows["glac_id"].astype(str))
    if names.duplicated().any():
        raise OutlineError(
            f"the glac_id '{names[names.duplicated()].iloc[0]}' occurs twice",
            remedy="an outline per glacier and period: dissolve them, or give them different identifiers",
        )
    return list(names)
