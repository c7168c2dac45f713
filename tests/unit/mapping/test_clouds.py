"""Cloud and shadow are not seen: by quality flags, by learned classes, and by flags that the network overrules."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import MappingError, WeightsError
from trimline.inference.metadata import StandIn
from trimline.mapping import MapOptions, map_scene, predict_array
from trimline.outlines import read_outlines
from trimline.scenes import Scene, open_scene
from trimline.surfaces import CLASS_OF, CLASSES_NODATA, SurfaceClass

from .conftest import BlurModel, write_stack

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
SPECTRA = {
    "shadow": (0.04, 0.03, 0.02, 0.02, 0.01, 0.01),
    "water": (0.06, 0.05, 0.03, 0.01, 0.01, 0.01),
    "ice": (0.80, 0.80, 0.75, 0.65, 0.05, 0.05),
    "land": (0.08, 0.10, 0.12, 0.20, 0.26, 0.22),
    "cloud": (0.60, 0.60, 0.60, 0.62, 0.50, 0.40),
}
SIDE = 256
PLACES = {
    "ice": (slice(100, 150), slice(100, 150)),
    "cloud": (slice(100, 150), slice(150, 180)),
    "shadow": (slice(150, 170), slice(150, 180)),
    "water": (slice(90, 100), slice(100, 130)),
}
FLAGGED = slice(120, 140), slice(80, 120)
"""Land and ice that the quality flags call cloud."""


@dataclass
class Classifier(BlurModel):
    """Tells the class whose spectrum is nearest."""

    bands: tuple[str, ...] = BANDS
    outputs: tuple[str, ...] = tuple(SPECTRA)  # type: ignore[assignment]

    def probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(images.shape[-2:])  # type: ignore[arg-type]
        spectra = np.array(list(SPECTRA.values()), np.float32)[:, :, None, None]
        distance = np.abs(images[:, np.newaxis] - spectra).sum(axis=2)
        nearest = np.nan_to_num(distance, nan=9.0).argmin(axis=1)
        likely = np.where(nearest[:, np.newaxis] == np.arange(len(spectra))[:, None, None], 0.9, 0.025)
        return np.where(np.isfinite(images).all(axis=1, keepdims=True), likely, np.nan).astype(np.float32)


def painted(bands: tuple[str, ...] = BANDS) -> NDArray[np.float32]:
    image = np.empty((len(BANDS), SIDE, SIDE), np.float32)
    image[:] = np.array(SPECTRA["land"], np.float32)[:, None, None]
    for name, place in PLACES.items():
        image[:, *place] = np.array(SPECTRA[name], np.float32)[:, None, None]
    image[:, :10] = np.nan
    return image[[BANDS.index(band) for band in bands]]


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Scene]:
    def of(bands: tuple[str, ...] = BANDS) -> Scene:
        path = write_stack(tmp_path / "painted.tif", painted(bands), bands=bands)
        return open_scene(path, id="painted", sensor="landsat-5-tm", date="1986-08-12")

    return of


@pytest.fixture
def flagged(make: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Return the scene with quality flags: cloud over land and ice, one dropped pixel."""
    scene = make()

    def quality(_: Scene, geobox: GeoBox | None = None) -> xr.Dataset:
        target = scene.geobox if geobox is None else geobox
        row = round((target.affine.f - scene.geobox.affine.f) / scene.geobox.resolution.y)
        column = round((target.affine.c - scene.geobox.affine.c) / scene.geobox.resolution.x)
        whole = {name: np.zeros((SIDE + 64, SIDE + 64), bool) for name in ("fill", "cloud", "dropped")}
        whole["cloud"][FLAGGED] = True
        whole["dropped"][30, 30] = True
        height, width = target.shape
        parts = {name: flag[row : row + height, column : column + width] for name, flag in whole.items()}
        return xr.Dataset({name: (("y", "x"), flag) for name, flag in parts.items()})

    monkeypatch.setattr(Scene, "quality", quality)
    monkeypatch.setattr(Scene, "has_cloud_flags", property(lambda _: True))
    monkeypatch.setattr(Scene, "has_fill", property(lambda _: False))
    return scene


def mapped(scene: Scene, model: Any, folder: Path, **options: Any) -> tuple[Any, NDArray[Any], NDArray[Any]]:
    result = map_scene(scene, model, folder, options=MapOptions(**options), progress=False)
    with rasterio.open(result.mask) as mask, rasterio.open(result.classes) as classes:
        return result, mask.read(1), classes.read(1)


