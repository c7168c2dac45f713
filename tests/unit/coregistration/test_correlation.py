"""Shifts of images are found to a fraction of a pixel, with errors that cover them, and none is made up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import fft, ndimage

from trimline.coregistration.combining import Combined, combined
from trimline.coregistration.correlation import Pair, correlated, directions, filled

SIDE, MARGIN = 48, 12
Image = NDArray[np.float32]


def ground(seed: int, side: int = 4 * SIDE + 2 * MARGIN) -> Image:
    """Return a random image with the spectrum of mountains, mean 0 and standard deviation 1, smooth at a pixel."""
    generator = np.random.default_rng(seed)
    frequency = np.hypot(fft.fftfreq(side)[:, None], fft.fftfreq(side))
    frequency[0, 0] = np.inf
    spectrum = fft.fft2(generator.standard_normal((side, side))) * frequency**-1.3
    image = ndimage.gaussian_filter(fft.ifft2(spectrum).real, 0.6, mode="wrap")
    return np.asarray((image - image.mean()) / image.std(), np.float32)


def shifted(image: Image, rows: float, columns: float) -> Image:
    """Return an image moved down and right by parts of pixels, exactly, in the frequency domain."""
    moved: Image = fft.ifft2(ndimage.fourier_shift(fft.fft2(image), (rows, columns))).real.astype(np.float32)
    return moved


def pairs(first: Image, second: Image, valid: NDArray[np.bool_] | None = None) -> list[Pair]:
    """Return all windows of two images; `valid` says where both count."""
    known = np.ones(first.shape, np.bool_) if valid is None else valid
    found = []
    for row in range(MARGIN, first.shape[0] - SIDE - MARGIN + 1, SIDE):
        for column in range(MARGIN, first.shape[1] - SIDE - MARGIN + 1, SIDE):
            inner = np.s_[row : row + SIDE, column : column + SIDE]
            outer = np.s_[row - MARGIN : row + SIDE + MARGIN, column - MARGIN : column + SIDE + MARGIN]
            found.append(
                Pair(
                    filled(first[inner], known[inner]), known[inner], filled(second[outer], known[outer]), known[outer]
                )
            )
    return found


def noisy(image: Image, seed: int, amount: float) -> Image:
    return image + amount * np.random.default_rng(seed).standard_normal(image.shape).astype(np.float32)


@settings(max_examples=8, deadline=None)
@given(rows=st.floats(-8, 8), columns=st.floats(-8, 8))
def test_any_shift_is_found_within_a_fortieth_of_a_pixel(rows: float, columns: float) -> None:
    image = ground(1)
    found = combined(pairs(image, shifted(image, rows, columns)))
    assert isinstance(found, Combined)
    assert (found.rows, found.columns) == pytest.approx((rows, columns), abs=0.025)
    assert found.windows == found.of == 16


def test_brightness_and_contrast_do_not_matter() -> None:
    image = ground(2)
    there = shifted(image, 1.3, -0.4)
    plain, other = combined(pairs(image, there)), combined(pairs(1000 + 70 * image, 3 - there * -0.02))
    assert isinstance(plain, Combined)
    assert isinstance(other, Combined)
    assert (plain.rows, plain.columns) == pytest.approx((other.rows, other.columns), abs=0.002)


def test_a_mask_at_the_same_place_in_both_does_not_draw_the_shift_to_zero() -> None:
    image = ground(3)
    there = shifted(image, 2.0, 1.0)
    holes = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(image.shape), 4) > 0.03
    bright = np.where(holes, np.float32(50.0), 0)  # what is masked stands out, and stays where it is
    found = combined(pairs(image + bright, there + bright, ~holes))
    assert 0.1 < holes.mean() < 0.4
    assert isinstance(found, Combined)
    assert (found.rows, found.columns) == pytest.approx((2.0, 1.0), abs=0.05)


def test_errors_cover_what_is_off_in_nineteen_of_twenty() -> None:
    generator, off, errors = np.random.default_rng(7), [], []
    for seed in range(16):
        image, rows, columns = ground(seed), *generator.uniform(-3, 3, 2)
        changed = shifted(image, rows, columns) + 0.7 * ground(1000 + seed)  # other snow, shade and vegetation
        found = combined(pairs(noisy(image, seed, 0.3), noisy(changed, seed + 500, 0.3)))
        assert isinstance(found, Combined)
        off += [abs(found.rows - rows), abs(found.columns - columns)]
        errors += [found.error, found.error]
    assert np.mean(np.array(off) <= 1.96 * np.array(errors)) >= 0.9
    assert np.median(errors) < 0.15, "and they are not so wide that they say nothing"


def test_windows_that_moved_by_themselves_are_left_out() -> None:
    image = ground(5)
    there = shifted(image, 0.5, 0.25)
    slid = shifted(image, 2.0, -1.0)
    there[: MARGIN + SIDE] = slid[: MARGIN + SIDE]  # a row of windows lies on ice that flows, unmasked
    found = combined(pairs(image, there))
    assert isinstance(found, Combined)
    assert (found.rows, found.columns) == pytest.approx((0.5, 0.25), abs=0.04)
    assert found.windows <= 13


@pytest.mark.parametrize("seed", range(6))
def test_other_ground_gives_no_number(seed: int) -> None:
    found = combined(pairs(ground(10 + seed), ground(40 + seed)))
    assert isinstance(found, str)
    assert "found again" in found or "agree" in found


def test_flat_ground_gives_no_number() -> None:
    flat = np.full((4 * SIDE + 2 * MARGIN,) * 2, 7.0, np.float32)
    assert isinstance(combined(pairs(flat, flat)), str)
    assert isinstance(combined(pairs(noisy(flat, 1, 1.0), noisy(flat, 2, 1.0))), str)


def test_a_shift_beyond_the_margin_gives_no_number() -> None:
    image = ground(6)
    assert isinstance(combined(pairs(image, shifted(image, MARGIN + 6, 0))), str)


def test_too_few_windows_give_no_number() -> None:
    image = ground(8)
    found = combined(pairs(image, image)[:3])
    assert found == "only 3 windows have enough stable ground that both show, and 4 are needed"


def test_directions_point_up_the_slope_and_are_0_where_nothing_counts() -> None:
    valid = np.ones((20, 20), np.bool_)
    valid[:, 12:] = False
    east, known = directions(np.tile(np.arange(20, dtype=np.float32), (20, 1)), valid)
    assert not known[:, 9:].any()
    assert known[:, :9].all()
    assert np.allclose(np.angle(east[5:15, 3:8]), 0, atol=1e-3)
    assert not east[:, 12:].any()
    south, _ = directions(np.tile(np.arange(20, dtype=np.float32)[:, None], (1, 20)), np.ones_like(valid))
    assert np.allclose(np.angle(south[5:15, 5:15]), np.pi / 2, atol=1e-3)


def test_the_height_of_a_peak_is_1_where_all_directions_agree() -> None:
    image = ground(9)
    (each, *_) = pairs(image, image)
    place, height = correlated(each).fine_peak((0.0, 0.0))
    assert place == pytest.approx((0.0, 0.0), abs=0.05)
    assert height == pytest.approx(1.0, abs=0.02)
