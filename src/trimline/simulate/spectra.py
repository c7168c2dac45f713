"""Reflectance of each surface by band, drawn from distributions of real images.

Ice, snow, firn, rock, debris and turbid lakes follow the hand-classed points of `spectra.json` (see `spectral_points`),
at the top of the atmosphere or at the surface. Both levels are drawn, because products of surface reflectance differ
from the top of the atmosphere by more than the air. What the points do not have follows our own round numbers with
the spread of a class that they have: soil and vegetation after the ASTER spectral library (Baldridge and others, 2009,
Remote Sensing of Environment 113, 711-715); clear lakes are our choice, dark.

A few common factors, standard normal fields, become a spectrum in each pixel: the loadings of a band turn them into
one normal score, and the percentiles of the band turn the score into reflectance. Bands are then as correlated as in
the points, and neighbours as the fields are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from trimline.sensors import SENSORS, Band

Level = Literal["toa", "surface"]
"""Reflectance at the top of the atmosphere, or of the surface as products of it have it."""


class Surface(IntEnum):
    """Surface types."""

    ROCK = 0
    SOIL = 1
    VEGETATION = 2
    CLEAR_LAKE = 3
    TURBID_LAKE = 4
    ICE = 5
    FIRN = 6
    SNOW = 7
    DEBRIS = 8
    """Rock debris on ice."""


WET = frozenset({Surface.ICE, Surface.FIRN, Surface.SNOW})
"""Surfaces that are never warmer than the melting point."""

_WAVELENGTHS_UM = (0.40, 0.48, 0.56, 0.66, 0.84, 1.02, 1.25, 1.38, 1.61, 1.80, 2.20, 2.50)
_OWN: Mapping[Surface, tuple[float, ...]] = MappingProxyType(
    {
        Surface.SOIL: (0.07, 0.10, 0.15, 0.21, 0.28, 0.33, 0.36, 0.36, 0.38, 0.37, 0.33, 0.29),
        Surface.VEGETATION: (0.03, 0.04, 0.08, 0.05, 0.38, 0.42, 0.38, 0.25, 0.23, 0.18, 0.11, 0.07),
        Surface.CLEAR_LAKE: (0.07, 0.06, 0.05, 0.03, 0.012, 0.008, 0.005, 0.005, 0.004, 0.004, 0.003, 0.003),
    }
)
"""Median reflectance at the wavelengths above of surfaces that are not among the points."""

_CLASS: Mapping[Surface, tuple[str, float]] = MappingProxyType(
    {
        Surface.ROCK: ("rock", 0.0),
        Surface.SOIL: ("rock", 0.0),
        Surface.VEGETATION: ("rock", 0.0),
        Surface.CLEAR_LAKE: ("water", 0.0),
        Surface.TURBID_LAKE: ("water", 0.0),
        Surface.ICE: ("ice", 0.0),
        Surface.FIRN: ("snow", -0.8),
        Surface.SNOW: ("snow", 0.2),
        Surface.DEBRIS: ("rock or debris", -0.2),
    }
)
"""Class of the points that a surface is drawn from, and the shift of its first factor, brightness: firn is the darker
part of what the points call snow."""

_OWN_SPREAD = 0.6
"""Spread of our own surfaces relative to their class, which holds many kinds of ground."""
_ABSORBED = ("nir09", "cirrus")
"""Bands in which the air absorbs: they stand for themselves alone."""
_LIGHT_MEDIAN, _LIGHT_SPREAD = -0.10, 0.20
"""Median and standard deviation of the logarithm of the light on sunlit glaciers of simulated ranges, relative to level
ground. The points have such a spread too: it is taken off theirs, since the light of the scene adds it."""
LIGHT_TAKEN_OFF = 0.5
"""Share of the logarithm of the light that products of surface reflectance take off for topography: shadowed snow among
the points is 0.45 times as red as sunlit snow there, and 0.2 times at the top of the atmosphere."""
_LEAST_SPREAD = 0.3
"""Least share of a spread that is left."""
_DARKEST = 1e-4


@dataclass(frozen=True)
class _Node:
    """One band of one class of the points."""

    centre_um: float
    percentiles: NDArray[np.float64]
    loadings: NDArray[np.float64]


def band_reflectance(band: Band, level: Level = "toa", path: float = 0.0, transmission: float = 1.0) -> NDArray[Any]:
    """Return the reflectance of every surface without its spread, (surfaces,) by the number of the surface.

    Parameters are those of `drawn`.
    """
    each = np.array([int(surface) for surface in Surface], np.uint8)
    return drawn(each, np.zeros((factor_count(), each.size), np.float32), band, level, path, transmission)


def drawn(
    surface: NDArray[np.uint8],
    factors: NDArray[np.float32],
    band: Band,
    level: Level = "toa",
    path: float = 0.0,
    transmission: float = 1.0,
) -> NDArray[np.float64]:
    """Return the reflectance of the ground in a band.

    Parameters
    ----------
    surface
        `Surface` of each pixel, of any shape.
    factors
        (factors, *shape) standard normal fields, the common factors.
    band
        The band.
    level
        Which distribution to draw from.
    path, transmission
        The air over the points, taken off the distribution at the top of the atmosphere: reflectance there is
        path + transmission x reflectance of level ground.

    Returns
    -------
    Reflectance of each pixel, of the shape of `surface`.
    """
    reflectance = np.zeros(surface.shape)
    for kind in Surface:
        where = surface == kind
        if where.any():
            reflectance[where] = np.exp(_logarithm(kind, factors[:, where], band, level, path, transmission))
    return reflectance


def factor_count() -> int:
    """Return the number of common factors."""
    return len(_nodes("toa", "ice")["red"].loadings)


def real_percentiles(level: Level, kind: str) -> Mapping[str, NDArray[np.float64]]:
    """Return the percentiles of a class of the points, by common band name; see `percentiles`."""
    return {name: node.percentiles for name, node in _nodes(level, kind).items()}


def percentiles() -> tuple[int, ...]:
    """Return the numbers of the percentiles in the table."""
    return tuple(_table()["percentiles"])


def _logarithm(
    kind: Surface, factors: NDArray[np.float32], band: Band, level: Level, path: float, transmission: float
) -> NDArray[np.float64]:
    name, shift = _CLASS[kind]
    moved = factors.astype(np.float64)
    moved[0] += shift
    value, median = np.zeros(factors.shape[1:]), 0.0
    for node, weight in _bracket(band, level, name):
        logarithms = _of_ground(node.percentiles, path, transmission, 1.0 if level == "toa" else 1.0 - LIGHT_TAKEN_OFF)
        score = np.tensordot(node.loadings, moved, 1)
        value += weight * np.interp(score, _scores(), logarithms)
        median += weight * float(np.interp(0.0, _scores(), logarithms))
    if kind in _OWN and not (level == "toa" and band.common in _ABSORBED):
        wavelengths = np.linspace(band.lower_um, band.upper_um, 15)
        own = float(np.interp(wavelengths, _WAVELENGTHS_UM, _OWN[kind]).mean())
        value = np.log(own) + _OWN_SPREAD * (value - median)
    return value


def _of_ground(percentiles: NDArray[np.float64], path: float, transmission: float, light: float) -> NDArray[np.float64]:
    """Return logarithms of reflectance of level ground from percentiles that air and a share of the light changed."""
    logarithms = np.log(np.maximum((percentiles - path) / transmission, _DARKEST))
    median = np.interp(0.0, _scores(), logarithms)
    spread = float(np.interp(1.0, _scores(), logarithms) - np.interp(-1.0, _scores(), logarithms)) / 2
    of_light = light * _LIGHT_SPREAD
    kept = np.sqrt(max(1.0 - (of_light / max(spread, of_light)) ** 2, _LEAST_SPREAD**2))
    narrowed: NDArray[np.float64] = median - light * _LIGHT_MEDIAN + kept * (logarithms - median)
    return narrowed


def _bracket(band: Band, level: Level, name: str) -> list[tuple[_Node, float]]:
    """Return the bands of the points around a band, with their weights."""
    nodes = _nodes(level, name)
    if band.common in _ABSORBED and band.common in nodes:
        return [(nodes[band.common], 1.0)]
    usual = sorted((node for common, node in nodes.items() if common not in _ABSORBED), key=lambda node: node.centre_um)
    centres = [node.centre_um for node in usual]
    position = float(np.interp(band.centre_um, centres, range(len(centres))))
    lower = min(int(position), len(usual) - 2)
    return [(usual[lower], 1.0 - (position - lower)), (usual[lower + 1], position - lower)]


@lru_cache
def _nodes(level: Level, name: str) -> dict[str, _Node]:
    bands = SENSORS["sentinel-2-msi"].by_common_name
    return {
        common: _Node(bands[common].centre_um, np.array(each["percentiles"]), np.array(each["loadings"]))
        for common, each in _table()[level][name]["bands"].items()
    }


@lru_cache
def _scores() -> NDArray[np.float64]:
    scores: NDArray[np.float64] = stats.norm.ppf(np.array(percentiles()) / 100)
    return scores


@lru_cache
def _table() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files(__package__).joinpath("spectra.json").read_text(encoding="utf-8"))
    return content
