"""What a user gives about single glaciers: tables keyed by `glac_id`, brought into one metric plane and looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

from trimline.change.equal_area import equal_area_crs, projected
from trimline.errors import ChangeError, OutlineError
from trimline.glaciers.elevation import ElevationModel, open_models
from trimline.glaciers.terminus.frame import Axis
from trimline.outlines.check import refuse_parts_within, require_crs

LINES = ("LineString", "MultiLineString")
"""Geometries of digitised termini."""

POLYGONS = ("Polygon", "MultiPolygon")
"""Geometries of outlines."""


@dataclass(frozen=True)
class Given:
    """Everything given beside the termini, by glacier, in the plane of the measurement."""

    plane: CRS
    """Metric CRS, centred on the data."""
    models: tuple[ElevationModel, ...] = ()
    """Elevation models, the first that knows a height first."""
    places: tuple[tuple[float, float, float, float], ...] = ()
    """Left, bottom, right and top of each of them in the plane."""
    points: Mapping[str, BaseGeometry] = field(default_factory=dict)
    """A point at the terminus."""
    directions: Mapping[str, float] = field(default_factory=dict)
    """Flow direction, clockwise from north [degree]."""
    lines: Mapping[str, BaseGeometry] = field(default_factory=dict)
    """Centre line, head to terminus."""
    boxes: Mapping[str, BaseGeometry] = field(default_factory=dict)
    """Box of the rectilinear box method."""
    axis: Axis = "tongue"
    """Axis where no direction is given."""
    count: int = 61
    """Parallel lines."""
    spacing_m: float | None = None
    """Distance between them, in place of their number [m]."""
    width_m: float | None = None
    """Width of boxes [m]."""

    def line(self, glacier: str) -> LineString | None:
        """Return the centre line of a glacier; None where none was given."""
        given = self.lines.get(glacier)
        if given is None:
            return None
        merged = shapely.line_merge(given) if isinstance(given, MultiLineString) else given
        if not isinstance(merged, LineString):
            raise ChangeError("its centre line has gaps", where=glacier, remedy="give one line, head to terminus")
        return merged

    def box(self, glacier: str) -> Polygon | None:
        """Return the box of a glacier; None where none was given."""
        given = self.boxes.get(glacier)
        if given is None:
            return None
        parts = shapely.get_parts(given)
        if len(parts) != 1 or not isinstance(parts[0], Polygon):
            raise ChangeError("its box is not one polygon", where=glacier, remedy="give one polygon per glacier")
        return parts[0]

    def heights_m(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the heights of points of the plane [m]; NaN where no model knows one."""
        found = np.full(len(points), np.nan)
        known = np.isfinite(points).all(axis=1)
        for model, (left, bottom, right, top) in zip(self.models, self.places, strict=True):
            inside = (points >= (left, bottom)).all(axis=1) & (points <= (right, top)).all(axis=1)
            wanted = known & inside & ~np.isfinite(found)
            if not wanted.any():
                continue
            lowest, highest = points[wanted].min(axis=0), points[wanted].max(axis=0)
            part = model.read((*(lowest - 1.0), *(highest + 1.0)), self.plane, margin=3)
            if part is not None:
                found[wanted] = part.at(points[wanted], self.plane)
        return found


def gather(
    termini: gpd.GeoDataFrame,
    *,
    dem: object = None,
    points: gpd.GeoDataFrame | None = None,
    directions: Mapping[str, float] | pd.Series | None = None,
    lines: gpd.GeoDataFrame | None = None,
    boxes: gpd.GeoDataFrame | None = None,
    axis: Axis = "tongue",
    count: int = 61,
    spacing_m: float | None = None,
    width_m: float | None = None,
) -> Given:
    """Return what was given, checked and in one plane, centred on the termini.

    Raises
    ------
    ChangeError
        A number is impossible, a table lacks `glac_id` or names a glacier twice.
    OutlineError
        A table has no CRS.
    GridError
        An elevation model cannot be read.
    """
    if count < 1 or (spacing_m is not None and not spacing_m > 0) or (width_m is not None and not width_m > 0):
        raise ChangeError("lines and boxes need a positive number, spacing and width", remedy="see terminus_change")
    if axis not in ("tongue", "glacier"):
        raise ChangeError(f"an axis '{axis}'", remedy="choose 'tongue' or 'glacier'")
    plane = equal_area_crs(termini)
    models = tuple(open_models(dem)) if dem is not None else ()  # type: ignore[arg-type] # checked there
    bearings = {} if directions is None else {str(key): float(value) for key, value in directions.items()}
    return Given(
        plane,
        models,
        tuple(_place(model, plane) for model in models),
        _by_glacier(points, plane, "points"),
        {key: value for key, value in bearings.items() if np.isfinite(value)},
        _by_glacier(lines, plane, "lines"),
        _by_glacier(boxes, plane, "boxes"),
        axis,
        count,
        spacing_m,
        width_m,
    )


