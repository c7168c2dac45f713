"""Snow off the glaciers: how much of the ground that is no glacier lies under snow in a scene.

Seasonal snow is the main error of automatic outlines (Paul and others, 2013, Annals of Glaciology 54(63), 171-182):
what lies on rock is mapped as ice, and what lies on a glacier hides its edge. A scene with much of it off the glaciers
is too early or too late in the year.

Snow is told by its spectrum: bright in green and dark in SWIR 1 (Dozier, 1989, Remote Sensing of Environment 28,
9-22), with the limits of Hall and others (1995, Remote Sensing of Environment 54, 127-140). A share needs no fine
pixels: bands are averaged to pixels of about 60 m, or more where a scene is large, so that memory stays bounded.
"""

from __future__ import annotations

import logging
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from trimline.files import StrPath
from trimline.heights import read_heights
from trimline.mapping.clouds import hidden_by_flags
from trimline.mapping.zone import GlacierZone
from trimline.own_files import own_raster
from trimline.rasters import MASK_NODATA, read_onto
from trimline.scenes.asset import raster_grid
from trimline.scenes.calibration import NoCalibration

if TYPE_CHECKING:
    import geopandas as gpd
    from odc.geo.geobox import GeoBox

    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

SNOW_LIMIT = 0.2
"""Share of snow off the glaciers above which a scene is warned of. It is above 0.9 in Landsat images of the snowed-in
Alps, 0.1 in the Khumbu after a snowfall in autumn, and below 0.03 in late summer there and in Tierra del Fuego."""
SNOW_BANDS = ("green", "nir", "swir1")
LEAST_NDSI = 0.4
"""Of snow (Hall and others, 1995)."""
LEAST_GREEN, LEAST_NIR = 0.10, 0.11
"""Reflectance of snow: darker is shadow, or water (Hall and others, 1995)."""
BUFFER_M = 500.0
"""Distance from glaciers within which ground does not count: outlines change, and perennial snow lies there [m]."""
LOWEST_DECILE = 10.0
"""Percentile of the elevation of ice below which ground lies off the glaciers, where only elevation is known."""
TONGUES_AT_MOST = 0.6
"""Share of that ground that tongues of glaciers can cover. Where mapped ice covers more, snow was mapped as ice, and
counts. On Landsat images of little more than a glacier it is up to 0.55 in summer, and above 0.7 under snow."""
LEAST_GROUND = 0.02
"""Share of the seen ground that must lie off the glaciers, or nothing can be told."""
MOSTLY_SNOW = 0.75
"""Share of snow or ice of all the seen ground from which on it is a warning that nothing can be told."""

_LEAST_PIXEL_M = 60.0
_MOST_PIXELS = 2048 * 2048
"""Larger grids get larger pixels."""

Reference = Literal["inventory", "elevation", "ice"]
"""By what ground lies off the glaciers: outside an inventory, below the lowest decile of the mapped ice, or away from
the mapped ice."""
_IN_WORDS: dict[Reference, str] = {
    "inventory": f"more than {BUFFER_M:g} m from the inventory",
    "elevation": "below the lowest tenth of the mapped ice",
    "ice": f"more than {BUFFER_M:g} m from the mapped ice",
}


@dataclass(frozen=True)
class SnowOffGlaciers:
    """Snow on the seen ground off the glaciers of one scene."""

    share: float
    """Share of that ground under snow, 0 to 1; NaN where it cannot be told."""
    reference: Reference
    """By what the ground lies off the glaciers."""
    ground_km2: float
    """Area of that ground."""
    snow_or_ice: float
    """Share of all the seen ground that is snow or clean ice by its spectrum; NaN where none is seen."""
    pixel_m: float
    """Pixel that was looked at [m]."""
    why: str = ""
    """Why the share cannot be told; empty where it can."""

    def record(self) -> dict[str, Any]:
        """Return all fields, for files and records."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> SnowOffGlaciers:
        """Return what `record` gave, also after it was JSON, in which NaN is null."""
        values: dict[str, Any] = {key: math.nan if value is None else value for key, value in record.items()}
        return cls(**values)

    def __str__(self) -> str:
        if self.why:
            return f"snow off the glaciers: cannot be told, {self.why}"
        where = _IN_WORDS[self.reference]
        return f"snow off the glaciers: {100 * self.share:.1f} % of the ground {where} ({self.ground_km2:.1f} km2)"

    def warning(self, limit: float = SNOW_LIMIT) -> str | None:
        """Return in words that the snow is more than a limit, or cannot be told of a white scene; None if neither."""
        if self.share > limit:
            return (
                f"{100 * self.share:.0f} % of the ground off the glaciers ({_IN_WORDS[self.reference]}) is snow, more "
                f"than {100 * limit:.3g} %: seasonal snow is easily mapped as ice; take a scene of the late melt season"
            )
        if self.why and self.snow_or_ice >= MOSTLY_SNOW:
            return (
                f"{100 * self.snow_or_ice:.0f} % of the seen ground is snow or ice, and how much of it is seasonal "
                f"snow cannot be told: {self.why}"
            )
        return None


def is_snow(green: NDArray[np.float32], nir: NDArray[np.float32], swir1: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which pixels are snow or clean ice by their spectrum.

    Parameters
    ----------
    green, nir, swir1
        (h, w) reflectance, NaN where there are no data, which is no snow.
    """
    # As a product, because a sum of reflectances may be 0.
    found: NDArray[np.bool_] = green - swir1 >= LEAST_NDSI * (green + swir1)
    found &= green > LEAST_GREEN
    found &= nir > LEAST_NIR
    return found