def test_learned_classes_hide_cloud_and_shadow_and_name_the_rest(make: Callable[..., Scene], tmp_path: Path) -> None:
    result, mask, classes = mapped(make(), Classifier(), tmp_path / "out")
    for name, place in PLACES.items():
        assert (classes[place] == CLASS_OF[name]).all(), name  # type: ignore[index]
    assert (mask[PLACES["ice"]] == 1).all()
    assert (mask[PLACES["water"]] == 0).all()
    assert (mask[PLACES["cloud"]] == 255).all()
    assert (mask[PLACES["shadow"]] == 255).all()
    assert (mask[:10] == 255).all()
    assert (classes[:10] == CLASSES_NODATA).all()
    assert (classes[20:30] == SurfaceClass.GROUND).all(), "far from ice and cloud the network is not asked"
    assert (classes[110:120, 88:98] == SurfaceClass.LAND).all()
    assert result.counts.known == SIDE * (SIDE - 10)
    assert (result.counts.cloud, result.counts.shadow) == (50 * 30, 20 * 30)
    assert result.share("cloud") == pytest.approx(1500 / result.counts.known)


def test_what_is_not_seen_is_a_layer_beside_the_outlines(make: Callable[..., Scene], tmp_path: Path) -> None:
    result, *_ = mapped(make(), Classifier(), tmp_path / "out")
    assert [str(name) for name in pyogrio.list_layers(result.outlines)[:, 0]] == ["outlines", "not_seen"]
    hidden = gpd.read_file(result.outlines, layer="not_seen")
    areas = (hidden.area / 900).groupby(hidden["hidden_by"]).sum()
    assert areas.to_dict() == pytest.approx({"cloud": 50 * 30, "shadow": 20 * 30, "no data": 10 * SIDE})
    outlines = read_outlines(result.outlines)
    assert len(outlines) == 1
    assert outlines.area.sum() == pytest.approx(50 * 50 * 900)


def test_classes_have_colours_and_names(make: Callable[..., Scene], tmp_path: Path) -> None:
    result, *_ = mapped(make(), Classifier(), tmp_path / "out")
    with rasterio.open(result.classes) as classes:
        assert classes.colormap(1)[SurfaceClass.ICE][:3] == (150, 216, 240)
        assert "5 cloud" in classes.descriptions[0]
        assert classes.tags()["TRIMLINE_CLOUDS"] == "learned classes"


