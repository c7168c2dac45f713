"""The scenes of a review as pictures: looked at in the background, served as they are, or copied once when asked for.

What was found of a scene is kept in ``review/pictures.json`` and holds while its files are as they were, so that a
review of many scenes opens at once. One copy is made at a time, and copies of scenes that have changed are removed.
"""

from __future__ import annotations

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from trimline.errors import ProductError, TrimlineError
from trimline.file_identity import digest
from trimline.files import made_folder, write_json
from trimline.own_files import own_json
from trimline.own_place import is_own, require_own
from trimline.review.contract import Band, Picture
from trimline.review.opened.extent import extent_of
from trimline.review.opened.reviewed import Reviewed, ReviewedScene
from trimline.review.pictures.described_picture import Described, as_described, described, files_of
from trimline.review.pictures.prepared_picture import Stopped, Surroundings, prepare_picture, prepared_picture
from trimline.review.pictures.rasters import Rasters
from trimline.study.one_map import REVIEW

_LOG = logging.getLogger(__name__)

KNOWN, COPIES = "pictures.json", "pictures"
"""In the folder of the review: what is known of the scenes, and their copies."""
_VERSION = 1
"""Raised when scenes are described or copied in another way."""
_OPENED = "the scene is being opened"
PATIENCE_S = 0.25
"""Time that an answer waits for scenes to be opened [s]: those that are known are, and nobody waits long for others."""
_LOOKING = 3
"""Scenes that are opened at a time."""
_COPY = re.compile(r"[0-9a-f]{24}")
"""Name of a copy: the beginning of a digest of what it was made from."""


class Pictures:
    """The pictures of a review; threads may use them at the same time.

    Parameters
    ----------
    reviewed
        What is reviewed.
    rasters
        Gets the files of the pictures.
    changed
        Called with every picture whose state changes, in a thread of its own.
    """

    def __init__(
        self, reviewed: Reviewed, rasters: Rasters, changed: Callable[[Picture], object] = lambda _: None
    ) -> None:
        self._scenes = {each.id: each for each in reviewed.scenes}
        self._output, self._folder = reviewed.output, reviewed.output / REVIEW
        self._rasters = rasters
        self._changed = changed
        self._lock = threading.Condition()
        self._stopped = threading.Event()
        self._around = surroundings_of(reviewed)
        self._known = self._read_known()
        self._copies: dict[str, str] = {}
        self._pictures = {each.id: _unopened(each) for each in reviewed.scenes}
        self._left = set(self._scenes)
        self._preparing = ThreadPoolExecutor(1, "trimline-copy")
        self._looking = ThreadPoolExecutor(_LOOKING, "trimline-scene")
        # References of the last period are what is looked at first.
        latest = list(reversed(reviewed.scenes))
        for each in sorted(latest, key=lambda scene: not scene.reference):
            self._looking.submit(self._look_at, each)

    def all(self, wait_s: float = PATIENCE_S) -> tuple[Picture, ...]:
        """Return all pictures in the order of the scenes.

        Parameters
        ----------
        wait_s
            How long to wait until all scenes have been opened [s]; those that have not are `preparing`.
        """
        end = time.monotonic() + wait_s
        with self._lock:
            while self._left and (rest := end - time.monotonic()) > 0 and not self._stopped.is_set():
                self._lock.wait(rest)
            return tuple(self._pictures.values())

    def prepare(self, scene_id: str) -> Picture:
        """Begin to make the copy of a scene, unless it is ready or under way, and return its picture.

        Raises
        ------
        ProductError
            There is no such scene.
        """
        scene = self._scenes.get(scene_id)
        if scene is None:
            raise ProductError(f"the review has no scene '{scene_id}'", remedy="reload the page")
        with self._lock:
            picture = self._pictures[scene_id]
            if picture.state in ("ready", "preparing") or self._stopped.is_set():
                return picture
            is_lost = picture.state == "failed" and scene_id not in self._copies
            picture = self._set(picture, state="preparing", why=_OPENED if is_lost else "its copy is waiting its turn")
            if is_lost:  # it could not be opened, and may be there again
                self._left.add(scene_id)
                self._looking.submit(self._look_at, scene)
            else:
                self._preparing.submit(self._prepare, scene)
        return picture

    def close(self) -> None:
        """End what is done in the background; a copy that is not finished is given up."""
        self._stopped.set()
        with self._lock:
            self._lock.notify_all()
        self._looking.shutdown(cancel_futures=True)
        self._preparing.shutdown(cancel_futures=True)

    def _look_at(self, scene: ReviewedScene) -> None:
        """Describe one scene, from what is known of it or by opening it."""
        if self._stopped.is_set():
            return
        picture = self._pictures[scene.id]
        try:
            identity, facts = self._described(scene)
            name = self._copies[scene.id] = digest([_VERSION, identity])[:24]
            folder = self._folder / COPIES / name
            is_copied = facts.why is not None and is_own(folder, self._output)
            copy = prepared_picture(folder, self._around) if is_copied else None
            picture = self._shown(scene, copy or facts)
        except Exception as error:  # one scene that cannot be shown must not cost the others
            _log(scene, error)
            picture = picture.model_copy(update={"state": "failed", "why": _words(error)})
        with self._lock:
            self._pictures[scene.id] = picture
            self._left.discard(scene.id)
            is_last = not self._left
            self._lock.notify_all()
        self._changed(picture)
        if is_last and not self._stopped.is_set():
            self._tidy()

    def _described(self, scene: ReviewedScene) -> tuple[str, Described]:
        """Return the identity of a scene and what it is; it is opened only where that is not known."""
        identity = scene.identity() if scene.identity is not None else None
        known = self._known.get(scene.id)
        if identity is not None and known is not None and known.get("identity") == identity:
            facts = as_described(known.get("picture", {}))
            # A record may have been changed by anybody: which files are served, only the scene says.
            if facts is not None and (facts.why is not None or facts.files == files_of(scene.open())):
                return identity, facts
        opened = scene.open()
        identity = opened.identity if identity is None else identity
        facts = described(opened)
        self._known[scene.id] = {"identity": identity, "picture": facts.model_dump(mode="json")}
        return identity, facts

    def _prepare(self, scene: ReviewedScene) -> None:
        """Make the copy of a scene."""

        def report(text: str) -> None:
            with self._lock:
                picture = self._set(self._pictures[scene.id], why=text)
            self._changed(picture)

        folder = self._folder / COPIES / self._copies[scene.id]
        try:
            if self._stopped.is_set():
                raise Stopped
            report(_OPENED)
            require_own(folder, self._output)
            facts = prepare_picture(scene.open(), folder, self._around, stopped=self._stopped.is_set, report=report)
            picture = self._shown(scene, facts)
        except Stopped:
            return
        except Exception as error:  # a bug met on one scene must not end the copying of others
            _log(scene, error)
            picture = self._pictures[scene.id].model_copy(update={"state": "failed", "why": _words(error)})
        with self._lock:
            self._pictures[scene.id] = picture
        self._changed(picture)

    def _shown(self, scene: ReviewedScene, facts: Described) -> Picture:
        """Return a scene as the page shows it."""
        is_ready = facts.why is None
        sources = [self._rasters.address_of(Path(each)) for each in facts.files] if is_ready else []
        date = facts.date or scene.date
        cloud = scene.cloud_cover if scene.cloud_cover is not None else facts.cloud_cover
        return Picture(
            id=scene.id,
            title=_title(scene, date, facts.sensor),
            date=date,
            sensor=facts.sensor,
            periods=scene.periods,
            reference=scene.reference,
            cloud_cover=cloud,
            state="ready" if is_ready else "to be prepared",
            why=facts.why,
            crs=facts.crs,
            proj4=facts.proj4,
            extent=facts.extent,
            sources=tuple(sources),
            bands=tuple(Band(source=each.file, **each.model_dump(exclude={"file"})) for each in facts.bands),
            combinations=facts.combinations,
        )

    def _set(self, picture: Picture, **changes: Any) -> Picture:
        """Replace a picture; the lock is held."""
        self._pictures[picture.id] = picture.model_copy(update=changes)
        return self._pictures[picture.id]

    def _read_known(self) -> dict[str, dict[str, Any]]:
        path = self._folder / KNOWN
        if not path.is_file() or not is_own(path, self._output):
            return {}
        try:
            content = own_json(path)
        except TrimlineError as error:
            _LOG.info("%s; it is made again", error)
            return {}
        if not isinstance(content, dict) or content.get("version") != _VERSION:
            return {}
        scenes = content.get("scenes")
        known = scenes.items() if isinstance(scenes, dict) else ()
        return {key: value for key, value in known if isinstance(value, dict)}

    def _tidy(self) -> None:
        """Keep what is known of the scenes, and remove copies of scenes that are others now."""
        scenes = {key: value for key, value in self._known.items() if key in self._scenes}
        try:
            made_folder(require_own(self._folder, self._output))
            write_json(self._folder / KNOWN, {"version": _VERSION, "scenes": scenes})
        except TrimlineError as error:
            _LOG.warning("%s: what is known of the scenes is not kept", error)
        with self._lock:
            valid, are_all_known = set(self._copies.values()), len(self._copies) == len(self._scenes)
        copies = self._folder / COPIES
        if not are_all_known or not copies.is_dir():  # that of a scene on a disk that is away is worth keeping
            return
        if not is_own(copies, self._output):
            _LOG.warning("%s is reached through a link: what lies there is left as it is", copies)
            return
        for each in copies.iterdir():
            if _COPY.fullmatch(each.name) and each.name not in valid:
                _LOG.info("%s: the copy of a scene that has changed is removed", each)
                shutil.rmtree(each, ignore_errors=True)


