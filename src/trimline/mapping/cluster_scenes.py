"""Whole scenes as tasks of a dask cluster: fetched where they are in an archive, mapped, their snow measured.

What comes back are the finished files, a small part of what strips send. A scene of an archive is fetched by the worker
that maps it, into the worker's own folder, with the credentials of the worker's own environment.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from distributed import Client, get_worker
from odc.geo.geobox import GeoBox

from trimline import __version__
from trimline.errors import CatalogueError, MappingError, RemoteError, TrimlineError
from trimline.file_names import safe_name
from trimline.files import made_folder, whole_file
from trimline.mapping.cluster import (
    ONE_AT_A_TIME,
    answer,
    answering,
    awaited,
    model_here,
    send_model,
    wait_for_end,
)
from trimline.mapping.cluster_files import reference_here, send_reference
from trimline.mapping.cluster_strips import require_same
from trimline.mapping.options import MapOptions
from trimline.mapping.snow_file import SNOW_FILE, SnowReference
from trimline.scenes import Scene, moved_scene, open_scene

if TYPE_CHECKING:
    import shapely

    from trimline.fetching import Request
    from trimline.inference import Model
    from trimline.remote import Transport

_FETCHED = "trimline-scenes"
"""Folder of fetched scenes in a worker's own one."""
_MASK = "mask.tif"
_WRITTEN_AT_ONCE = 2
"""Scenes whose files are in this machine's memory at a time."""
MOST_BYTES = 4 << 30
"""Of the files of one scene, which are in memory on their way."""

_writing = threading.BoundedSemaphore(_WRITTEN_AT_ONCE)


@dataclass(frozen=True)
class RemoteScene:
    """A scene of an archive, and what is fetched of it; see `trimline.fetching.Request`."""

    item: Mapping[str, Any]
    """The STAC item, addresses not signed."""
    catalogue: str
    """Name of the known archive, or address of the catalogue."""
    region: shapely.Geometry | None
    """EPSG:4326; None means all of the scene."""
    bands: tuple[str, ...] | None
    """Common names; None means all."""

    @classmethod
    def of(cls, request: Request) -> RemoteScene:
        """Return the scene of a request for a part of it."""
        candidate = request.candidate
        return cls(dict(candidate.item), candidate.catalogue, request.region, request.bands)

    def request(self) -> Request:
        """Return the request again.

        Raises
        ------
        CatalogueError
            The item cannot be used.
        """
        from trimline.catalogues import read_candidate
        from trimline.fetching import Request

        return Request.of(read_candidate(self.item, self.catalogue), self.region, bands=self.bands)


