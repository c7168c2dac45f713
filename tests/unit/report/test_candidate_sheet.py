"""The contact sheet of candidates: pictures with outlines, and text that is only text."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from odc.geo.geobox import GeoBox

from trimline.catalogues.choosing import Choice
from trimline.catalogues.pictures import Picture
from trimline.report.candidate_sheet import as_jpeg, drawn, write_candidate_sheet

GRID = GeoBox.from_bbox((0, 0, 300, 300), "EPSG:32646", resolution=10)


def picture() -> Picture:
    values = np.random.default_rng(0).uniform(5000, 9000, (3, 30, 30)).astype(np.float32)
    values[:, :, :10] = np.nan
    return Picture(values, GRID, gpd.GeoDataFrame(geometry=[shapely.box(155, 55, 255, 205)], crs="EPSG:32646"))


def test_a_small_picture_is_enlarged_its_outlines_are_thin_and_what_has_no_data_is_grey() -> None:
    image = drawn(picture())
    assert image.shape == (300, 300, 3)
    assert (image[50, :100] == 60).all()
    magenta = (image == (228, 0, 124)).all(axis=2)
    assert magenta[96:244, 155].all()
    assert magenta[96:244, 255].all()
    assert magenta.sum() == 2 * (101 + 151) - 4


def test_a_picture_is_a_small_jpeg() -> None:
    content = as_jpeg(picture())
    assert content.startswith(b"\xff\xd8\xff")
    assert len(content) < 40_000, "this one is noise"


def test_names_and_reasons_are_text_and_never_markup(tmp_path: Path) -> None:
    page = tmp_path / "candidates.html"
    write_candidate_sheet(
        page, [Choice("2018", (), (), 0.0)], {}, [("scene", "<script>alert(1)</script>")], title="<b>x"
    )
    content = page.read_text()
    assert "<script>" not in content
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in content
