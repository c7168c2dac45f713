"""What the addresses of the server do: one object for all requests, safe to use from many threads."""

from __future__ import annotations

from typing import Literal, Protocol

from trimline.errors import EditError, TrimlineError
from trimline.review import contract
from trimline.review.live.snapshot import Snapshot


class NotThere(TrimlineError):
    """A period, glacier, edit, layer or picture is asked for that the review does not have."""


class InConflict(EditError):
    """Outlines changed since the drafts of a save were made; nothing was kept.

    Parameters
    ----------
    conflict
        What the page is told.
    """

    def __init__(self, conflict: contract.Conflict) -> None:
        super().__init__(conflict.what, remedy="look at the outlines as they are now, and save again")
        self.conflict = conflict


class Desk(Protocol):
    """All that the page asks for; every method raises `trimline.errors.TrimlineError` for what the user can correct.

    What is not there (a period, glacier, edit, layer) raises `NotThere`, which becomes 404.
    """

    def review(self) -> contract.Review:
        """Return what the page needs to begin."""
        ...

    def grid(self) -> contract.TileGrid:
        """Return the tiles that layers are sent in, of `trimline.review.layers.tile_grid`; always the same."""
        ...

    def layer(self, layer_id: str) -> Snapshot:
        """Return the outlines of a layer as they are now; the same object until they change.

        Ids are those of `trimline.review.live.snapshot.layer_id`. Of an outline that did not change the next snapshot
        has the same geometry object, so that only changed ones are simplified again. A layer without glaciers (ground
        that no scene shows) has an empty id for each polygon.
        """
        ...

    def glaciers(
        self,
        period: str,
        *,
        order: Literal["doubt", "area", "name"],
        state: contract.GlacierState | None,
        limit: int,
        offset: int,
    ) -> contract.GlacierList:
        """Return a part of the list of glaciers of a period."""
        ...

    def glacier(self, period: str, glac_id: str) -> contract.Glacier:
        """Return a glacier at full detail."""
        ...

    def edits(self, *, period: str | None, glac_id: str | None) -> contract.EditList:
        """Return the edits of a period or a glacier, or all."""
        ...

    def history(self, edit_id: str, period: str) -> contract.EditHistory:
        """Return an edit with the outlines before and after it."""
        ...

    def preview(self, request: contract.PreviewRequest) -> contract.Preview:
        """Return what drafts would make of the outlines; nothing is kept."""
        ...

    def save(self, request: contract.SaveRequest) -> contract.Saved:
        """Keep drafts as edits, all or none; raise `InConflict` where outlines changed since."""
        ...

    def revert(self, request: contract.RevertRequest) -> contract.Saved:
        """Revert edits by further rows, all or none."""
        ...

    def changes(self, after: int, wait_s: float) -> contract.Changes:
        """Return what happened after a change; wait for the next where there is none."""
        ...

    def prepare(self, picture_id: str) -> contract.Picture:
        """Begin to make the copy of a scene that a browser can read."""
        ...

    def close(self) -> None:
        """End threads of its own and finish what is being written; the server has answered its last request."""
        ...
