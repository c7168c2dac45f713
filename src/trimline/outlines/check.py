"""Checks and repairs of outlines.

Every problem and repair is reported as a `Problem`: the outline, the problem, and the repair. Only problems with one
right repair are repaired.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS

from trimline.coordinate_systems import degrees, horizontal, turn_of
from trimline.errors import GridError, OutlineError
from trimline.foreign import foreign_errors
from trimline.longitudes import Reading, connected
from trimline.outlines.area import area_km2
from trimline.reprojecting import transformer, unit_m, without_empty_parts

_LOG = logging.getLogger(__name__)

Kind = Literal["null", "empty", "not a polygon", "with heights", "longitudes", "invalid", "duplicate", "overlap"]
"""Kinds of problems of an outline that has a CRS."""

_SMALLEST_OVERLAP_KM2 = 1e-6
"""Overlaps below a square metre are rounding of shared borders [km2]."""

_SPELLED_OUT = 3
"""Problems of a kind that are logged one by one; more are summed up."""

_NAMES = ("rgi_id", "RGIId", "glac_id", "glac_name", "Name", "GLACNAME")
"""Columns of names for reports, in order of preference."""


@dataclass(frozen=True)
class Problem:
    """One problem of one outline."""

    kind: Kind
    """Kind of problem."""
    row: Hashable
    """Index label of the outline in the frame that was checked."""
    name: str | None
    """Name or identifier of the outline, where it has one."""
    text: str
    """The problem, in words."""
    action: str
    """The repair; `none` where there was none."""
    before_km2: float = float("nan")
    """Area of an invalid polygon as its rings enclose it, doubly covered ground counted twice [km2]; NaN otherwise."""
    after_km2: float = float("nan")
    """Area after the repair [km2]; NaN where nothing was repaired."""

    def __str__(self) -> str:
        who = f"outline {self.row}" if self.name is None else f"outline {self.row} ({self.name})"
        return f"{who}: {self.text}; {self.action}"


_MOST_TURNS = 1.5
"""Longitudes may be counted from any meridian, and go on beyond 360 degrees [turns]."""

_ROUNDING = 1e-4
"""By how much a latitude may exceed that of the pole [degree]."""

_READINGS: dict[Reading, tuple[str, str]] = {
    "moved": ("has longitudes beyond 180 degrees", "moved by a full turn"),
    "across": ("has edges that go the long way round the Earth", "read across the 180th meridian"),
    "joined": ("is cut in two at the 180th meridian", "joined"),
    "polar": ("winds around a pole", "closed along the pole"),
}
"""What an outline is like, and what is done to it, for each reading of its longitudes."""

FARTHEST_M = 1e8
"""Distance from the origin of a projection that no coordinate on Earth has, false eastings and zones included [m]."""

_WITHIN = 0.9
"""Share of a part within another part of one outline from which it may be a hole of it."""


def check(outlines: gpd.GeoDataFrame, repair: bool = True) -> tuple[gpd.GeoDataFrame, list[Problem]]:
    """Report the problems of outlines, and repair them.

    Invalid polygons become valid ones of the same ground; of mixed collections the polygons are kept; heights are
    dropped, and so are empty parts; longitudes are brought to one form, without a break at the 180th meridian
    (`trimline.longitudes`); null, empty and non-polygon geometries and exact duplicates (of geometry and of all
    columns) are removed.
    Overlaps are reported and kept, because the geometry does not tell the owner of the ground; where there is a column
    `src_date`, only outlines of one date are compared.

    Parameters
    ----------
    outlines
        Polygons and multipolygons with a CRS.
    repair
        False reports and changes nothing.

    Returns
    -------
    tuple[GeoDataFrame, list[Problem]]
        A repaired copy with the index labels of the remaining rows, and the problems, row by row.

    Raises
    ------
    OutlineError
        There is no CRS, or one that is local or geocentric; or coordinates lie outside the world in a CRS of longitude
        and latitude, or an outline can be read both ways round the Earth; or an outline has vertices that are no
        numbers, or a part within another part, which may be a hole.
    """
    require_crs(outlines)
    require_finite(outlines)
    _require_world(outlines)
    findings = _Findings(outlines, repair)
    checked = _in_horizontal_crs(outlines)
    for step in (_drop_absent, _keep_polygons, _drop_heights, _connect, _make_valid, _drop_duplicates):
        checked = step(checked, findings)
    _report_overlaps(checked, findings)
    if not repair:
        return outlines.copy(), findings.problems
    return checked, findings.problems


def require_crs(outlines: gpd.GeoDataFrame) -> None:
    """Raise `OutlineError` unless outlines are a GeoDataFrame with a CRS."""
    if not isinstance(outlines, gpd.GeoDataFrame):
        raise OutlineError(f"outlines are a GeoDataFrame, not a {type(outlines).__name__}")
    if outlines.active_geometry_name is None:
        raise OutlineError("the outlines have no geometry", remedy="set it with outlines.set_geometry(...)")
    if outlines.crs is None:
        raise OutlineError(
            "the outlines have no CRS",
            remedy="a Shapefile needs its .prj beside it; in Python, set it with outlines.set_crs(...)",
        )


def require_finite(outlines: gpd.GeoDataFrame) -> None:
    """Raise `OutlineError` for the first row with a vertex that is no number, or is nowhere on Earth.

    Any geometries pass; heights are not looked at.
    """
    geometries = outlines.geometry.to_numpy()
    coordinates, row = shapely.get_coordinates(geometries, return_index=True)
    is_projected = outlines.crs is not None and outlines.crs.is_projected
    farthest = FARTHEST_M / unit_m(outlines.crs) if is_projected else FARTHEST_M
    odd = ~(np.isfinite(coordinates).all(axis=1) & (np.abs(coordinates) < farthest).all(axis=1))
    if odd.any():
        vertex = int(np.flatnonzero(odd)[0])
        x, y = coordinates[vertex]
        raise OutlineError(
            f"outline {outlines.index[row[vertex]]} has a vertex at {x:g}, {y:g}, which is nowhere on Earth",
            remedy="draw the outline again, or leave it out",
        )
    if is_projected:
        _require_place(outlines)


def _require_place(outlines: gpd.GeoDataFrame) -> None:
    """Raise `OutlineError` for the first row whose middle the projection knows no place for."""
    bounds = shapely.bounds(outlines.geometry.to_numpy())
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    degrees_east, degrees_north = transformer(CRS.from_user_input(outlines.crs), degrees()).transform(*middles.T)
    lost = np.isfinite(middles).all(axis=1) & ~(np.isfinite(degrees_east) & np.isfinite(degrees_north))
    if lost.any():
        first = int(np.flatnonzero(lost)[0])
        x, y = middles[first]
        raise OutlineError(
            f"outline {outlines.index[first]} lies at {x:g}, {y:g}, which is nowhere in '{outlines.crs.name}'",
            remedy="its coordinates or its CRS are wrong: correct them",
        )


def grid_crs(geobox: GeoBox) -> CRS:
    """Return the CRS of a grid; raise `GridError` where it has none."""
    if geobox.crs is None:
        raise GridError("the grid has no CRS")
    return CRS.from_user_input(geobox.crs.proj)


def require_polygons(outlines: gpd.GeoDataFrame) -> None:
    """Raise `OutlineError` for geometries that are no polygons."""
    odd = ~outlines.geom_type.isin(("Polygon", "MultiPolygon"))
    if odd.any():
        kind = outlines.geom_type[odd].iloc[0] or "missing geometry"
        raise OutlineError(
            f"{int(odd.sum())} of {len(outlines)} outlines are no polygons; the first is a {kind}",
            remedy="pass them through trimline.outlines.check first",
        )


def report(problems: Sequence[Problem], where: Path | None = None) -> None:
    """Log problems: one line for each, or one for all of a kind where there are many."""
    prefix = f"{where.name}: " if where is not None else ""
    for kind, number in Counter(problem.kind for problem in problems).items():
        of_kind = [problem for problem in problems if problem.kind == kind]
        # Inventories often have heights of 0 in every outline, or longitudes from 0 to 360, which is harmless.
        level = logging.INFO if kind in ("with heights", "longitudes") else logging.WARNING
        if number <= _SPELLED_OUT:
            for problem in of_kind:
                _LOG.log(level, "%s%s", prefix, problem)
        else:
            _LOG.log(level, "%s%d problems of the kind '%s', among them %s", prefix, number, kind, of_kind[0])


class _Findings:
    """The problems found so far, and the names of outlines."""

    def __init__(self, outlines: gpd.GeoDataFrame, repair: bool) -> None:
        self.problems: list[Problem] = []
        self._repair = repair
        self._names = next((outlines[name] for name in _NAMES if name in outlines.columns), None)

    def add(
        self, kind: Kind, row: Hashable, text: str, action: str, areas: tuple[float, float] = (np.nan, np.nan)
    ) -> None:
        """Add a problem, with the areas before and after its repair [km2]."""
        name = None
        if self._names is not None and self._names.index.is_unique and pd.notna(self._names.loc[row]):
            name = str(self._names.loc[row])
        self.problems.append(Problem(kind, row, name, text, action if self._repair else "none", *areas))


def _require_world(outlines: gpd.GeoDataFrame) -> None:
    turn = turn_of(CRS.from_user_input(outlines.crs))
    if turn is None or outlines.empty:
        return
    west, south, east, north = outlines.total_bounds
    if max(-west, east) > _MOST_TURNS * turn or max(-south, north) > turn / 4 + _ROUNDING:
        raise OutlineError(
            f"coordinates from {west:.0f}, {south:.0f} to {east:.0f}, {north:.0f} are no longitudes and latitudes",
            remedy=f"the CRS '{outlines.crs.name}' is not that of the coordinates: correct it",
        )


def _in_horizontal_crs(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a copy in the horizontal part of its CRS; raise `OutlineError` where there is none."""
    given = CRS.from_user_input(outlines.crs)
    plane = horizontal(given, kind=OutlineError)
    return outlines.copy() if plane is given else outlines.set_crs(plane, allow_override=True)


