"""The picture of a map's errors shows each pixel in its colour."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.errors import BandError, GridError
from trimline.evaluation import Error, classify
from trimline.report import false_colour, write_error_map
from trimline.report.error_map import _round_length, overlay


@dataclass
class FakeScene:
    """Bands of a ramp, without data in the first column."""

    shape: tuple[int, int] = (60, 80)
    bands: tuple[str, ...] = ("swir1", "nir", "red")
    id: str = "fake"
    asked: list[tuple[int, int]] = field(default_factory=list)

    @property
    def assets(self) -> dict[str, Any]:
        return dict.fromkeys(self.bands, SimpleNamespace())

    @property
    def geobox(self) -> GeoBox:
        return GeoBox(self.shape, Affine(30, 0, 5e5, 0, -30, 3.79e6), "EPSG:32646")

    def read(self, bands: tuple[str, ...], geobox: GeoBox | None = None, units: str = "reflectance") -> xr.DataArray:
        assert units == "dn"
        height, width = (geobox or self.geobox).shape
        self.asked.append((height, width))
        ramp = np.broadcast_to(np.arange(width, dtype=np.float32), (len(bands), height, width)).copy()
        ramp[:, :, 0] = np.nan
        return xr.DataArray(ramp, dims=("band", "y", "x"))


def test_every_pixel_is_what_the_map_made_of_it() -> None:
    truth = np.array([[0, 1, 0, 1, 1]])
    mapped = np.array([[0, 1, 1, 0, 1]])
    valid = np.array([[1, 1, 1, 1, 0]])
    expected = [[Error.GROUND, Error.HIT, Error.FALSE, Error.MISSED, Error.UNKNOWN]]
    assert classify(truth, mapped, valid).tolist() == expected


def test_a_composite_is_stretched_and_clear_where_there_are_no_data() -> None:
    picture = false_colour(FakeScene())  # type: ignore[arg-type]
    assert picture.shape == (60, 80, 4)
    assert picture.dtype == np.uint8
    assert (picture[:, 0, 3] == 0).all()
    assert (picture[:, 1:, 3] == 255).all()
    assert picture[0, 1, 0] == 0
    assert picture[0, -1, 1] == 255


def test_a_scene_of_one_value_is_not_divided_by_nothing() -> None:
    scene = FakeScene((3, 2))
    assert np.isfinite(false_colour(scene)).all()  # type: ignore[arg-type]


def test_a_scene_without_short_wave_infrared_is_shown_otherwise() -> None:
    false_colour(FakeScene(bands=("red", "green", "blue")))  # type: ignore[arg-type]
    with pytest.raises(BandError, match="no composite"):
        false_colour(FakeScene(bands=("red", "thermal")))  # type: ignore[arg-type]


def test_errors_are_red_and_yellow_on_the_picture(tmp_path: Path) -> None:
    truth, mapped = np.zeros((60, 80), bool), np.zeros((60, 80), bool)
    truth[10:50, 10:40] = True
    mapped[10:50, 25:60] = True
    write_error_map(tmp_path / "map.png", scene=FakeScene(), truth=truth, mapped=mapped, title="Fake")  # type: ignore[arg-type]
    pixels = (matplotlib.image.imread(tmp_path / "map.png")[..., :3] * 255).round().astype(int).reshape(-1, 3)
    red = (np.abs(pixels - [227, 26, 28]).max(axis=1) < 3).mean()
    yellow = (np.abs(pixels - [255, 217, 47]).max(axis=1) < 3).mean()
    assert red / yellow == pytest.approx(20 / 15, rel=0.1)
    assert [p.name for p in tmp_path.iterdir()] == ["map.png"]


def test_the_picture_shows_only_what_was_judged(tmp_path: Path) -> None:
    scene = FakeScene()
    valid = np.zeros((60, 80), bool)
    valid[20:30, 40:75] = True
    write_error_map(
        tmp_path / "map.png", scene=scene, truth=valid, mapped=valid, valid=valid, title="Fake"  # type: ignore[arg-type]
    )  # fmt: skip
    assert scene.asked == [(10, 35)]


def test_large_maps_are_averaged_and_errors_do_not_grow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trimline.report.error_map.LONGEST_SIDE", 20)
    scene = FakeScene((60, 79))
    ones = np.ones((60, 79), bool)
    write_error_map(tmp_path / "map.png", scene=scene, truth=ones, mapped=ones, title="Fake")  # type: ignore[arg-type]
    assert scene.asked == [(15, 20)]
    classes = np.zeros((8, 6), np.uint8)
    classes[0, 0] = Error.FALSE
    shown = overlay(classes, 4)
    assert shown.shape == (2, 2, 4)
    assert shown[0, 0] == pytest.approx([227 / 255, 26 / 255, 28 / 255, 1 / 16], abs=1e-3)
    assert not shown[1:].any()


@pytest.mark.parametrize(("km", "bar"), [(0.23, 0.2), (1.0, 1.0), (4.9, 2.0), (73.0, 50.0), (0.0999, 0.05)])
def test_a_scale_bar_has_a_round_length(km: float, bar: float) -> None:
    assert _round_length(km) == pytest.approx(bar)


def test_a_map_of_another_grid_is_an_error(tmp_path: Path) -> None:
    ones = np.ones((5, 5), bool)
    with pytest.raises(GridError, match="fake"):
        write_error_map(tmp_path / "map.png", scene=FakeScene(), truth=ones, mapped=ones, title="")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
