"""The file of edits while a review is open: read when others wrote to it, appended to in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
from pyproj import CRS

from trimline.outlines import append_edits, no_edits, read_edits
from trimline.outlines.corrected_outlines import read_corrected_outlines
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
        self._is_verified = True
        self.keeps_coordinates = True
        """Whether the layer has the CRS of the review, so that vertices stay as they were drawn to the last digit."""
        self.known = KnownEdits.of(no_edits(crs), periods)
        """The edits as they were read or appended last."""

    def is_stale(self) -> bool:
        """Return whether the file changed since it was read or appended to."""
        return self._signature != self._present()

    def is_verified(self) -> bool:
        """Return whether nobody can have written in the moment before the last rows were appended."""
        return self._is_verified

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
        self._signature, self._is_verified = signature, True
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
        self._signature, self._is_verified = self._present(), False
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

    def _present(self) -> _Signatures:
        return tuple(signature_of(self._path.with_name(self._path.name + ending)) for ending in ("", "-wal"))
