"""Numbers that cannot be reflectance: another scale, missing data that are not declared, tags left over from integers.

Stacks are made by many hands, and what their numbers mean is said by the caller, a sidecar or tags. A look at open time
finds numbers on another scale, on whole blocks spread over the raster. Values of missing data can stand in few pixels;
they are looked for in every window that is read. Agencies' products have calibrations of their own and are not
looked at. Thermal bands hold kelvin: of them only known values of missing data are refused.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimline.errors import ProductError
from trimline.scenes.asset import Asset, open_raster, raster_grid
from trimline.scenes.assets_on_grid import read_assets
from trimline.scenes.calibration import IDENTITY
from trimline.scenes.missing_values import (
    FEW_PIXELS,
    LARGEST,
    LEAST,
    outside,
    refuse_known_values,
    refuse_repeated_values,
    undeclared,
)
from trimline.scenes.sentinel2_offset import BRIGHT_NUMBER, DARK_BANDS, DARK_PERCENTILE

_LOG = logging.getLogger(__name__)

FEW_SHARE = 1e-3
"""Share of a band's pixels that may lie outside the range: glint, noise in shadow, edges of resampling."""
MOSTLY_ONE = 0.9
"""Share of the numbers outside the range from which on one number among them is a value of missing data."""
LEAST_MEDIAN = -0.05
"""Of any band. Atmospheric correction gives single pixels of shadow and water less, and no half of an image."""
DARKEST = 0.01
"""Of the 99th percentile of the brightest band: open water at night sends back more."""
BRIGHT_BANDS = ("coastal", "blue", "green", "red", "nir", "nir08")
"""Bands of which one is never dark all over an image; water and snow can be so in SWIR."""
PERCENT = 130.0
"""Numbers up to here could be percent."""

_ENOUGH = 1 << 20
"""Pixels with data after which the look ends."""
_CHUNK = 1 << 18
"""Pixels that are read at a time, about."""
_MOST_CHUNKS = 48
"""Chunks that are read at most, where most have no data."""
_LEAST_PIXELS = 1000
"""Fewer do not tell the level of an image, unless the numbers as stored look like reflectance."""


@dataclass(frozen=True)
class _Look:
    """Pixels of a stack, spread over the raster."""

    names: tuple[str, ...]
    assets: tuple[Asset, ...]
    numbers: NDArray[np.float32]
    """(bands, pixels) as stored; NaN where there are no data."""

    def of(self, name: str) -> NDArray[np.float32]:
        """Return the numbers with data of a band."""
        numbers: NDArray[np.float32] = self.numbers[self.names.index(name)]
        return numbers[~np.isnan(numbers)]

    def reflectance(self, name: str) -> NDArray[np.float32]:
        """Return the reflectance of a band where it has data."""
        return self.assets[self.names.index(name)].calibration(self.of(name))


def refuse_impossible(
    path: Path, assets: Mapping[str, Asset], *, is_scale_given: bool, may_have_an_offset: bool = False
) -> None:
    """Raise an error where a stack holds what no reflectance can be; warn of numbers that look like missing data.

    An offset of Sentinel-2 that looks left in the numbers is warned of, too.

    Parameters
    ----------
    path
        The raster.
    assets
        Its bands, by common name.
    is_scale_given
        Whether the scale comes from the caller or a sidecar.
    may_have_an_offset
        Whether they are integers of Sentinel-2 as ESA scales them, which carry an offset since baseline 04.00.

    Raises
    ------
    ProductError
        More than a few numbers lie outside [-0.2, 2], or all are as dark as no image, or a value of missing data is
        not declared. The remedy names the option.
    """
    look = _look_at(path, assets)
    refuse_known_values(look.numbers, path)
    bands = [name for name, asset in zip(look.names, look.assets, strict=True) if asset.holds_reflectance]
    for name in bands:
        _check_range(look, name, path, is_scale_given=is_scale_given)
    _check_level(look, bands, path, is_scale_given=is_scale_given)
    refuse_repeated_values(look.numbers, look.assets, path)
    _warn_of_constant(look, bands, path)
    if may_have_an_offset:
        _warn_of_offset(look, path)


def _check_range(look: _Look, name: str, path: Path, *, is_scale_given: bool) -> None:
    """Refuse a band of which more than a few pixels lie outside the range of reflectance."""
    numbers, reflectance = look.of(name), look.reflectance(name)
    beyond = outside(reflectance)
    count = int(beyond.sum())
    if count <= max(FEW_PIXELS, FEW_SHARE * numbers.size):
        return
    values, counts = np.unique(numbers[beyond], return_counts=True)
    if counts.max() >= MOSTLY_ONE * count and count < numbers.size:
        raise undeclared(float(values[counts.argmax()]), int(counts.max()), numbers.size, path)
    low, high = float(reflectance.min()), float(reflectance.max())
    raise ProductError(
        f"the numbers cannot be reflectance: of band {name} {_percent(count / numbers.size)} of the pixels lie outside "
        f"{LEAST:g} to {LARGEST:g}, and all between {low:.4g} and {high:.4g}",
        where=path,
        remedy=_scale_remedy(look.assets[look.names.index(name)], numbers, is_scale_given=is_scale_given),
    )


