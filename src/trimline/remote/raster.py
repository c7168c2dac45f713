"""Rasters on servers, read window by window: the blocks that meet a window are fetched together, then decoded.

GDAL's own access by HTTP takes what it cannot read for an error on some paths and for zeros on others, and cannot say
which asset failed. Here the bytes are fetched first, by `Transport`, and GDAL decodes what is in memory. The layout of
a Cloud Optimized GeoTIFF puts its header in front (OGC 21-026), so that one request tells where every block lies.

JPEG 2000 files of archives have no such table (Sentinel-2 has the TLM markers of ISO 15444-1 since February 2026 only),
and finding a tile would take a request for each tile before it. They are saved whole for as long as they are open, and
read from there.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from trimline.deflated import is_whole
from trimline.errors import RemoteError
from trimline.foreign import foreign_errors
from trimline.remote.address import shown
from trimline.remote.bounds import most_stored, require_few_blocks, require_few_bytes
from trimline.remote.impostors import driver_of, text_instead
from trimline.remote.range_cache import HEAD_BYTES, CachedFile, RangeCache
from trimline.remote.ranges import Range
from trimline.remote.transport import Pending, Transport, Wanted
from trimline.scenes.raster_opening import block_bytes, open_streamed_raster

MOST_BYTES = 64 << 20
"""Compressed size of the blocks that are fetched before they are decoded [bytes]; a larger window is read in strips."""
_BEYOND_BYTES = 64 << 20
"""What is taken of a JPEG 2000 file beyond its size before it is left: one that has changed is told as such [bytes]."""
_END_OF_CODESTREAM = b"\xff\xd9"
_REMEDY = "run again; where it stays so, leave the scene out"
_numbers = itertools.count()


class RemoteRaster:
    """A raster on a server; made by `remote_raster` and `remote_rasters`. One thread at a time reads it, others wait.

    Attributes
    ----------
    href
        Its address, not signed.
    source
        rasterio's reader of it, for header, overviews and profile. Pixels are read by `read`: GDAL alone may take what
        cannot be fetched for zeros.
    """

    def __init__(self, cache: RangeCache, transport: Transport, stack: ExitStack) -> None:
        self.href = cache.href
        self._cache, self._transport, self._stack = cache, transport, stack
        self._lock = threading.RLock()
        self._levels: dict[int, Any] = {}
        self._blocks: dict[tuple[int, ...], Range | None] = {}
        head = cache.read(0, 1024)
        self._label = shown(cache.href)
        driver = driver_of(head)
        if driver is None:
            instead = text_instead(head)
            raise RemoteError(
                f"the server sends {instead} instead of the raster" if instead else "is no GeoTIFF and no JPEG 2000",
                where=self._label,
                remedy="log in to the archive, or set its credentials in the environment"
                if instead
                else "check the catalogue",
            )
        self._driver = driver
        self.source = self._opened(None)

    def _opened(self, level: int | None) -> Any:
        suffix = "tif" if self._driver == "GTiff" else "jp2"
        name = f"trimline-{next(_numbers)}.{suffix}"

        def opener(path: str, mode: str = "rb", **_: Any) -> CachedFile:
            if not str(path).endswith(name) or "r" not in mode:
                raise FileNotFoundError(name)
            return CachedFile(self._cache)

        with self._raised():
            source = open_streamed_raster(
                name,
                opener,
                self._driver,
                RemoteError,
                label=self._label,
                size=self._cache.size,
                level=level,
                remedy=_REMEDY,
            )
            self._stack.callback(source.close)
        return source

    @contextmanager
    def _raised(self) -> Iterator[None]:
        """Raise what went wrong below GDAL in the block in the place of what GDAL makes of it."""
        self._cache.problem = None
        try:
            yield
        except RemoteError:
            if self._cache.problem is None:
                raise
        if self._cache.problem is not None:
            raise self._cache.problem

    def dataset(self, level: int | None = None) -> Any:
        """Return rasterio's reader of an overview (None: of the full raster), for its shape, transform and profile."""
        if level is None:
            return self.source
        with self._lock:
            if level not in self._levels:
                if not 0 <= level < len(self.source.overviews(1)):
                    raise RemoteError(
                        f"has {len(self.source.overviews(1))} overviews, and no number {level}",
                        where=self._label,
                        remedy="read the full raster",
                    )
                self._levels[level] = self._opened(level)
            return self._levels[level]

    def read(
        self, window: Window | None = None, *, level: int | None = None, indexes: int | Sequence[int] = 1
    ) -> NDArray[Any]:
        """Read a window, as stored. All its blocks are fetched at the same time before they are decoded.

        Parameters
        ----------
        window
            Whole pixels, within the raster or overview that is read; None means all of it.
        level
            Number of an overview; None means the full raster.
        indexes
            Number of a band, from 1, or several.

        Returns
        -------
        (h, w), or (bands, h, w) for several bands. Blocks that the file leaves out hold its nodata value, or 0.

        Raises
        ------
        RemoteError
            A block cannot be read: it never becomes zeros. Or the window takes too much, see `remote.bounds`.
        """
        source = self.dataset(level)
        place = self._place(source, window)
        bands = [indexes] if isinstance(indexes, int) else list(indexes)
        require_few_bytes(source, place, bands, self._label)
        out = np.empty((len(bands), int(place.height), int(place.width)), source.dtypes[bands[0] - 1])
        with self._lock:
            for strip in self._strips(source, place, level, bands):
                if self._driver == "GTiff":
                    ranges = self.ranges(strip, level, bands)
                    self._cache.fetch(ranges)
                    self._require_unpacked(ranges, source)
                else:
                    self._save()
                top = int(strip.row_off - place.row_off)
                with self._raised(), self._foreign():
                    source.read(bands, window=strip, out=out[:, top : top + int(strip.height)])
                self._cache.shrink()
        return out[0] if isinstance(indexes, int) else out

    def bytes_of(self, window: Window | None = None, level: int | None = None, indexes: int | Sequence[int] = 1) -> int:
        """Return the size of the blocks that meet a window, as they are stored [bytes]."""
        return sum(stop - start for start, stop in set(self.ranges(window, level, indexes)))

    def ranges(
        self, window: Window | None = None, level: int | None = None, indexes: int | Sequence[int] = 1
    ) -> list[Range]:
        """Return where the blocks that meet a window lie in the file; blocks that it leaves out lie nowhere."""
        source = self.dataset(level)
        place = self._place(source, window)
        bands = [indexes] if isinstance(indexes, int) else list(indexes)
        if self._driver != "GTiff":
            return [(0, self._cache.size)]
        height, width = source.block_shapes[0]
        require_few_blocks(source, place, bands, self._label)
        most = most_stored(source)
        (top, bottom), (left, right) = ((int(a), int(b)) for a, b in place.toranges())
        found = set()
        with self._lock, self._raised(), self._foreign():
            for band in bands:
                for row in range(top // height, -(-bottom // height)):
                    for column in range(left // width, -(-right // width)):
                        key = (row, column, band, -1 if level is None else level)
                        if key not in self._blocks:
                            self._blocks[key] = self._block(row, column, band, level, most)
                        if (block := self._blocks[key]) is not None:
                            found.add(block)
        return sorted(found)

    def missing(self, window: Window | None = None, level: int | None = None) -> Wanted:
        """Return what is to be fetched before a window is read, as a request; nothing of JPEG 2000, which is saved."""
        return self._cache.wanted(self.ranges(window, level) if self._driver == "GTiff" else [])

    def _block(self, row: int, column: int, band: int, level: int | None, most: int) -> Range | None:
        offset, size = (
            self.source.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=band, ovr=level)
            for what in ("OFFSET", "SIZE")
        )
        if offset is None or size is None or int(size) == 0:
            return None
        start, stop = int(offset), int(offset) + int(size)
        if stop - start > most:
            raise RemoteError(
                f"is damaged: {stop - start} bytes are said to hold one block of its pixels",
                where=self._label,
                remedy="leave the scene out, or report it to the archive",
            )
        if stop > self._cache.size:
            raise RemoteError(
                f"the file ends early: a block lies behind its {self._cache.size} bytes",
                where=self._label,
                remedy="it is not whole in the archive: leave the scene out, or report it",
            )
        return start, stop

    def _save(self) -> None:
        """Save a JPEG 2000 file on the disk for as long as it is open, and check that it is whole."""
        if not self._cache.is_local:
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="trimline-"))
            path = Path(folder) / "raster.jp2"
            self._transport.save(self.href, path, most_bytes=self._cache.size + _BEYOND_BYTES)
            self._cache.go_on_with(path)
        elif self._cache.read(self._cache.size - 2, 2) != _END_OF_CODESTREAM:
            raise RemoteError(
                "the file ends early",
                where=self._label,
                remedy="it is not whole: leave the scene out, or fetch it again",
            )

    def _require_unpacked(self, ranges: Sequence[Range], source: Any) -> None:
        """Raise where a deflated block is damaged: GDAL does not compare its checksum (RFC 1950)."""
        if str(source.tags(ns="IMAGE_STRUCTURE").get("COMPRESSION")) != "DEFLATE":
            return
        most = block_bytes(source)
        for start, stop in ranges:
            if not is_whole(self._cache.read(start, stop - start), most):
                raise RemoteError("a block is damaged", where=self._label, remedy=_REMEDY)

    def _strips(self, source: Any, place: Window, level: int | None, bands: Sequence[int]) -> Iterator[Window]:
        """Yield windows that make up a window: whole rows of blocks, of at most `MOST_BYTES` where that can be."""
        if self._driver != "GTiff":
            yield place
            return
        height = source.block_shapes[0][0]
        top, bottom = int(place.row_off), int(place.row_off + place.height)
        left, across = place.col_off, place.width
        begin, total = top, 0
        at = top
        while at < bottom:
            end = min(bottom, (at // height + 1) * height)
            size = self.bytes_of(Window(left, at, across, end - at), level, bands)
            if total and total + size > MOST_BYTES:
                yield Window(left, begin, across, at - begin)
                begin, total = at, 0
            total += size
            at = end
        if bottom > begin:
            yield Window(left, begin, across, bottom - begin)

    def _place(self, source: Any, window: Window | None) -> Window:
        if window is None:
            return Window(0, 0, source.width, source.height)
        (top, bottom), (left, right) = ((int(a), int(b)) for a, b in window.toranges())
        if not (0 <= top < bottom <= source.height and 0 <= left < right <= source.width):
            raise RemoteError(
                f"has {source.width} x {source.height} pixels, and the window reaches beyond them or is empty",
                where=self._label,
                remedy="clip the window to the raster",
            )
        return Window(left, top, right - left, bottom - top)

    def _foreign(self) -> Any:
        return foreign_errors(RemoteError, self._label, what="a block cannot be decoded", remedy=_REMEDY)


@contextmanager
def remote_raster(href: str, transport: Transport) -> Iterator[RemoteRaster]:
    """Open a GeoTIFF or JPEG 2000 on a server, or on this machine.

    Parameters
    ----------
    href
        Its address as in the catalogue, not signed; or a path.
    transport
        Reads it.

    Raises
    ------
    RemoteError
        It cannot be read, is a web page, or of another format.
    """
    with remote_rasters([href], transport) as (raster,):
        yield raster


@contextmanager
def remote_rasters(
    hrefs: Sequence[str],
    transport: Transport,
    *,
    window_of: Callable[[RemoteRaster], Window | None] | None = None,
    level: int | None = None,
) -> Iterator[tuple[RemoteRaster, ...]]:
    """Open several rasters, as the bands of a scene; their headers are fetched at the same time.

    Parameters
    ----------
    hrefs, transport
        As for `remote_raster`.
    window_of
        Says which window of a raster will be read, as for `RemoteRaster.read`. Given, its blocks are requested as soon
        as the raster's header has come, while other headers are under way; then reading it needs no requests. What
        would take more than `MOST_BYTES` together is left to `RemoteRaster.read`.
    level
        The overview of that window; None means the full rasters.

    Raises
    ------
    RemoteError
        One of them cannot be read; the error names it.
    """
    pending: list[Pending] = []
    with ExitStack() as stack:
        try:
            opening = stack.enter_context(ExitStack())
            opening.enter_context(rasterio.Env())  # one for all, as each looks for the data of PROJ
            for href in hrefs:
                head_of = Wanted(href, [(0, HEAD_BYTES)], is_raster=True)
                pending.append(transport.begin(head_of, may_end=True))
            room, blocks, rasters = MOST_BYTES, list[tuple[RangeCache, Pending]](), list[RemoteRaster]()
            for head in pending[: len(hrefs)]:
                cache = RangeCache(head.wanted.href, transport)
                cache.keep(head.wanted, transport.finish(head), is_header=True)
                rasters.append(RemoteRaster(cache, transport, stack))
                if window_of is not None:
                    missing = rasters[-1].missing(window_of(rasters[-1]), level)
                    size = sum(stop - start for start, stop in missing.ranges)
                    if 0 < size <= room:
                        room -= size
                        blocks.append((cache, transport.begin(missing)))
                        pending.append(blocks[-1][1])
            for cache, each in blocks:
                cache.keep(each.wanted, transport.finish(each))
            opening.close()
        finally:
            for each in pending:
                each.cancel()
        yield tuple(rasters)


def prefetch(
    rasters: Sequence[RemoteRaster], windows: Sequence[Window | None], levels: Sequence[int | None] | None = None
) -> None:
    """Fetch the blocks of windows of several rasters at the same time, so that reading them needs no requests.

    What would take more than `MOST_BYTES` together is left to `RemoteRaster.read`.

    Parameters
    ----------
    rasters
        Of one transport.
    windows, levels
        For each raster, as for `RemoteRaster.read`; without levels, the full rasters.

    Raises
    ------
    RemoteError
        A block cannot be read; the error names the raster.
    """
    room = MOST_BYTES
    wanted: list[tuple[RemoteRaster, Wanted]] = []
    for raster, window, level in zip(rasters, windows, levels or [None] * len(rasters), strict=True):
        each = raster.missing(window, level)
        size = sum(stop - start for start, stop in each.ranges)
        if each.ranges and size <= room:
            room -= size
            wanted.append((raster, each))
    if wanted:
        transport = wanted[0][0]._transport
        for (raster, each), got in zip(wanted, transport.read_many([each for _, each in wanted]), strict=True):
            raster._cache.keep(each, got)
