"""`trimline outline`: a spectral index without training, and several scenes in one call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from typer.testing import CliRunner, Result

import trimline
from trimline.cli.app import app
from trimline.project import SimulatedRange
from trimline.simulate import write_range

STACK = ["--sensor", "sentinel-2-msi", "--scale", "0.0001", "--nodata", "0"]


def outline(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["outline", *map(str, arguments)])


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two Landsat products of one range."""
    folder = tmp_path_factory.mktemp("range")
    looks = [{"date": f"{year}-08-{day}", "sensor": "landsat-8-oli"} for year, day in ((2018, 23), (2019, 26))]
    write_range(SimulatedRange(name="range", size=128, seed=7, scenes=looks), folder, progress=False)
    return folder


def test_the_band_ratio_of_one_scene_says_its_thresholds_everywhere(products: Path, tmp_path: Path) -> None:
    (product,) = products.glob("LC08_*_2018*")
    result = outline(product, "-o", tmp_path, "--method", "band_ratio", "--ratio", 1.6, "--blue", 0.05, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["method"] == "band_ratio"
    assert said["weights"] is None
    assert said["rule"] == "red / swir1 > 1.6, blue > 0.05, opened and closed with 5 x 5 pixels"
    assert said["arguments"] == {"ratio": 1.6, "numerator": "red", "blue": 0.05, "filter": 5}
    assert 0 < said["shares"]["ice"] < 1
    with rasterio.open(tmp_path / "mask.tif") as source:
        assert source.tags()["TRIMLINE_RULE"] == said["rule"]
    outlines = trimline.read_outlines(tmp_path / "outlines.gpkg")
    assert set(outlines["network"]) == {"band_ratio"}
    assert outlines["area_km2"].sum() == pytest.approx(said["area_km2"])
    table = outline(product, "-o", tmp_path, "--method", "band_ratio", "--ratio", 1.6, "--blue", 0.05).stdout
    assert f"ice: {said['rule']}" in table


def test_the_map_is_the_formula_where_nothing_is_filtered_or_screened(products: Path, tmp_path: Path) -> None:
    (product,) = products.glob("LC08_*_2018*")
    result = outline(product, "-o", tmp_path, "--method", "ndsi", "--ndsi", 0.5, "--filter", 0, "--no-screen")
    assert result.exit_code == 0, result.output
    green, swir1 = trimline.open_scene(product).read(["green", "swir1"]).to_numpy()
    with rasterio.open(tmp_path / "mask.tif") as source:
        mask = source.read(1)
    known = np.isfinite(green + swir1) & (mask != 255)
    assert known.mean() > 0.5
    # The difference of two reflectances of whole numbers may hit the threshold itself.
    index = (green - swir1)[known] / (green + swir1)[known]
    sure = np.abs(index - 0.5) > 1e-5
    assert np.array_equal(mask[known][sure] == 1, (index > 0.5)[sure])


def test_from_python_it_is_the_same(products: Path, tmp_path: Path) -> None:
    (product,) = products.glob("LC08_*_2018*")
    outline(product, "-o", tmp_path, "--method", "band_ratio")
    written = trimline.read_outlines(tmp_path / "outlines.gpkg")
    assert trimline.outlines_of(product, trimline.ratio_model()).geometry.geom_equals(written.geometry).all()


def test_several_scenes_get_a_folder_each_and_one_that_fails_stops_none(products: Path, tmp_path: Path) -> None:
    (tmp_path / "LC08_broken.tar").write_bytes(b"no archive")
    arguments = [tmp_path / "LC08_*", f"{products}/LC08_*", "-o", tmp_path / "out", "--method", "band_ratio"]
    result = outline(*arguments)
    assert result.exit_code == 1, result.output
    names = sorted(each.name for each in products.glob("LC08_*"))
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == names
    for name in names:
        written = {each.name for each in (tmp_path / "out" / name).iterdir()}
        assert written >= {"mask.tif", "outlines.gpkg", "probability.tif"}
    assert "2 of 3 scenes" in result.stdout
    assert "2019-08-26" in result.stdout
    assert "1 of the scenes could not be mapped" in result.stderr
    assert "LC08_broken.tar" in result.stderr
    assert "Traceback" not in result.output
    said: list[dict[str, Any]] = json.loads(outline(*arguments, "--json").stdout)
    assert [each.get("scene") for each in said] == [None, *names]
    assert "LC08_broken.tar" in said[0]["path"]
    assert said[0]["error"]
    one = json.loads(outline(products / names[0], "-o", tmp_path / "one", "--method", "band_ratio", "--json").stdout)
    assert one["area_km2"] == said[1]["area_km2"]


def test_a_fault_of_ours_on_one_scene_stops_none_either(
    products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = trimline.map_scene

    def failing(scene: trimline.Scene, *rest: Any, **options: Any) -> Any:
        if "2018" in scene.id:
            raise ZeroDivisionError("a fault")
        return real(scene, *rest, **options)

    monkeypatch.setattr("trimline.mapping.map_scene", failing, raising=False)
    result = outline(f"{products}/LC08_*", "-o", tmp_path, "--method", "ndsi")
    assert result.exit_code == 1
    assert "1 of 2 scenes" in result.stdout
    assert "ZeroDivisionError: a fault" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--ratio", 2.0], "--method band_ratio"),
        (["--method", "ndsi", "--ratio", 2.0], "--method band_ratio"),
        (["--blue", 0.1], "--method band_ratio or --method ndsi"),
        (["--method", "band_ratio", "-w", "weights.onnx"], "has no weights"),
        (["--method", "band_ratio", "--threshold", 0.4], "is --ratio"),
    ],
)
def test_an_option_that_nothing_would_look_at_is_refused(arguments: list[object], message: str) -> None:
    result = outline("absent.tar", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "band_ratio", "--ratio", -1], "a ratio of bands is never -1"),
        (["--method", "ndsi", "--ndsi", 4], "an NDSI is never 4"),
        (["--method", "ndsi", "--filter", 4], "4 pixels on a side"),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(arguments: list[object], message: str) -> None:
    with pytest.raises(trimline.TrimlineError, match=message):
        CliRunner().invoke(app, ["outline", "absent.tar", *map(str, arguments)], catch_exceptions=False)