def surroundings_of(reviewed: Reviewed) -> Surroundings | None:
    """Return the ground of the outlines of all periods, or of the maps where no glacier was mapped.

    None where there are neither.

    Raises
    ------
    OutlineError
        No file of outlines can be read.
    """
    found = extent_of(reviewed)
    return None if found is None else Surroundings(found, reviewed.crs)


def _unopened(scene: ReviewedScene) -> Picture:
    sensor = scene.sensor or "unknown"
    return Picture(
        id=scene.id,
        title=_title(scene, scene.date, sensor),
        date=scene.date,
        sensor=sensor,
        periods=scene.periods,
        reference=scene.reference,
        cloud_cover=scene.cloud_cover,
        state="preparing",
        why=_OPENED,
        crs=None,
        extent=None,
        sources=(),
        bands=(),
        combinations=(),
    )


def _title(scene: ReviewedScene, date: str | None, sensor: str) -> str:
    """Return the day, the sensor, and the id unless that says both."""
    day = (date or "")[: len("2018-08-23")]
    return ", ".join(each for each in (day, sensor, scene.id) if each and each != "unknown") or scene.id


def _words(error: Exception) -> str:
    if isinstance(error, TrimlineError):
        return error.what if error.remedy is None else f"{error.what}: {error.remedy}"
    return f"a fault of trimline ({type(error).__name__}: {error}); its log has more"


def _log(scene: ReviewedScene, error: Exception) -> None:
    if isinstance(error, TrimlineError):
        _LOG.warning("%s: its image cannot be shown: %s", scene.id, error)
    else:
        _LOG.exception("%s: its image cannot be shown", scene.id)
