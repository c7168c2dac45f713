"""Tracking glaciers through the periods: every patch of ice gets the id of its glacier, the same in all periods.

With an inventory, patches are cut along the borders of its glaciers. Ice beyond the inventory goes to the glacier of
its patch that it shares the longest border with. A glacier that would be left with less than the minimum area is
merged into its neighbours in the patch, so that ice which crosses a border by a few metres makes no glacier.

Patches that meet no glacier of the inventory, or all of them without one, are joined over the periods: patches that
share ground in any two periods form one complex. A complex on ground of a named glacier in another period is part of
that glacier (a detached tongue); any other is a new glacier. New glaciers are numbered from west to east by their
western edge, so a number stays as long as nothing new appears west of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from trimline.errors import OutlineError
from trimline.graphs import graph_of

_TOUCHING_M = 0.01
"""Polygons that overlays have cut lie within this distance of their common border [m]."""

_SMALLEST_OVERLAP_M2 = 1.0
"""Smaller overlaps are rounding of shared borders [m2]."""

_FREE = -1
"""Marks a piece that meets no glacier of the inventory."""

Geometries = NDArray[Any]


def identify(
    patches: Mapping[str, gpd.GeoDataFrame],
    name: str,
    inventory: gpd.GeoDataFrame | None = None,
    *,
    minimum_area_m2: float = 0.0,
) -> gpd.GeoDataFrame:
    """Give the glaciers of all periods their ids.

    Parameters
    ----------
    patches
        Per period, polygons of ice that do not overlap, all in one projected CRS.
    name
        Prefix of the ids of glaciers that are not in the inventory: ``<name>-0001``.
    inventory
        Glaciers with the column `glac_id`, in the CRS of the patches; see `trimline.timeline.inventory`.
    minimum_area_m2
        Glaciers of the inventory that are left with less [m2] are merged into their neighbours.

    Returns
    -------
    GeoDataFrame
        One row per glacier and period, with `glac_id` and `period`; sorted by period, as given, then by id. The rows of
        a period cover exactly the ground of its patches.

    Raises
    ------
    OutlineError
        Patches of one period overlap.
    """
    for period, of_period in patches.items():
        _require_apart(of_period, period)
    known = np.empty(0, object) if inventory is None else inventory.geometry.to_numpy()
    periods: list[NDArray[np.intp]] = []
    glaciers: list[NDArray[np.intp]] = []
    pieces: list[Geometries] = []
    for number, of_period in enumerate(patches.values()):
        owner, geometries = _cut(of_period.geometry.to_numpy(), known, minimum_area_m2)
        periods.append(np.full(len(owner), number, np.intp))
        glaciers.append(owner)
        pieces.append(geometries)
    crs = next(iter(patches.values())).crs if patches else None
    frame = gpd.GeoDataFrame(
        {"period": _stacked(periods, np.intp), "glacier": _stacked(glaciers, np.intp)},
        geometry=_stacked(pieces, object),
        crs=crs,
    )
    given = [] if inventory is None else inventory["glac_id"].astype(str).tolist()
    ids = np.array([*given, *_name_complexes(frame, name, given)], object)
    frame["glac_id"] = ids[frame["glacier"].to_numpy()] if len(frame) else np.empty(0, object)
    keys, geometries = _grouped_by(frame, ["period", "glac_id"], _collected)
    names = np.array([*patches], object)
    return gpd.GeoDataFrame(
        {"glac_id": keys["glac_id"].to_numpy(), "period": names[keys["period"].to_numpy(np.intp)]},
        geometry=geometries,
        crs=crs,
    )


def ground_by_glacier(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the ground that each glacier covers in any period, one row per `glac_id`, sorted."""
    keys, geometries = _grouped_by(outlines, ["glac_id"], _dissolved)
    return gpd.GeoDataFrame({"glac_id": keys["glac_id"].to_numpy()}, geometry=geometries, crs=outlines.crs)


def _require_apart(outlines: gpd.GeoDataFrame, period: str) -> None:
    geometries = outlines.geometry.to_numpy()
    one, other = _sharing_ground(geometries, geometries, distinct=True)
    shared_m2 = shapely.area(shapely.intersection(geometries[one], geometries[other]))
    overlaps = int((shared_m2 > _SMALLEST_OVERLAP_M2).sum())
    if overlaps:
        raise OutlineError(
            f"{overlaps} pairs of outlines overlap, one of them on {shared_m2.max() / 1e6:.3f} km2",
            where=period,
            remedy="ground can belong to one glacier only: cut one of them back",
        )


