"""Resampling of plain arrays: bilinear means that respect missing data, and nearest neighbours.

Every target pixel is computed from its own position alone, so a window of a large grid has exactly the values of the
large grid. GDAL's warper is not used because its approximated coordinates and its kernel depend on the extent.
"""

from __future__ import annotations

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
