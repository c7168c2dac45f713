"""The desk of a review: its live state, scenes, rasters and doubts behind the addresses of the server."""

from __future__ import annotations

import logging
import threading
import warnings
from typing import Literal, Protocol

from pyproj import CRS

from trimline.errors import EditError, TrimlineError
from trimline.review import contract
from trimline.review.desk import NotThere
from trimline.review.edits.drawn import SURROUNDINGS_M
from trimline.review.edits.edit_view import edit_rows, history, listed
from trimline.review.edits.saving import preview, revert, save
from trimline.review.glacier_view import Doubt, glacier_list, glacier_of, names_of
from trimline.review.layers.fixed_layers import FixedLayers
from trimline.review.layers.tile_grid import grid_around
from trimline.review.live.live_review import LiveReview
from trimline.review.live.snapshot import Snapshot, layer_id
from trimline.review.opened.reviewed import Reviewed
from trimline.review.requests_under_way import RequestsUnderWay
from trimline.study.corrected import write_corrected
from trimline.study.one_map import one_map

_LOG = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0
"""Time after which files that others may have written to are looked at again [s]."""

_FIRST_VIEW_S = 2.0
"""Time that the first view has to itself before further periods are read [s]."""


class PictureSource(Protocol):
    """The scenes of a review, as `trimline.review.pictures.scene_pictures.Pictures` has them."""

    def all(self, wait_s: float = 0.0) -> tuple[contract.Picture, ...]:
        """Return all pictures."""
        ...

    def prepare(self, scene_id: str) -> contract.Picture:
        """Begin to make the copy of a scene."""
        ...

    def close(self) -> None:
        """End its threads."""
        ...


class OverlaySource(Protocol):
    """Rasters over the scenes, as `trimline.review.pictures.overlays.Overlays` has them."""

    def all(self) -> tuple[contract.Overlay, ...]:
        """Return all overlays that are there."""
        ...

    def close(self) -> None:
        """End its threads."""
        ...


class DoubtSource(Protocol):
    """What speaks against outlines."""

    def of(self, period: str, snapshot: Snapshot) -> Doubt | None:
        """Return the doubts of a snapshot, in its order; None until they are computed."""
        ...

    def close(self) -> None:
        """End its threads."""
        ...