def _cut(patches: Geometries, known: Geometries, minimum_area_m2: float) -> tuple[NDArray[np.intp], Geometries]:
    """Return the owner of each piece of a period's patches (position in the inventory or `_FREE`), and the pieces."""
    owner = np.full(len(patches), _FREE, np.intp)
    if not len(known) or not len(patches):
        return owner, patches
    patch, glacier = _sharing_ground(patches, known)
    candidates: dict[int, list[int]] = {}
    for i, j in sorted(zip(patch.tolist(), glacier.tolist(), strict=True)):
        candidates.setdefault(i, []).append(j)
    divided = {
        i: _divided(patches[i], known, of_patch) if len(of_patch) > 1 else {of_patch[0]: patches[i]}
        for i, of_patch in candidates.items()
    }
    area_m2 = np.zeros(len(known))
    for pieces in divided.values():
        for j, geometry in pieces.items():
            area_m2[j] += geometry.area
    for i, pieces in divided.items():
        if len(pieces) < 2 or all(area_m2[j] >= minimum_area_m2 for j in pieces):
            continue
        largest = max(pieces, key=lambda j: (pieces[j].area, -j))
        kept = [j for j in pieces if area_m2[j] >= minimum_area_m2] or [largest]
        divided[i] = _divided(patches[i], known, kept) if len(kept) > 1 else {kept[0]: patches[i]}
    free = [i for i in range(len(patches)) if i not in divided]
    named = [(j, geometry) for i in sorted(divided) for j, geometry in divided[i].items()]
    out = np.empty(len(free) + len(named), object)
    out[:] = [*patches[free], *(geometry for _, geometry in named)]
    return np.array([*([_FREE] * len(free)), *(j for j, _ in named)], np.intp), out


def _divided(patch: shapely.Geometry, known: Geometries, candidates: list[int]) -> dict[int, shapely.Geometry]:
    """Divide a patch among glaciers: each gets its own ground, and ice beyond all goes by the longest shared border."""
    rest = patch
    pieces: dict[int, shapely.Geometry] = {}
    for j in candidates:
        own = _polygonal(shapely.intersection(rest, known[j]))
        if own is not None:
            pieces[j] = own
            rest = shapely.difference(rest, known[j])
    parts = [part for part in shapely.get_parts(rest) if part.geom_type == "Polygon" and part.area > 0]
    if not pieces or not parts:
        return pieces or {candidates[0]: patch}
    owners = list(pieces)
    near = shapely.buffer(np.array([pieces[j] for j in owners], object), _TOUCHING_M)
    gained: dict[int, list[shapely.Geometry]] = {}
    for part in parts:
        shared = shapely.length(shapely.intersection(shapely.boundary(part), near))
        distance = shapely.distance(part, near)
        best = int(np.lexsort((np.arange(len(owners)), distance, -shared))[0])
        gained.setdefault(owners[best], []).append(part)
    return {j: _dissolved(np.array([piece, *gained.get(j, [])], object)) for j, piece in pieces.items()}


def _name_complexes(frame: gpd.GeoDataFrame, name: str, given: list[str]) -> list[str]:
    """Assign every free piece of the frame to a glacier, numbered after the given ones; return the new ids."""
    free = np.flatnonzero(frame["glacier"].to_numpy() == _FREE)
    if not len(free):
        return []
    geometries = frame.geometry.to_numpy()[free]
    count, complex_of = _complexes(geometries, frame["period"].to_numpy()[free])
    home = _homes(frame, free, complex_of, count)
    bounds = pd.DataFrame(shapely.bounds(geometries), columns=["west", "south", "east", "north"])
    edges = bounds.groupby(complex_of).agg({"west": "min", "south": "min"})
    taken, number = set(given), 0
    new: list[str] = []
    for each in edges.sort_values(["west", "south"], kind="stable").index:
        if home[each] == _FREE:
            number += 1
            while f"{name}-{number:04d}" in taken:
                number += 1
            home[each] = len(given) + len(new)
            new.append(f"{name}-{number:04d}")
    column = frame["glacier"].to_numpy().copy()
    column[free] = home[complex_of]
    frame["glacier"] = column
    return new


def _complexes(geometries: Geometries, period: NDArray[np.intp]) -> tuple[int, NDArray[np.int32]]:
    """Return the number of complexes, and the complex of each piece."""
    one, other = shapely.STRtree(geometries).query(geometries)
    across = (one < other) & (period[one] != period[other])
    one, other = one[across], other[across]
    # The exact relation is computed only for pairs that the cheap one leaves in two complexes.
    shares = _hold_a_point(geometries, geometries, one, other)
    _, rough = _connected(one[shares], other[shares], len(geometries))
    open_ = np.flatnonzero(~shares & (rough[one] != rough[other]))
    shares[open_] = _interiors_meet(geometries[one[open_]], geometries[other[open_]])
    return _connected(one[shares], other[shares], len(geometries))


