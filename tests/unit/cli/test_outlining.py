"""Scenes of one call: found by path and pattern, each in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.cli.outlining import find_scenes, folder_for
from trimline.errors import GridError, ProductError
from trimline.rasters import grid_options, write_raster


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.tar", "b.tar", "c[1].tar", "deep/er/d.tar", "deep/e.tar", "deep/f.tif"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "found", "several"),
    [
        (["a.tar"], ["a.tar"], False),
        (["absent.tar"], ["absent.tar"], False),
        (["c[1].tar"], ["c[1].tar"], False),
        (["[ab].tar"], ["a.tar", "b.tar"], True),
        (["deep/*.tar"], ["deep/e.tar"], True),
        (["deep/**/*.tar"], ["deep/e.tar", "deep/er/d.tar"], True),
        (["b.tar", "a.tar"], ["b.tar", "a.tar"], True),
        (["a.tar", "./a.tar", "?.tar"], ["a.tar", "b.tar"], True),
    ],
)
def test_paths_and_patterns_name_each_product_once(
    here: Path, given: list[str], found: list[str], several: bool
) -> None:
    paths, is_several = find_scenes(given)
    assert sorted(path.as_posix() for path in paths) == sorted(found)
    assert is_several is several


def test_a_pattern_may_be_absolute_or_begin_at_home(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert find_scenes([f"{here}/deep/*.tif"]) == ([here / "deep" / "f.tif"], True)
    assert find_scenes(["~/deep/*.tif"]) == ([here / "deep" / "f.tif"], True)
    assert find_scenes(["~/a.tar"]) == ([here / "a.tar"], False)


def test_a_pattern_that_nothing_fits_is_named(here: Path) -> None:
    with pytest.raises(ProductError, match=r"no file or folder matches this pattern"):
        find_scenes(["a.tar", "*.SAFE"])


def test_the_folder_of_a_scene_is_its_id() -> None:
    assert folder_for("LC08_1", set(), None) == Path("LC08_1_outlines")
    assert folder_for("LC08_1", set(), Path("out")) == Path("out/LC08_1")


def test_scenes_of_one_id_do_not_share_a_folder(caplog: pytest.LogCaptureFixture) -> None:
    taken: set[str] = set()
    with caplog.at_level("WARNING", "trimline"):
        folders = [folder_for("stack", taken, Path("out")) for _ in range(3)]
    assert [each.name for each in folders] == ["stack", "stack_2", "stack_3"]
    assert "stack_2" in caplog.text


def test_elevation_of_another_place_is_refused_before_anything_is_mapped(tmp_path: Path) -> None:
    scene = tmp_path / "a.tif"
    grid = GeoBox((8, 8), Affine(30, 0, 500_010, 0, -30, 3_800_040), "EPSG:32646")
    with rasterio.open(scene, "w", **grid_options(grid), driver="GTiff", count=2, dtype="float32") as target:
        target.write(np.full((2, 8, 8), 0.3, np.float32))
        target.descriptions = ("red", "swir1")
    there, elsewhere = tmp_path / "there.tif", tmp_path / "elsewhere.tif"
    write_raster(there, np.full((8, 8), 4000, np.float32), grid)
    write_raster(elsewhere, np.full((8, 8), 4000, np.float32), grid.pad(0).translate_pix(3000, 0))
    given = ["outline", str(scene), "--method", "band_ratio", "-o", str(tmp_path / "out"), "--dem"]
    result = CliRunner().invoke(app, [*given, str(elsewhere)])
    assert isinstance(result.exception, GridError)
    assert "elsewhere.tif: the elevation model has no heights where the image lies" in str(result.exception)
    assert not (tmp_path / "out").exists()
    assert CliRunner().invoke(app, [*given, str(there)]).exit_code == 0


@pytest.mark.parametrize("scene_id", ["../../etc/x", "/etc", "..", "a/b", "a\\b", ""])
def test_no_id_leads_out_of_the_folder(scene_id: str) -> None:
    folder = folder_for(scene_id, set(), Path("out"))
    assert folder.parent == Path("out")
    assert folder.name not in ("", ".", "..")
