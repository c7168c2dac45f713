"""A simulated review of regional size: outlines of many glaciers in many periods, and a scene as a GeoTIFF."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from rasterio.shutil import copy
from scipy import ndimage

from trimline.bench.big_inventory import MIDDLE, simulate_inventory
from trimline.outlines import area_km2, perimeter_km, write_outlines
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod, ReviewedScene
from trimline.scenes import open_scene

SPACING_M = 1_500.0
"""Distance between glaciers [m], as dense as in a range. The largest end at the cell of the next, where they touch."""
PIXEL_M = 30.0
BANDS = ("red", "nir", "swir1")
_SCALE = 0.0001
"""Reflectance of one count."""
_DATE = "2020-08-15"
_UNCERTAIN = 0.02
"""Error of a map, as a share of the area."""
_PATTERN = 512
"""Side of the texture that is repeated over the scene [pixels]."""


def write_review(folder: Path, glaciers: int, periods: int, vertices: int, side: int) -> Reviewed:
    """Write outlines and a scene, and return them as what is reviewed.

    Parameters
    ----------
    folder
        Where the files go.
    glaciers, periods, vertices
        Size of the inventory, see `trimline.bench.big_inventory.simulate_inventory`.
    side
        Of the scene [pixels of 30 m]; its middle is that of the outlines.
    """
    outlines = _in_cells(simulate_inventory(glaciers, periods, vertices, spacing_m=SPACING_M), glaciers, periods)
    outlines["glac_name"] = None
    outlines["area_km2"], outlines["perimeter_km"] = area_km2(outlines), perimeter_km(outlines)
    outlines["uncertain_error_km2"] = _UNCERTAIN * outlines["area_km2"]
    found = []
    for name, of_period in outlines.groupby("period", sort=True):
        path = folder / "periods" / str(name) / "automatic.gpkg"
        path.parent.mkdir(parents=True)
        write_outlines(of_period.reset_index(drop=True), path)
        first, last = (int(each) for each in str(name).split("-"))
        found.append(ReviewedPeriod(str(name), first, last, path, PIXEL_M))
    scene = _write_scene(folder / "scene.tif", outlines, side)
    reopened = partial(open_scene, scene, sensor="landsat-8-oli", bands=BANDS, scale=_SCALE, nodata=0, date=_DATE)
    return Reviewed(
        name="big",
        title=f"{glaciers} simulated glaciers",
        kind="project",
        output=folder,
        edits_file=folder / "edits.gpkg",
        crs=outlines.crs.to_string(),
        periods=tuple(found),
        scenes=(ReviewedScene("scene", tuple(each.name for each in found), True, reopened, date=_DATE),),
    )


def _in_cells(outlines: gpd.GeoDataFrame, glaciers: int, periods: int) -> gpd.GeoDataFrame:
    """Return outlines of which what lies beyond the cell of each glacier is left out."""
    across = int(np.ceil(np.sqrt(glaciers)))
    column, row = np.arange(glaciers) % across - across / 2, np.arange(glaciers) // across - across / 2
    west, south = MIDDLE[0] + (column - 0.5) * SPACING_M, MIDDLE[1] + (row - 0.5) * SPACING_M
    cells = np.tile(shapely.box(west, south, west + SPACING_M, south + SPACING_M), periods)
    parts = shapely.intersection(np.asarray(outlines.geometry.array), cells)
    return outlines.set_geometry([max(shapely.get_parts(each), key=lambda part: part.area) for each in parts])


def _write_scene(path: Path, outlines: gpd.GeoDataFrame, side: int) -> Path:
    """Write reflectance of rough ground as a cloud-optimised GeoTIFF."""
    west, south, east, north = outlines.total_bounds
    half = side * PIXEL_M / 2
    affine = Affine(PIXEL_M, 0, (west + east) / 2 - half, 0, -PIXEL_M, (south + north) / 2 + half)
    random = np.random.default_rng(7)
    rough = ndimage.gaussian_filter(random.normal(size=(_PATTERN, _PATTERN)), 3, mode="wrap")
    pattern = 1000 + 400 * rough / rough.std()
    repeats = -(-side // _PATTERN)
    slope = np.linspace(0, 1500, side)
    plain = path.with_name("plain.tif")
    shape = {"width": side, "height": side, "count": len(BANDS), "dtype": "uint16", "nodata": 0}
    layout = {"tiled": True, "blockxsize": 512, "blockysize": 512, "crs": outlines.crs, "transform": affine}
    with rasterio.open(plain, "w", driver="GTiff", **shape, **layout) as target:
        for band in range(1, len(BANDS) + 1):
            ground = np.tile(pattern, (repeats, repeats))[:side, :side] * (0.5 + 0.3 * band) + slope[:, None]
            target.write(np.clip(ground, 1, 10_000).astype(np.uint16), band)
    with rasterio.open(plain) as source:
        copy(
            source,
            path,
            driver="COG",
            COMPRESS="DEFLATE",
            LEVEL=1,
            PREDICTOR=2,
            NUM_THREADS="ALL_CPUS",
            RESAMPLING="AVERAGE",
        )
    plain.unlink()
    return path
