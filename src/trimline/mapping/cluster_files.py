"""Files that maps are made with, on each worker of a cluster once: an inventory, a DEM.

Small ones are sent. Larger ones, and those that lead to files of other folders, workers must see under the same paths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distributed import Client, Worker, WorkerPlugin, get_worker

from trimline.errors import ClusterError, StageError
from trimline.file_identity import digest, file_identity, files_of
from trimline.layer_path import layer_path
from trimline.mapping.cluster import send
from trimline.mapping.snow_file import SnowReference
from trimline.mapping.zone import GlacierZone

MOST_SENT_BYTES = 256 << 20
"""Of a file with its companions. The scheduler keeps what is sent for workers that join later."""


@dataclass(frozen=True)
class _SentFile:
    """A file as the machine that asks has it."""

    path: Path
    identity: str
    contents: Mapping[str, bytes] | None
    """Of it and its companions, by name; None where workers must see it."""

    @classmethod
    def of(cls, path: Path) -> _SentFile:
        """Read a file unless it is large, or has parts in other folders."""
        given = layer_path(path).file
        file, identity = given.resolve(), file_identity(path)
        files = [] if file.is_dir() else files_of(file)
        is_sent = files and file.name == given.name and all(each.parent == file.parent for each in files)
        if not is_sent or sum(each.stat().st_size for each in files) > MOST_SENT_BYTES:
            return cls(path, identity, None)
        return cls(path, identity, {each.name: each.read_bytes() for each in files})

    def put(self, folder: Path) -> None:
        """Write it into a folder of its own."""
        if self.contents is not None:
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in self.contents.items():
                (folder / name).write_bytes(content)

    def here(self, folder: Path) -> Path:
        """Return where this worker finds it.

        Raises
        ------
        ClusterError
            It was not sent, and the worker sees none or another one.
        """
        given = layer_path(self.path)
        if self.contents is not None:
            return Path(f"{folder / given.file.name}{given.said}")
        try:
            is_same = file_identity(self.path) == self.identity
        except StageError:
            is_same = False
        if not is_same:
            raise ClusterError(
                "a worker does not see this file as this machine does, and it cannot be sent: it is large, a folder, a "
                "link, or made of files in several folders",
                where=self.path,
                remedy="let all workers see it, unchanged, under the same path, or cut it to the region",
            )
        return self.path


class Reference(WorkerPlugin):
    """Brings the zone and the snow reference of maps to each worker once, with their files."""

    idempotent = True

    def __init__(self, within: GlacierZone | None, snow: SnowReference | None) -> None:
        self._within, self._snow = within, snow
        paths = [within.dem if within is not None else None, *((snow.inventory, snow.dem) if snow is not None else ())]
        self._files = {path: _SentFile.of(path) for path in paths if path is not None}
        known = [within.digest if within is not None else None, snow is None]
        self.name = f"trimline-{digest([*known, *((str(path), each.identity) for path, each in self._files.items())])}"

    def setup(self, worker: Worker) -> None:
        """Write the files to the worker's own folder."""
        self._folder = Path(worker.local_directory) / self.name
        for number, each in enumerate(self._files.values()):
            each.put(self._folder / str(number))

    @property
    def within(self) -> GlacierZone | None:
        """The zone, with the elevation model that this worker sees; raises `ClusterError` where it sees none."""
        return None if self._within is None else replace(self._within, dem=self._here(self._within.dem))

    @property
    def snow(self) -> SnowReference | None:
        """The snow reference, with the files that this worker sees; raises `ClusterError` where it sees none."""
        if self._snow is None:
            return None
        return SnowReference(self._here(self._snow.inventory), self._here(self._snow.dem))

    def _here(self, path: Path | None) -> Path | None:
        if path is None:
            return None
        number = list(self._files).index(path)
        return self._files[path].here(self._folder / str(number))


def send_reference(client: Client, within: GlacierZone | None, snow: SnowReference | None) -> str:
    """Send a zone and a snow reference to each worker once, and return the name for `reference_here`.

    Raises
    ------
    StageError
        One of their files is not there.
    """
    return send(client, Reference(within, snow))


def reference_here(name: str) -> Reference:
    """Return zone and snow reference of a name on this worker."""
    plugin: Any = get_worker().plugins[name]
    found: Reference = plugin
    return found
