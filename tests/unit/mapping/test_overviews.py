"""Overviews hold means of the pixels with data, whatever the sides of the raster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from trimline.mapping import overviews
from trimline.mapping.overviews import halve_file, halved, sides_of_overviews

rasters = st.sampled_from([np.uint8, np.uint16]).flatmap(
    lambda dtype: arrays(
        dtype,
        array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.sampled_from([0, 1, 2, 200, np.iinfo(dtype).max]),
    )
)


@given(rasters)
def test_each_pixel_is_the_mean_of_what_is_known_below_it(values: NDArray[Any]) -> None:
    nodata = np.iinfo(values.dtype).max
    smaller = halved(values, nodata)
    assert smaller.dtype == values.dtype
    assert smaller.shape == tuple(-(-side // 2) for side in values.shape)
    for (row, column), found in np.ndenumerate(smaller):
        square = values[2 * row : 2 * row + 2, 2 * column : 2 * column + 2].astype(int)
        known = square[square != nodata]
        assert found == (np.floor(known.mean() + 0.5) if known.size else nodata)


def test_an_overview_of_a_mask_is_ice_where_half_of_it_is() -> None:
    mask = np.array([[1, 1, 1, 0], [0, 0, 0, 0]], np.uint8)
    assert halved(mask, 255).tolist() == [[1, 0]]


def test_overviews_end_where_one_fits_a_block() -> None:
    assert sides_of_overviews((4096, 1500), 512) == [(2048, 750), (1024, 375), (512, 188)]
    assert sides_of_overviews((512, 400), 512) == []


def test_a_file_is_halved_like_its_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overviews, "_ROWS_AT_A_TIME", 4)
    values = np.random.default_rng(0).integers(0, 65536, (11, 7)).astype("<u2")
    values.tofile(tmp_path / "raster")
    halve_file(tmp_path / "raster", tmp_path / "smaller", values.shape, values.dtype, 65535)
    assert np.fromfile(tmp_path / "smaller", "<u2").reshape(6, 4).tolist() == halved(values, 65535).tolist()
