"""What the first view of a page asks for, made before it is asked: totals of all periods and the first tiles."""

from __future__ import annotations

import logging
import threading
from itertools import product

from trimline.errors import TrimlineError
from trimline.review.desk import Desk
from trimline.review.layers.tiles import Tiles
from trimline.review.live.snapshot import layer_id

_LOG = logging.getLogger(__name__)

_LEVEL = 1
"""On which the four tiles around all outlines fill a window of usual size."""


def prepare_first_view(desk: Desk, tiles: Tiles) -> threading.Thread:
    """Begin to make what the page asks for first, and return the thread that does.

    Parameters
    ----------
    desk
        What the page asks.
    tiles
        Of the desk; they keep what is made.
    """
    thread = threading.Thread(target=_prepare, args=(desk, tiles), name="trimline-first-view", daemon=True)
    thread.start()
    return thread


def _prepare(desk: Desk, tiles: Tiles) -> None:
    try:
        review = desk.review()
        level = min(_LEVEL, len(review.grid.resolutions) - 1)
        layer = layer_id("outlines", review.periods[-1].name)  # the page begins with the last period
        for x, y in product(range(2**level), repeat=2):
            tiles.tile(layer, level, x, y)
    except TrimlineError as error:  # the page is told when it asks
        _LOG.debug("the first view was not made before it was asked for: %s", error)