class ReviewDesk:
    """All that the page asks for; see `trimline.review.desk.Desk`.

    Parameters
    ----------
    live
        The edits and outlines.
    pictures, overlays, doubts
        Scenes, rasters over them, and what speaks against outlines; None where there are none.
    author
        Who corrects, where that is known; None takes who made the last edit.
    requests
        To which the reading of further periods gives way.
    """

    def __init__(
        self,
        live: LiveReview,
        *,
        pictures: PictureSource | None = None,
        doubts: DoubtSource | None = None,
        overlays: OverlaySource | None = None,
        author: str | None = None,
        requests: RequestsUnderWay | None = None,
    ) -> None:
        self._live = live
        self._pictures, self._doubts, self._overlays, self._author = pictures, doubts, overlays, author
        self._requests = requests or RequestsUnderWay()
        self._fixed = FixedLayers(live.reviewed, int(live.changes.sequence))
        crs = CRS.from_user_input(live.reviewed.crs)
        self._proj4 = _proj4(crs)
        west, south, east, north = live.bounds.tolist()
        self._extent = (west, south, east, north)
        far = SURROUNDINGS_M
        self._grid = grid_around(
            (west - far, south - far, east + far, north + far), min(each.pixel_m for each in live.reviewed.periods)
        )
        self._names: dict[str, tuple[int, dict[str, str]]] = {}
        self._listed: set[str] = set()
        """Periods whose lists were asked for."""
        self._doubted_version = 0
        self._closing = threading.Event()
        self._is_shown = threading.Event()
        self._watch = threading.Thread(target=self._look_after, name="trimline-review", daemon=True)
        self._watch.start()

    @property
    def reviewed(self) -> Reviewed:
        """What is reviewed."""
        return self._live.reviewed

    def review(self) -> contract.Review:
        """Return what the page needs to begin; a period that cannot be read is left out and told as a problem.

        Raises
        ------
        OutlineError
            No period can be read.
        """
        live, reviewed = self._live, self._live.reviewed
        live.refresh()
        with live.lock:
            sequence, rows, problems, maps = live.changes.sequence, live.edits.rows, live.problems, live.maps
            failures = {name: failure for name in live.names if (failure := live.live(name).failure()) is not None}
            shown = [name for name in live.names if name not in failures]
            if not shown:
                raise next(iter(failures.values()))
            periods, (layers, not_shown) = tuple(map(self._period, shown)), self._layers()
        last = next((row["author"] for row in reversed(rows) if row["author"]), None)
        return contract.Review(
            name=reviewed.name,
            title=reviewed.title,
            kind=reviewed.kind,
            crs=reviewed.crs,
            proj4=self._proj4,
            extent=self._extent,
            grid=self._grid,
            periods=periods,
            layers=layers,
            pictures=() if self._pictures is None else self._pictures.all(),
            overlays=() if self._overlays is None else self._overlays.all(),
            author=self._author or last,
            sequence=sequence,
            maps=maps,
            problems=(*(f"{name} is not shown: {each}" for name, each in failures.items()), *not_shown, *problems),
        )

    def grid(self) -> contract.TileGrid:
        """Return the tiles that layers are sent in."""
        return self._grid

    def layer(self, layer_id: str) -> Snapshot:
        """Return the outlines of a layer as they are now."""
        kind, _, period = layer_id.partition("-")
        if kind == "outlines":
            return self._snapshot(period)
        if kind == "automatic":
            with self._live.at(period) as live:
                return live.mapped_snapshot()
        return self._fixed.snapshot(layer_id)

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
        snapshot = self._snapshot(period)
        self._listed.add(period)
        doubt = None if self._doubts is None else self._doubts.of(period, snapshot)
        names = self._glacier_names(period, snapshot)
        return glacier_list(snapshot, names, doubt, period=period, order=order, state=state, limit=limit, offset=offset)

    def glacier(self, period: str, glac_id: str) -> contract.Glacier:
        """Return a glacier at full detail."""
        return glacier_of(self._live, period, glac_id)

    def edits(self, *, period: str | None, glac_id: str | None) -> contract.EditList:
        """Return the edits of a period or a glacier, or all."""
        return listed(self._live, period, glac_id)

    def history(self, edit_id: str, period: str) -> contract.EditHistory:
        """Return an edit with the outlines before and after it."""
        return history(self._live, edit_id, period)

    def preview(self, request: contract.PreviewRequest) -> contract.Preview:
        """Return what drafts would make of the outlines; nothing is kept."""
        return preview(self._live, request)

    def save(self, request: contract.SaveRequest) -> contract.Saved:
        """Keep drafts as edits, all or none."""
        return save(self._live, request)

    def revert(self, request: contract.RevertRequest) -> contract.Saved:
        """Revert edits by further rows, all or none."""
        return revert(self._live, request)

    def changes(self, after: int, wait_s: float) -> contract.Changes:
        """Return what happened after a change; wait for the next where there is none."""
        found = self._live.changes.after(after, wait_s)
        with self._live.lock:
            known = self._live.edits
            rows = [known.by_id[each] for each in found.edits if each in known.by_id]
            edits = edit_rows(self._live, rows)
            layers = {each.id: each for each in (self._layers()[0] if found.layers else ())}
        pictures = {each.id: each for each in (self._pictures.all() if self._pictures is not None else ())}
        overlays = self._overlays.all() if self._overlays is not None and found.overlays else ()
        return contract.Changes(
            sequence=found.sequence,
            edits=edits,
            layers=tuple(layers[each] for each in found.layers if each in layers),
            glaciers=found.glaciers,
            pictures=tuple(pictures[each] for each in found.pictures if each in pictures),
            overlays=tuple(each for each in overlays if each.id in found.overlays),
            doubts=found.doubts,
            is_reloaded=found.is_reloaded,
            is_forgotten=found.is_forgotten,
        )

    def prepare(self, picture_id: str) -> contract.Picture:
        """Begin to make the copy of a scene that a browser can read."""
        if self._pictures is None or picture_id not in {each.id for each in self._pictures.all()}:
            raise NotThere(f"the review has no scene '{picture_id}'", remedy="reload the page")
        return self._pictures.prepare(picture_id)

    def picture_changed(self, picture: contract.Picture) -> None:
        """Tell browsers that the state of a picture changed."""
        self._live.changes.tell(pictures=[picture.id])

    def overlay_made(self, overlay: contract.Overlay) -> None:
        """Tell browsers that a raster over the scenes is there now."""
        self._live.changes.tell(overlays=[overlay.id])

    def doubts_computed(self, period: str) -> None:
        """Tell browsers that the doubts of a period were computed."""
        self._live.changes.tell(doubts=[period])

    def close(self) -> None:
        """End threads of its own and finish what is being written; of one map, write its corrected outlines."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._is_shown.set()
        self._live.changes.close()
        for each in (self._pictures, self._overlays, self._doubts):
            if each is not None:
                each.close()
        self._watch.join()
        if self.reviewed.kind == "folder" and self._live.edits.rows:
            self._write_corrected()

    def _write_corrected(self) -> None:
        problems = self._live.problems
        try:
            if problems:
                raise EditError("; ".join(problems))
            write_corrected(one_map(self.reviewed.output))
        except TrimlineError as error:
            _LOG.warning("the corrected outlines are not written: %s", error)

    def _snapshot(self, period: str) -> Snapshot:
        found = self._live.snapshot(period)
        self._is_shown.set()
        return found

    def _glacier_names(self, period: str, snapshot: Snapshot) -> dict[str, str]:
        known = self._names.get(period)
        if known is None or known[0] != snapshot.version:
            with self._live.at(period) as live:
                known = self._names[period] = (snapshot.version, names_of(live, snapshot))
        return known[1]

    def _period(self, name: str) -> contract.Period:
        live = self._live.live(name)
        glaciers, area_km2 = live.totals()
        about = live.period
        first, last = (about.first, about.last) if about.first > 0 else (None, None)
        return contract.Period(name=name, first=first, last=last, glaciers=glaciers, area_km2=area_km2)

    def _layers(self) -> tuple[tuple[contract.Layer, ...], tuple[str, ...]]:
        """Return the layers, outlines of all periods and then what does not change, and why others cannot be read."""
        kinds: tuple[contract.LayerKind, ...] = ("outlines", "automatic")
        found = []
        for kind in kinds:
            for name in self._live.names:
                live = self._live.live(name)
                if live.failure() is not None:
                    continue
                version = live.version if kind == "outlines" else live.mapped_version
                count = live.totals()[0] if kind == "outlines" else live.mapped_totals()[0]
                found.append(
                    contract.Layer(id=layer_id(kind, name), kind=kind, period=name, version=version, count=count)
                )
        fixed, problems = self._fixed.layers()
        return (*found, *fixed), problems

    def _look_after(self) -> None:
        """Read the periods that were not shown yet, and look at the files that others may have written to."""
        waiting = list(reversed(self._live.names))  # the page begins with the last
        is_first = True
        while not self._closing.wait(0.0 if waiting else _LOOK_EVERY_S):
            try:
                if waiting:
                    self._read(waiting.pop(0))
                    if is_first:
                        self._is_shown.wait(_FIRST_VIEW_S)
                    is_first = False
                    self._requests.give_way(self._closing)
                else:
                    self._live.refresh()
                    self._renew_doubts()
            except TrimlineError as error:
                _LOG.warning("%s", error)
            except Exception:
                _LOG.exception("the files of the review cannot be looked after")

    def _renew_doubts(self) -> None:
        """Let the doubts of listed periods be computed again where outlines changed; browsers are told afterwards."""
        version = self._live.version
        if self._doubts is None or version == self._doubted_version:
            return
        self._doubted_version = version
        for period in tuple(self._listed):
            self._doubts.of(period, self._live.snapshot(period))

    def _read(self, period: str) -> None:
        """Read a period that nobody asked for yet, and tell the states of its edits."""
        if self._live.live(period).is_loaded:
            return
        with self._live.at(period):
            known = self._live.edits
            told = [row["edit_id"] for row in known.rows if known.concerns(row, period)]
            if told:
                self._live.changes.tell(edits=told)


def _proj4(crs: CRS) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that it says less than WKT: a browser needs no more
        return crs.to_proj4()


def desk_of(reviewed: Reviewed) -> ReviewDesk:
    """Return the desk of a review without scenes and doubts."""
    return ReviewDesk(LiveReview(reviewed))