def _place(model: ElevationModel, plane: CRS) -> tuple[float, float, float, float]:
    bounds = model.geobox.boundingbox
    to_plane = Transformer.from_crs(model.crs, plane, always_xy=True)
    left, bottom, right, top = to_plane.transform_bounds(bounds.left, bounds.bottom, bounds.right, bounds.top)
    return left, bottom, right, top


def _by_glacier(table: gpd.GeoDataFrame | None, plane: CRS, name: str) -> dict[str, BaseGeometry]:
    if table is None:
        return {}
    require_keys(table, name)
    keys = table["glac_id"].astype(str)
    if keys.duplicated().any():
        raise ChangeError(f"glacier {keys[keys.duplicated()].iloc[0]} is there twice", where=name)
    there = ~(table.geometry.isna() | table.geometry.is_empty).to_numpy()
    geometries = projected(table.geometry.to_numpy()[there], table.crs, plane)
    return dict(zip(keys[there], geometries, strict=True))


def require_keys(table: gpd.GeoDataFrame, name: str) -> None:
    """Raise an error unless a table has a CRS and a column `glac_id` without gaps."""
    require_crs(table)
    if "glac_id" not in table:
        raise ChangeError(
            "there is no column 'glac_id'", where=name, remedy="rename yours: table.rename(columns={...: 'glac_id'})"
        )
    if table["glac_id"].isna().any():
        raise ChangeError(f"{int(table['glac_id'].isna().sum())} rows have no 'glac_id'", where=name)


def termini_of(table: gpd.GeoDataFrame, plane: CRS, name: str) -> dict[str, BaseGeometry]:
    """Return the terminus of each glacier in the plane; several rows of one glacier are its parts.

    Raises
    ------
    OutlineError
        There is no CRS, or geometries are neither polygons nor lines; or a polygon lies within another one of its
        glacier: a hole, or ground that is outlined twice.
    ChangeError
        There is no `glac_id`, or a glacier has lines and polygons.
    """
    require_keys(table, name)
    there = ~(table.geometry.isna() | table.geometry.is_empty).to_numpy()
    kinds = table.geom_type[there]
    odd = ~kinds.isin(LINES + POLYGONS)
    if odd.any():
        raise OutlineError(f"{int(odd.sum())} termini are neither polygons nor lines", where=name)
    geometries = projected(table.geometry.to_numpy()[there], table.crs, plane)
    polygonal = kinds.isin(POLYGONS).to_numpy()
    geometries[polygonal] = shapely.make_valid(geometries[polygonal])
    parts: dict[str, list[BaseGeometry]] = {}
    for key, geometry in zip(table["glac_id"][there].astype(str), geometries, strict=True):
        parts.setdefault(key, []).append(geometry)
    found = {}
    for key, each in parts.items():
        if len({one.geom_type in LINES for one in each}) > 1:
            raise ChangeError("it has both lines and polygons", where=f"{name}, glacier {key}")
        if len(each) > 1 and each[0].geom_type not in LINES:
            refuse_parts_within(key, shapely.GeometryCollection(each), name)
        whole = each[0] if len(each) == 1 else shapely.union_all(each)
        found[key] = _polygons_only(whole) if whole.geom_type not in LINES else whole
    return found


def _polygons_only(geometry: BaseGeometry) -> BaseGeometry:
    """Return a geometry without the stray lines and points that a repair can leave."""
    if geometry.geom_type in POLYGONS:
        return geometry
    return shapely.union_all([each for each in shapely.get_parts(geometry) if each.geom_type in POLYGONS])
