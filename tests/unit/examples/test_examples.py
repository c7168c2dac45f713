"""Inputs of the tutorials: real where there are data, else simulated under the same names; nothing is overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely.geometry import box
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import ExampleError
from trimline.examples import EXAMPLES, write_example
from trimline.rasters import write_raster
from trimline.scenes import open_scene

PERIODS = ("lia", "1966", "1998", "2005", "2015")


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of data that holds what one example needs, and nothing else."""
    folder = tmp_path / "data" / "glacier_national_park"
    folder.mkdir(parents=True)
    for period in PERIODS:
        (folder / f"outlines_{period}.geojson").write_text(f"outlines of {period}")
    monkeypatch.setenv("TRIMLINE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_real_data_are_copied_as_they_are(made_up: Path, tmp_path: Path) -> None:
    written = write_example("glacier-national-park", tmp_path / "mine")
    assert written.is_real
    assert written.why_simulated is None
    for period in PERIODS:
        name = f"outlines_{period}.geojson"
        assert (tmp_path / "mine" / name).read_bytes() == (made_up / "glacier_national_park" / name).read_bytes()
    assert "This is real data" in (tmp_path / "mine" / "README.txt").read_text()


def test_what_data_lack_is_named(made_up: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trimline.examples.vinciguerra.simulated", lambda folder: folder)
    said = CliRunner().invoke(app, ["example", "vinciguerra", "-o", str(tmp_path / "mine")], catch_exceptions=False)
    assert f"not real data: {made_up} has no vinciguerra/2019.tif" in said.stdout


def test_an_example_that_is_there_is_left_as_it_is(made_up: Path, tmp_path: Path) -> None:
    first = write_example("glacier-national-park", tmp_path / "mine")
    (tmp_path / "mine" / "outlines_1966.geojson").write_text("edited by hand")
    (tmp_path / "mine" / "change").mkdir()
    again = write_example("glacier-national-park", tmp_path / "mine")
    assert again.was_there
    assert not first.was_there
    assert (tmp_path / "mine" / "outlines_1966.geojson").read_text() == "edited by hand"


@pytest.mark.parametrize("name", ["README.txt", "notes.txt", "outlines_1966.geojson"])
def test_a_folder_of_something_else_is_refused(made_up: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text("precious")
    with pytest.raises(ExampleError, match="holds something else; nothing was written"):
        write_example("glacier-national-park", tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [name]
    assert (tmp_path / "mine" / name).read_text() == "precious"


def test_a_simulated_example_is_not_taken_for_the_real_one(
    made_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_example("glacier-national-park", tmp_path / "mine")
    monkeypatch.setenv("TRIMLINE_DATA", str(tmp_path / "absent"))
    with pytest.raises(ExampleError, match="holds something else"):
        write_example("glacier-national-park", tmp_path / "mine")


def test_a_file_in_the_way_and_an_unknown_name_are_refused(made_up: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(ExampleError, match="in the way"):
        write_example("glacier-national-park", tmp_path / "mine")
    with pytest.raises(ExampleError, match="did you mean 'swiss'"):
        write_example("swis", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_the_names_are_listed() -> None:
    listed = json.loads(CliRunner().invoke(app, ["example", "--json"], catch_exceptions=False).stdout)
    assert list(listed) == list(EXAMPLES)
    shown = CliRunner().invoke(app, ["example"], catch_exceptions=False).stdout
    assert all(name in shown for name in EXAMPLES)


def test_a_simulated_image_opens_by_its_sidecar_and_shows_the_ice_of_its_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMLINE_DATA", str(tmp_path / "absent"))
    written = write_example("vinciguerra", tmp_path / "mine")
    assert not written.is_real
    assert (tmp_path / "mine" / "README.txt").read_text().startswith("vinciguerra: simulated images")
    areas = []
    for year in (2019, 2020, 2022):
        scene = open_scene(tmp_path / "mine" / f"{year}.tif")
        assert scene.sensor.id == "sentinel-2-msi"
        with rasterio.open(tmp_path / "mine" / f"{year}_label.tif") as source:
            label = source.read(1)
            assert (source.dtypes[0], source.nodata, source.shape) == ("float32", 0.0, scene.geobox.shape)
        red, swir = (scene.read(band).to_numpy() for band in ("red", "swir1"))
        assert 0.2 < np.nanmedian(red[label == 1]) < 1.1
        assert np.nanmedian(red[label == 1]) > 3 * np.nanmedian(swir[label == 1])
        assert np.nanmedian(red[label == 0]) < 0.15  # with the wrong offset, 2022 would be 0.1 brighter
        areas.append(int(label.sum()))
    assert areas[0] > areas[1] > areas[2] > 5_000
    assert all((written.folder / name).is_file() for name in written.files)


def test_simulated_glaciers_keep_their_numbers_and_shrink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMLINE_DATA", str(tmp_path / "absent"))
    written = write_example("swiss", tmp_path / "mine")
    then, now = (gpd.read_file(written.folder / f"{year}.gpkg").set_index("sgi_id") for year in (1973, 2016))
    assert len(then) > 10
    assert then.index.is_unique
    assert set(now.index) <= set(then.index)
    shared = then.loc[now.index]
    inside = shared.geometry.intersection(now.geometry).area / now.area
    assert inside.min() > 0.999
    assert now.area.sum() < 0.95 * shared.area.sum()
    measured = {"name", "length_km", "slope_deg", "aspect_deg", "zmin_m", "zmax_m", "zmean_m", "zmed_m", "year"}
    assert measured <= set(now.columns)
    with rasterio.open(written.folder / "dem" / "simulated.tif") as model:
        assert box(*then.to_crs(model.crs).total_bounds).within(box(*model.bounds))


def test_of_the_swiss_glaciers_those_come_that_a_model_covers_in_both_years(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = tmp_path / "data" / "swiss_inventory"
    (inventory / "dem").mkdir(parents=True)
    squares = {"A": box(100, 100, 200, 200), "B": box(100, 800, 200, 1100), "C": box(700, 700, 800, 800)}
    then = gpd.GeoDataFrame({"sgi_id": list(squares), "area_km2": 0.01}, geometry=list(squares.values()), crs=2056)
    then.to_parquet(inventory / "1973.parquet")
    then[then["sgi_id"] != "C"].assign(name="x").to_parquet(inventory / "2016.parquet")
    from odc.geo.geobox import GeoBox

    model = GeoBox.from_bbox((0, 0, 1000, 1000), "EPSG:2056", resolution=10)
    write_raster(inventory / "dem" / "one.tif", np.full(model.shape, 2500.0, np.float32), model)
    (inventory / "length_change.csv").write_text(
        "name,sgi_id,date_start,date_end,change_m,tongue_m\nx,A,2000,2001,-1.0,\nx,B,2000,2001,-2.0,\n"
    )
    monkeypatch.setenv("TRIMLINE_DATA", str(tmp_path / "data"))
    written = write_example("swiss", tmp_path / "mine")
    assert [gpd.read_file(written.folder / f"{year}.gpkg")["sgi_id"].tolist() for year in (1973, 2016)] == [
        ["A"],
        ["A"],
    ]
    assert "x,A," in (written.folder / "length_change.csv").read_text()
    assert "x,B," not in (written.folder / "length_change.csv").read_text()


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_real_data_are_taken_where_they_are(
    name: str, trimline_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMLINE_DATA", str(trimline_data))
    written = write_example(name, tmp_path / "mine")
    assert written.is_real
    assert all((written.folder / file).exists() for file in written.files)
