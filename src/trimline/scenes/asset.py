"""One band of a scene: its raster, the grid of the raster, and the calibration of its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import rasterio
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.windows import Window

from trimline.errors import GridError, ProductError
from trimline.scenes.calibration import Calibration, Linear
from trimline.scenes.grid import crs_from
from trimline.scenes.grid_shift import GridShift
from trimline.scenes.product_files import label_of, member_of, readable, size_of
from trimline.scenes.raster_opening import impossible_grid, open_user_raster


@dataclass(frozen=True)
class Asset:
    """One band of one raster."""

    href: str
    """A file; of a raster in an archive ``/vsitar/{archive}/member``, compressed or not: the same in every process."""
    calibration: Calibration
    """From digital numbers to reflectance or kelvin."""
    index: int = 1
    """Number of the band in the raster, from 1."""
    nodata: float | None = None
    """Digital number of missing data; the nodata value of the raster itself is not used."""
    geobox: GeoBox | None = None
    """The grid, where the raster itself carries none."""
    is_checked: bool = False
    """Whether values of missing data that are not declared are an error when they are read: in stacks, whose numbers
    no agency answers for."""
    valid_range: tuple[float, float] | None = None
    """Least and largest number that can be; others are missing data, declared or not. None means any."""
    is_thermal: bool = False
    """Whether the calibration gives kelvin."""
    shift: GridShift | None = None
    """By how much the raster lies elsewhere than its file says; see `trimline.scenes.moving`."""

    @property
    def holds_reflectance(self) -> bool:
        """Whether the numbers become reflectance by a linear calibration."""
        return isinstance(self.calibration, Linear) and not self.is_thermal

    @property
    def scale(self) -> float | None:
        """Reflectance (or kelvin) per digital number; None where the calibration is not linear."""
        return self.calibration.scale if isinstance(self.calibration, Linear) else None

    @property
    def offset(self) -> float | None:
        """Reflectance (or kelvin) at a digital number of 0; None where the calibration is not linear."""
        return self.calibration.offset if isinstance(self.calibration, Linear) else None


JPEG_2000 = ".jp2"
"""Suffix of rasters that GDAL decodes in threads of its own."""


@contextmanager
def open_raster(href: str) -> Iterator[Any]:
    """Open a raster; a member of a compressed archive is unpacked first.

    JPEG 2000 is decoded by the calling thread alone: the threads of GDAL 3.10 take what a truncated file lacks for 0
    without an error.

    Raises
    ------
    ProductError
        It cannot be opened or claims what cannot be, see `open_user_raster`; or its archive cannot be unpacked.
    """
    alone = {"GDAL_NUM_THREADS": "1"} if href.lower().endswith(JPEG_2000) else {}
    with rasterio.Env(**alone):
        source = open_user_raster(
            readable([href])[href],
            ProductError,
            label=label_of(href),
            size=size_of(href) if member_of(href) is not None else None,
            remedy="it is damaged or not a raster: fetch the product again",
        )
        with source:
            yield source


def raster_grid(source: Any, otherwise: GeoBox | None = None) -> GeoBox:
    """Return the grid of an open raster, or `otherwise` where the raster carries none.

    Raises
    ------
    GridError
        The raster lacks a CRS or a geotransform, or has another size than `otherwise`; or its geotransform cannot be.
    """
    has_transform = not source.transform.is_identity
    if source.crs is not None and has_transform:
        why = impossible_grid(source.shape, source.transform, is_geographic=source.crs.is_geographic)
        if why is not None:
            raise GridError(
                f"the raster cannot be placed: {why}",
                where=source.name,
                remedy="assign the right place, for instance with `gdal_edit.py -a_ullr WEST NORTH EAST SOUTH FILE`",
            )
        return GeoBox(source.shape, source.transform, crs_from(source.crs, source.name))
    if source.crs is not None:
        raise GridError(
            "the raster has a CRS but no geotransform",
            where=source.name,
            remedy="warp it to a grid first (gdalwarp), where it has control points",
        )
    if has_transform:
        raise GridError(
            "the raster has no CRS",
            where=source.name,
            remedy="assign the right one, for instance with `gdal_edit.py -a_srs EPSG:32646 FILE`",
        )
    if otherwise is None:
        raise GridError(
            "the raster has neither a CRS nor a geotransform",
            where=source.name,
            remedy="assign both, for instance with `gdal_edit.py -a_srs EPSG:32646 -a_ullr WEST NORTH EAST SOUTH FILE`",
        )
    if source.shape != tuple(otherwise.shape):
        raise GridError(
            f"the raster carries no grid, and its {source.width} x {source.height} pixels are not the "
            f"{otherwise.shape[1]} x {otherwise.shape[0]} of its metadata",
            where=source.name,
            remedy="where it was cropped, crop it with its georeferencing (gdal_translate -projwin)",
        )
    return otherwise


def asset_grid(asset: Asset) -> GeoBox:
    """Return the grid of an asset's raster, moved by its shift."""
    with open_raster(asset.href) as source:
        return placed(asset, raster_grid(source, asset.geobox))


def placed(asset: Asset, grid: GeoBox) -> GeoBox:
    """Return the grid of an asset's raster, moved by the shift that the asset has."""
    return grid if asset.shift is None else asset.shift.of(grid)


def first_line(error: BaseException) -> str:
    """Return the first line of GDAL's message."""
    cause = error.__cause__ or error
    return str(cause).splitlines()[0].strip() if str(cause) else type(cause).__name__


def check_readable(href: str) -> str | None:
    """Return the damage of a raster, or None: its header and its last rows are read, which reveals truncation."""
    try:
        with open_raster(href) as source:
            rows = source.block_shapes[0][0]
            start = (source.height - 1) // rows * rows
            source.read(1, window=Window(0, start, source.width, source.height - start))
    except ProductError as error:
        return error.what
    except RasterioError as error:
        return first_line(error)
    return None
