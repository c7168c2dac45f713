"""Reading a scene onto any grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from trimline.errors import BandError
from trimline.scenes import Asset, Scene, assets_on_grid, open_scene
from trimline.scenes.calibration import IDENTITY


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Give a stack of two float bands, 60 x 80 pixels of 30 m, smooth with a hole and a NaN."""
    rows, columns = np.indices((60, 80)).astype(np.float32)
    red = 0.3 + 0.2 * np.sin(rows / 7) * np.cos(columns / 9)
    nir = 0.1 + 0.001 * rows + 0.002 * columns
    red[20:30, 30:45] = np.nan
    nir[5, 5] = np.nan
    path = tmp_path_factory.mktemp("reading") / "stack.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=2,
        height=60,
        width=80,
        dtype="float32",
        crs="EPSG:32646",
        transform=Affine(30, 0, 499_995, 0, -30, 3_500_005),
    ) as target:
        target.write(np.stack([red, nir]))
    return open_scene(path, bands=["red", "nir"])


@given(rows=st.integers(-70, 70), columns=st.integers(-90, 90), height=st.integers(1, 30), width=st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_a_window_on_the_pixels_is_a_cut_of_the_whole(
    scene: Scene, rows: int, columns: int, height: int, width: int
) -> None:
    whole = scene.read(["red", "nir"]).to_numpy()
    padded = np.pad(whole, ((0, 0), (100, 100), (100, 100)), constant_values=np.nan)
    geobox = GeoBox((height, width), scene.geobox.affine * Affine.translation(columns, rows), scene.geobox.crs)
    expected = padded[:, 100 + rows : 100 + rows + height, 100 + columns : 100 + columns + width]
    np.testing.assert_array_equal(scene.read(["red", "nir"], geobox), expected)


def other_grid(kind: str, scene: Scene) -> GeoBox:
    geobox = scene.geobox
    return {
        "another zone": geobox.to_crs("EPSG:32645", resolution="same"),
        "degrees": geobox.to_crs("EPSG:4326"),
        "half a pixel off": GeoBox((60, 80), geobox.affine * Affine.translation(0.5, 0.5), geobox.crs),
        "finer": geobox.zoom_out(0.4),
        "coarser": geobox.zoom_out(3.3),
        "much coarser": geobox.zoom_out(7.3),
    }[kind]


KINDS = ["another zone", "degrees", "half a pixel off", "finer", "coarser", "much coarser"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_resampled_window_is_a_cut_of_the_whole(scene: Scene, kind: str) -> None:
    geobox = other_grid(kind, scene)
    whole = scene.read(["red", "nir"], geobox).to_numpy()
    part = scene.read(["red", "nir"], geobox[1:7, 2:9]).to_numpy()
    np.testing.assert_allclose(part, whole[:, 1:7, 2:9], rtol=1e-6)


@pytest.mark.parametrize("kind", [*KINDS, "its own"])
def test_lazy_values_are_the_same_in_any_chunks(scene: Scene, kind: str) -> None:
    geobox = scene.geobox if kind == "its own" else other_grid(kind, scene)
    eager = scene.read(["nir", "red"], geobox)
    lazy = scene.read(["nir", "red"], geobox, chunks=(7, 11))
    assert lazy.chunks is not None
    assert lazy.odc.geobox == eager.odc.geobox
    assert list(lazy.band.to_numpy()) == ["nir", "red"]
    np.testing.assert_allclose(lazy.compute(), eager, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_of_a_read_do_not_show(scene: Scene, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    geobox = other_grid(kind, scene)
    whole = scene.read(["red"], geobox)
    monkeypatch.setattr(assets_on_grid, "SAMPLES_AT_ONCE", 64)
    np.testing.assert_allclose(scene.read(["red"], geobox), whole, rtol=1e-6)


@pytest.mark.parametrize("kind", ["another zone", "half a pixel off", "finer"])
def test_a_plane_stays_a_plane_wherever_it_is_sampled(scene: Scene, kind: str) -> None:
    geobox = other_grid(kind, scene)
    rows, columns = np.indices(geobox.shape) + 0.5
    x, y = geobox.affine * (columns, rows)
    if geobox.crs != scene.geobox.crs:
        from pyproj import Transformer

        x, y = Transformer.from_crs(str(geobox.crs), str(scene.geobox.crs), always_xy=True).transform(x, y)
    at_columns, at_rows = ~scene.geobox.affine * (x, y)
    expected = 0.1 + 0.001 * (at_rows - 0.5) + 0.002 * (at_columns - 0.5)
    nir = scene.read(["nir"], geobox)[0].to_numpy()
    inner = (at_rows > 8) & (at_rows < 58) & (at_columns > 8) & (at_columns < 78)
    np.testing.assert_allclose(nir[inner], expected[inner], rtol=1e-4)


@pytest.mark.parametrize("factor", [2, 4, 10])
def test_larger_pixels_are_means_of_smaller_ones(scene: Scene, factor: int) -> None:
    nir, red = scene.read(["nir", "red"]).to_numpy().astype(np.float64)
    coarse = scene.read(["nir", "red"], scene.geobox.zoom_out(factor)).to_numpy()
    for native, means in zip((nir, red), coarse, strict=True):
        blocks = native.reshape(60 // factor, factor, 80 // factor, factor).swapaxes(1, 2).reshape(*means.shape, -1)
        whole = np.isfinite(blocks).all(axis=-1)
        assert whole.mean() > 0.7
        np.testing.assert_allclose(means[whole], blocks[whole].mean(axis=-1), rtol=1e-5)


def test_holes_neither_grow_nor_shrink(scene: Scene) -> None:
    shifted = GeoBox((60, 80), scene.geobox.affine * Affine.translation(0.3, -0.2), scene.geobox.crs)
    native, moved = (np.isnan(scene.read(["red"], box)[0].to_numpy()) for box in (scene.geobox, shifted))
    np.testing.assert_array_equal(moved[10:40, 10:60], native[10:40, 10:60])


def test_a_grid_elsewhere_is_empty(scene: Scene) -> None:
    far = GeoBox((5, 6), Affine(30, 0, 800_000, 0, -30, 100_000), "EPSG:32646")
    assert np.isnan(scene.read(["red"], far)).all()
    antipode = GeoBox.from_bbox((-90, -31, -89.99, -30.99), "EPSG:4326", resolution=0.001)
    assert np.isnan(scene.read(["red"], antipode)).all()


def test_bands_come_in_the_order_they_are_asked_for(scene: Scene) -> None:
    both = scene.read(["nir", "red"])
    np.testing.assert_array_equal(both.sel(band="red"), scene.read(["red"])[0])
    np.testing.assert_array_equal(both[0], scene.read(["nir"])[0])


def test_an_unknown_band_lists_those_there_are(scene: Scene) -> None:
    with pytest.raises(BandError, match=r"no band 'swir1'"):
        scene.read(["swir1"])


def test_panchromatic_and_reflective_bands_meet_on_one_grid(make: Any) -> None:
    scene = open_scene(make.product())
    both = scene.read(["red", "pan"], units="dn")
    assert both.shape == (2, make.lines, make.samples)
    pan_numbers = make.numbers("8", (2 * make.lines - 1, 2 * make.samples - 1)).astype(np.float64)
    # Pixels share centres: the 30 m mean weighs the middle 15 m pixel by half along each axis; of a plane it is itself.
    np.testing.assert_allclose(both[1, 5:-5, 10:-5], pan_numbers[::2, ::2][5:-5, 10:-5], atol=1e-3)
    fine = scene.read(["red", "pan"], scene.geobox.zoom_out(0.5), units="dn")
    assert fine.shape == (2, 2 * make.lines, 2 * make.samples)


class TestJpeg2000:
    """Rasters that are decoded in strips, by several threads."""

    @pytest.fixture
    def hrefs(self, tmp_path: Path) -> list[str]:
        """Write three bands of noise, 300 x 260 pixels in tiles of 64."""
        rng = np.random.default_rng(3)
        paths = []
        for number in range(3):
            path = tmp_path / f"B0{number}.jp2"
            with rasterio.open(
                path,
                "w",
                driver="JP2OpenJPEG",
                count=1,
                height=300,
                width=260,
                dtype="uint16",
                crs="EPSG:32646",
                transform=Affine(20, 0, 499_980, 0, -20, 3_100_020),
                QUALITY="100",
                REVERSIBLE="YES",
                BLOCKXSIZE=64,
                BLOCKYSIZE=64,
            ) as target:
                target.write(rng.integers(1, 9000, (1, 300, 260)).astype(np.uint16))
            paths.append(str(path))
        return paths

    @pytest.mark.parametrize("cores", [1, 2, 7])
    @pytest.mark.parametrize("count", [1, 3])
    def test_the_number_of_threads_does_not_show(
        self, hrefs: list[str], monkeypatch: pytest.MonkeyPatch, cores: int, count: int
    ) -> None:
        monkeypatch.setattr(assets_on_grid, "available_cores", lambda: cores)
        assets = [Asset(href, IDENTITY) for href in hrefs[:count]]
        whole = GeoBox((300, 260), Affine(20, 0, 499_980, 0, -20, 3_100_020), "EPSG:32646")
        numbers = []
        for href in hrefs[:count]:
            with rasterio.open(href) as source:
                numbers.append(source.read(1).astype(np.float32))
        np.testing.assert_array_equal(assets_on_grid.read_assets(assets, whole), numbers)
        part = whole[37:291, 5:250]
        np.testing.assert_array_equal(
            assets_on_grid.read_assets(assets, part), [band[37:291, 5:250] for band in numbers]
        )
        half = whole.zoom_to(resolution=10)
        np.testing.assert_array_equal(
            assets_on_grid.read_assets(assets, half, "nearest"), [band.repeat(2, 0).repeat(2, 1) for band in numbers]
        )

    def test_a_window_of_a_finer_grid_is_a_cut_of_the_whole(
        self, hrefs: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assets_on_grid, "SAMPLES_AT_ONCE_ALONG_AXES", 100 * 100)
        asset = [Asset(hrefs[0], IDENTITY)]
        fine = GeoBox((600, 520), Affine(10, 0, 499_980, 0, -10, 3_100_020), "EPSG:32646")
        whole = assets_on_grid.read_assets(asset, fine)
        part = assets_on_grid.read_assets(asset, fine[33:250, 101:460], ratio_of=fine)
        np.testing.assert_array_equal(part, whole[:, 33:250, 101:460])
