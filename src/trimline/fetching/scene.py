"""One scene of an archive as a product folder on the disk, that the ordinary readers open.

Of rasters that are tiled the window that meets the region is fetched, of JPEG 2000 and metadata the whole file. Files
come side by side, each is checked as it is finished, and the product appears when all of them are there.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from trimline import __version__
from trimline.catalogues.candidate import Candidate
from trimline.catalogues.kept_item import without_secrets
from trimline.errors import CatalogueError, DiskError, GridError, ProductError, RemoteError, TrimlineError
from trimline.fetching.fetched_file import (
    FETCHED,
    ITEM,
    FetchedFile,
    FetchedProduct,
    described,
    region_digest,
    write_sealed,
)
from trimline.fetching.parts import Parts, parts_of
from trimline.fetching.reading_back import AGAIN, landsat_metadata, read_back, require_readable
from trimline.fetching.request import Request
from trimline.fetching.wanted import LANDSAT, Wanted, metadata_wanted, rasters_wanted
from trimline.fetching.windows import window_on
from trimline.fetching.writing import write_window
from trimline.file_names import safe_name
from trimline.files import StrPath, made_folder, require_whole_files, whole_file, write_json
from trimline.foreign import ROOM
from trimline.remote import remote_raster, shown
from trimline.remote.saving import MOST_FILE_BYTES
from trimline.scenes.asset import raster_grid
from trimline.scenes.metadata_text import MOST_TEXT_BYTES

if TYPE_CHECKING:
    from trimline.remote import Transport

_LOG = logging.getLogger(__name__)

_FILES_AT_ONCE = 8
"""Files of one scene at a time; how many requests a host gets at a time, the transport decides."""


class Stopped(Exception):
    """The fetching of a scene was stopped from outside."""


@dataclass(frozen=True)
class Watch:
    """What is told while scenes are fetched, and what stops them; threads share it."""

    planned: Callable[[int], None] = lambda _: None
    """Called with bytes that will come, once they are known."""
    seen: Callable[[int], None] = lambda _: None
    """Called with bytes that have come."""
    stop: threading.Event | None = None
    """Set, the fetching ends; what is finished is kept."""

    def came(self, count: int) -> None:
        """Tell of bytes that have come.

        Raises
        ------
        Stopped
            `stop` is set.
        """
        self.check()
        self.seen(count)

    def check(self) -> None:
        """Raise `Stopped` where `stop` is set."""
        if self.stop is not None and self.stop.is_set():
            raise Stopped


@dataclass(frozen=True)
class Fetched:
    """A scene on the disk."""

    path: Path
    """Folder of the product."""
    product: FetchedProduct
    """What it consists of."""
    is_new: bool
    """Whether anything was fetched; else it was there."""

    @property
    def bytes(self) -> int:
        """Size of its files together [bytes]."""
        return sum(file.size for file in self.product.files)

    @property
    def extent(self) -> str:
        """What of the scene it holds, in words: its largest window in pixels."""
        windows = [file.window for file in self.product.files if file.window is not None]
        if not windows:
            return "whole"
        _, _, width, height = max(windows, key=lambda each: each[2])
        return f"{width} x {height} pixels"


def fetch_scene(
    candidate: Candidate,
    region: shapely.Geometry | None,
    folder: StrPath,
    transport: Transport,
    *,
    margin_m: float | None = None,
    bands: Sequence[str] | None = None,
    whole: bool = False,
    name: str | None = None,
    watch: Watch | None = None,
) -> Fetched:
    """Fetch the part of a scene that meets a region, as a product folder.

    What was fetched from the same version of the scene, is whole, and holds all bands and at least the window that are
    asked for is not fetched again. A run that was stopped or killed goes on where it ended. Neither a file nor the
    product ever gets its name before it is whole.

    Parameters
    ----------
    candidate
        The scene.
    region
        In degrees (EPSG:4326), longitudes without a break at the 180th meridian; None means all of the scene.
    folder
        Where the product's folder goes.
    transport
        Reads the archive; threads share it.
    margin_m
        Around the region [m]; None means 192 of the sensor's pixels, which no network looks beyond.
    bands
        Common names (`swir1`); None means all. Quality rasters always come.
    whole
        Whether to fetch the archive's own files whole.
    name
        Name of the product's folder; None means the candidate's id.
    watch
        Is told of progress, and stops the fetching.

    Raises
    ------
    RemoteError
        A file cannot be fetched; the message names its band.
    CatalogueError
        The item lacks a band or its metadata.
    GridError
        The scene does not meet the region, or a raster has no upright grid.
    ProductError
        What came is no product that can be read, or a folder that was not fetched lies at its place.
    StageError
        Another run is fetching the scene.
    DiskError
        The disk is full, or fails.
    """
    request = Request.of(candidate, region, margin_m=margin_m, bands=bands, whole=whole)
    return fetch_request(request, made_folder(folder) / safe_name(name or candidate.id), transport, watch)


def fetch_request(request: Request, path: Path, transport: Transport, watch: Watch | None = None) -> Fetched:
    """Fetch what a request asks for into the folder `path`; see `fetch_scene`."""
    known = request.answered_by(path)
    if known is not None:
        return Fetched(path, known, is_new=False)
    with parts_of(path) as parts:
        product = _Fetching(request, parts, transport, watch or Watch()).carry_out(path)
    return Fetched(path, product, is_new=True)


class _Fetching:
    """The fetching of one product."""

    def __init__(self, request: Request, parts: Parts, transport: Transport, watch: Watch) -> None:
        self.request, self.parts, self.transport, self.watch = request, parts, transport, watch
        self._room = _Room(parts.place)
        self._failed = threading.Event()

    def carry_out(self, path: Path) -> FetchedProduct:
        """Fetch what is not there yet, check all, and put the product in its place."""
        candidate = self.request.candidate
        metadata = metadata_wanted(candidate)
        files = self._all(metadata)
        with self._forgotten_where_wrong(metadata):
            text = self.parts.files / metadata[0].name if candidate.sensor.startswith(LANDSAT) else None
            landsat = None if text is None else landsat_metadata(text)
            wanted = rasters_wanted(candidate, self.request.bands, landsat)
            names = {each.name.casefold() for each in metadata} & {each.name.casefold() for each in wanted}
            if names:
                raise CatalogueError(f"two files of the item have the name {min(names)}", where=candidate.id)
        indivisible = [each.name for each in wanted if not each.is_divisible]
        if indivisible and self.request.region is not None:
            _LOG.info(
                "%s: %d files of JPEG 2000 are fetched whole, as no part of one can be read alone",
                candidate.id,
                len(indivisible),
            )
        files += self._all(wanted)
        write_json(self.parts.files / ITEM, without_secrets(candidate.item))
        files.append(described(self.parts.files / ITEM, what="item", source=""))
        self.parts.keep_only({file.name for file in files})
        with self._forgotten_where_wrong(metadata):
            info = read_back(self.parts.files, wanted, candidate.id)
        product = FetchedProduct(
            trimline=__version__,
            catalogue=shown(candidate.catalogue),
            collection=candidate.collection,
            item=candidate.id,
            item_address=_item_address(candidate.item),
            product_id=info.id,
            time=candidate.time.isoformat(),
            source=self.request.source,
            region=region_digest(self.request.region),
            margin_m=self.request.margin_m if self.request.region is not None else None,
            whole=self.request.whole,
            files=tuple(files),
        )
        write_sealed(self.parts.files / FETCHED, product)
        self.parts.finish(path)
        return product

    @contextmanager
    def _forgotten_where_wrong(self, metadata: Sequence[Wanted]) -> Iterator[None]:
        """Forget metadata with which the product cannot be read, so that the next run asks for them again."""
        try:
            yield
        except (CatalogueError, ProductError):
            for each in metadata:
                self.parts.forget(each.name)
            raise

    def _all(self, wanted: Sequence[Wanted]) -> list[FetchedFile]:
        """Fetch files side by side; the first that cannot be fetched ends the others."""
        if not wanted:
            return []
        with ThreadPoolExecutor(min(_FILES_AT_ONCE, len(wanted))) as pool:
            coming = [pool.submit(self._one, each) for each in wanted]
            try:
                for each in as_completed(coming):
                    each.result()
            except BaseException:
                self._failed.set()
                for each in coming:
                    each.cancel()
                raise
        return [each.result() for each in coming]

    def _one(self, wanted: Wanted) -> FetchedFile:
        self._check_stop()
        key = self.request.key(wanted)
        known = self.parts.known(wanted.name, key)
        if known is not None:
            return known
        try:
            fetch = self._window if wanted.is_divisible and not self.request.whole else self._whole
            file = fetch(wanted)
        except DiskError:
            raise
        except TrimlineError as error:
            kind = GridError if isinstance(error, GridError) else RemoteError
            raise kind(
                f"{wanted.what} cannot be fetched: {error.what}",
                where=self.request.candidate.id,
                remedy=error.remedy or AGAIN,
            ) from error
        self.parts.note(file, key)
        return file

    def _window(self, wanted: Wanted) -> FetchedFile:
        request = self.request
        with remote_raster(wanted.asset.href, self.transport) as raster:
            source = raster.source
            grid = raster_grid(source)
            window = window_on(
                grid, request.region, margin_m=request.margin_m, step_m=request.step_m, where=wanted.name
            )
            if window is None:
                raise GridError(
                    "the scene does not meet the region",
                    where=wanted.name,
                    remedy="take the scene out of the project file, or correct the region",
                )
            self._take_room(int(window.width) * int(window.height) * _item_bytes(source), wanted.name)
            self.watch.planned(raster.bytes_of(window))
            path = self.parts.files / wanted.name
            with whole_file(path) as temporary:
                write_window(raster, window, temporary, self._came)
        return described(
            path,
            what=wanted.what,
            source=shown(wanted.asset.href),
            window=(window.col_off, window.row_off, window.width, window.height),
            shape=tuple(grid.shape),
            transform=tuple(grid.affine[:6]),
            crs=str(grid.crs),
        )

    def _whole(self, wanted: Wanted) -> FetchedFile:
        asset = wanted.asset
        size = self.transport.size(asset.href) if asset.size is None else asset.size
        most = MOST_FILE_BYTES if wanted.is_raster else MOST_TEXT_BYTES
        self._take_room(size, wanted.name, most)
        self.watch.planned(size)
        incoming, path = self.parts.incoming / wanted.name, self.parts.files / wanted.name
        if not incoming.exists():
            there = [0]

            def came(count: int) -> None:
                self._came(max(0, count - there[0]))
                there[0] = max(there[0], count)

            self.transport.save(asset.href, incoming, size=size, checksum=asset.checksum, most_bytes=most, seen=came)
        try:
            require_readable(incoming, wanted)
        except ProductError:
            incoming.unlink()
            raise
        require_whole_files([incoming], path)
        incoming.replace(path)
        return described(path, what=wanted.what, source=shown(asset.href))

    def _take_room(self, size: int, name: str, most: int = MOST_FILE_BYTES) -> None:
        """Take room on the disk; a size that no file has is a fault of the scene, and not of the disk."""
        if size > most:
            raise ProductError(f"the file has more than {most >> 20} MB, which no such file has", where=name)
        self._room.take(size)

    def _came(self, count: int) -> None:
        self._check_stop()
        self.watch.came(count)

    def _check_stop(self) -> None:
        if self._failed.is_set():
            raise Stopped
        self.watch.check()


class _Room:
    """Room on the disk, of which files that are fetched side by side take their part."""

    def __init__(self, place: Path) -> None:
        self._place, self._left = place, shutil.disk_usage(place).free
        self._lock = threading.Lock()

    def take(self, size: int) -> None:
        """Take so many bytes; raise `DiskError` where there are not so many left."""
        with self._lock:
            if size > self._left:
                raise DiskError(
                    f"the scene needs {size >> 20} MB more, and the disk has {self._left >> 20} MB left",
                    where=self._place.parent,
                    remedy=ROOM,
                )
            self._left -= size


def _item_address(item: Mapping[str, Any]) -> str | None:
    links = item.get("links")
    for link in links if isinstance(links, list | tuple) else ():
        if isinstance(link, Mapping) and link.get("rel") == "self" and isinstance(link.get("href"), str):
            return shown(link["href"])
    return None


def _item_bytes(source: Any) -> int:
    return int(np.dtype(source.dtypes[0]).itemsize)