def test_real_ice_is_found_by_the_ratio_without_training(trimline_data: Path, tmp_path: Path) -> None:
    """Glaciar Vinciguerra, 2020: the best single threshold of the paper's usual range finds most of the ice."""
    folder = trimline_data / "vinciguerra"
    result = outline(
        folder / "2020.tif", *STACK, "--offset", 0, "-o", tmp_path, "--method", "band_ratio", "--ratio", 2.0
    )
    assert result.exit_code == 0, result.output
    with rasterio.open(tmp_path / "mask.tif") as mapped, rasterio.open(folder / "2020_label.tif") as label:
        ice, truth = mapped.read(1), label.read(1)
    known = ice != 255
    recall = (ice == 1)[known & (truth == 1)].mean()
    precision = (truth == 1)[known & (ice == 1)].mean()
    assert recall > 0.8
    assert precision > 0.5


def test_real_bundles_are_mapped_in_one_call(trimline_data: Path, tmp_path: Path) -> None:
    result = outline(
        f"{trimline_data}/landsat_c2/bundles/LC08_L1TP_*.tar.gz", "-o", tmp_path, "--method", "band_ratio", "--json"
    )
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert [each["date"] for each in said] == ["2015-12-05", "2019-08-09"]


def test_a_sheet_that_is_no_png_is_refused_before_anything_is_mapped(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["outline", "scene.tif", "--sheet", str(tmp_path / "all.gif")])
    assert result.exit_code == 2
    assert "name it all.png" in " ".join(result.output.split())
