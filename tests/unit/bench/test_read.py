"""The tile that reading is measured on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trimline.bench import jpeg2000_tile


def test_both_contenders_read_the_same_numbers(tmp_path: Path) -> None:
    scene = jpeg2000_tile.write_tile(tmp_path / "tile", 1280)
    decoded = jpeg2000_tile.decode(scene)
    numbers = scene.read(jpeg2000_tile.BANDS, units="dn").to_numpy()
    assert [band.shape for band in decoded] == [(1280, 1280)] * 4 + [(640, 640)] * 2
    np.testing.assert_array_equal(numbers[:4], decoded[:4])
    inner = numbers[4, 1:-1, 1:-1].reshape(639, 2, 639, 2).mean(axis=(1, 3))
    corners = decoded[4].astype(np.float64)
    expected = (corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:] + corners[1:, 1:]) / 4
    np.testing.assert_allclose(inner, expected, atol=0.01)


def test_it_compresses_as_a_real_tile_does(tmp_path: Path) -> None:
    scene = jpeg2000_tile.write_tile(tmp_path / "tile", 512)
    size = Path(scene.assets["blue"].href).stat().st_size
    assert size * 8 / 512**2 == pytest.approx(8, abs=2)
