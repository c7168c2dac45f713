"""The page and the server mean the same bands by the name of a combination."""

from __future__ import annotations

import re
from pathlib import Path

from trimline.review.contract import COMBINATIONS

_PAGE = Path(__file__).parents[3] / "web/src/map/combinations.ts"
_ENTRY = re.compile(r'name: "([^"]+)",\s+kind: "([^"]+)",\s+bands: \[([^\]]+)\]')


def test_page_and_server_have_the_same_band_combinations() -> None:
    entries = _ENTRY.findall(_PAGE.read_text())
    assert {name: tuple(re.findall(r'"(\w+)"', bands)) for name, _, bands in entries} == COMBINATIONS


def test_three_bands_are_colours_and_two_are_an_index() -> None:
    kinds = {name: kind for name, kind, _ in _ENTRY.findall(_PAGE.read_text())}
    assert {name for name, kind in kinds.items() if kind == "colours"} == {
        name for name, bands in COMBINATIONS.items() if len(bands) == 3
    }