@dataclass(frozen=True)
class SceneSource:
    """Where a worker finds a scene."""

    path: Path
    """The product, where workers see it too."""
    identity: str | None
    """As this machine sees it; None of a scene that workers fetch."""
    opened_with: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of `open_scene`, the id among them."""
    remote: RemoteScene | None = None
    """Fetched where it is given."""
    moved: tuple[float, float] | None = None
    """East and north by which its grid is moved [m], see `trimline.scenes.moved_scene`."""

    @property
    def id(self) -> str:
        """Id of the scene."""
        return str(self.opened_with.get("id", self.path.name))


class SceneFiles(NamedTuple):
    """What comes of a scene."""

    files: Mapping[str, bytes]
    """Content by name: those of `map_scene`, and ``snow.json``."""
    facts: Mapping[str, Any]
    """`date`, `area_km2` of the outlines, `asked`, as of `MapResult`, and `snow`, as `SnowOffGlaciers.record`."""
    grid: GeoBox
    """Of the scene."""
    said: tuple[tuple[str, int, str], ...]
    """What the worker logged meanwhile: logger, level, message."""


class ScenesOnCluster:
    """Maps whole scenes on a cluster; threads may share it.

    Parameters
    ----------
    client
        Connected to the cluster.
    weights
        The file that the model was loaded from; None of a spectral index.
    model
        What maps.
    options
        As for `map_scene`.
    snow
        What tells the ground off the glaciers.

    Raises
    ------
    ClusterError
        The scheduler does not answer.
    """

    def __init__(
        self, client: Client, weights: Path | None, model: Model, options: MapOptions, snow: SnowReference
    ) -> None:
        self._client, self._stop = client, threading.Event()
        self._model = send_model(client, weights, model)
        self._reference = send_reference(client, options.within, snow)
        self._options = replace(options, within=None)

    def map(self, source: SceneSource, folder: Path) -> SceneFiles:
        """Map a scene, write the files of the map into a folder, all whole or none, and measure the scene's snow.

        Returns
        -------
        SceneFiles
            Of the files ``snow.json`` alone; it is not written.

        Raises
        ------
        ClusterError
            The cluster fails, or a worker does not see what it needs.
        TrimlineError
            What mapping, or fetching, on a worker raises.
        """
        return self._carry_out(source, folder, None)

    def measure_snow(self, source: SceneSource, folder: Path) -> SceneFiles:
        """Measure the snow of a scene whose map lies in a folder; returns and raises as `map`."""
        return self._carry_out(source, folder, (folder / _MASK).read_bytes())

    def stop(self) -> None:
        """Give up what is under way."""
        self._stop.set()

    def _carry_out(self, source: SceneSource, folder: Path, mask: bytes | None) -> SceneFiles:
        with answering(self._client):
            future = self._client.submit(
                _carried_out,
                source,
                self._options,
                self._model,
                self._reference,
                mask,
                __version__,
                pure=False,
                retries=2,
            )
        wait_for_end(self._client, future, source.id, self._stop)
        with _writing:  # files come only when there is room for them
            found: SceneFiles = awaited(self._client, future, source.id)
            for logger, level, message in found.said:
                logging.getLogger(logger).log(level, "%s", message)
            made_folder(folder)
            snow = {SNOW_FILE: found.files[SNOW_FILE]}
            with ExitStack() as stack:
                # Renamed together at the end of the block, so that they always belong to one another.
                for name in found.files.keys() - snow:
                    stack.enter_context(whole_file(folder / safe_name(name))).write_bytes(found.files[name])
        return found._replace(files=snow, said=())


def _carried_out(
    source: SceneSource, options: MapOptions, model: str, reference: str, mask: bytes | None, version: str
) -> SceneFiles | TrimlineError:
    """Map a scene on a worker, or measure the snow of one whose mask is given."""

    def work() -> SceneFiles:
        own = Path(get_worker().local_directory)
        with _opened(source, own) as scene, TemporaryDirectory(prefix="trimline-map-", dir=own) as name:
            folder, here = Path(name), reference_here(reference)
            with ONE_AT_A_TIME, _overheard() as said:
                facts: dict[str, Any] = {"date": scene.date}
                if mask is None:
                    facts |= _mapped(scene, model_here(model), folder, replace(options, within=here.within))
                else:
                    (folder / _MASK).write_bytes(mask)
                facts["snow"] = (here.snow or SnowReference()).measure(scene, folder / _MASK).record()
            if mask is not None:
                (folder / _MASK).unlink()
            return SceneFiles(_contents(folder, scene.id), facts, scene.geobox, tuple(said))

    return answer(version, work)


def _mapped(scene: Scene, model: Model, folder: Path, options: MapOptions) -> dict[str, Any]:
    from trimline.mapping.mapped_scene import map_scene
    from trimline.outlines import area_km2, read_outlines

    written = map_scene(scene, model, folder, options=options, progress=False)
    return {"area_km2": float(area_km2(read_outlines(written.outlines)).sum()), "asked": written.asked}


def _contents(folder: Path, scene_id: str) -> dict[str, bytes]:
    """Return the files of a folder; raise `MappingError` where they are too large to be sent."""
    files = [each for each in sorted(folder.iterdir()) if each.is_file() and not each.name.startswith(".")]
    size = sum(each.stat().st_size for each in files)
    if size > MOST_BYTES:
        raise MappingError(
            f"its map has {size >> 20} MB, and a worker sends {MOST_BYTES >> 20} MB at most",
            where=scene_id,
            remedy="map it on one machine, without --scheduler",
        )
    return {each.name: each.read_bytes() for each in files}


@contextmanager
def _opened(source: SceneSource, own: Path) -> Iterator[Scene]:
    """Open a scene on a worker; one that was fetched is removed once it has been mapped."""
    if source.remote is None:
        scene = open_scene(source.path, **source.opened_with)
        require_same(scene, str(source.identity))
        yield _placed(scene, source)
        return
    path = _fetched(source.remote, made_folder(own / _FETCHED), source.id)
    yield _placed(open_scene(path, **source.opened_with), source)
    shutil.rmtree(path, ignore_errors=True)  # one that failed stays, so that the next try fetches nothing twice


def _placed(scene: Scene, source: SceneSource) -> Scene:
    return scene if source.moved is None else moved_scene(scene, *source.moved)


def _fetched(remote: RemoteScene, folder: Path, name: str) -> Path:
    """Fetch a scene into a folder of a name; not again where an earlier try brought all that is asked for."""
    from trimline.fetching.scene import fetch_request

    try:
        return fetch_request(remote.request(), folder / name, _transport(remote.catalogue)).path
    except (CatalogueError, RemoteError) as error:
        # Whoever reads it would look for the credentials on the machine that asks.
        raise type(error)(
            f"{error.what} (on the worker {get_worker().address})", where=error.where, remedy=error.remedy
        ) from error


@lru_cache(maxsize=8)
def _transport(catalogue: str) -> Transport:
    """Return the one transport of this worker to a catalogue, so that its tasks share the limit per host."""
    from trimline.catalogues import transport_for

    return transport_for(catalogue)


class _Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.heard: list[tuple[str, int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append((record.name, record.levelno, record.getMessage()))


@contextmanager
def _overheard() -> Iterator[list[tuple[str, int, str]]]:
    """Give the list of what trimline logs in the block, for whoever asked for the work."""
    ear, logger = _Ear(), logging.getLogger("trimline")
    before = logger.level
    logger.addHandler(ear)
    logger.setLevel(min(logger.getEffectiveLevel(), logging.INFO))
    try:
        yield ear.heard
    finally:
        logger.removeHandler(ear)
        logger.setLevel(before)