def _drop_absent(outlines: gpd.GeoDataFrame, findings: _Findings) -> gpd.GeoDataFrame:
    null, empty = outlines.geometry.isna(), outlines.geometry.is_empty
    for row in outlines.index[null]:
        findings.add("null", row, "has no geometry", "left out")
    for row in outlines.index[empty & ~null]:
        findings.add("empty", row, "has an empty geometry", "left out")
    present = outlines[~(null | empty)]
    given = present.geometry.to_numpy()
    whole = without_empty_parts(given)
    for place in np.flatnonzero(shapely.get_num_geometries(whole) < shapely.get_num_geometries(given)):
        findings.add("empty", present.index[place], "has an empty part", "the part left out")
    return present.set_geometry(gpd.GeoSeries(whole, present.index, crs=present.crs))


def _keep_polygons(outlines: gpd.GeoDataFrame, findings: _Findings) -> gpd.GeoDataFrame:
    def repaired(row: Hashable, geometry: shapely.Geometry) -> shapely.Geometry | None:
        kept = _polygonal(geometry)
        found = f"is a {geometry.geom_type}"
        if kept is None:
            findings.add("not a polygon", row, found, "left out")
        else:
            findings.add("not a polygon", row, found, "its polygons kept, its points and lines left out")
        return kept

    return _mend(outlines, ~outlines.geom_type.isin(("Polygon", "MultiPolygon")).to_numpy(), repaired)


