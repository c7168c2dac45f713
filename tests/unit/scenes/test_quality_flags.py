"""What each bit of QA_PIXEL and QA_RADSAT says."""

from __future__ import annotations

import numpy as np
import pytest

from trimline.scenes.quality import pixel_flags, saturation_bits, saturation_flags
from trimline.sensors import get_sensor

OLI, TM, ETM, MSS = (get_sensor(f"landsat-{s}") for s in ("8-oli", "5-tm", "7-etm", "5-mss"))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        # Values that USGS lists for Landsat 8-9 in the product guide, LSDS-1619.
        (1, {"fill"}),
        (21824, {"clear"}),
        (21826, {"dilated_cloud", "clear"}),
        (21888, {"water"}),
        (22280, {"cloud"}),
        (23888, {"cloud_shadow", "clear"}),
        (30048, {"snow", "clear"}),
        (54596, {"cirrus", "clear"}),
        (55052, {"cirrus", "cloud"}),
    ],
)
def test_values_of_landsat_8_mean_what_usgs_lists(value: int, told: set[str]) -> None:
    flags = pixel_flags(np.array([value], dtype=np.uint16), OLI)
    assert {name for name, flag in flags.items() if flag[0]} == told


def test_landsat_4_to_7_have_no_cirrus_flag_and_mss_only_fill_and_cloud() -> None:
    values = np.array([0xFFFF], dtype=np.uint16)
    assert "cirrus" not in pixel_flags(values, TM)
    assert "cirrus" not in pixel_flags(values, ETM)
    assert set(pixel_flags(values, MSS)) == {"fill", "cloud"}


def test_saturation_bits_follow_the_band_numbers() -> None:
    assert saturation_bits(OLI)["coastal"] == 0
    assert saturation_bits(OLI)["swir2"] == 6
    assert saturation_bits(OLI)["cirrus"] == 8
    assert saturation_bits(TM) == {
        "blue": 0,
        "green": 1,
        "red": 2,
        "nir": 3,
        "swir1": 4,
        "thermal": 5,
        "swir2": 6,
    }
    assert saturation_bits(ETM)["thermal"] == 5


def test_saturation_is_of_reflective_bands_only() -> None:
    blue, thermal, dropped, occluded = (np.array([1 << bit], dtype=np.uint16) for bit in (0, 5, 9, 11))
    assert saturation_flags(blue, TM)["saturated"][0]
    assert not saturation_flags(thermal, TM)["saturated"][0]
    assert saturation_flags(thermal, OLI)["saturated"][0]  # band 6 of OLI is swir1
    assert saturation_flags(dropped, TM)["dropped"][0]
    assert not saturation_flags(dropped, TM)["saturated"][0]
    assert saturation_flags(occluded, OLI)["occluded"][0]
    assert not saturation_flags(occluded, OLI)["saturated"][0]
