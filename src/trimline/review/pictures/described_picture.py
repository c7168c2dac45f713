"""What the page is told of a picture: its bands, where they lie, and how they are stretched at first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pydantic import BaseModel, ConfigDict, ValidationError
from rasterio.crs import CRS
from rasterio.enums import Resampling

from trimline.errors import ProductError
from trimline.review.contract import COMBINATIONS
from trimline.review.pictures.browser_rasters import obstacle_of
from trimline.scenes import Asset, Scene
from trimline.scenes.asset import open_raster, raster_grid

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
"""Bands that pictures have, in this order."""
LOW, HIGH = 0.0, 0.6
"""Reflectance of the first stretch, before that of a picture is known: rock is dark, snow bright."""

_SAMPLED = 256
"""Pixels along a side from which the stretch is taken."""
_PERCENTILES = (2.0, 98.0)


class BandOfFile(BaseModel):
    """One band, and the file that it lies in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    file: int
    """Position among the files of the picture."""
    index: int
    scale: float
    offset: float
    nodata: float | None
    low: float = LOW
    high: float = HIGH


class Described(BaseModel):
    """A picture, without what changes while it is looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str | None
    sensor: str
    cloud_cover: float | None
    why: str | None = None
    """Why a browser cannot read its files; None where it can."""
    crs: str
    proj4: str
    extent: tuple[float, float, float, float]
    files: tuple[str, ...] = ()
    bands: tuple[BandOfFile, ...] = ()

    @property
    def combinations(self) -> tuple[str, ...]:
        """The combinations that it has the bands for."""
        names = {each.name for each in self.bands}
        return tuple(name for name, bands in COMBINATIONS.items() if names.issuperset(bands))


def described(scene: Scene) -> Described:
    """Describe a scene by its own files.

    Returns
    -------
    Described
        With `why`, and a first stretch that is not measured, where a browser cannot read them.

    Raises
    ------
    ProductError
        It has none of the `BANDS`, or a raster is damaged.
    TrimlineError
        A raster cannot be placed.
    """
    assets = bands_of(scene)
    files = files_of(scene)
    grids: dict[str, GeoBox] = {}
    why: str | None = None
    bands: list[BandOfFile] = []
    for href in files:
        of_file = {name: asset for name, asset in assets.items() if asset.href == href}
        first = next(iter(of_file.values()))
        if why is not None:
            bands += [band_of(name, asset, files.index(href)) for name, asset in of_file.items()]
            continue
        with open_raster(href) as source:
            why = obstacle_of(first, source)
            grids[href] = raster_grid(source, first.geobox)
            for name, asset in of_file.items():
                stretch = (LOW, HIGH) if why is not None else stretch_of(source, asset)
                bands.append(band_of(name, asset, files.index(href), stretch))
    if why is None and not _cover_the_same(list(grids.values())):
        why = "its bands cover different ground"
    # Where files do not say it, or lie elsewhere, the scene does.
    grid = scene.geobox if why is not None else max(grids.values(), key=lambda each: int(each.shape[0]))
    order = {name: position for position, name in enumerate(BANDS)}
    return describe_on(grid, scene, files, sorted(bands, key=lambda each: order[each.name]), why)


def describe_on(
    grid: GeoBox, scene: Scene, files: Sequence[str], bands: Sequence[BandOfFile], why: str | None = None
) -> Described:
    """Describe a scene by files that lie on a grid."""
    crs = CRS.from_user_input(grid.crs.proj.to_wkt() if grid.crs is not None else None)
    box = grid.extent.boundingbox
    return Described(
        date=str(scene.time.date()) if scene.time is not None else scene.date,
        sensor=scene.sensor.id,
        cloud_cover=scene.cloud_cover,
        why=why,
        crs=crs.to_string(),
        proj4=crs.to_proj4(),
        extent=(float(box.left), float(box.bottom), float(box.right), float(box.top)),
        files=tuple(files),
        bands=tuple(bands),
    )


def bands_of(scene: Scene) -> dict[str, Asset]:
    """Return the bands of a scene that pictures have.

    Raises
    ------
    ProductError
        It has none of them.
    """
    found = {name: scene.assets[name] for name in BANDS if name in scene.assets}
    if not found:
        raise ProductError(
            f"the scene has none of the bands {', '.join(BANDS)}", where=scene.id, remedy="review it without its image"
        )
    return found


def files_of(scene: Scene) -> tuple[str, ...]:
    """Return the files of the bands of a scene, each once; raises as `bands_of` does."""
    return tuple(dict.fromkeys(asset.href for asset in bands_of(scene).values()))


def band_of(name: str, asset: Asset, file: int, stretch: tuple[float, float] = (LOW, HIGH)) -> BandOfFile:
    """Describe a band; numbers whose calibration is not known are shown as they are stored."""
    scale, offset = calibration_of(asset)
    return BandOfFile(
        name=name,
        file=file,
        index=asset.index,
        scale=scale,
        offset=offset,
        nodata=asset.nodata,
        low=stretch[0],
        high=stretch[1],
    )


def calibration_of(asset: Asset) -> tuple[float, float]:
    """Return scale and offset of a band; 1 and 0 where they are not known."""
    if not asset.holds_reflectance or asset.scale is None or asset.offset is None:
        return 1.0, 0.0
    return asset.scale, asset.offset


def stretch_of(source: Any, asset: Asset) -> tuple[float, float]:
    """Return the 2nd and 98th percentile of the reflectance in an open raster, from an overview of it."""
    factor = max(1.0, max(source.shape) / _SAMPLED)
    shape = tuple(max(1, round(side / factor)) for side in source.shape)
    numbers = source.read(asset.index, out_shape=shape, resampling=Resampling.nearest).astype(np.float64)
    known = np.isfinite(numbers)
    if asset.nodata is not None:
        known &= numbers != asset.nodata
    if asset.valid_range is not None:
        known &= (numbers >= asset.valid_range[0]) & (numbers <= asset.valid_range[1])
    return percentiles_of(numbers[known], *calibration_of(asset))


def percentiles_of(numbers: NDArray[np.float64], scale: float, offset: float) -> tuple[float, float]:
    """Return the 2nd and 98th percentile of the reflectance of numbers, which differ."""
    if not numbers.size:
        return LOW, HIGH
    low, high = sorted(float(each) * scale + offset for each in np.percentile(numbers, _PERCENTILES))
    return (low, high) if high > low else (low, low + max(abs(low), 1.0) * 1e-3)


def _cover_the_same(grids: Sequence[GeoBox]) -> bool:
    """Whether grids have one CRS and one extent, to a tenth of the largest pixel."""
    first = grids[0]
    pixel = max(abs(float(each.resolution.x)) for each in grids)
    for each in grids[1:]:
        if each.crs != first.crs:
            return False
        boxes = [tuple(box) for box in (each.extent.boundingbox, first.extent.boundingbox)]
        if max(abs(a - b) for a, b in zip(*boxes, strict=True)) > 0.1 * pixel:
            return False
    return True


def as_described(content: Mapping[str, Any]) -> Described | None:
    """Return what was kept of a picture; None where that is damaged, or of another version."""
    try:
        return Described.model_validate(content)
    except ValidationError:
        return None
