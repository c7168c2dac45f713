"""Opening of rasters that users bring: formats by name, companions that are what they seem, headers that can be.

GDAL takes a file for whatever its first bytes say. A ``B2.TIF`` that holds the text of a VRT or of a web service would
be opened as such: it would make requests, or read another file of the machine into a band. So the formats are listed
here; a mosaic is opened only where its name says so, and its sources are looked at first (`trimline.scenes.mosaic`).
What a header claims is compared with the file before anything is allocated.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader

from trimline.errors import GridError, TrimlineError
from trimline.files import StrPath
from trimline.foreign import foreign_errors
from trimline.scenes.companions import refuse_odd_companions
from trimline.scenes.mosaic import MOSAIC, sources_of

# A raster without a grid is dealt with by those who need one. Set once and for all: `warnings.catch_warnings` around
# each opening would change the process for threads that read at the same time.
warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)

DRIVERS = ("GTiff", "JP2OpenJPEG", "HFA", "ENVI", "EHdr", "SRTMHGT", "AAIGrid", "USGSDEM")
"""Formats that are read, by the names of GDAL's drivers: GeoTIFF (COG too), JPEG 2000, Erdas Imagine, ENVI, ESRI's
binary and text grids, SRTM tiles and the DEMs of USGS. None of them leads to another file but those of its own name."""

SMALL_BYTES, MOST_RATIO = 1 << 30, 10_000
"""A raster that takes more than so many bytes in memory must have a file of one in so many: compression of pixels
does not reach that, and a sparse file that does would be read for hours as nothing."""
MOST_BLOCK_BYTES, MOST_BLOCKS = 256_000_000, 4_000_000
"""A block is decoded whole, and what decodes it keeps a table of all blocks: a small file can claim one block, or so
many, that memory ends. A strip that holds a whole Landsat band takes half as much."""
MOST_LINES = 100_000
"""Lines, and samples, of an agency's image; the metadata of one that claims more are damaged."""
LARGEST_COORDINATE = 1e9
"""Of a place on Earth in any unit but millimetres."""
LEAST_PIXEL = 1e-8
"""Side of a pixel in any unit: a millimetre, in degrees."""
_LEAST_SHARE = 1e-15
"""Of a pixel in the coordinates around it: closer ones are one number."""

_ENVIRONMENT = {"GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR"}
"""For members of archives, and the sources of mosaics: nothing beside them belongs to them."""


def open_user_raster(
    path: StrPath,
    kind: type[TrimlineError],
    *,
    label: object = None,
    size: int | None = None,
    remedy: str | None = None,
) -> Any:
    """Open a raster for reading.

    Parameters
    ----------
    path
        A file, or GDAL's name of a part of one (``/vsi...``).
    kind
        The error to raise.
    label
        What the raster is called in messages; None means the path.
    size
        Size of a part of a file [bytes].
    remedy
        What to do where it cannot be opened.

    Returns
    -------
    rasterio.DatasetReader
        Its header is one that can be, whatever its grid: see `impossible_grid`.

    Raises
    ------
    TrimlineError
        Of that kind: there is no such file, it is of none of the `DRIVERS`, its companions are not what their names
        say, its numbers are complex, or it claims more pixels than it can hold.
    """
    label = path if label is None else label
    name = str(path)
    if name.startswith("/vsi"):
        options, drivers = _ENVIRONMENT, list(DRIVERS)
    else:
        file = Path(path)
        if not file.is_file():
            raise kind("there is no such file", where=label, remedy="check the path")
        # An absolute path cannot be taken for the name of a subdataset or a service.
        name = str(file) if ":" not in name else str(file.absolute())
        refuse_odd_companions(file, kind)
        is_mosaic = file.suffix.lower() == MOSAIC
        size = _size_of_sources(file, kind) if is_mosaic else file.stat().st_size
        options, drivers = {}, (["VRT"] if is_mosaic else list(DRIVERS))
    with rasterio.Env(**options), foreign_errors(kind, label, what="the raster cannot be opened", remedy=remedy):
        source = DatasetReader(Path(name), driver=drivers)  # `rasterio.open` takes one driver only
    try:
        _refuse_impossible(source, size or 0, kind, label)
    except TrimlineError:
        source.close()
        raise
    return source


def open_streamed_raster(
    name: str,
    opener: Callable[..., Any],
    driver: str,
    kind: type[TrimlineError],
    *,
    label: object,
    size: int,
    level: int | None = None,
    remedy: str | None = None,
) -> Any:
    """Open a raster whose bytes come from a file-like object, and that leads to no other file.

    Parameters
    ----------
    name
        A name that no other open raster has; it is nowhere on the disk.
    opener
        Gives the file-like object for that name, as for `rasterio.open`.
    driver
        One of the `DRIVERS`: what its first bytes say.
    kind, label, size, remedy
        As for `open_user_raster`.
    level
        Number of the overview to open; None opens the full raster.

    Raises
    ------
    TrimlineError
        Of that kind: see `open_user_raster`.
    """
    if driver not in DRIVERS:
        raise ValueError(f"{driver} is none of the drivers")
    options = {} if level is None else {"overview_level": level}
    with rasterio.Env(**_ENVIRONMENT), foreign_errors(kind, label, what="the raster cannot be opened", remedy=remedy):
        source = rasterio.open(name, driver=driver, opener=opener, **options)
        try:
            source.overviews(1)  # looks for companions here, where none are found
        except Exception:
            source.close()
            raise
    try:
        _refuse_impossible(source, size, kind, label)
    except TrimlineError:
        source.close()
        raise
    return source