def _connected(one: NDArray[np.intp], other: NDArray[np.intp], count: int) -> tuple[int, NDArray[np.int32]]:
    number, labels = connected_components(graph_of(one, other, count), directed=False)
    return int(number), labels


def _homes(
    frame: gpd.GeoDataFrame, free: NDArray[np.intp], complex_of: NDArray[np.int32], count: int
) -> NDArray[np.intp]:
    """Return for each complex the glacier with most of its ground in other periods; `_FREE` where there is none."""
    home = np.full(count, _FREE, np.intp)
    owned = np.flatnonzero(frame["glacier"].to_numpy() != _FREE)
    geometries = frame.geometry.to_numpy()
    one, other = _sharing_ground(geometries[free], geometries[owned])
    if not len(one):
        return home
    shared = pd.DataFrame(
        {
            "complex": complex_of[one],
            "glacier": frame["glacier"].to_numpy()[owned][other],
            "area_m2": shapely.area(shapely.intersection(geometries[free][one], geometries[owned][other])),
        }
    )
    totals = shared.groupby(["complex", "glacier"], as_index=False)["area_m2"].sum()
    largest = totals.sort_values(["area_m2", "glacier"], ascending=[False, True]).drop_duplicates("complex")
    home[largest["complex"].to_numpy()] = largest["glacier"].to_numpy()
    return home


def _sharing_ground(
    ones: Geometries, others: Geometries, *, distinct: bool = False
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs whose interiors meet; of one set with itself, `distinct` gives each pair once."""
    if not len(ones) or not len(others):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    one, other = shapely.STRtree(others).query(ones)
    if distinct:
        one, other = one[one < other], other[one < other]
    inside = _hold_a_point(ones, others, one, other)
    undecided = np.flatnonzero(~inside)
    inside[undecided] = _interiors_meet(ones[one[undecided]], others[other[undecided]])
    return one[inside], other[inside]


def _hold_a_point(
    ones: Geometries, others: Geometries, one: NDArray[np.intp], other: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return for which pairs a point inside one polygon lies inside the other: a cheap proof of shared ground."""
    found = np.zeros(len(one), np.bool_)
    for holders, held, points in ((one, other, others), (other, one, ones)):
        around = ones if holders is one else others
        shapely.prepare(around)
        inside = shapely.get_coordinates(shapely.point_on_surface(points))
        found |= shapely.contains_xy(around[holders], *inside[held].T)
    return found


def _interiors_meet(ones: Geometries, others: Geometries) -> NDArray[np.bool_]:
    """Return for which pairs the interiors meet; the prepared relation rules out most pairs first."""
    # The relation is prepared for its first argument: the one with more vertices.
    swapped = shapely.get_num_coordinates(others) > shapely.get_num_coordinates(ones)
    ones, others = np.where(swapped, others, ones), np.where(swapped, ones, others)
    shapely.prepare(ones)
    meet: NDArray[np.bool_] = shapely.intersects(ones, others)
    meet[meet] = shapely.relate_pattern(ones[meet], others[meet], "T********")
    return meet


def _dissolved(geometries: Geometries) -> shapely.Geometry:
    if len(geometries) == 1:
        return geometries[0]
    united = _polygonal(shapely.union_all(geometries))
    return shapely.MultiPolygon() if united is None else united


def _collected(geometries: Geometries) -> shapely.Geometry:
    """Return polygons that share no ground as one geometry, dissolved only where they share a border."""
    parts = shapely.get_parts(geometries)
    together = parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))
    return together if together.is_valid else _dissolved(geometries)


def _grouped_by(
    frame: gpd.GeoDataFrame, columns: list[str], make_one: Callable[[Geometries], shapely.Geometry]
) -> tuple[pd.DataFrame, Geometries]:
    """Return the groups of a frame, sorted, and the geometry of each made into one."""
    group = frame.groupby(columns, sort=True).ngroup().to_numpy()
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    geometries = np.empty(len(starts), object)
    geometries[:] = [make_one(each) for each in np.split(frame.geometry.to_numpy()[order], starts[1:])][: len(starts)]
    return pd.DataFrame(frame[columns].iloc[order[starts]]).reset_index(drop=True), geometries


def _polygonal(geometry: shapely.Geometry) -> shapely.Geometry | None:
    """Return the polygons of the result of an overlay; None where there are none."""
    polygons = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and part.area > 0]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _stacked(arrays: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.empty(0, dtype)
