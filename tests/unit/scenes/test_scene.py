"""A scene in a script or a notebook: what it gives by name, how it is shown, and that it travels to other processes."""

from __future__ import annotations

import pickle
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import xarray as xr

from trimline.errors import BandError
from trimline.scenes import Scene, open_scene, reflectance_level


@pytest.fixture
def scene(make: Any) -> Scene:
    return open_scene(make.product(qa_pixel=np.full((make.lines, make.samples), 21824, np.uint16)))


def test_one_name_gives_rows_and_columns(scene: Scene) -> None:
    red = scene.read("red")
    assert red.dims == ("y", "x")
    assert red.coords["band"].item() == "red"
    xr.testing.assert_identical(red, scene.read(["red"]).sel(band="red"))
    xr.testing.assert_identical(red, scene.read("B4"))


def test_one_name_in_a_list_keeps_the_bands(scene: Scene) -> None:
    assert scene.read(["red"]).dims == ("band", "y", "x")


def test_a_wrong_name_is_not_read_letter_by_letter(scene: Scene) -> None:
    with pytest.raises(BandError, match="no band 'rde'"):
        scene.read("rde")


def test_bands_and_crs_are_at_hand(scene: Scene) -> None:
    assert scene.bands[:4] == ("coastal", "blue", "green", "red")
    assert scene.crs == scene.geobox.crs


def test_arrays_carry_the_time_of_the_acquisition(scene: Scene) -> None:
    time = scene.read("red").coords["time"]
    assert time.shape == ()
    assert time.values == np.datetime64("2019-08-09T04:20:31.123456", "ns")
    assert scene.quality().coords["time"].values == time.values


def test_scenes_of_several_dates_become_one_array_in_time(make: Any) -> None:
    days = ("2019-08-25", "2019-08-09")
    reds = [open_scene(make.product(date=day)).read("red") for day in days]
    series = xr.concat(reds, "time").sortby("time")
    assert [str(each)[:10] for each in series["time"].values] == sorted(days)


def test_an_unknown_time_is_absent(make: Any) -> None:
    path = make.stack("s.tif", np.ones((1, 4, 4), np.float32), descriptions=["red"])
    assert "time" not in open_scene(path).read("red").coords
    assert "time" not in open_scene(path, date="2019-08").read("red").coords
    assert open_scene(path, date="2019-08-09").read("red").coords["time"].values == np.datetime64("2019-08-09", "ns")


def test_it_travels_to_another_process(scene: Scene) -> None:
    there = pickle.loads(pickle.dumps(scene))  # noqa: S301 - our own bytes
    assert repr(there) == repr(scene)
    xr.testing.assert_identical(there.read(["red", "nir"]), scene.read(["red", "nir"]))


@pytest.mark.parametrize("bands", ["red", ["red", "nir"]])
def test_a_lazy_read_is_the_same_and_travels_too(scene: Scene, bands: Any) -> None:
    lazy = scene.read(bands, chunks=16)
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), scene.read(bands))
    there = pickle.loads(pickle.dumps(lazy))  # noqa: S301 - our own bytes
    xr.testing.assert_identical(there.compute(), scene.read(bands))


def test_it_is_shown_in_a_few_lines(scene: Scene) -> None:
    lines = repr(scene).splitlines()
    assert len(lines) <= 7
    assert scene.id in lines[0]
    shown = repr(scene)
    for expected in ("landsat-8-oli", "2019-08-09 04:20:31 UTC", "50 x 40 pixels of 30 m", "EPSG:32646", "swir1"):
        assert expected in shown


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.names.add(tag)
        assert not {"src", "href"} & {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_notebook_shows_a_table_whose_text_cannot_act(make: Any) -> None:
    product = make.product()
    parser = _Elements()
    parser.feed(open_scene(product, id="<script>alert(1)</script>")._repr_html_())
    assert parser.names == {"div", "strong", "table", "tr", "th", "td"}
    assert "Scene <script>alert(1)</script>" in parser.text


@pytest.mark.parametrize(
    ("level", "expected"),
    [("L1TP", "toa"), ("L1GT", "toa"), ("L1C", "toa"), ("L2SP", "surface"), ("L2A", "surface"), ("l2a", "surface")],
)
def test_a_level_tells_what_reflectance_is_of(scene: Scene, level: str, expected: str) -> None:
    assert replace(scene, level=level).reflectance_level == reflectance_level(level) == expected


@pytest.mark.parametrize("level", [None, "", "ARD"])
def test_an_unknown_level_tells_nothing(level: str | None) -> None:
    assert reflectance_level(level) is None
