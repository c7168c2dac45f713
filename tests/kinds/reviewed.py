"""A small review for tests: two periods of a field of square glaciers that share borders, and a glacier apart."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from trimline.outlines import area_km2, perimeter_km, write_outlines
from trimline.review import contract
from trimline.review.edits.drawn import geojson
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod

UTM = "EPSG:32645"
EAST, NORTH, SIDE = 500_000.0, 3_500_000.0, 1000.0
"""South-west corner and side of the first glacier [m]."""
EARLY, LATE = "1988", "2018"
PIXEL_M = 30.0


def cell(column: float, row: float, size: float = 1.0) -> shapely.Polygon:
    """Return a square of the field; one side is `SIDE` long."""
    west, south = EAST + column * SIDE, NORTH + row * SIDE
    return shapely.box(west, south, west + size * SIDE, south + size * SIDE)


def field(period: str, across: int = 2, shrunk: float = 0.0) -> gpd.GeoDataFrame:
    """Return outlines ``a-C-R`` by column and row, and ``far``; the last row lacks `shrunk` in the north [m]."""
    names = [f"a-{column}-{row}" for column in range(across) for row in range(across)]
    shapes = [
        shapely.box(*cell(column, row).bounds[:3], cell(column, row).bounds[3] - (shrunk if row == across - 1 else 0))
        for column in range(across)
        for row in range(across)
    ]
    shapes.append(cell(across + 3, 0))
    outlines = gpd.GeoDataFrame(
        {"glac_id": [*names, "far"], "period": period, "subregion": "all", "src_year": float(period) + 0.5},
        geometry=shapes,
        crs=UTM,
    )
    outlines["glac_name"] = [f"Glacier {name}" if name == "far" else None for name in outlines["glac_id"]]
    outlines["uncertain_error_km2"] = np.linspace(0.001, 0.01, len(outlines))
    outlines["area_km2"], outlines["perimeter_km"] = area_km2(outlines), perimeter_km(outlines)
    return outlines


def reviewed(folder: Path, across: int = 2) -> Reviewed:
    """Write outlines into a folder, and return them as what is reviewed; the glaciers of `LATE` are smaller."""
    for name, shrunk in ((EARLY, 0.0), (LATE, 100.0)):
        path = folder / name / "automatic.gpkg"
        path.parent.mkdir(parents=True)
        write_outlines(field(name, across, shrunk), path)
    return reviewed_in(folder)


def reviewed_in(folder: Path) -> Reviewed:
    """Return what `reviewed` wrote into a folder."""
    periods = tuple(
        ReviewedPeriod(name, int(name), int(name), folder / name / "automatic.gpkg", PIXEL_M) for name in (EARLY, LATE)
    )
    return Reviewed("field", "Field", "project", folder, folder / "edits.gpkg", UTM, periods)


def draft(operation: str, glac_id: str | None, shape: Any = None, **given: Any) -> contract.Draft:
    """Return a draft with an identifier of its own."""
    geometry = geojson(shape) if isinstance(shape, shapely.Geometry) else shape
    fields = {
        "edit_id": secrets.token_hex(6),
        "operation": operation,
        "glac_id": glac_id,
        "geometry": as_json(geometry),
    }
    return contract.Draft.model_validate({**fields, **given})


def as_json(geometry: Any) -> Any:
    """Return a geometry with arrays, as JSON brings it."""
    if isinstance(geometry, dict):
        return {key: as_json(each) for key, each in geometry.items()}
    return [as_json(each) for each in geometry] if isinstance(geometry, list | tuple) else geometry


def shape_of(outline: contract.Outline) -> shapely.Geometry:
    """Return the geometry of an outline that the server sent."""
    found: shapely.Geometry = shapely.geometry.shape(outline.geometry)
    return found
