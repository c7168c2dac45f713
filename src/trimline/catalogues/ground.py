"""Ground that candidates are looked at: points on the glaciers, beside them, and all over the region.

Quality bands are sampled at these points, the same of every candidate, so that what two scenes see of the ice can be
compared and united. The points are centres of pixels of one grid in an equal-area projection, so each stands for the
same area; a glacier that holds no centre has one point of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy import ndimage

from trimline.coordinate_systems import degrees
from trimline.errors import OutlineError
from trimline.outlines import rasterise
from trimline.reprojecting import reprojected, transformer

RING_M = 1000.0
"""Width of the ring around the glaciers in which snow is looked for [m]: ground that lies as high as their tongues."""

FINEST_M, COARSEST_M = 30.0, 240.0
"""Finest and coarsest pixels that candidates are looked at with [m]."""

_ACROSS = 1000
"""Pixels of the grid of points along the side of a square region, between the finest and coarsest pixel."""
_LOOKED_ACROSS = 250
"""Pixels of the quality band along the side of a square region."""
_MOST_PIXELS = 16_000_000
"""Pixels of the grid of points, which bounds the memory."""
_MOST_ICE, _MOST_AROUND, _MOST_REGION = 200_000, 50_000, 20_000
"""Points of each kind; of more every second, third, ... is taken."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Points at which candidates are looked at, in an equal-area CRS."""

    geobox: GeoBox
    """The grid whose pixels the points are."""
    ice: NDArray[np.float64]
    """(n, 2) x and y of points on the glaciers; all over the region where no glaciers are known."""
    around: NDArray[np.float64]
    """(m, 2) points within `RING_M` of the glaciers and not on them; all over the region where none are known."""
    region: NDArray[np.float64]
    """(k, 2) points all over the region."""
    look_m: float
    """Largest pixel of a quality band that is read [m]."""
    outlines: gpd.GeoDataFrame | None
    """The glaciers in the CRS of the grid; None where none are known."""
    _moved: dict[str, NDArray[np.float64]] = field(default_factory=dict, repr=False)
    """All points in the CRSs that were asked for: the candidates of a region have two or three."""

    @property
    def has_glaciers(self) -> bool:
        """Whether glaciers are known; if not, `ice` is the whole region."""
        return self.outlines is not None

    @property
    def parts(self) -> tuple[slice, slice, slice]:
        """Where the points on the ice, around it and of the region stand among all points."""
        around = slice(len(self.ice), len(self.ice) + len(self.around))
        return slice(0, around.start), around, slice(around.stop, None)

    def points_in(self, crs: str) -> NDArray[np.float64]:
        """Return all points in another CRS, as WKT: those on the ice, around it and of the region, (n + m + k, 2)."""
        if crs not in self._moved:
            self._moved[crs] = self.moved(np.concatenate([self.ice, self.around, self.region]), crs)
        return self._moved[crs]

    def moved(self, points: NDArray[np.float64], crs: str) -> NDArray[np.float64]:
        """Return points of this CRS in another one, as WKT, (n, 2); not finite where one has no place in it."""
        change = transformer(pyproj.CRS(str(self.geobox.crs)), pyproj.CRS.from_user_input(crs))
        return np.column_stack(change.transform(points[:, 0], points[:, 1]))


def ground_of(glaciers: gpd.GeoDataFrame | None, region: shapely.Geometry) -> Ground:
    """Return the points at which candidates for a region are looked at.

    Parameters
    ----------
    glaciers
        Outlines in any CRS; None where none are known, and then the whole region counts as glaciers.
    region
        Polygons in longitude and latitude, EPSG:4326.

    Raises
    ------
    OutlineError
        No glacier lies in the region, or the region has no area.
    """
    crs = _equal_area_at(region)
    bounds = reprojected(gpd.GeoDataFrame(geometry=[region], crs=degrees()), crs)
    left, bottom, right, top = bounds.total_bounds
    if not (right > left and top > bottom):
        raise OutlineError("the region has no area", remedy="give polygons")
    side = math.sqrt((right - left) * (top - bottom))
    pixel = min(max(side / _ACROSS, FINEST_M), COARSEST_M)
    pixel = max(pixel, side / math.sqrt(_MOST_PIXELS))
    edge = RING_M + pixel
    geobox = GeoBox.from_bbox((left - edge, bottom - edge, right + edge, top + edge), crs, resolution=pixel, tight=True)
    inside = rasterise(bounds, geobox).astype(bool)
    everywhere = _centres(geobox, inside, _MOST_REGION)
    look_m = min(max(side / _LOOKED_ACROSS, FINEST_M), COARSEST_M)
    if glaciers is None:
        return Ground(geobox, _centres(geobox, inside, _MOST_ICE), everywhere, everywhere, look_m, None)
    outlines = reprojected(glaciers[["geometry"]], crs)
    outlines = outlines[outlines.intersects(bounds.geometry.union_all())].reset_index(drop=True)
    if outlines.empty:
        raise OutlineError(
            "no glacier of the inventory lies in the region", remedy="check the region, and the CRS of both files"
        )
    touched = rasterise(outlines, geobox, all_touched=True).astype(bool)
    on_ice = rasterise(outlines, geobox).astype(bool) & inside
    points = np.concatenate([_centres(geobox, on_ice, _MOST_ICE), _of_small_glaciers(outlines, on_ice, geobox)])
    beside = (ndimage.distance_transform_edt(~touched) * pixel <= RING_M) & ~touched
    return Ground(geobox, points, _centres(geobox, beside, _MOST_AROUND), everywhere, look_m, outlines)


def _equal_area_at(region: shapely.Geometry) -> str:
    """Return an azimuthal equal-area CRS in the middle of a region, which may lie on both sides of 180 degrees."""
    longitude, latitude = np.radians(shapely.get_coordinates(shapely.envelope(shapely.get_parts(region)))).T
    x, y = np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude)
    east = math.degrees(math.atan2(y.mean(), x.mean()))
    north = math.degrees(math.atan2(np.sin(latitude).mean(), math.hypot(x.mean(), y.mean())))
    return f"+proj=laea +lat_0={north:.4f} +lon_0={east:.4f} +datum=WGS84 +units=m +type=crs"


def _centres(geobox: GeoBox, mask: NDArray[np.bool_], most: int) -> NDArray[np.float64]:
    """Return the centres of the pixels of a mask, (n, 2), at most so many, spread evenly."""
    rows, columns = np.nonzero(mask)
    step = max(1, -(-len(rows) // most))
    to_world: Any = geobox.transform
    x, y = to_world * (columns[::step] + 0.5, rows[::step] + 0.5)
    return np.column_stack([x, y])


def _of_small_glaciers(outlines: gpd.GeoDataFrame, on_ice: NDArray[np.bool_], geobox: GeoBox) -> NDArray[np.float64]:
    """Return a point of each glacier that is smaller than a few pixels and whose point lies on no pixel of ice."""
    small = outlines.geometry.area.to_numpy() < 4 * abs(geobox.resolution.x * geobox.resolution.y)
    points = shapely.get_coordinates(shapely.point_on_surface(outlines.geometry.to_numpy()[small]))
    if not len(points):
        return np.empty((0, 2))
    columns, rows = ~geobox.transform * (points[:, 0], points[:, 1])
    rows, columns = np.floor(rows).astype(int), np.floor(columns).astype(int)
    height, width = geobox.shape
    within = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    found = np.zeros(len(points), bool)
    found[within] = on_ice[rows[within], columns[within]]
    return np.asarray(points[within & ~found], np.float64)
