"""Real images are mapped from end to end, by networks as training leaves them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from trimline.evaluation import score_scene
from trimline.inference import Inputs, ModelMetadata, load_weights
from trimline.inference.torch_files import save_weights
from trimline.mapping import MapOptions, map_scene, predict_array
from trimline.networks import build
from trimline.outlines import rasterise, read_outlines
from trimline.report import write_error_map
from trimline.scenes import Scene, open_scene

CHIP_BANDS = ("blue", "green", "red", "nir", "swir1", "thermal")
NARROW = {"widths": (4, 4, 8, 8, 8)}


def weights(path: Path, network: str, bands: tuple[str, ...], **arguments: Any) -> Path:
    """Write weights of a freshly drawn network; the band ratio needs no training."""
    torch.manual_seed(0)
    n = len(bands)
    inputs = Inputs(bands=bands, units="reflectance", mean=(0.3,) * n, std=(0.2,) * n)
    if network == "band_ratio":
        inputs = Inputs(bands=bands, units="reflectance")
    metadata = ModelMetadata(network=network, arguments=arguments, inputs=inputs)
    return save_weights(path / f"{network}.safetensors", build(network, n, **arguments), metadata)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks on small images: threads would wait for each other, the more so beside other tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def band_ratio(tmp_path: Path) -> Path:
    return weights(tmp_path, "band_ratio", ("red", "swir1"))


@pytest.fixture
def unet(tmp_path: Path) -> Path:
    return weights(tmp_path, "unet", ("green", "nir", "swir1"), **NARROW)


def open_chip(path: Path) -> Scene:
    return open_scene(path, sensor="landsat-5-tm", bands=CHIP_BANDS)


def map_chip(path: Path, weights_path: Path, out: Path) -> float:
    """Map a chip, check that its files agree, and return the share of ice."""
    scene = open_chip(path)
    model = load_weights(weights_path, engine="openvino", precision="fp32")
    # A freshly drawn network, and a ratio without a limit for dark pixels, find ice where the screen sees none.
    result = map_scene(scene, model, out / path.stem, options=MapOptions(minimum_area_m2=0, screen=False))
    mapped = rasterise(read_outlines(result.outlines), scene.geobox)
    probability = predict_array(scene, model, options=MapOptions(screen=False))
    assert np.array_equal(mapped == 1, probability >= 0.5)
    return float(mapped.mean())


@pytest.mark.parametrize("name", ["G006830E45811N", "G286985E49265S", "G229994E56525N"])
def test_chips_in_degrees_are_mapped_on_utm(
    trimline_data: Path, band_ratio: Path, unet: Path, tmp_path: Path, name: str
) -> None:
    chip = trimline_data / "landsat_chips" / f"{name}.tif"
    assert open_chip(chip).geobox.crs.units == ("metre", "metre")
    assert 0 < map_chip(chip, band_ratio, tmp_path / "ratio") < 1
    map_chip(chip, unet, tmp_path / "unet")


@pytest.mark.slow
def test_all_chips_are_mapped(trimline_data: Path, band_ratio: Path, unet: Path, tmp_path: Path) -> None:
    chips = sorted((trimline_data / "landsat_chips").glob("*.tif"))
    assert len(chips) == 56
    for chip in chips:
        map_chip(chip, band_ratio, tmp_path / "ratio")
        map_chip(chip, unet, tmp_path / "unet")


def test_the_windows_of_a_network_with_pooling_do_not_show(trimline_data: Path, unet: Path) -> None:
    """Larger than twice the U-Net's halo of 112, so that windows do not see the whole image."""
    scene = open_chip(trimline_data / "landsat_chips" / "G006830E45811N.tif")
    model = load_weights(unet, engine="openvino", precision="fp32")
    grid = scene.geobox
    whole = predict_array(scene, model, grid, options=MapOptions(screen=False))
    assert max(grid.shape) > 224
    for window in (48, 64, 100):
        assert (
            np.nanmax(
                np.abs(predict_array(scene, model, grid, options=MapOptions(window=window, screen=False)) - whole)
            )
            < 1e-4
        )
    part = grid[33:101, 57:190]
    assert predict_array(scene, model, part, options=MapOptions(window=64, screen=False)) == pytest.approx(
        whole[33:101, 57:190], abs=1e-4, nan_ok=True
    )


def test_a_sentinel_2_image_is_mapped_and_judged(trimline_data: Path, band_ratio: Path, tmp_path: Path) -> None:
    import rasterio

    folder = trimline_data / "vinciguerra"
    scene = open_scene(folder / "2019.tif", sensor="sentinel-2-msi", scale=1e-4, offset=0, nodata=0, date="2019")
    model = load_weights(band_ratio)
    probability = predict_array(scene, model, options=MapOptions(screen=False))
    with rasterio.open(folder / "2019_label.tif") as label:
        truth = label.read(1) == 1
    valid = np.isfinite(probability)
    scores = score_scene(truth, probability >= model.threshold, valid, 10.0).as_dict()
    assert scores["recall"] > 0.9
    assert scores["f1"] > 0.6
    write_error_map(
        tmp_path / "errors.png",
        scene=scene,
        truth=truth,
        mapped=probability >= model.threshold,
        valid=valid,
        title="Vinciguerra",
    )
    assert (tmp_path / "errors.png").stat().st_size > 10_000


def test_a_landsat_product_is_mapped_from_its_archive(trimline_data: Path, band_ratio: Path, tmp_path: Path) -> None:
    for archive in sorted((trimline_data / "landsat_c2" / "bundles").glob("*L1TP*.tar.gz")):
        scene = open_scene(archive)
        if not {"red", "swir1"} <= set(scene.assets):
            continue
        result = map_scene(scene, load_weights(band_ratio), tmp_path / scene.id)
        assert read_outlines(result.outlines).crs == scene.geobox.crs
        return
    pytest.skip("no bundle holds red and SWIR 1")


def test_the_command_says_how_much_it_found_and_where(trimline_data: Path, band_ratio: Path, tmp_path: Path) -> None:
    from trimline.cli.app import app

    chip = trimline_data / "landsat_chips" / "G006830E45811N.tif"
    arguments = [
        "outline", str(chip), "-w", str(band_ratio), "--bands", ",".join(CHIP_BANDS), "--sensor", "landsat-5-tm",
        "-o", str(tmp_path / "out"),
    ]  # fmt: skip
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 0, told.output
    assert "area, km2" in told.output
    said = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    outlines = read_outlines(Path(said["files"]["outlines"]))
    assert said["outlines"] == len(outlines) > 0
    assert said["area_km2"] == pytest.approx(outlines["area_km2"].sum())
    assert Path(said["files"]["mask"]) == tmp_path / "out" / "mask.tif"
