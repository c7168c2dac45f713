"""Types and largest values of the networks' arguments, checked before a layer is made.

Arguments come from project files and from the metadata of weights, which may ask for a billion layers. Here
are the types and the largest values; the networks themselves say which values make sense, and which go together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from trimline.errors import NetworkError

MOST_CHANNELS = 8192
"""Channels of one layer, bands and classes among them."""

MOST_LEVELS = 8
"""Levels of an encoder; at the last one a tile has shrunk 256 times."""

MOST_LAYERS = 64
"""Convolutions of one level."""

_FARTHEST = 1024
"""Pixels that one layer may look away."""


def _whole(most: int) -> tuple[str, Callable[[Any], bool]]:
    return (
        f"a whole number of at most {most}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) <= most,
    )


def _several(most: int, largest: int) -> tuple[str, Callable[[Any], bool]]:
    one, fits = _whole(largest)
    return (
        f"a list of at most {most} values, each {one}",
        lambda value: isinstance(value, list | tuple) and len(value) <= most and all(map(fits, value)),
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_BOUNDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "widths": _several(MOST_LEVELS, MOST_CHANNELS),
        "dilations": _several(MOST_LEVELS, _FARTHEST),
        "middle": _whole(MOST_CHANNELS),
        "convolutions": _whole(MOST_LAYERS),
        "heads": _whole(MOST_LEVELS),
        "depth": _whole(MOST_LEVELS),
        "reduction": _whole(MOST_CHANNELS),
        "offset_limit": _whole(_FARTHEST),
        "red": _whole(MOST_CHANNELS),
        "swir1": _whole(MOST_CHANNELS),
        "blue": _whole(MOST_CHANNELS),
        "opening": _whole(_FARTHEST),
        "closing": _whole(_FARTHEST),
        "threshold": ("a finite number", _number),
        "blue_threshold": ("a finite number", _number),
        "batch_norm": ("true or false", lambda value: isinstance(value, bool)),
        "mixed": ("true or false", lambda value: isinstance(value, bool)),
        "modulated": ("true or false", lambda value: isinstance(value, bool)),
        "order": ("a word", lambda value: isinstance(value, str)),
    }
)
"""Per argument what it must be, in words, and whether a value is that."""


def check_bounds(arguments: Mapping[str, Any], optional: Mapping[str, Any]) -> None:
    """Refuse values that no network can be built with.

    Parameters
    ----------
    arguments
        The arguments of a network, by name; all are known.
    optional
        Their defaults: an argument may be None where that is its default.

    Raises
    ------
    NetworkError
        A value has the wrong type, or lies beyond its bounds.
    """
    for name, value in arguments.items():
        if value is None and optional.get(name, 0) is None:
            continue
        needed, fits = _BOUNDS[name]
        if not fits(value):
            raise NetworkError(f"{name} must be {needed}, not {value!r}"[:200])
