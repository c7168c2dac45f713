"""Resampling of plain arrays: bilinear means that respect missing data, and nearest neighbours.

Every target pixel is computed from its own position alone, so a window of a large grid has exactly the values of the
large grid. GDAL's warper is not used because its approximated coordinates and its kernel depend on the extent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def nearest(
    values: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the values of the pixels that positions fall into.

    Parameters
    ----------
    values
        (bands, h, w).
    rows, columns
        Positions in pixels, of any one shape; the centre of the first pixel is at (0, 0).

    Returns
    -------
    (bands, *shape of rows) float32; NaN where a position is outside the array.
    """
    height, width = values.shape[1:]
    i, j = np.floor(rows + 0.5), np.floor(columns + 0.5)
    inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
    out = np.full((len(values), *rows.shape), np.nan, dtype=np.float32)
    out[:, inside] = values[:, i[inside].astype(np.intp), j[inside].astype(np.intp)]
    return out


def bilinear(
    values: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return bilinear means of the valid pixels around positions.

    A position is valid where the pixel around it is valid, so that gaps neither shrink nor grow. Where
    some of the four neighbours are missing, the weights of the others are raised to sum to one.

    Parameters and shapes are those of `nearest`.
    """
    from scipy.ndimage import map_coordinates  # slow to import, and of no use where pixels coincide

    out = nearest(values, rows, columns)
    positions = np.stack([rows, columns])
    for band, layer in enumerate(values):
        valid = np.isfinite(layer)
        wanted = np.isfinite(out[band])
        if not wanted.any():
            continue
        some = positions[:, wanted]
        means = map_coordinates(np.where(valid, layer, 0), some, output=np.float64, order=1, mode="nearest")
        if not valid.all():
            means /= map_coordinates(valid.astype(np.float32), some, output=np.float64, order=1, mode="nearest")
        out[band, wanted] = means
    return out


ROWS_AT_ONCE = 256
"""Target rows that `bilinear_along_axes` fills at a time; bounds its memory."""


def nearest_along_axes(
    values: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return what `nearest` gives for all pairs of a row and a column, without a position for each.

    Parameters
    ----------
    values
        (bands, h, w).
    rows, columns
        Positions along each axis [pixels], 1-D.

    Returns
    -------
    (bands, rows, columns) float32.
    """
    i, j = (np.floor(positions + 0.5).astype(np.intp) for positions in (rows, columns))
    is_row, is_column = (i >= 0) & (i < values.shape[1]), (j >= 0) & (j < values.shape[2])
    out = np.full((len(values), len(i), len(j)), np.nan, dtype=np.float32)
    inside = np.ix_(np.arange(len(values)), is_row.nonzero()[0], is_column.nonzero()[0])
    out[inside] = values[:, i[is_row]][:, :, j[is_column]]
    return out


def bilinear_along_axes(
    values: NDArray[np.float32], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return what `bilinear` gives for all pairs of a row and a column, ten times as fast.

    Parameters and shapes are those of `nearest_along_axes`.
    """
    out = np.empty((len(values), len(rows), len(columns)), dtype=np.float32)
    along_columns = _Neighbours.of(columns, values.shape[2])
    for layer, target in zip(values, out, strict=True):
        valid = np.isfinite(layer)
        is_whole = bool(valid.all())
        known = layer if is_whole else np.where(valid, layer, np.float32(0))
        weight = valid.astype(np.float32)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            along_rows = _Neighbours.of(rows[part], values.shape[1])
            means = along_columns.mean(along_rows.mean(known, 0), 1)
            if not is_whole:
                with np.errstate(divide="ignore", invalid="ignore"):
                    means /= along_columns.mean(along_rows.mean(weight, 0), 1)
            target[part] = means
        inside = nearest_along_axes(layer[np.newaxis], rows, columns)[0] if not is_whole else None
        if inside is not None:
            target[np.isnan(inside)] = np.nan
        target[~_within(rows, values.shape[1])] = np.nan
        target[:, ~_within(columns, values.shape[2])] = np.nan
    return out


@dataclass(frozen=True)
class _Neighbours:
    """The two pixels around each position along an axis, and the share of the second."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: NDArray[np.float32]

    @classmethod
    def of(cls, positions: NDArray[np.float64], length: int) -> _Neighbours:
        clipped = np.clip(positions, 0, length - 1)
        first = np.floor(clipped).astype(np.intp)
        return cls(first, np.minimum(first + 1, length - 1), (clipped - first).astype(np.float32))

    def mean(self, values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
        share = self.share[:, np.newaxis] if axis == 0 else self.share
        low = values.take(self.first, axis)
        step = values.take(self.second, axis)
        step -= low
        step *= share
        low += step
        return low


def _within(positions: NDArray[np.float64], length: int) -> NDArray[np.bool_]:
    """Return the positions that fall into a pixel."""
    nearest_pixel = np.floor(positions + 0.5)
    inside: NDArray[np.bool_] = (nearest_pixel >= 0) & (nearest_pixel < length)
    return inside


def mean_of_samples(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average over the last axis; NaN where fewer than half of the samples are valid."""
    valid = np.isfinite(samples)
    count = valid.sum(axis=-1)
    total = np.where(valid, samples, 0).sum(axis=-1, dtype=np.float64)
    enough = 2 * count >= samples.shape[-1]
    return np.where(enough, total / np.maximum(count, 1), np.nan).astype(np.float32)


def block_mean(values: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Average square blocks of (bands, h, w), whose sides are multiples of `block`, as `mean_of_samples` does."""
    bands, height, width = values.shape
    blocks = values.reshape(bands, height // block, block, width // block, block).swapaxes(2, 3)
    return mean_of_samples(blocks.reshape(bands, height // block, width // block, block * block))