def _size_of_sources(mosaic: Path, kind: type[TrimlineError]) -> int:
    """Return the size of the rasters of a mosaic together [bytes]; each is a raster of the formats that are read."""
    sources = sources_of(mosaic, kind)
    for each in sources:
        status = each.stat()
        problem = _problem_of(each, status.st_size, status.st_mtime_ns)
        if problem is not None:
            raise kind(problem, where=each, remedy=f"it is a part of {mosaic.name}: mend it, or make that without it")
    return sum(each.stat().st_size for each in sources)


@lru_cache(maxsize=4096)
def _problem_of(path: Path, _size: int, _modified_ns: int) -> str | None:
    """Return why a file is no raster; found once per process, as a mosaic has many and is opened often."""
    try:
        open_user_raster(path, GridError).close()
    except TrimlineError as error:
        return error.what
    return None


def _refuse_impossible(source: Any, size: int, kind: type[TrimlineError], label: object) -> None:
    if source.count < 1:
        raise kind("the raster has no band", where=label, remedy="give one of its subdatasets as a file of its own")
    for dtype in source.dtypes:
        if "complex" in dtype or "cint" in dtype:
            raise kind(
                f"the raster holds complex numbers ({dtype}), which are neither reflectance nor heights",
                where=label,
                remedy="take their amplitude first, as with gdal_calc.py",
            )
    problem = impossible_size(source, size)
    if problem is not None:
        raise kind(
            f"the raster {problem}",
            where=label,
            remedy="it is damaged or all but empty: fetch it again, or cut out the part that has data",
        )
    problem = impossible_blocks(source)
    if problem is not None:
        raise kind(
            f"the raster {problem}",
            where=label,
            remedy="fetch it again, or write it in other blocks, as with `gdal_translate -co TILED=YES OLD NEW`",
        )
    if "OVERVIEW_FILE" in source.tags(ns="OVERVIEWS"):
        raise kind(
            "the raster says that its overviews lie in another file",
            where=label,
            remedy="do not trust it, or write it anew with gdal_translate",
        )


def impossible_size(source: Any, size: int) -> str | None:
    """Return in words why a file cannot hold what its header claims; None where it can.

    Parameters
    ----------
    source
        The open raster.
    size
        Of its file [bytes].
    """
    # A number takes four bytes at least in memory, and a block is decoded whole.
    height, width = (
        math.ceil(length / block) * block for length, block in zip(source.shape, source.block_shapes[0], strict=True)
    )
    in_memory = height * width * sum(max(4, np.dtype(dtype).itemsize) for dtype in source.dtypes)
    if in_memory <= SMALL_BYTES or in_memory <= MOST_RATIO * size:
        return None
    return (
        f"claims {source.width} x {source.height} pixels in {source.count} bands, and its file of {size} bytes cannot "
        "hold them"
    )


def impossible_blocks(source: Any) -> str | None:
    """Return in words why the blocks of an open raster do not belong into memory; None where they do."""
    rows, columns = source.block_shapes[0]
    count = math.ceil(source.height / rows) * math.ceil(source.width / columns)
    count *= source.count if _interleaving(source) == "band" else 1
    if count > MOST_BLOCKS:
        return f"is made of {count} blocks of {columns} x {rows} pixels, more than {MOST_BLOCKS}"
    size = block_bytes(source)
    if size > MOST_BLOCK_BYTES:
        return (
            f"is made of blocks of {columns} x {rows} pixels, and one takes {size / 1e6:.0f} MB in memory, more than "
            f"{MOST_BLOCK_BYTES / 1e6:.0f} MB"
        )
    return None


def block_bytes(source: Any) -> int:
    """Return the size of a decoded block [bytes], as stored: of one band, or of all that lie pixel by pixel in it."""
    rows, columns = source.block_shapes[0]
    sizes = [np.dtype(dtype).itemsize for dtype in source.dtypes]
    return int(rows * columns * (sum(sizes) if _interleaving(source) == "pixel" else max(sizes)))


def _interleaving(source: Any) -> str | None:
    """Return ``pixel`` or ``band``, or None where the format does not say."""
    value = source.tags(ns="IMAGE_STRUCTURE").get("INTERLEAVE")
    return None if value is None else str(value).lower()


def impossible_grid(shape: Sequence[int], transform: Affine, *, is_geographic: bool) -> str | None:
    """Return in words why no image can lie on a grid; None where one can.

    Parameters
    ----------
    shape
        Rows and columns.
    transform
        From pixels to coordinates.
    is_geographic
        Whether these are degrees.
    """
    numbers = transform[:6]
    if not all(map(math.isfinite, numbers)):
        return "its geotransform holds what is no number"
    right, down = math.hypot(transform.a, transform.d), math.hypot(transform.b, transform.e)
    height, width = shape
    corners = [transform * corner for corner in ((0, 0), (width, 0), (0, height), (width, height))]
    largest = max(abs(each) for corner in corners for each in corner)
    if largest > LARGEST_COORDINATE:
        return f"its coordinates reach {largest:.3g}, which is nowhere on Earth"
    if min(right, down) < max(LEAST_PIXEL, _LEAST_SHARE * largest):
        return f"its pixels are {min(right, down):.3g} wide, which is nothing"
    # Rotated and sheared grids are read; one whose rows run along its columns covers no ground.
    if abs(transform.determinant) < 1e-6 * right * down:
        return "its rows and columns run in one direction"
    if is_geographic:
        farthest = max(abs(y) - abs(transform.e) - abs(transform.d) for _, y in corners)
        if farthest > 90:
            return f"its latitudes reach {max(abs(y) for _, y in corners):.6g} degrees"
        across = max(abs(x) for x, _ in corners)
        if across > 720:
            return f"its longitudes reach {across:.6g} degrees"
    return None
