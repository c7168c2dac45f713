"""What a timeline says of glaciers without an outline: gone where the ground was seen, unseen where it was not."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.outlines import area_km2, write_outlines
from trimline.rasters import write_raster
from trimline.timeline.rules import GROUND, ICE, UNSEEN
from trimline.timeline.states import STATE_TABLE_COLUMNS, read_states, write_states

SIZE = 20
GRID = GeoBox((SIZE, 6 * SIZE), Affine(30, 0, 500_000, 0, -30, 4_000_000), "EPSG:32646")
PERIODS = {"1990": 1990.5, "2005": 2005.5}


def square(place: int) -> shapely.Polygon:
    """Return the ground of one of six places side by side, 20 pixels wide."""
    west = 500_000 + 600 * place
    return shapely.box(west, 4_000_000 - 600, west + 600, 4_000_000)


def write_period(folder: Path, mask: np.ndarray, inferred: dict[int, float], date: str) -> None:
    sources = np.where(mask == UNSEEN, 0, 1).astype(np.uint16)
    folder.mkdir(parents=True)
    write_raster(folder / "mask.tif", mask, GRID, nodata=UNSEEN)
    write_raster(folder / "sources.tif", sources, GRID, nodata=0)
    listed = [{"index": 1, "scene_id": "s", "date": date, "sensor": "landsat-5-tm"}]
    (folder / "sources.json").write_text(json.dumps(listed))
    frame = gpd.GeoDataFrame(
        {"glac_id": [f"g{place}" for place in inferred], "inferred_km2": list(inferred.values()), "src_year": 1990.6},
        geometry=[square(place) for place in inferred],
        crs="EPSG:32646",
    )
    frame["area_km2"] = area_km2(frame)
    write_outlines(frame, folder / "outlines.gpkg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return two periods: six glaciers in the first, of which the second shows one."""
    first = np.full((SIZE, 6 * SIZE), ICE, np.uint8)
    later = np.full((SIZE, 6 * SIZE), GROUND, np.uint8)
    later[:, :SIZE] = ICE
    later[:, 2 * SIZE : 3 * SIZE] = UNSEEN  # the third is under cloud
    later[:, 3 * SIZE : 3 * SIZE + 8] = UNSEEN  # 40 % of the fourth
    later[:, 4 * SIZE : 4 * SIZE + 12] = UNSEEN  # 60 % of the fifth
    write_period(tmp_path / "1990", first, {place: 0.3 if place == 5 else 0.0 for place in range(6)}, "1990-08-01")
    write_period(tmp_path / "2005", later, {0: 0.0}, "2005-08-10")
    return tmp_path


def test_ground_that_was_seen_without_ice_is_gone_and_hidden_ground_is_not(folder: Path) -> None:
    table = write_states(folder, PERIODS, "outlines.gpkg")
    assert tuple(table.columns) == STATE_TABLE_COLUMNS
    states = table.set_index(["glac_id", "period"])["state"]
    assert [states[f"g{k}", "1990"] for k in range(6)] == [*["mapped"] * 5, "inferred"]
    assert [states[f"g{k}", "2005"] for k in range(6)] == ["mapped", "gone", "unseen", "gone", "unseen", "gone"]
    later = table[table["period"] == "2005"].set_index("glac_id")
    assert later.loc[["g1", "g3"], "area_km2"].tolist() == [0, 0]
    assert later.loc[["g2", "g4"], "area_km2"].isna().all()
    assert later.loc["g3", "unseen_km2"] == pytest.approx(0.4 * 0.36, rel=1e-3)
    assert later.loc["g1", "src_year"] == pytest.approx(2005 + 221.5 / 365), "the day of the scene that shows it"
    assert later.loc["g2", "src_year"] == 2005.5, "the middle of the period where no scene does"


def test_the_file_gives_the_table_back(folder: Path) -> None:
    table = write_states(folder, PERIODS, "outlines.gpkg")
    read = read_states(folder)
    assert read["state"].tolist() == table["state"].tolist()
    assert read["period"].tolist() == table["period"].tolist()
    assert read["area_km2"].to_numpy() == pytest.approx(table["area_km2"].to_numpy(), abs=1e-6, nan_ok=True)


def test_a_period_without_any_outline_was_still_seen(folder: Path) -> None:
    """All ice is gone: every glacier has a row, and the year of the scene."""
    empty = gpd.GeoDataFrame({"glac_id": [], "src_year": []}, geometry=[], crs="EPSG:32646")
    write_outlines(empty, folder / "2005" / "outlines.gpkg")
    later = write_states(folder, PERIODS, "outlines.gpkg").query("period == '2005'").set_index("glac_id")
    assert later["state"].to_dict() == {f"g{k}": "unseen" if k in (2, 4) else "gone" for k in range(6)}
