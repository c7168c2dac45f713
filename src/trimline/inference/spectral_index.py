"""Spectral indices that map without training: band ratio and NDSI above a threshold, opened and closed.

Both are one ratio of two bands. Ice is bright in the numerator and dark in the short-wave infrared, and
NDSI > t says that green / SWIR1 > (1 + t) / (1 - t). NumPy and SciPy compute them; no weights file and no PyTorch.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from trimline.errors import NetworkError
from trimline.inference.engine import Engine
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import ModelMetadata
from trimline.inference.model import Model
from trimline.networks.ratio_bounds import DARKEST, LOWEST, STRICTLY
from trimline.sensors import Units

Numerator = Literal["red", "nir"]
"""Band that is divided by SWIR1: red (TM3 / TM5), or near infrared (TM4 / TM5), which loses more ice in shadow and
takes less water for ice (Paul and others, 2002, Annals of Glaciology 34, 355-361)."""

RATIO = 2.0
"""Threshold of the ratio unless said otherwise: the middle of the usual 1.5 to 2.5 (Paul and others, 2009, Annals of
Glaciology 50(53), 119-126)."""

NDSI = 0.4
"""Threshold of the NDSI unless said otherwise (Hall and others, 1995, Remote Sensing of Environment 54, 127-140)."""

FILTER = 5
"""Side of the window of the opening and the closing unless said otherwise [pixels] (Chen and others, 2022, figure
3b)."""

_LOGIT_OF_NOTHING = -50.0
"""Stands for a probability of 0; larger numbers overflow in single precision."""


@dataclass(frozen=True)
class _Rule:
    """Two bands, a threshold of their ratio, a threshold of blue, and a filter."""

    numerator: str
    ratio: float
    blue: float | None
    side: int

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands in the order of the channels."""
        return (self.numerator, "swir1", *(() if self.blue is None else ("blue",)))

    def in_words(self, index: str) -> str:
        """Return the rule as text, the index being named as the user gave it."""
        dark = [] if self.blue is None else [f"blue > {self.blue:g}"]
        filtered = f"opened and closed with {self.side} x {self.side} pixels" if self.side > 1 else "not filtered"
        return ", ".join([index, *dark, filtered])


