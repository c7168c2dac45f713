"""Files of a product that is being fetched: kept beside its place, so that a run that was killed goes on there.

The hidden folder ``.NAME.part`` holds finished files in ``files``, a note of each in ``notes``, and in ``incoming``
those that come in pieces. A file counts as finished when its note says that it is the part that is asked for, and its
bytes are those of the note. The product appears when all are there: ``files`` is renamed to its name.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from trimline.errors import StageError
from trimline.fetching.fetched_file import FetchedFile, read_sealed, write_sealed
from trimline.files import made_folder, put_in_place, sha256
from trimline.workplace import remove_leftovers

_LOCK = "lock"


class Parts:
    """The files of one product that have been fetched."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.files, self.incoming = place / "files", place / "incoming"
        self._notes = place / "notes"
        for folder in (self.files, self.incoming, self._notes):
            made_folder(folder)
            remove_leftovers(folder)

    def known(self, name: str, key: str) -> FetchedFile | None:
        """Return a finished file, or None where it is not there, is of another request, or is damaged.

        Parameters
        ----------
        name
            Its name.
        key
            What tells the part that is asked for: address, region, margin.
        """
        content = read_sealed(self._notes / f"{name}.json")
        path = self.files / name
        if content is None or content.pop("key", None) != key or not path.is_file() or path.is_symlink():
            return None
        try:
            file = FetchedFile.model_validate(content)
        except ValidationError:
            return None
        is_whole = path.stat().st_size == file.size and sha256(path) == file.sha256
        return file if is_whole else None

    def note(self, file: FetchedFile, key: str) -> None:
        """Note that a file in `files` is finished."""
        write_sealed(self._notes / f"{file.name}.json", file, key=key)

    def forget(self, name: str) -> None:
        """Remove a file, and its note, so that it is fetched anew."""
        for each in (self._notes / f"{name}.json", self.files / name, self.incoming / name):
            each.unlink(missing_ok=True)

    def keep_only(self, names: set[str]) -> None:
        """Remove what is left of other requests: all files but these."""
        for each in self.files.iterdir():
            if each.name not in names:
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()

    def finish(self, path: Path) -> None:
        """Let the files become the product.

        Raises
        ------
        DiskError
            A file is not whole.
        """
        retired = self.place / "retired"
        shutil.rmtree(retired, ignore_errors=True)
        put_in_place(self.files, path, retired)


@contextmanager
def parts_of(path: Path) -> Iterator[Parts]:
    """Give the parts of the product that will lie at `path`; they are removed once it does.

    Raises
    ------
    StageError
        Another run fetches the same product.
    DiskError
        The folder cannot be made.
    """
    place = path.with_name(f".{path.name}.part")
    made_folder(place)
    lock = FileLock(place / _LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StageError(
            "another run is fetching this scene", where=path, remedy="wait for it to end, or stop it"
        ) from error
    try:
        parts = Parts(place)
        yield parts
        if not parts.files.exists():
            shutil.rmtree(place, ignore_errors=True)
    finally:
        lock.release()
