"""Rasters that lie over the scenes: probability, uncertain pixels and classes of each period, and shaded relief."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from trimline.errors import TrimlineError
from trimline.own_files import own_raster
from trimline.own_place import require_own
from trimline.rasters import PROBABILITY_SCALE
from trimline.review.contract import Overlay, OverlayKind
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod
from trimline.review.pictures.browser_rasters import raster_obstacle
from trimline.review.pictures.hillshade import hillshade_file
from trimline.review.pictures.prepared_picture import Stopped
from trimline.review.pictures.rasters import Rasters
from trimline.review.pictures.scene_pictures import surroundings_of
from trimline.review.requests_under_way import RequestsUnderWay
from trimline.study.one_map import REVIEW

_LOG = logging.getLogger(__name__)

HILLSHADE = "hillshade.tif"
"""File of the shaded relief, in the folder of the review."""


class Overlays:
    """The overlays of a review; threads may use them at the same time.

    Parameters
    ----------
    reviewed
        What is reviewed.
    rasters
        Gets the files of the overlays.
    changed
        Called with the shaded relief when it is there, in a thread of its own.
    delay_s
        How long the relief waits, for the first view to have the machine for itself [s].
    requests
        To which the relief gives way.
    """

    def __init__(
        self,
        reviewed: Reviewed,
        rasters: Rasters,
        changed: Callable[[Overlay], object] = lambda _: None,
        *,
        delay_s: float = 0.0,
        requests: RequestsUnderWay | None = None,
    ) -> None:
        self._delay_s = delay_s
        self._requests = requests or RequestsUnderWay()
        self._reviewed = reviewed
        self._rasters = rasters
        self._changed = changed
        self._stopped = threading.Event()
        self._files: dict[Path, Overlay] = {}
        self._relief: Overlay | None = None
        self._thread: threading.Thread | None = None
        if reviewed.dem is not None:
            self._thread = threading.Thread(target=self._shade, args=(reviewed.dem,), name="trimline-relief")
            self._thread.start()

    def all(self) -> tuple[Overlay, ...]:
        """Return the overlays of all periods, and the shaded relief once it is there."""
        found = [each for period in self._reviewed.periods for each in self._of(period)]
        return tuple(found if self._relief is None else [*found, self._relief])

    def close(self) -> None:
        """End what is done in the background."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _of(self, period: ReviewedPeriod) -> list[Overlay]:
        given: list[tuple[OverlayKind, Path | None, float]] = [
            ("probability", period.probability, PROBABILITY_SCALE),
            ("uncertain", period.uncertain, 1.0),
            ("classes", period.classes, 1.0),
        ]
        found = []
        for kind, path, scale in given:
            if path is None:
                continue
            try:
                threshold = period.threshold if kind == "probability" else None
                found.append(self._overlay(path, kind, period.name, scale, threshold))
            except (TrimlineError, OSError) as error:
                _LOG.warning("%s of %s is left out: %s", kind, period.name, error)
        return found

    def _overlay(
        self, path: Path, kind: OverlayKind, period: str | None, scale: float, threshold: float | None
    ) -> Overlay:
        """Return the overlay of a file that trimline wrote, which a browser reads as it is."""
        source = self._rasters.address_of(require_own(path, self._reviewed.output))
        known = self._files.get(path)
        if known is not None and known.source == source:
            return known
        with own_raster(path) as opened:
            obstacle, nodata = raster_obstacle(opened), opened.nodata
        if obstacle is not None:
            _LOG.warning("%s may be slow to look at: %s", path, obstacle)
        self._files[path] = Overlay(
            id=kind if period is None else f"{kind}/{period}",
            kind=kind,
            period=period,
            source=source,
            scale=scale,
            nodata=nodata,
            threshold=threshold,
        )
        return self._files[path]

    def _is_stopped(self) -> bool:
        """Return whether to end, after giving way to requests."""
        self._requests.give_way(self._stopped)
        return self._stopped.is_set()

    def _shade(self, dem: Path) -> None:
        try:
            if not (self._reviewed.output / REVIEW / HILLSHADE).exists():
                self._stopped.wait(self._delay_s)
            around = surroundings_of(self._reviewed)
            if around is None:
                return
            path = self._reviewed.output / REVIEW / HILLSHADE
            require_own(path.parent, self._reviewed.output)
            hillshade_file(dem, path, around, stopped=self._is_stopped)
            self._relief = self._overlay(path, "hillshade", None, 1 / 255, None)
        except Stopped:
            return
        except TrimlineError as error:
            _LOG.warning("there is no shaded relief: %s", error)
            return
        except Exception:  # the review goes on without it
            _LOG.exception("there is no shaded relief")
            return
        self._changed(self._relief)
