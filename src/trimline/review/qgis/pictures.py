"""Scenes as QGIS shows them: a virtual raster beside the project that names three bands of a product by relative paths.

Members of an archive have no relative paths: they are named by the whole one. Nothing is copied or resampled. The
virtual raster says where a scene lies that was moved, and which number is missing data, both of which the product's own
files may not say.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from odc.geo.geobox import GeoBox
from pyproj import CRS

from trimline.errors import GridError, ProductError
from trimline.file_names import safe_name
from trimline.files import whole_file
from trimline.review.contract import COMBINATIONS
from trimline.review.qgis.xml import as_text, element
from trimline.scenes import Scene
from trimline.scenes.asset import Asset, open_raster, placed, raster_grid
from trimline.scenes.product_files import member_of

_DATA_TYPES = {
    "uint8": "Byte",
    "int8": "Int8",
    "uint16": "UInt16",
    "int16": "Int16",
    "uint32": "UInt32",
    "int32": "Int32",
    "float32": "Float32",
    "float64": "Float64",
}
"""Names of types of numbers in a virtual raster."""

_SOUGHT_IN = (".tar", ".zip")
"""Suffixes of archives whose members GDAL reads in place."""

_COLOURS = ("Red", "Green", "Blue")

_BRIGHT = 0.6
"""Reflectance that is white until QGIS stretches what is in view: bright snow has more in the visible bands."""


@dataclass(frozen=True)
class Picture:
    """A virtual raster of a scene."""

    path: Path
    crs: CRS
    bands: tuple[str, ...]
    """Three, as red, green and blue; or one, in grey."""
    bright: tuple[float, ...]
    """Numbers that are white at first."""
    dark: tuple[float, ...]
    """Numbers that are black at first."""


@dataclass(frozen=True)
class _Source:
    """A band of a product, and what its file says of it."""

    asset: Asset
    grid: GeoBox
    dtype: str


def write_picture(scene: Scene, folder: Path) -> Picture:
    """Write the virtual raster of a scene into a folder.

    Raises
    ------
    ProductError
        The product is a compressed archive, or its files cannot be read.
    GridError
        Its bands lie on grids that do not fit one another.
    """
    names = _shown(scene)
    sources = [_source(scene.assets[name], scene.id) for name in names]
    finest = min((each.grid for each in sources), key=lambda grid: abs(grid.affine.a))
    root = Element("VRTDataset", rasterXSize=str(finest.width), rasterYSize=str(finest.height))
    crs = CRS.from_user_input(finest.crs.proj) if finest.crs is not None else None
    if crs is None:
        raise GridError("the scene has no CRS", where=scene.id, remedy="assign the right one")
    element(root, "SRS", crs.to_wkt("WKT2_2019"), dataAxisToSRSAxisMapping="1,2")
    element(root, "GeoTransform", ", ".join(repr(float(each)) for each in finest.affine.to_gdal()))
    for number, (name, source) in enumerate(zip(names, sources, strict=True), 1):
        _write_band(root, number, name, source, finest, folder)
    path = folder / f"{safe_name(scene.id)}.vrt"
    with whole_file(path) as temporary:
        temporary.write_text(as_text(root), encoding="utf-8")
    return Picture(
        path,
        crs,
        names,
        tuple(_number(each.asset, _BRIGHT) for each in sources),
        tuple(_number(each.asset, 0.0) for each in sources),
    )


def _shown(scene: Scene) -> tuple[str, ...]:
    """Return the bands of the first combination that a scene has; its first one otherwise."""
    for names in COMBINATIONS.values():
        if len(names) == len(_COLOURS) and all(name in scene.assets for name in names):
            return names
    if not scene.assets:
        raise ProductError("the product has no bands", where=scene.id)
    return scene.bands[:1]


def _source(asset: Asset, scene_id: str) -> _Source:
    member = member_of(asset.href)
    if member is not None and member.archive.suffix.lower() not in _SOUGHT_IN:
        raise ProductError(
            "the product is a compressed archive, which QGIS would unpack for every view",
            where=scene_id,
            remedy="unpack it",
        )
    with open_raster(asset.href) as raster:
        grid = placed(asset, raster_grid(raster, asset.geobox))
        dtype = str(raster.dtypes[asset.index - 1])
    if grid.affine.b or grid.affine.d or grid.affine.e >= 0 or dtype not in _DATA_TYPES:
        raise GridError("its rows do not run from west to east, or its numbers are odd", where=scene_id)
    return _Source(asset, grid, dtype)


def _write_band(root: Element, number: int, name: str, source: _Source, target: GeoBox, folder: Path) -> None:
    grid = source.grid
    if grid.crs != target.crs:
        raise GridError(f"the band '{name}' has another CRS than the finest one", where=root.tag)
    band = element(root, "VRTRasterBand", dataType=_DATA_TYPES[source.dtype], band=number)
    element(band, "Description", name)
    if source.asset.nodata is not None:
        element(band, "NoDataValue", repr(float(source.asset.nodata)))
    element(band, "ColorInterp", _COLOURS[number - 1] if number <= len(_COLOURS) else "Gray")
    # Where a band is coarser than the finest one, GDAL resamples it as it is read.
    to_pixels = ~target.affine
    left, top = to_pixels * (grid.affine.c, grid.affine.f)
    right, bottom = to_pixels * (grid.affine * (grid.width, grid.height))
    simple = element(band, "SimpleSource")
    member = member_of(source.asset.href)
    if member is None:
        element(simple, "SourceFilename", relative_path(Path(source.asset.href), folder), relativeToVRT=1)
    else:
        kind = source.asset.href.split("{", 1)[0]
        archive = member.archive.resolve().as_posix()
        element(simple, "SourceFilename", f"{kind}{{{archive}}}/{member.name}", relativeToVRT=0)
    element(simple, "SourceBand", str(source.asset.index))
    element(simple, "SrcRect", xOff=0, yOff=0, xSize=grid.width, ySize=grid.height)
    element(simple, "DstRect", xOff=left, yOff=top, xSize=right - left, ySize=bottom - top)


def _number(asset: Asset, reflectance: float) -> float:
    """Return the digital number of a reflectance; the reflectance itself where the calibration is not linear."""
    if not asset.holds_reflectance or not asset.scale:
        return reflectance
    return (reflectance - (asset.offset or 0.0)) / asset.scale


def relative_path(path: Path, folder: Path) -> str:
    """Return where a file lies, seen from a folder; the whole path where both lie on different drives."""
    there, here = path.resolve(), folder.resolve()
    if there.drive != here.drive:
        return there.as_posix()
    return Path(os.path.relpath(there, here)).as_posix()
