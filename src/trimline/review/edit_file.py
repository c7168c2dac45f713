"""The file of edits while a review is open: read when others wrote to it, appended to in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
from pyproj import CRS

from trimline.errors import EditError
from trimline.foreign import foreign_errors
from trimline.outlines import append_edits, no_edits, read_edits
from trimline.outlines.corrected_outlines import read_corrected_outlines
from trimline.outlines.edit_layer import chosen_layer
from trimline.outlines.geopackage import layer_names, quoted, reading
from trimline.reprojecting import reprojected
from trimline.review.file_signature import Signature, signature_of
from trimline.review.known_edits import KnownEdits, Periods, Row, as_frame

_Signatures = tuple[Signature | None, ...]
"""Of the file and of its write-ahead log."""


class EditFile:
    """The layer of edits of a review.

    Parameters
    ----------
    path
        The GeoPackage; it need not exist.
    crs
        CRS of the review, in which the edits are given, and in which a new layer is made.
    periods
        The review's periods.
    """

    def __init__(self, path: Path, crs: str, periods: Periods) -> None:
        self._path, self._crs, self._periods = path, crs, periods
        self._signature: _Signatures | None = None
        self.keeps_coordinates = True
        """Whether the layer has the CRS of the review, so that vertices stay as they were drawn to the last digit."""
        self.known = KnownEdits.of(no_edits(crs), periods)
        """The edits as they were read or appended last."""

    def is_stale(self) -> bool:
        """Return whether the file changed since it was read or appended to."""
        return self._signature != self._present()

    def read(self) -> KnownEdits:
        """Read the edits again.

        Raises
        ------
        EditError
            The file cannot be read as edits.
        """
        # Taken before, so that what is written meanwhile is read the next time.
        signature = self._present()
        edits = read_edits(self._path) if self._path.exists() else no_edits(self._crs)
        self.keeps_coordinates = edits.crs is None or CRS.from_user_input(edits.crs) == CRS.from_user_input(self._crs)
        if len(edits) and edits.crs is not None:
            edits = reprojected(edits, self._crs)
        self._signature = signature
        read = KnownEdits.of(edits, self._periods)
        if read.contents != self.known.contents:
            self.known = read
        return self.known

    def append(self, rows: Sequence[Row], outlines: gpd.GeoDataFrame | None) -> KnownEdits:
        """Append valid edits in one transaction that is on the disk when this returns.

        Parameters
        ----------
        rows
            Later than all known edits.
        outlines
            Outlines before and after them, for their history.

        Raises
        ------
        EditError
            An identifier is in use, or the file is locked or cannot be written.
        """
        append_edits(self._path, as_frame(rows, self._crs), outlines=outlines)
        if not self.keeps_coordinates:
            return self.read()
        self.known = self.known.with_rows(rows)
        # Somebody else may have appended in the moment before: then all is read again when it is asked for next.
        is_all = self._count() == len(self.known.rows)
        self._signature = self._present() if is_all else None
        return self.known

    def outlines_of(self, edit_id: str) -> gpd.GeoDataFrame:
        """Return the outlines that were kept with an edit, before and after it, in the review's CRS.

        Raises
        ------
        EditError
            The file cannot be read.
        """
        found = read_corrected_outlines(self._path, [edit_id])
        return reprojected(found, self._crs) if len(found) and found.crs is not None else found

    def _count(self) -> int:
        """Return the number of rows in the file."""
        with foreign_errors(EditError, self._path, what="the edits cannot be counted"), reading(self._path) as database:
            name = chosen_layer(layer_names(database), self._path)
            return int(database.execute(f"SELECT COUNT(*) FROM {quoted(name)}").fetchone()[0])  # noqa: S608

    def _present(self) -> _Signatures:
        return tuple(signature_of(self._path.with_name(self._path.name + ending)) for ending in ("", "-wal"))