class SpectralIndexEngine(Engine):
    """A ratio of bands computed by NumPy: the same map as the network `band_ratio` gives at the same threshold."""

    def __init__(self, rule: _Rule) -> None:
        super().__init__("numpy", "cpu", "fp32")
        self._rule = rule

    def __call__(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what reads as a probability, (n, 1, h, w): its odds are the filtered ratio by the threshold.

        Pixels whose two bands are both exactly 0 hold no data: they take part in no minimum or maximum.
        """
        return np.stack([self._of_one(image)[np.newaxis] for image in channels])

    def _of_one(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        numerator, swir1 = channels[0], channels[1]
        score = np.log(np.maximum(numerator / np.maximum(swir1, np.float32(DARKEST)), np.float32(LOWEST)))
        if self._rule.blue is not None:
            score[channels[2] <= self._rule.blue] = math.log(LOWEST)
        empty = (numerator == 0) & (swir1 == 0)
        if self._rule.side > 1:
            score = self._opened_and_closed(score, empty)
        edge = np.log(np.float32(self._rule.ratio)) + np.float32(STRICTLY)
        logit = np.where(empty, np.float32(_LOGIT_OF_NOTHING), score - edge)
        probability: NDArray[np.float32] = (1.0 / (1.0 + np.exp(-logit))).astype(np.float32)
        return probability

    def _opened_and_closed(self, score: NDArray[np.float32], empty: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the score after an opening and a closing: flat grey-scale morphology, so that a threshold can wait."""
        from scipy.ndimage import maximum_filter, minimum_filter

        def smallest(of: NDArray[np.float32]) -> Any:
            return minimum_filter(np.where(empty, np.inf, of), self._rule.side, mode="constant", cval=np.inf)

        def largest(of: NDArray[np.float32]) -> Any:
            return maximum_filter(np.where(empty, -np.inf, of), self._rule.side, mode="constant", cval=-np.inf)

        closed: NDArray[np.float32] = smallest(largest(largest(smallest(score)))).astype(np.float32)
        return closed


def ratio_model(
    ratio: float = RATIO,
    *,
    numerator: Numerator = "red",
    blue: float | None = None,
    filter: int = FILTER,  # noqa: A002 - the name of the key in project files
    units: Units = "reflectance",
) -> Model:
    """Return the band ratio as a model to map with; it needs no training.

    Parameters
    ----------
    ratio
        Ice is where red / SWIR1 is larger.
    numerator
        `red`, or `nir` for the near infrared.
    blue
        Ice is where blue is larger, too, in the image's units: removes cast shadow, whose ratio is high. None means
        that blue is not looked at.
    filter
        Side of the window of the opening and closing that remove single pixels and gaps [pixels], odd; 0 means none.
    units
        What it is fed with: reflectance, or the digital numbers of the product.

    Raises
    ------
    NetworkError
        A threshold or the window cannot be.

    Examples
    --------
    >>> import trimline
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> glaciers = trimline.outlines_of(scene, trimline.ratio_model(2.0, blue=0.1))
    """
    if numerator not in get_args(Numerator):
        raise NetworkError(
            f"'{numerator}' / SWIR1 is no ratio for ice",
            where="numerator",
            remedy=f"take {' or '.join(get_args(Numerator))}",
        )
    if not (math.isfinite(ratio) and ratio > 0):
        raise NetworkError(
            f"a ratio of bands is never {ratio:g}", where="ratio", remedy="give a positive number, as 2.0"
        )
    given = {"numerator": numerator, "ratio": ratio, "blue": blue, "filter": filter}
    return _model("band_ratio", _Rule(numerator, ratio, blue, filter), f"{numerator} / swir1 > {ratio:g}", given, units)


def ndsi_model(
    ndsi: float = NDSI,
    *,
    blue: float | None = None,
    filter: int = FILTER,  # noqa: A002 - the name of the key in project files
) -> Model:
    """Return the normalised-difference snow index (green - SWIR1) / (green + SWIR1) as a model to map with.

    Parameters
    ----------
    ndsi
        Ice is where the index is larger.
    blue, filter
        As in `ratio_model`.

    Raises
    ------
    NetworkError
        A threshold or the window cannot be.

    Examples
    --------
    >>> import trimline
    >>> model = trimline.ndsi_model(0.4)
    >>> model.bands
    ('green', 'swir1')
    """
    if not -1 < ndsi < 1:
        raise NetworkError(f"an NDSI is never {ndsi:g}", where="ndsi", remedy="give a number between -1 and 1, as 0.4")
    given = {"ndsi": ndsi, "blue": blue, "filter": filter}
    rule = _Rule("green", (1 + ndsi) / (1 - ndsi), blue, filter)
    return _model("ndsi", rule, f"NDSI > {ndsi:g}", given, "reflectance")


def ratio_threshold(ratio: float, at: float = RATIO) -> float:
    """Return the probability, in the map of `ratio_model` at one ratio, from which on another ratio is exceeded.

    Parameters
    ----------
    ratio
        What is to be exceeded.
    at
        The ratio of the model.
    """
    return ratio / (ratio + at)


def _model(name: str, rule: _Rule, index: str, given: dict[str, Any], units: Units) -> Model:
    if rule.side < 0 or (rule.side > 1 and rule.side % 2 == 0):
        raise NetworkError(
            f"the window of the filter cannot have {rule.side} pixels on a side",
            where="filter",
            remedy="give an odd number; 0 switches the filter off",
        )
    if rule.blue is not None and not (math.isfinite(rule.blue) and rule.blue > 0):
        raise NetworkError(
            f"the threshold of the blue band cannot be {rule.blue:g}",
            where="blue",
            remedy="give what ice must exceed, as 0.1 of reflectance, or leave it out",
        )
    # An opening and a closing are four windows one after the other.
    halo = 4 * (rule.side // 2)
    metadata = ModelMetadata(
        network=name,
        arguments=given,
        inputs=Inputs(rule.bands, units),
        stride=1,
        receptive_field=2 * halo + 1,
        largest_halo=halo,
        halo=halo,
        data={"rule": rule.in_words(index)},
    )
    decided = json.dumps({"index": name, "units": units, **given}, sort_keys=True)
    return Model(metadata, SpectralIndexEngine(rule), hashlib.sha256(decided.encode()).hexdigest())
