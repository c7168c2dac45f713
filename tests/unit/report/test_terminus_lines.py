"""Pictures of termini name their dates, stand on the right ground, and lie rightly over an image."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.errors import ChangeError, GridError
from trimline.files import sha256
from trimline.report.terminus_lines import _frame_of_termini, draw_terminus_lines

X, Y = 5e5, 4.8e6


def tongues(*ends_m: float, crs: int = 32645) -> gpd.GeoDataFrame:
    """Return a glacier 6 km long and 400 m wide that ends this far south of a line at each date."""
    shapes = [shapely.box(X, Y - end, X + 400, Y + 6000) for end in ends_m]
    years = [2000.5 + 5 * number for number in range(len(shapes))]
    table = {"glac_id": "a", "period": [f"{year:.0f}" for year in years], "src_year": years}
    return gpd.GeoDataFrame(table, geometry=shapes, crs=32645).to_crs(crs)


def words_of(written: list[Path]) -> str:
    return written[1].read_text(encoding="utf-8")


def test_the_dates_are_named(tmp_path: Path) -> None:
    words = words_of(draw_terminus_lines(tmp_path / "a", tongues(500, 300, 0), title="Glacier a"))
    for each in (">2000<", ">2006<", ">2010<", "Glacier a", "equal-area plane", "north of the middle, km"):
        assert each in words


def test_many_dates_have_a_bar_of_colours(tmp_path: Path) -> None:
    words = words_of(draw_terminus_lines(tmp_path / "a", tongues(*range(0, 1300, 100))))
    assert "date, decimal year" in words


def test_lines_without_names_of_periods_are_coloured_by_year(tmp_path: Path) -> None:
    fronts = gpd.GeoDataFrame(
        {"src_year": [2019.2, 2020.4, np.nan]},
        geometry=[shapely.LineString([(X, Y + at), (X + 900, Y + at)]) for at in (0, 100, 200)],
        crs=32645,
    )
    assert "date, decimal year" in words_of(draw_terminus_lines(tmp_path / "a", fronts))


def test_the_picture_shows_the_ground_that_changed() -> None:
    west, south, east, north = _frame_of_termini(tongues(500, 0), None, None).bounds_km
    assert max(east - west, north - south) < 2.0, "the terminus, and not the six kilometres above it"


def test_arrows_say_where_the_terminus_is(tmp_path: Path) -> None:
    termini = tongues(500, 0)
    arrow = gpd.GeoDataFrame(geometry=[shapely.LineString([(X, Y + 5000), (X, Y + 5600)])], crs=32645)
    bounds = _frame_of_termini(termini, GeoBox((9, 9), Affine.identity(), "EPSG:32645"), arrow).bounds_km
    assert (bounds[1] + bounds[3]) / 2 == pytest.approx((Y + 5300) / 1e3, abs=0.15)
    assert "typical change of the terminus" in words_of(draw_terminus_lines(tmp_path / "a", termini, arrows=arrow))


@pytest.mark.parametrize("crs", ["EPSG:32645", "EPSG:4326"])
def test_the_image_lies_under_the_termini(tmp_path: Path, crs: str) -> None:
    grid = GeoBox((300, 200), Affine(10, 0, X - 800, 0, -10, Y + 1500), "EPSG:32645")
    if crs != "EPSG:32645":
        grid = grid.to_crs(crs)
    image = np.zeros((*grid.shape, 3), np.uint8)
    image[..., 1] = 90
    ice = tongues(500).to_crs(crs).geometry.iloc[0]
    columns, rows = np.meshgrid(np.arange(grid.width) + 0.5, np.arange(grid.height) + 0.5)
    image[shapely.contains_xy(ice, *(grid.affine * (columns, rows)))] = (255, 255, 255)
    arrow = gpd.GeoDataFrame(geometry=[shapely.LineString([(X + 200, Y - 500), (X + 200, Y)])], crs=32645)
    written = draw_terminus_lines(tmp_path / "a", tongues(500), image=image, geobox=grid, arrows=arrow)
    picture = np.rint(255 * matplotlib.image.imread(written[0])[..., :3])
    line = np.abs(picture - (28, 4, 134)).max(axis=-1) < 40  # violet
    line[int(0.85 * len(line)) :] = False
    left, right = np.flatnonzero(line.sum(axis=0) > 0.3 * line.sum(axis=0).max())[[0, -1]]
    row = picture[np.flatnonzero(line.any(axis=1))[len(np.flatnonzero(line.any(axis=1))) // 3]]
    inside, outside = (
        row[left + 12 : left + 22],
        np.concatenate([row[left - 22 : left - 12], row[right + 12 : right + 22]]),
    )
    assert (inside > 200).all()
    assert (outside[:, 0] < 60).all()


def test_nothing_to_draw_is_said_in_words(tmp_path: Path) -> None:
    empty = tongues(500)
    empty.geometry = [None]
    assert "no terminus" in words_of(draw_terminus_lines(tmp_path / "a", empty))


def test_a_glacier_that_is_the_same_at_all_dates_is_shown_whole() -> None:
    _, south, _, north = _frame_of_termini(tongues(0, 0), None, None).bounds_km
    assert north - south > 6.0


def test_wrong_tables_and_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="no dates"):
        draw_terminus_lines(tmp_path / "a", tongues(0)[["glac_id", "geometry"]])
    with pytest.raises(GridError, match="does not lie on the grid"):
        draw_terminus_lines(tmp_path / "a", tongues(0), image=np.zeros((4, 5, 3), np.uint8))


def test_159_real_fronts_are_one_picture_with_the_same_bytes_each_time(trimline_data: Path, tmp_path: Path) -> None:
    files = sorted((trimline_data / "terminus" / "harald_moltke" / "lines").rglob("*.shp"))
    fronts = pd.concat([gpd.read_file(path)[["geometry"]].assign(date=path.stem[-8:]) for path in files[::8]])
    dates = pd.to_datetime(fronts["date"])
    fronts["src_year"] = dates.dt.year + (dates.dt.month - 0.5) / 12
    box = gpd.read_file(next((trimline_data / "terminus" / "harald_moltke" / "box").rglob("*.shp")))
    one, other = (draw_terminus_lines(tmp_path / name, fronts, measuring_lines=box) for name in "ab")
    assert [sha256(path) for path in one] == [sha256(path) for path in other]
    assert "middle at 76." in words_of(one)
