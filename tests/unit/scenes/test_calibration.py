"""Digital numbers become physical values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.errors import BandError
from trimline.scenes import BrightnessTemperature, Linear, NoCalibration


def test_linear_is_scale_times_number_plus_offset() -> None:
    reflectance = Linear(2.75e-5, -0.2)(np.array([0, 10_000, np.nan], dtype=np.float32))
    assert reflectance.dtype == np.float32
    np.testing.assert_allclose(reflectance, [-0.2, 0.075, np.nan], rtol=1e-6)


@given(st.floats(180, 340))
def test_brightness_temperature_inverts_the_radiance_of_a_temperature(kelvin: float) -> None:
    calibration = BrightnessTemperature(gain=0.00033420, bias=0.1, k1=774.8853, k2=1321.0789)
    radiance = calibration.k1 / (np.exp(calibration.k2 / kelvin) - 1)
    number = np.array([(radiance - calibration.bias) / calibration.gain], dtype=np.float32)
    assert calibration(number)[0] == pytest.approx(kelvin, rel=1e-5)


def test_radiance_that_is_not_positive_has_no_temperature() -> None:
    calibration = BrightnessTemperature(gain=0.055, bias=-0.5, k1=607.76, k2=1260.56)
    assert np.isnan(calibration(np.array([0, 5, np.nan], dtype=np.float32))).all()


def test_an_unknown_calibration_says_what_is_missing() -> None:
    with pytest.raises(BandError, match=r"nobody said\nask"):
        NoCalibration("nobody said", "ask")(np.zeros(1, dtype=np.float32))
