"""The file of edits while a review is open: read when others wrote to it, appended to in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from trimline.errors import EditError, OutlineError
from trimline.foreign import foreign_errors
from trimline.outlines import append_edits, no_edits, read_edits
from trimline.outlines.corrected_outlines import read_corrected_outlines
from trimline.outlines.edit_layer import DAMAGED, chosen_layer
from trimline.outlines.geopackage import layer_names, quoted, reading
from trimline.outlines.placing_edits import is_same_crs, placed_edits, stored_edits
from trimline.reprojecting import reprojected
from trimline.review.edits.known_edits import KnownEdits, Periods, Row, as_frame
from trimline.review.live.file_signature import Signature, signature_of

_PATIENCE_S = 1.0
"""Time to wait for another program that holds the file, while readers of the page wait too [s]."""

_STORED = "stored"
"""Key of a row with its geometry in the CRS of the layer, where that is another."""

_Signatures = tuple[Signature | None, ...]
"""Of the file and of its write-ahead log."""


class ChangedMeanwhile(EditError):
    """Somebody else wrote to the file of edits since it was read; nothing was appended."""


class Busy(EditError):
    """Another program holds the file of edits; nothing was appended, and the same save may be sent again."""


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
        self._layer_crs: Any = crs
        """CRS of the layer, in which its rows are written."""
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
            The file cannot be read as edits, or had rows and is gone.
        """
        # Taken before, so that what is written meanwhile is read the next time.
        # What cannot be read now is read again, though it should come back as it was.
        signature, self._signature = self._present(), None
        is_there = self._path.exists()
        if not is_there:
            self._require_none_known()
        edits = read_edits(self._path, patience_s=_PATIENCE_S) if is_there else no_edits(self._crs)
        self._layer_crs = self._crs if is_same_crs(edits.crs, self._crs) else edits.crs
        edits = self._placed(edits)
        self._signature = signature
        read = KnownEdits.of(edits, self._periods)
        if read.contents != self.known.contents:
            self.known = read
        return self.known

    def as_kept(self, row: Row) -> dict[str, Any]:
        """Return a row as it will be read back; a layer of another CRS rounds vertices.

        Raises
        ------
        EditError
            Its polygon cannot be kept in the CRS of the layer.
        """
        if self._layer_crs is self._crs or row["geometry"] is None:
            return dict(row)
        stored = stored_edits(as_frame([row], self._crs), self._layer_crs)
        back = placed_edits(stored, self._crs).geometry.iloc[0]
        return {**row, "geometry": back, _STORED: stored.geometry.iloc[0]}

    def append(self, rows: Sequence[Row], outlines: gpd.GeoDataFrame | None) -> KnownEdits:
        """Append valid edits in one transaction that is on the disk when this returns.

        Parameters
        ----------
        rows
            Later than all known edits; as `as_kept` gives them.
        outlines
            Outlines before and after them, for their history.

        Raises
        ------
        ChangedMeanwhile
            Somebody else wrote to the file since it was read; nothing was appended.
        Busy
            Another program holds the file.
        EditError
            An identifier is in use, or the file is gone or cannot be written.
        """
        if not self._path.exists():
            self._require_none_known()
        stored = [{**row, "geometry": row.get(_STORED, row["geometry"])} for row in rows]
        try:
            append_edits(
                self._path,
                as_frame(stored, self._layer_crs),
                outlines=outlines,
                before=self._require_unchanged,
                patience_s=_PATIENCE_S,
            )
        except EditError as error:
            if _is_busy(error):
                raise Busy(
                    "another program is writing to the file of edits; nothing was saved",
                    where=self._path,
                    remedy="save again in a moment; see that no layer of it is being edited in QGIS",
                ) from error
            raise
        # Others may have written between the commit and this look: the number of rows tells.
        signature = self._present()
        self.known = self.known.with_rows([{key: row[key] for key in row if key != _STORED} for row in rows])
        self._signature = signature if self._count() == len(self.known.rows) else None
        return self.known

    def _require_unchanged(self, count: int) -> None:
        """Raise where the file is another than when it was read; within a transaction, when nobody else can write."""
        if self.is_stale() or count != len(self.known.rows):
            self._signature = None
            raise ChangedMeanwhile("others write to the file of edits", where=self._path, remedy="save again")

    def _require_none_known(self) -> None:
        if self.known.rows:
            raise EditError(
                f"the file is gone, and {len(self.known.rows)} edits were in it",
                where=self._path,
                remedy="put it back where it was; to begin anew without these edits, start the review again",
            )

    def _placed(self, edits: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return edits in the CRS of the review; what has no place there counts as damaged."""
        try:
            return placed_edits(edits, self._crs)
        except OutlineError:
            pieces = [edits.iloc[[row]] for row in range(len(edits))]
            geometries = [self._placed_geometry(piece) for piece in pieces]
            return edits.set_geometry(gpd.GeoSeries(geometries, index=edits.index, crs=self._crs))

    def _placed_geometry(self, piece: gpd.GeoDataFrame) -> shapely.Geometry | None:
        try:
            found: shapely.Geometry | None = placed_edits(piece, self._crs).geometry.iloc[0]
        except OutlineError:
            return DAMAGED
        return found

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
        log = signature_of(self._path.with_name(f"{self._path.name}-wal"))
        # Whoever opens the file makes an empty log, and whoever closes it last removes it.
        return signature_of(self._path), log if log is not None and log[1] else None


def _is_busy(error: EditError) -> bool:
    """Whether SQLite refused because another program holds the file."""
    cause = error.__cause__
    return isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", None) in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )
