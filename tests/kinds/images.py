"""Images and their numbers."""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from tests.kinds.kind import Kind

_CHAPTER = "Images and their numbers"
_PLACE = Affine(30, 0, 500_000, 0, -30, 3_500_000)


def _stack(path: Path, dtype: str = "float32", transform: Affine = _PLACE) -> None:
    values = np.full((2, 20, 30), 0.3, dtype)
    with rasterio.open(
        path, "w", driver="GTiff", height=20, width=30, count=2, dtype=dtype, crs="EPSG:32646", transform=transform
    ) as target:
        target.write(values)
        for position, name in enumerate(("green", "nir"), start=1):
            target.set_band_description(position, name)


def _text_as_tif(folder: Path) -> list[str]:
    (folder / "B2.tif").write_text(
        '<VRTDataset rasterXSize="30" rasterYSize="20"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        "<SourceFilename>/vsicurl/http://example.org/x.tif</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return ["info", "B2.tif"]


def _mask_that_is_none(folder: Path) -> list[str]:
    _stack(folder / "stack.tif")
    (folder / "stack.tif.msk").write_text("<VRTDataset/>")
    return ["info", "stack.tif"]


def _complex(folder: Path) -> list[str]:
    _stack(folder / "stack.tif", "complex64")
    return ["info", "stack.tif"]


def _one_block(folder: Path) -> list[str]:
    options = {"dtype": "uint16", "compress": "deflate", "blockysize": 12_000, "crs": "EPSG:32646", "transform": _PLACE}
    with rasterio.open(
        folder / "stack.tif", "w", driver="GTiff", height=12_000, width=12_000, count=1, sparse_ok=True, **options
    ):
        pass
    return ["info", "stack.tif"]


def _sparse(folder: Path) -> list[str]:
    blocks = {"tiled": True, "blockxsize": 4096, "blockysize": 4096}
    with rasterio.open(
        folder / "stack.tif",
        "w",
        driver="GTiff",
        height=100,
        width=2_000_000,
        count=2,
        dtype="float32",
        crs="EPSG:32646",
        transform=_PLACE,
        sparse_ok=True,
        **blocks,
    ):
        pass
    return ["info", "stack.tif"]


def _sidecar(folder: Path, text: bytes) -> list[str]:
    _stack(folder / "stack.tif")
    (folder / "stack.json").write_bytes(text)
    return ["info", "stack.tif"]


def _nested_sidecar(folder: Path) -> list[str]:
    return _sidecar(folder, b"[" * 100_000)


def _year_one(folder: Path) -> list[str]:
    return _sidecar(folder, json.dumps({"time": "0001-01-01T00:00:00+14:00"}).encode())


def _marked_sidecar(folder: Path) -> list[str]:
    return _sidecar(folder, json.dumps({"id": "late-summer"}).encode("utf-16"))


def _odd_tar(folder: Path) -> list[str]:
    header = bytearray(tarfile.TarInfo("A_MTL.txt").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = bytes([0xFF]) * 4 + (-512).to_bytes(8, "big", signed=True)
    header[148:156] = b"        "
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    (folder / "product.tar.gz").write_bytes(gzip.compress(bytes(header) + bytes(2048)))
    return ["info", "product.tar.gz"]


KINDS: tuple[Kind, ...] = (
    Kind(
        title="A TIFF that holds something else",
        chapter=_CHAPTER,
        make=_text_as_tif,
        story="A file named as a TIFF may hold the text of a mosaic or of a web service, which would read other files "
        "or make requests. Formats are GeoTIFF, JPEG 2000, Erdas Imagine, ENVI and the grids of elevation models; a "
        "mosaic must be named .vrt and place rasters of this machine.",
        message="B2.tif: the raster cannot be opened ('B2.tif' not recognized as being in a supported file format)\n"
        "it is damaged or not a raster: fetch the product again",
    ),
    Kind(
        title="A mask beside a raster that is no mask",
        chapter=_CHAPTER,
        make=_mask_that_is_none,
        story="Overviews (.ovr) and masks (.msk) beside a raster are read with it. They must be TIFF.",
        message="stack.tif.msk: the file beside stack.tif is not what its name says, and GDAL would follow it\n"
        "do not trust it: move it away",
    ),
    Kind(
        title="A radar image of complex numbers",
        chapter=_CHAPTER,
        make=_complex,
        story="Single-look complex images hold amplitude and phase. They are no reflectance and are refused by name.",
        message="stack.tif: the raster holds complex numbers (complex64), which are neither reflectance nor heights\n"
        "take their amplitude first, as with gdal_calc.py",
    ),
    Kind(
        title="A raster that claims more than its file can hold",
        chapter=_CHAPTER,
        make=_sparse,
        story="A damaged header, or a sparse file without data, may claim pixels without end. Its size is compared "
        "with the file before anything is read.",
        message="stack.tif: the raster claims 2000000 x 100 pixels in 2 bands, and its file of 6406 bytes cannot "
        "hold them\nit is damaged or all but empty: fetch it again, or cut out the part that has data",
    ),
    Kind(
        title="A raster of one huge block",
        chapter=_CHAPTER,
        make=_one_block,
        story="A compressed block is decoded whole: a file of 14 MB can hold one of 3 GB. A strip with a whole Landsat "
        "band, 128 MB, is read.",
        message="stack.tif: the raster is made of blocks of 12000 x 12000 pixels, and one takes 288 MB in memory, more "
        "than 256 MB\nfetch it again, or write it in other blocks, as with `gdal_translate -co TILED=YES OLD NEW`",
    ),
    Kind(
        title="A sidecar nested without end",
        chapter=_CHAPTER,
        make=_nested_sidecar,
        story="Brackets within brackets are no metadata. Whole numbers of thousands of digits are refused alike.",
        message="stack.json: the sidecar is nested too deeply\nmend it, or move it away",
    ),
    Kind(
        title="An image of the year 1",
        chapter=_CHAPTER,
        make=_year_one,
        story="Programs write the year 1 or 9999 where they know no time. Images are of 1800 to 2200.",
        message="stack.json: time: no image is of the year 1\ncorrect the value of 'time', or leave it out",
    ),
    Kind(
        title="A sidecar saved as UTF-16",
        chapter=_CHAPTER,
        make=_marked_sidecar,
        story="Editors put a byte-order mark before UTF-8 or UTF-16. It is read, in sidecars, metadata files and STAC "
        "items; without a mark a file is UTF-8, or else Latin-1.",
        message=None,
        shown=("late-summer",),
    ),
    Kind(
        title="An archive with a size below zero",
        chapter=_CHAPTER,
        make=_odd_tar,
        story="Headers of damaged archives ask for sizes that cannot be. They are bounded before anything is read. "
        "Archives as people make them (./ before names, long or non-ASCII names, sparse, bzip2 or xz) are read.",
        message="product.tar.gz: the archive claims -512 bytes of 'A_MTL.txt', which it cannot hold\n"
        "do not trust it: fetch the product from its agency",
    ),
)