def snow_off_glaciers(
    scene: Scene, mask: StrPath, *, inventory: gpd.GeoDataFrame | None = None, dem: StrPath | None = None
) -> SnowOffGlaciers:
    """Measure the snow off the glaciers of a mapped scene.

    Seen ground has data in all three bands and is known in the mask. Where cloud was kept in the map, ground under
    cloud or shadow by the quality flags is not seen either.

    Parameters
    ----------
    scene
        The scene.
    mask
        Its map, ``mask.tif`` of `map_scene`: 1 ice, 0 ground, 255 not seen.
    inventory
        Outlines of glaciers, of any date; ground more than 500 m away from them is off the glaciers.
    dem
        Elevation [m]; without an inventory, ground below the lowest decile of the mapped ice is off the glaciers. Where
        neither is given, or reaches the scene, ground more than 500 m away from the mapped ice is. What is snow and was
        mapped as ice escapes then.

    Raises
    ------
    GridError
        The DEM cannot be read.
    ProductError
        A raster of the scene is damaged.
    """
    grid, knows_clouds = _read_head(mask)
    pixel_m = abs(float(grid.resolution.x))
    why = _unmeasurable(scene)
    if why:
        return SnowOffGlaciers(math.nan, "inventory" if inventory is not None else "ice", 0.0, math.nan, pixel_m, why)
    state = read_onto(mask, grid, classes=True)
    green, nir, swir1 = scene.read(SNOW_BANDS, grid).to_numpy()
    seen = np.isfinite(green + nir + swir1) & (state != MASK_NODATA)
    # What the map knows of cloud is better than the flags alone, which take bright snow for it in places.
    if scene.quality_assets and not knows_clouds:
        seen &= hidden_by_flags(scene.quality(grid)) == 0
    snow = is_snow(green, nir, swir1) & seen
    off, reference = _off_glaciers(scene, grid, (state == 1) & seen, seen, inventory=inventory, dem=dem)
    count, total = int(off.sum()), int(seen.sum())
    why = ""
    if not total:
        why = "no ground is seen"
    elif count < LEAST_GROUND * total:
        known = "" if reference == "inventory" else "; give an inventory of the glaciers"
        why = f"hardly any of it lies {_IN_WORDS[reference]}{known}"
    return SnowOffGlaciers(
        share=float(snow[off].mean()) if not why else math.nan,
        reference=reference,
        ground_km2=count * pixel_m * abs(float(grid.resolution.y)) * 1e-6,
        snow_or_ice=float(snow.sum() / total) if total else math.nan,
        pixel_m=pixel_m,
        why=why,
    )


def log_snow(scene_id: str, found: SnowOffGlaciers, limit: float = SNOW_LIMIT) -> None:
    """Log the snow off the glaciers, as a warning above a limit."""
    warning = found.warning(limit)
    if warning is not None:
        _LOG.warning("%s: %s", scene_id, warning)
    else:
        _LOG.info("%s: %s", scene_id, found)


def _off_glaciers(
    scene: Scene,
    grid: GeoBox,
    ice: NDArray[np.bool_],
    seen: NDArray[np.bool_],
    *,
    inventory: gpd.GeoDataFrame | None,
    dem: StrPath | None,
) -> tuple[NDArray[np.bool_], Reference]:
    """Return the seen ground off the glaciers, and by what it is."""
    if inventory is not None:
        near = GlacierZone(inventory, BUFFER_M).on(grid)
        if near.any():
            return seen & ~near, "inventory"
        _LOG.warning("%s: the inventory has no glacier here, and says nothing of the snow", scene.id)
    if dem is not None:
        elevation = read_heights(dem, grid)
        if np.isfinite(elevation[seen]).any():
            return _below(elevation, ice, seen), "elevation"
        _LOG.warning("%s: the DEM has no data here, and says nothing of the snow", scene.id)
    if not ice.any():
        return seen, "ice"
    distance_m = distance_transform_edt(~ice, sampling=[abs(float(side)) for side in grid.resolution.yx])
    return seen & (distance_m > BUFFER_M), "ice"


def _below(elevation: NDArray[np.float32], ice: NDArray[np.bool_], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the seen ground below the lowest decile of the ice, without tongues of glaciers."""
    heights = elevation[ice]
    heights = heights[np.isfinite(heights)]
    known = seen & np.isfinite(elevation)
    if not heights.size:
        return known & ~ice
    below = known & (elevation < np.percentile(heights, LOWEST_DECILE))
    if (ice & below).sum() > TONGUES_AT_MOST * below.sum():
        return below
    return below & ~ice


def _unmeasurable(scene: Scene) -> str:
    """Return why snow cannot be told by its spectrum; empty where it can."""
    for band in SNOW_BANDS:
        if band not in scene.assets:
            return f"the scene has no band '{band}'"
        if isinstance(scene.assets[band].calibration, NoCalibration):
            return f"the scene is not calibrated to reflectance in band '{band}'"
    return ""


def _read_head(mask: StrPath) -> tuple[GeoBox, bool]:
    """Return the grid of a map with pixels that are large enough for a share, and whether cloud is left out of it."""
    with own_raster(mask) as source:
        grid, clouds = raster_grid(source), source.tags().get("TRIMLINE_CLOUDS", "kept")
    height, width = grid.shape
    factor = max(
        math.floor(_LEAST_PIXEL_M / abs(float(grid.resolution.x)) + 0.5),
        math.ceil(math.sqrt(height * width / _MOST_PIXELS)),
        1,
    )
    return (grid.zoom_out(factor) if factor > 1 else grid), clouds != "kept"