def _drop_heights(outlines: gpd.GeoDataFrame, findings: _Findings) -> gpd.GeoDataFrame:
    geometries = outlines.geometry.to_numpy()
    more = shapely.has_z(geometries) | shapely.has_m(geometries)
    for row in outlines.index[more]:
        findings.add("with heights", row, "has more than two coordinates per vertex", "only x and y kept")
    return outlines.set_geometry(gpd.GeoSeries(shapely.force_2d(geometries), outlines.index, crs=outlines.crs))


def _connect(outlines: gpd.GeoDataFrame, findings: _Findings) -> gpd.GeoDataFrame:
    """Bring longitudes to one form."""
    turn = turn_of(CRS.from_user_input(outlines.crs))
    if turn is None or outlines.empty:
        return outlines
    geometries, readings = connected(outlines.geometry.to_numpy(), turn, list(outlines.index))
    for place, reading in sorted(readings.items()):
        findings.add("longitudes", outlines.index[place], *_READINGS[reading])
    return outlines.set_geometry(gpd.GeoSeries(geometries, outlines.index, crs=outlines.crs))


def _make_valid(outlines: gpd.GeoDataFrame, findings: _Findings) -> gpd.GeoDataFrame:
    def repaired(row: Hashable, geometry: shapely.Geometry) -> shapely.Geometry | None:
        refuse_parts_within(row, geometry)
        reason = shapely.is_valid_reason(geometry)
        # A ring of one point, which encloses nothing, has no geodesic area.
        encloses = shapely.area(geometry) > 0
        before = float(area_km2(gpd.GeoSeries([geometry], crs=outlines.crs))[0]) if encloses else 0.0
        # 'structure' keeps the ground within any ring; 'linework' would turn doubly covered ground into holes.
        with foreign_errors(OutlineError, what=f"outline {row} cannot be made valid", remedy="draw it again"):
            kept = _polygonal(shapely.make_valid(geometry, method="structure", keep_collapsed=False))
            if kept is not None and not kept.is_valid:
                # GEOS 3.14 returns rings that share an edge as parts that still share it.
                kept = _polygonal(shapely.union_all(shapely.get_parts(kept)))
        if kept is None:
            findings.add(
                "invalid", row, f"is invalid: {reason}", "left out, because it encloses nothing", (before, 0.0)
            )
        else:
            km2 = float(area_km2(gpd.GeoSeries([kept], crs=outlines.crs))[0])
            action = f"made valid, {km2:.4f} km2, before {before:.4f}"
            findings.add("invalid", row, f"is invalid: {reason}", action, (before, km2))
        return kept

    return _mend(outlines, ~outlines.geometry.is_valid.to_numpy(), repaired)


