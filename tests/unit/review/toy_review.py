"""Small scenes and outlines to be reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import from_origin

from trimline.outlines import write_outlines
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod, ReviewedScene
from trimline.scenes import open_scene, product_identity

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
CRS = "EPSG:32646"
WEST, NORTH, PIXEL_M = 500_000.0, 4_000_000.0, 10.0


def write_stack(
    path: Path, side: int = 64, *, dtype: str = "uint16", factor: Sequence[int] = (), **options: Any
) -> Path:
    """Write a scene whose numbers rise from west to east, with a column without data."""
    row = np.linspace(1000, 5000, side).astype(dtype)
    numbers = np.stack([np.tile(row + 10 * band, (side, 1)) for band in range(len(BANDS))])
    numbers[:, :, 0] = 0
    layout = {"tiled": True, "blockxsize": 256, "blockysize": 256} if side >= 256 else {}
    given = {"driver": "GTiff", "crs": CRS, "transform": from_origin(WEST, NORTH, PIXEL_M, PIXEL_M), "nodata": 0}
    with rasterio.open(
        path,
        "w",
        height=side,
        width=side,
        count=len(BANDS),
        dtype=dtype,
        **{**given, **layout, "compress": "deflate", **options},
    ) as target:
        target.write(numbers)
    if factor:
        with rasterio.open(path, "r+") as target:
            target.build_overviews(list(factor))
    return path


def scene_of(path: Path, name: str = "scene", **changes: Any) -> ReviewedScene:
    opened = partial(
        open_scene,
        path,
        id=name,
        sensor="sentinel-2-msi",
        bands=BANDS,
        scale=1e-4,
        offset=0,
        nodata=0,
        date="2019-08-12",
    )
    known = {"periods": ("2019",), "reference": True, "identity": partial(product_identity, path)}
    return ReviewedScene(name, open=opened, **{**known, **changes})


def squares(*boxes: tuple[float, float, float, float], ids: Sequence[str] | None = None) -> gpd.GeoDataFrame:
    """Return outlines at metres east and south of the corner of the scenes."""
    shapes = [shapely.box(WEST + a, NORTH - d, WEST + c, NORTH - b) for a, b, c, d in boxes]
    names = [f"{number + 1:04d}" for number in range(len(boxes))] if ids is None else list(ids)
    return gpd.GeoDataFrame(
        {"glac_id": names, "area_km2": [each.area / 1e6 for each in shapes]}, geometry=shapes, crs=CRS
    )


def reviewed(
    folder: Path,
    scenes: Sequence[ReviewedScene] = (),
    outlines: gpd.GeoDataFrame | None = None,
    periods: Sequence[ReviewedPeriod] | None = None,
    **changes: Any,
) -> Reviewed:
    """Return a review of one period, or those given."""
    if periods is None:
        path = folder / "automatic.gpkg"
        write_outlines(squares((100, 100, 300, 300)) if outlines is None else outlines, path)
        periods = (ReviewedPeriod("2019", 2019, 2019, path, PIXEL_M),)
    return Reviewed(
        "toy", "Toy", "project", folder, folder / "edits.gpkg", CRS, tuple(periods), tuple(scenes), **changes
    )
