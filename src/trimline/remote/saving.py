"""Whole files from servers onto the disk: resumed, checked, and renamed when they are whole.

What has come lies in ``NAME.part``, and in ``NAME.part.json`` the version of the file that it is of. The next run goes
on after it with a conditional request (``If-Range``), so that bytes of two versions never meet in one file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.errors import RemoteError
from trimline.files import made_folder, require_no_folder, write_json
from trimline.foreign import disk_errors, foreign_errors
from trimline.remote.address import local_path, shown
from trimline.remote.checksum import check_checksum
from trimline.remote.exchange import Answer, Failed
from trimline.remote.impostors import expects_raster, sent_instead
from trimline.remote.version import Version, content_range, version_of_answer, version_of_file
from trimline.written import NotWhole, require_whole

if TYPE_CHECKING:
    from trimline.remote.transport import Transport

MOST_FILE_BYTES = 8 << 30
"""Size of the largest file of a scene [bytes]; those of Landsat and Sentinel-2 have 1 GB at most."""
_BLOCK = 1 << 20


def save_file(
    transport: Transport,
    href: str,
    path: Path,
    *,
    size: int | None = None,
    checksum: str | None = None,
    most_bytes: int = MOST_FILE_BYTES,
    seen: Callable[[int], None] | None = None,
) -> None:
    """Save a whole file.

    One process at a time may save to a path.

    Parameters
    ----------
    transport
        Reads it.
    href
        Its address, or path.
    path
        Gets the file when it is whole; its suffix says what the file is to be.
    size
        What the catalogue or the server has said [bytes].
    checksum
        What the catalogue says: a multihash in hexadecimal digits.
    most_bytes
        Largest size that is taken [bytes].
    seen
        Called with the number of bytes of the file that are there, again and again.

    Raises
    ------
    RemoteError
        It cannot be read, is larger, is not of that size or checksum, is a web page, or is not whole in the archive.
    DiskError
        The disk is full, read-only or closed to the user.
    """
    made_folder(path.parent)
    require_no_folder(path)
    if size is not None and size > most_bytes:
        raise too_large(shown(href), most_bytes)
    part = _Part(path, shown(href), seen or _nobody, most=most_bytes if size is None else size)
    with disk_errors(path, written=path.parent):
        if (source := local_path(href)) is not None:
            part.copy(source)
        else:
            part.version = part.read_version()
            transport.requests.attempt(
                href, part.headers, part.take, accept=(200, 206, 416), is_raster=expects_raster(path.name)
            )
        try:
            part.check(size, checksum, most_bytes)
        except RemoteError:
            part.forget()
            raise
        part.finish()


def _nobody(_: int) -> None:
    pass


def too_large(label: str, most: int) -> RemoteError:
    """Return the error of a file that is larger than any of its kind [bytes]."""
    return RemoteError(
        f"the file is larger than {most >> 20} MB, which no such file is",
        where=label,
        remedy="leave the scene out, or report it to the archive",
    )


@dataclass
class _Part:
    """What has come of a file so far."""

    path: Path
    label: str
    seen: Callable[[int], None]
    most: int
    """Size beyond which nothing is written [bytes]: an answer need not say where it ends."""
    version: Version | None = None

    @property
    def file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    @property
    def note(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part.json")

    def length(self) -> int:
        return self.file.stat().st_size if self.file.is_file() else 0

    def headers(self) -> Mapping[str, str]:
        """Return the headers of the next request: for the rest, where the version of what is there is known."""
        if self.version is None or self.version.validator is None or not self.length():
            return {}
        return {"Range": f"bytes={self.length()}-", "If-Range": self.version.validator}

    def read_version(self) -> Version | None:
        """Return the version of what an earlier run left; None where it left nothing that can be gone on with."""
        try:
            found = json.loads(self.note.read_text(encoding="utf-8"))
            version = Version(found["size"], found["tag"], found["modified"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        fits = (version.size is None or isinstance(version.size, int)) and all(
            each is None or (isinstance(each, str) and each.isprintable()) for each in (version.tag, version.modified)
        )
        return version if fits else None

    def take(self, answer: Answer) -> None:
        """Write an answer: the whole file, or what was missing of it."""
        version = version_of_answer(answer.headers, answer.status)
        there, expected = self.length(), version.size
        if answer.status == 416:
            # All of it is there, or more than all: the size decides.
            if version.size is None or there != version.size:
                self.version = None
                self.forget()
                raise Failed("it sends another range than was requested")
            return
        if answer.status == 206:
            place = content_range(answer.headers.get("Content-Range"))
            if place is None or place[0] != there or self.version is None or not version.is_of(self.version):
                self.version = None
                self.forget()
                raise Failed("it sends another range than was requested")
            mode, expected = "ab", place[1]
        else:
            there, mode = 0, "wb"
            self.forget()
            self.version = version
            write_json(self.note, version.as_json())
        with self.file.open(mode) as file:
            for block in answer.blocks:
                file.write(block)
                there += len(block)
                self.seen(there)
                if there > self.most:
                    break
        if there > self.most:
            return  # which `check` says
        if expected is not None and there != expected:
            raise Failed("the answer was cut short")

    def copy(self, source: Path) -> None:
        """Copy a file of this machine."""
        with foreign_errors(RemoteError, source, remedy="check the path, or the catalogue that names it"):
            self.version = version_of_file(source)
        with source.open("rb") as old, self.file.open("wb") as new:
            while new.tell() <= self.most and (block := old.read(_BLOCK)):
                new.write(block)
                self.seen(new.tell())

    def check(self, size: int | None, checksum: str | None, most: int) -> None:
        """Raise where what has come is not the file."""
        there = self.length()
        with self.file.open("rb") as file:
            instead = sent_instead(file.read(1024), self.path.name)
        if instead is not None:
            raise RemoteError(
                f"the server sends {instead} instead of the file",
                where=self.label,
                remedy="log in to the archive, or set its credentials in the environment",
            )
        on_server = self.version.size if self.version is not None else None
        if size is None and there > most:
            raise too_large(self.label, most)
        for found, expected in ((on_server, size), (there, size), (there, on_server)):
            if expected is not None and found is not None and expected != found:
                raise RemoteError(
                    f"the file has {found} bytes, and its catalogue or server says {expected}",
                    where=self.label,
                    remedy="run again, which fetches it anew; where it stays so, leave the scene out",
                )
        if checksum is not None:
            check_checksum(self.file, checksum, self.label)
        try:
            require_whole(self.file, self.path.suffix)
        except NotWhole as error:
            problem = str(error)
        else:
            return
        raise RemoteError(
            f"the file is not whole in the archive ({problem})",
            where=self.label,
            remedy="leave the scene out, or report it to the archive",
        )

    def finish(self) -> None:
        """Flush the file to the disk and give it its name."""
        with self.file.open("rb+") as file:
            os.fsync(file.fileno())
        self.file.replace(self.path)
        self.note.unlink(missing_ok=True)
        flush_folder(self.path.parent)

    def forget(self) -> None:
        """Remove what has come."""
        self.file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    descriptor: Any = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
