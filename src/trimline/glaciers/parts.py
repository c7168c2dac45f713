"""Rows of glaciers that were divided: their ids, and the columns that parts share or cannot keep."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from trimline.change import equal_area_crs
from trimline.errors import OutlineError
from trimline.outlines.area import area_and_perimeter_km
from trimline.outlines.corrected_rows import ERROR_COLUMNS, MEASURED_COLUMNS, SHARED_COLUMNS
from trimline.reprojecting import in_degrees, reprojected


def with_parts(outlines: gpd.GeoDataFrame, parts: Sequence[Sequence[shapely.Geometry]]) -> gpd.GeoDataFrame:
    """Return a row per part of each outline.

    Parameters
    ----------
    outlines
        With the column `glac_id`.
    parts
        The parts of each outline, in the order of their ids. One part is the outline itself.

    Returns
    -------
    GeoDataFrame
        The columns of the outlines, and `divided_from`, the old id, in which a fresh index counts the rows. Ids of
        several parts are the old id with ``-01`` and so on.

    Raises
    ------
    OutlineError
        The column `glac_id` is missing, an id is missing or occurs twice, or a new id would.
    """
    names = ids_of(outlines)
    counts = np.array([len(each) for each in parts], np.intp)
    rows = np.repeat(np.arange(len(outlines)), counts)
    shapes = [shape for each in parts for shape in each]
    frame = outlines.iloc[rows].reset_index(drop=True)
    frame = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=outlines.crs))
    width = max(2, len(str(int(counts.max(initial=0)))))
    frame["glac_id"] = [
        name if len(each) == 1 else f"{name}-{number:0{width}d}"
        for name, each in zip(names, parts, strict=True)
        for number in range(1, len(each) + 1)
    ]
    twice = frame["glac_id"].duplicated()
    if twice.any():
        raise OutlineError(
            f"a part would get the id '{frame['glac_id'][twice].iloc[0]}', which there is already",
            remedy="rename the outline that has it",
        )
    frame["divided_from"] = [names[row] for row in rows]
    areas, perimeters = area_and_perimeter_km(frame)
    cut = (counts > 1)[rows]
    of_area, of_margin = _shares(areas, rows), _shares(_margins_m(outlines, frame, rows), rows)
    frame["area_km2"] = areas
    if "perimeter_km" in frame.columns:
        frame["perimeter_km"] = perimeters
    for column in frame.columns.intersection(SHARED_COLUMNS):
        share = of_margin if column in ERROR_COLUMNS else of_area
        frame[column] = pd.to_numeric(frame[column]).astype("float64") * np.where(cut, share, 1.0)
    for column in frame.columns.intersection(MEASURED_COLUMNS):
        frame[column] = frame[column].where(~cut)
    if {"cenlon", "cenlat"} <= set(frame.columns) and cut.any():
        inside = in_degrees(frame.geometry[cut].representative_point())
        frame.loc[cut, "cenlon"], frame.loc[cut, "cenlat"] = inside.x, inside.y
    return frame


def _margins_m(outlines: gpd.GeoDataFrame, parts: gpd.GeoDataFrame, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the length of each part's margin that is margin of the outline too [m]."""
    borders = shapely.boundary(outlines.geometry.to_numpy())[rows]
    own = shapely.intersection(shapely.boundary(parts.geometry.to_numpy()), borders)
    plane = equal_area_crs(outlines)
    return np.asarray(shapely.length(reprojected(gpd.GeoSeries(own, crs=outlines.crs), plane).to_numpy()), np.float64)


def _shares(sizes: NDArray[np.float64], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the share of each part in the sum over its row."""
    total = np.bincount(rows, sizes, int(rows.max(initial=-1)) + 1)[rows]
    return sizes / np.where(total > 0, total, 1.0)


def ids_of(outlines: gpd.GeoDataFrame) -> list[str]:
    """Return the ids of outlines.

    Raises
    ------
    OutlineError
        The column `glac_id` is missing, or an id is missing or occurs twice.
    """
    if "glac_id" not in outlines.columns:
        raise OutlineError("the outlines have no column 'glac_id'", remedy="glaciers are keyed by it: add it")
    given = outlines["glac_id"]
    if given.isna().any():
        raise OutlineError("an outline has no glac_id", where=f"row {int(given.isna().to_numpy().argmax())}")
    names = given.astype(str)
    if names.duplicated().any():
        raise OutlineError(
            f"the glac_id '{names[names.duplicated()].iloc[0]}' occurs twice",
            remedy="give every glacier one id, and one row: dissolve the parts of one glacier",
        )
    return list(names)
