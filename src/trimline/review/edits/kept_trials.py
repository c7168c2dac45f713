"""Trials of unsaved drafts, kept so that each further stroke costs one stroke and not all before it."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trimline.outlines import Replayed
from trimline.review.contract import Draft
from trimline.review.edits.drafts import OutlineIn, strokes_of
from trimline.review.edits.trial import AsKept, Stamp, Trial, begun_trial, require_own_ids

_MOST_KEPT = 24
"""Trials that are kept: some steps of undo of some browsers."""

_Key = tuple[str, int, str]
"""Period, version of the review, and digest of the drafts."""


class KeptTrials:
    """Trials by the drafts that they tried; safe to use from many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, Trial] = OrderedDict()
        self._lock = threading.Lock()

    def tried(
        self,
        base: Replayed,
        version: int,
        drafts: Sequence[Draft],
        outline_in: OutlineIn,
        bounds: NDArray[np.float64],
        as_kept: AsKept = dict,
    ) -> Trial:
        """Return the trial of drafts, see `trimline.review.edits.trial.try_drafts`; who gets it must not change it.

        Parameters
        ----------
        base
            The outlines of the period.
        version
            Raised with every change of any period: drafts may copy from others.
        drafts
            In their order.
        outline_in, bounds, as_kept
            As in `trimline.review.edits.trial.try_drafts`.
        """
        require_own_ids(drafts)
        strokes = list(strokes_of(drafts))
        keys = _keys(base.period, version, strokes)
        stamp = Stamp(base.period)
        done, trial = self._longest(keys)
        trial = begun_trial(base, as_kept) if trial is None else trial
        for stroke, key in zip(strokes[done:], keys[done:], strict=True):
            trial = trial.copy()
            trial.draw(stroke, stamp, outline_in, bounds)
            self._keep(key, trial)
        return trial

    def _longest(self, keys: Sequence[_Key]) -> tuple[int, Trial | None]:
        """Return the number of strokes of the longest trial that is kept, and the trial."""
        with self._lock:
            for done in range(len(keys), 0, -1):
                found = self._kept.get(keys[done - 1])
                if found is not None:
                    self._kept.move_to_end(keys[done - 1])
                    return done, found
        return 0, None

    def _keep(self, key: _Key, trial: Trial) -> None:
        with self._lock:
            self._kept[key] = trial
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)


def _keys(period: str, version: int, strokes: Sequence[tuple[Draft, ...]]) -> list[_Key]:
    """Return a key for each number of strokes."""
    digest, keys = hashlib.sha256(), []
    for stroke in strokes:
        for draft in stroke:
            digest.update(draft.model_dump_json().encode())
        digest.update(b"\n")
        keys.append((period, version, digest.hexdigest()))
    return keys
