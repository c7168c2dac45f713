"""The four cells of the confusion matrix as classes of a raster."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimline.evaluation.confusion import Confusion, require_one_shape


class Error(IntEnum):
    """Class of a pixel: map against truth."""

    GROUND = 0
    """Ground mapped as ground."""
    HIT = 1
    """Ice mapped as ice."""
    FALSE = 2
    """Ground mapped as ice."""
    MISSED = 3
    """Ice mapped as ground."""
    UNKNOWN = 255
    """Not scored."""


def classify(truth: NDArray[Any], mapped: NDArray[Any], valid: NDArray[Any] | None = None) -> NDArray[np.uint8]:
    """Return the class of every pixel.

    Parameters
    ----------
    truth, mapped
        (h, w); what is not 0 is ice.
    valid
        (h, w), or None for all: pixels where it is 0 are `Error.UNKNOWN`.

    Returns
    -------
    NDArray[np.uint8]
        (h, w) values of `Error`.

    Raises
    ------
    GridError
        The shapes differ.
    """
    require_one_shape(truth=truth, mapped=mapped, valid=valid)
    true, ice = truth.astype(bool), mapped.astype(bool)
    classes = np.full(true.shape, Error.GROUND, np.uint8)
    classes[true & ice] = Error.HIT
    classes[ice & ~true] = Error.FALSE
    classes[true & ~ice] = Error.MISSED
    if valid is not None:
        classes[~valid.astype(bool)] = Error.UNKNOWN
    return classes


def is_ice(classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where the truth is ice, among the scored pixels."""
    return np.isin(classes, (Error.HIT, Error.MISSED))


def is_mapped(classes: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where ice is mapped, among the scored pixels."""
    return np.isin(classes, (Error.HIT, Error.FALSE))


def confusion_of_classes(classes: NDArray[np.uint8]) -> Confusion:
    """Return the counts of the four classes."""
    return Confusion.from_masks(is_ice(classes), is_mapped(classes), classes != Error.UNKNOWN)
