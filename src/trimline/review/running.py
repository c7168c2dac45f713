"""`trimline review` without its options: what is reviewed is opened and served until it is ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from trimline.files import StrPath
from trimline.review.contract import Overlay, Picture
from trimline.review.doubts.background import Doubts
from trimline.review.first_view import prepare_first_view
from trimline.review.layers.tiles import Tiles
from trimline.review.live.live_review import LiveReview
from trimline.review.live.snapshot import Snapshot
from trimline.review.opened.opening import reviewed_of
from trimline.review.opened.reviewed import Reviewed
from trimline.review.pictures.overlays import Overlays
from trimline.review.pictures.rasters import Rasters
from trimline.review.pictures.scene_pictures import Pictures
from trimline.review.requests_under_way import RequestsUnderWay
from trimline.review.review_desk import ReviewDesk
from trimline.review.server.application import create_app
from trimline.review.server.page_folder import page_folder
from trimline.review.server.security import Access
from trimline.review.server.serving import (
    LOOPBACK,
    Address,
    access_on,
    is_loopback,
    listening,
    only_server,
    serve,
    token_for,
)

_LOG = logging.getLogger(__name__)

_FIRST_VIEW_S = 1.5
"""Time that the first view has the machine for itself [s]: doubts and relief are computed after it."""


def run_review(
    path: StrPath,
    overrides: Iterable[str] = (),
    *,
    quick: bool = False,
    author: str | None = None,
    host: str = LOOPBACK,
    port: int | None = None,
    token: str | None = None,
    on_listening: Callable[[Address], None] = lambda _: None,
) -> None:
    """Serve the review of a project or of one map until Ctrl-C or a termination signal.

    Parameters
    ----------
    path
        The project file, or the folder of one map.
    overrides, quick
        Of a project file, as for `trimline.load_project`.
    author
        Who corrects, as the page has it first.
    host, port
        Where it listens; a port of None means `trimline.review.server.serving.PORT`, or a free one where that is taken.
    token
        What opens it; None means none on the loopback address, and one made at random on others.
    on_listening
        Called with the address once requests are answered.

    Raises
    ------
    TrimlineError
        There is nothing to review, the page is not built, it is served already, or the address cannot be had.
    """
    page = page_folder()
    secret = token_for(host, token)
    reviewed = reviewed_of(path, overrides, quick=quick)
    closing = threading.Event()
    with only_server(reviewed.output) as tell, listening(host, port) as bound:
        address = Address(host, bound.getsockname()[1], secret)
        opened = opened_review(reviewed, author)

        if not is_loopback(host):
            _LOG.warning("the page and its token travel unencrypted: in a network that is not trusted, use a tunnel")

        def begun() -> None:
            tell(address.origin + "/")
            on_listening(address)

        try:
            serve(opened.app(page=page, access=access_on(host, secret), closing=closing), bound, begun, closing)
        finally:
            closing.set()
            opened.close()
    _LOG.info("the review has ended; what was saved is kept")


@dataclass(frozen=True)
class OpenedReview:
    """A review whose files are open."""

    desk: ReviewDesk
    rasters: Rasters
    """Files that its scenes and overlays are read from."""
    tiles: Tiles
    requests: RequestsUnderWay
    first_view: threading.Thread
    """Makes what the page asks for first."""

    def app(
        self, *, page: Path | None = None, access: Access | None = None, closing: threading.Event | None = None
    ) -> FastAPI:
        """Return its server; see `trimline.review.server.application.create_app`."""
        return create_app(
            self.desk,
            rasters=self.rasters,
            page=page,
            access=access,
            closing=closing,
            tiles=self.tiles,
            requests=self.requests,
        )

    def close(self) -> None:
        """End its threads and finish what is being written."""
        self.first_view.join()
        self.desk.close()


def opened_review(reviewed: Reviewed, author: str | None = None) -> OpenedReview:
    """Open the files of a review, and begin to make its first view.

    Parameters
    ----------
    reviewed
        What is reviewed.
    author
        Who corrects; None takes who made the last edit.

    Raises
    ------
    TrimlineError
        Outlines or edits cannot be read.
    """
    rasters = Rasters()
    desks: list[ReviewDesk] = []

    def picture_changed(picture: Picture) -> None:
        for desk in desks:
            desk.picture_changed(picture)

    def overlay_made(overlay: Overlay) -> None:
        for desk in desks:
            desk.overlay_made(overlay)

    def doubts_computed(period: str) -> None:
        for desk in desks:
            desk.doubts_computed(period)

    live, requests = LiveReview(reviewed), RequestsUnderWay()

    def outlines_now(period: str) -> Snapshot:
        with live.at(period) as found:
            return found.snapshot()

    pictures = Pictures(reviewed, rasters, picture_changed)
    overlays = Overlays(reviewed, rasters, overlay_made, delay_s=_FIRST_VIEW_S, requests=requests)
    doubts = Doubts(reviewed, outlines_now, doubts_computed, delay_s=_FIRST_VIEW_S, requests=requests)
    desk = ReviewDesk(live, pictures=pictures, overlays=overlays, doubts=doubts, author=author, requests=requests)
    desks.append(desk)
    tiles = Tiles(desk)
    return OpenedReview(desk, rasters, tiles, requests, prepare_first_view(desk, tiles))