def _check_level(look: _Look, bands: Sequence[str], path: Path, *, is_scale_given: bool) -> None:
    """Refuse a stack that is darker than any image, as one scaled twice is."""
    seen = {name: look.reflectance(name) for name in bands}
    seen = {name: values for name, values in seen.items() if values.size > FEW_PIXELS}
    if not any(name in BRIGHT_BANDS for name in seen):
        return
    brightest = max(float(np.percentile(values, 99)) for values in seen.values())
    stored = max(float(np.percentile(look.of(name), 99)) for name in seen)
    enough = min(values.size for values in seen.values()) >= _LEAST_PIXELS
    if brightest < DARKEST and (enough or DARKEST < stored <= LARGEST):
        raise ProductError(
            f"the numbers cannot be reflectance: in no band do they pass {brightest:.2g}, darker than water",
            where=path,
            remedy=_level_remedy(look.assets[look.names.index(bands[0])], is_scale_given=is_scale_given),
        )
    for name, values in seen.items():
        median = float(np.median(values))
        if enough and median < LEAST_MEDIAN:
            raise ProductError(
                f"the numbers cannot be reflectance: half of the pixels of band {name} lie below {median:.3g}",
                where=path,
                remedy=_level_remedy(look.assets[look.names.index(name)], is_scale_given=is_scale_given),
            )


def _warn_of_constant(look: _Look, bands: Sequence[str], path: Path) -> None:
    """Warn where many pixels hold one number in all bands, though it could be reflectance, such as 0."""
    if len(bands) < 3:
        return
    numbers = look.numbers[[look.names.index(name) for name in bands]]
    known = ~np.isnan(numbers).any(axis=0)
    alike = numbers[0][known & (numbers == numbers[0]).all(axis=0)]
    if not alike.size:
        return
    values, counts = np.unique(alike, return_counts=True)
    count, total = int(counts.max()), int(known.sum())
    if FEW_PIXELS < count < total and count > FEW_SHARE * total:
        value = float(values[counts.argmax()])
        _LOG.warning(
            "%s: %s of the pixels hold %g in every band, which looks like missing data; "
            "if it is, give --nodata %g (nodata of the scene in a project file or sidecar)",
            path,
            _percent(count / total),
            value,
            value,
        )


def _warn_of_offset(look: _Look, path: Path) -> None:
    """Warn where an offset of 0 was said of numbers that are nowhere dark, as where ESA's offset is in them."""
    names = [name for name in DARK_BANDS if name in look.names][:2]
    bright = bool(names)
    for name in names:
        numbers, asset = look.of(name), look.assets[look.names.index(name)]
        numbers = numbers[numbers > 0]
        bright &= numbers.size >= _LEAST_PIXELS and asset.offset == 0
        bright = bright and float(np.percentile(numbers, DARK_PERCENTILE)) > BRIGHT_NUMBER
    if bright:
        _LOG.warning(
            "%s: hardly a number of %s is below %d: unless the ground is that bright, the numbers carry the offset of "
            "baseline 04.00 and later: give --offset -1000",
            path,
            " and ".join(names),
            BRIGHT_NUMBER,
        )


def _scale_remedy(asset: Asset, numbers: NDArray[np.float32], *, is_scale_given: bool) -> str:
    if asset.calibration != IDENTITY:
        return _level_remedy(asset, is_scale_given=is_scale_given)
    where = "reflectance = (number + offset) x scale; in a project file or sidecar as keys of the same names"
    if float(np.percentile(numbers, 99)) <= PERCENT:
        return f"give --scale 0.01 if they are percent, else the scale that they have: {where}"
    return f"give --scale 0.0001 if they are reflectance x 10 000, and --offset where the product has one: {where}"


def _level_remedy(asset: Asset, *, is_scale_given: bool) -> str:
    if asset.calibration == IDENTITY:
        return "give --scale and --offset: reflectance = (number + offset) x scale; or --nodata, if they mean none"
    source = "" if is_scale_given else ", from the raster's own tags"
    return (
        f"a scale of {asset.scale:g} and an offset of {asset.offset:g} were applied{source}: give --scale 1 --offset 0 "
        "if the numbers are reflectance already, --offset 0 if only the offset is in them, or else the right ones"
    )


def _look_at(path: Path, assets: Mapping[str, Asset]) -> _Look:
    """Read whole blocks in an order that spreads them over the raster, until enough pixels have data."""
    plain = tuple(replace(asset, is_checked=False) for asset in assets.values())
    with open_raster(str(path)) as source:
        grid = raster_grid(source)
        chunks = _chunks(source)
    parts: list[NDArray[np.float32]] = []
    known = 0
    for rows, columns in chunks:
        numbers = read_assets(plain, grid[rows, columns]).reshape(len(plain), -1)
        parts.append(numbers)
        known += int((~np.isnan(numbers)).any(axis=0).sum())
        if known >= _ENOUGH:
            break
    return _Look(tuple(assets), plain, np.concatenate(parts, axis=1))


def _chunks(source: Any) -> list[tuple[slice, slice]]:
    """Return parts of a raster that are made of whole blocks, each followed by one that is far from it."""
    block_rows, block_columns = source.block_shapes[0]
    high = max(1, _CHUNK // (block_rows * block_columns)) * block_rows if block_columns >= source.width else block_rows
    rows = [slice(start, min(start + high, source.height)) for start in range(0, source.height, high)]
    columns = [
        slice(start, min(start + block_columns, source.width)) for start in range(0, source.width, block_columns)
    ]
    every = [(row, column) for row in rows for column in columns]
    return [every[position] for position, _ in zip(_spread(len(every)), range(_MOST_CHUNKS), strict=False)]


def _spread(count: int) -> Iterator[int]:
    """Yield 0 to `count` - 1 in the order of the van der Corput sequence: halves, quarters, eighths."""
    bits = max(1, (count - 1).bit_length())
    for number in range(1 << bits):
        position = int(f"{number:0{bits}b}"[::-1], 2)
        if position < count:
            yield position


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