def refuse_parts_within(row: Hashable, geometry: shapely.Geometry, where: object = None) -> None:
    """Raise `OutlineError` where a part of an outline lies within another: a hole, or ground that is outlined twice."""
    parts = shapely.get_parts(shapely.get_parts(geometry))  # of a collection, those of its multipolygons
    if len(parts) < 2:
        return
    parts = shapely.make_valid(parts, method="structure", keep_collapsed=False)
    areas = shapely.area(parts)
    first, second = shapely.STRtree(parts).query(parts, predicate="intersects")
    smaller = (first != second) & (areas[first] < _WITHIN * areas[second])
    first, second = first[smaller], second[smaller]
    shared = shapely.area(shapely.intersection(parts[first], parts[second]))
    if (shared > _WITHIN * areas[first]).any():
        raise OutlineError(
            f"outline {row} has a part within another: a hole, or ground that is outlined twice",
            where=where,
            remedy="draw the hole again, for instance with 'Delete Part' and 'Add Ring' of QGIS",
        )


def _drop_duplicates(outlines: gpd.GeoDataFrame, findings: _Findings) -> gpd.GeoDataFrame:
    shapes = pd.Series(shapely.to_wkb(shapely.normalize(outlines.geometry.to_numpy())))
    repeated = shapes.duplicated(keep=False).to_numpy(copy=True)
    # Of those alone the columns are looked at; they may hold anything, bytes and lists included.
    columns = outlines[repeated].drop(columns=outlines.geometry.name)
    rows = zip(shapes[repeated], *(map(repr, columns.iloc[:, place]) for place in range(columns.shape[1])), strict=True)
    repeated[repeated] = pd.Series(list(rows), dtype="object").duplicated(keep="first").to_numpy()
    for row in outlines.index[repeated]:
        findings.add("duplicate", row, "repeats an earlier outline, all columns included", "left out")
    return outlines[~repeated]


def _report_overlaps(outlines: gpd.GeoDataFrame, findings: _Findings) -> None:
    geometries = outlines.geometry.to_numpy()
    first, second = outlines.sindex.query(geometries, predicate="intersects")
    ordered = first < second
    first, second = first[ordered], second[ordered]
    if "src_date" in outlines.columns:
        dates = outlines["src_date"].astype(str).to_numpy()
        same = dates[first] == dates[second]
        first, second = first[same], second[same]
    # Many neighbours share a border only, and a relation is cheaper than an intersection.
    inside = shapely.relate_pattern(geometries[first], geometries[second], "T********")
    first, second = first[inside], second[inside]
    if not len(first):
        return
    shared = shapely.intersection(geometries[first], geometries[second])
    for a, b, km2 in zip(first, second, area_km2(gpd.GeoSeries(shared, crs=outlines.crs)), strict=True):
        if km2 > _SMALLEST_OVERLAP_KM2:
            size = f"{km2:.3f} km2" if km2 >= 0.01 else f"{km2 * 1e6:.0f} m2"
            findings.add("overlap", outlines.index[a], f"overlaps outline {outlines.index[b]} on {size}", "kept")


def _mend(
    outlines: gpd.GeoDataFrame,
    wrong: NDArray[np.bool_],
    repaired: Callable[[Hashable, shapely.Geometry], shapely.Geometry | None],
) -> gpd.GeoDataFrame:
    """Replace invalid geometries; rows whose repair is None are removed."""
    if not wrong.any():
        return outlines
    geometries = outlines.geometry.to_numpy().copy()
    for i in np.flatnonzero(wrong):
        geometries[i] = repaired(outlines.index[i], geometries[i])
    mended = outlines.set_geometry(gpd.GeoSeries(geometries, outlines.index, crs=outlines.crs))
    return mended[mended.geometry.notna()]


def _polygonal(geometry: shapely.Geometry) -> shapely.Geometry | None:
    """Return the polygons of a geometry as a polygon or multipolygon; None where it has none."""
    if geometry.geom_type in ("Polygon", "MultiPolygon"):
        return None if geometry.is_empty else geometry
    parts = [part for each in shapely.get_parts(geometry) if (part := _deeper(each)) is not None]
    if not parts:
        return None
    polygons = [polygon for part in parts for polygon in shapely.get_parts(part)]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _deeper(part: shapely.Geometry) -> shapely.Geometry | None:
    """Yield the parts of nested collections."""
    return _polygonal(part) if shapely.get_type_id(part) >= shapely.GeometryType.POLYGON else None
