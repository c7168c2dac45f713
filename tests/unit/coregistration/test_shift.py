"""Shifts say what they are, and what cannot be told has no number."""

from __future__ import annotations

import json

import pytest

from trimline.coregistration import NoShift, Shift
from trimline.coregistration.shift import shift_of_record


def shift(east_m: float, north_m: float, error_m: float = 1.5, pixel_m: float = 30.0) -> Shift:
    return Shift(east_m, north_m, error_m, pixel_m, windows=12, share=0.75, band="nir")


def test_a_shift_is_read_by_the_compass() -> None:
    assert str(shift(-112.4, -63.0, 6.1)) == "112.4 m west, 63.0 m south, ± 6.1 m"
    assert str(shift(4.0, 0.5)) == "4.0 m east, 0.5 m north, ± 1.5 m"


@pytest.mark.parametrize(
    ("east_m", "error_m", "is_certain", "is_notable"),
    [(2.0, 1.5, False, False), (9.0, 1.5, True, False), (18.0, 1.5, True, True), (18.0, 12.0, False, False)],
)
def test_half_a_pixel_is_notable_unless_the_error_explains_it(
    east_m: float, error_m: float, is_certain: bool, is_notable: bool
) -> None:
    found = shift(east_m, 0.0, error_m)
    assert (found.is_certain, found.is_notable) == (is_certain, is_notable)


def test_length_and_pixels_are_those_of_the_hypotenuse() -> None:
    assert (shift(-18.0, 24.0).length_m, shift(-18.0, 24.0).pixels) == pytest.approx((30.0, 1.0))


def test_a_record_gives_the_shift_again() -> None:
    found = shift(12.0, -3.0)
    assert shift_of_record(json.loads(json.dumps(found.record()))) == found


def test_what_cannot_be_told_has_no_number() -> None:
    record = NoShift("cloud").record()
    assert shift_of_record(record) is None
    assert record.keys() == shift(1.0, 1.0).record().keys()
    assert [value for value in record.values() if value is not None] == ["cloud"]