def test_flags_hide_what_is_no_ice_and_the_network_overrules_them_over_ice(
    flagged: Scene, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        result, mask, classes = mapped(flagged, Classifier(), tmp_path / "out")
    assert (mask[120:140, 80:100] == 255).all(), "flagged land"
    assert (classes[120:140, 80:100] == SurfaceClass.CLOUD).all()
    assert (mask[120:140, 100:120] == 1).all(), "flagged ice"
    assert (mask[PLACES["cloud"]] == 255).all(), "what the network itself takes for cloud"
    assert mask[30, 30] == 255
    assert (result.counts.flagged_ice, result.counts.overruled, result.counts.lost) == (400, 400, 1)
    assert "that is snow or ice by its spectrum" in caplog.text


def test_flags_can_be_taken_as_they_are(flagged: Scene, tmp_path: Path) -> None:
    result, mask, _ = mapped(flagged, Classifier(), tmp_path / "out", clouds="quality")
    assert (mask[FLAGGED] == 255).all()
    assert (mask[PLACES["cloud"]] == 0).all(), "the network's classes do not hide"
    assert (result.counts.flagged_ice, result.counts.overruled) == (400, 0)


def test_kept_clouds_hide_nothing(flagged: Scene, tmp_path: Path) -> None:
    _, mask, classes = mapped(flagged, Classifier(), tmp_path / "out", clouds="keep")
    assert (mask[10:] != 255).all()
    assert (classes[PLACES["cloud"]] == SurfaceClass.CLOUD).all()


def test_a_network_that_tells_ice_only_has_clouds_told_by_the_one_that_comes_along(
    make: Callable[..., Scene], flagged: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = Classifier()
    for module in ("clouds", "plan", "provenance"):
        monkeypatch.setattr(f"trimline.mapping.{module}.cloud_model", lambda: second)
    bright = BlurModel(bands=("red", "green"), stride=1, radius=0)
    _, mask, classes = mapped(flagged, bright, tmp_path / "flags")
    assert (mask[120:140, 80:100] == 255).all()
    assert (mask[120:140, 100:120] == 1).all()
    assert (mask[PLACES["cloud"]] == 1).all(), "not flagged: the method's own error"
    assert second.seen, "asked about flagged ice"
    monkeypatch.undo()
    for module in ("clouds", "plan", "provenance"):
        monkeypatch.setattr(f"trimline.mapping.{module}.cloud_model", lambda: second)
    _, mask, classes = mapped(make(), bright, tmp_path / "learned")
    assert (mask[PLACES["cloud"]] == 255).all()
    assert (mask[PLACES["ice"]] == 1).all()
    assert (classes[PLACES["shadow"]] == SurfaceClass.SHADOW).all()


@pytest.mark.parametrize("window", [32, 100, 512])
def test_windows_do_not_change_what_is_hidden(make: Callable[..., Scene], window: int) -> None:
    whole = predict_array(make(), Classifier(), options=MapOptions())
    cut = predict_array(make(), Classifier(), options=MapOptions(window=window))
    np.testing.assert_array_equal(whole, cut)


def test_flags_that_are_not_there_cannot_be_asked_for(make: Callable[..., Scene]) -> None:
    with pytest.raises(MappingError, match=r"no quality flags of cloud\n.*learned"):
        predict_array(make(), Classifier(), options=MapOptions(clouds="quality"))
    with pytest.raises(MappingError, match="not told by 'fog'"):
        MapOptions(clouds="fog")  # type: ignore[arg-type]


def test_a_scene_whose_clouds_nobody_can_tell_says_so(
    make: Callable[..., Scene], caplog: pytest.LogCaptureFixture
) -> None:
    scene = make(("green", "red", "swir1"))
    with pytest.raises(WeightsError, match="'blue'"):
        predict_array(scene, BlurModel(), options=MapOptions(clouds="learned"))
    predict_array(scene, BlurModel())
    assert "cloud is mapped like ground" in caplog.text


def test_a_missing_band_is_stood_in_for_and_the_log_says_so(
    make: Callable[..., Scene], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    class WithStandIn(Classifier):
        @property
        def metadata(self) -> Any:
            return type(super().metadata)(
                network="blur", tile=None, stand_ins={"swir2": StandIn(band="swir1", scale=0.8)}, levels=("toa",)
            )

        def probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
            np.testing.assert_allclose(images[:, 5], images[:, 4] * 0.8, rtol=1e-6)
            return super().probabilities(images)

    _, mask, _ = mapped(make(BANDS[:5]), WithStandIn(), tmp_path / "out")
    assert (mask[PLACES["ice"]] == 1).all()
    assert "the network is shown 0.8 times 'swir1' in its place" in caplog.text
    with pytest.raises(WeightsError, match="'swir2'"):
        predict_array(make(BANDS[:5]), Classifier())
    lost = replace(make(BANDS[:5]), missing={"swir2": "B7.TIF"})
    with pytest.raises(WeightsError, match=r"B7\.TIF, which is not there"):
        predict_array(lost, WithStandIn())


@pytest.mark.parametrize(("level", "said"), [("L2SP", True), ("L1TP", False)])
def test_reflectance_of_a_level_that_weights_never_saw_is_said(
    make: Callable[..., Scene], caplog: pytest.LogCaptureFixture, level: str, said: bool
) -> None:
    class OfLevel(Classifier):
        @property
        def metadata(self) -> Any:
            return type(super().metadata)(network="blur", tile=None, stand_ins={}, levels=("toa",))

    predict_array(replace(make(), level=level), OfLevel())
    assert ("of the surface, which the weights never saw" in caplog.text) is said


def test_shadow_that_another_network_sees_does_not_hide_ice_that_was_found_in_it(
    make: Callable[..., Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = Classifier()
    for module in ("clouds", "plan", "provenance"):
        monkeypatch.setattr(f"trimline.mapping.{module}.cloud_model", lambda: second)
    finds = BlurModel(bands=("red", "blue"), stride=1, radius=0, threshold=0.035)
    _, mask, _ = mapped(make(), finds, tmp_path / "finds", clouds="learned")
    assert (mask[PLACES["shadow"]] == 1).all()
    assert (mask[PLACES["cloud"]] == 255).all(), "cloud hides whatever is found"
    _, mask, _ = mapped(make(), finds, tmp_path / "does-not", clouds="learned", threshold=0.5)
    assert (mask[PLACES["shadow"]] == 255).all()


def test_flags_that_were_never_filled_are_not_believed(
    make: Callable[..., Scene], tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earth Engine left QA60 at 0 for two years: a stack of those has its clouds told by the classes."""
    image = np.concatenate([painted(), np.zeros((1, SIDE, SIDE), np.float32)])
    path = write_stack(tmp_path / "silent.tif", image, bands=(*BANDS, "QA60"))
    scene = open_scene(path, id="silent", sensor="sentinel-2-msi", date="2022-08-12")
    assert scene.has_cloud_flags
    _, mask, _ = mapped(scene, Classifier(), tmp_path / "out")
    assert (mask[PLACES["cloud"]] == 255).all()
    assert "QA60 is 0 everywhere" in caplog.text


def test_a_scene_without_any_data_is_warned_of(make: Callable[..., Scene], tmp_path: Path, caplog: Any) -> None:
    scene = make()
    beyond = scene.geobox.translate_pix(2 * SIDE, 0)
    map_scene(scene, Classifier(), tmp_path / "out", region=beyond, progress=False)
    assert "no pixel has data" in caplog.text
