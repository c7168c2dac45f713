"""The areas on the page are those of the tables of `trimline run`."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from tests.kinds.reviewed import EARLY, LATE, PIXEL_M, cell, draft, reviewed

from trimline.change import glacier_areas
from trimline.outlines import area_km2, read_edits, read_outlines, replay
from trimline.review import contract
from trimline.review.live.measuring import correction_error_km2
from trimline.review.review_desk import ReviewDesk, desk_of

LEFT = shapely.affinity.translate(cell(0.0, 0.0, 0.3), -100.0, 50.0)


def corrected(desk: ReviewDesk) -> None:
    """Save corrections that touch shared borders, the errors of the map, and the names of glaciers."""
    for drafts in (
        (draft("add", "a-0-0", LEFT), draft("remove", "a-1-1", cell(1.2, 1.2, 0.3))),
        (draft("split", "a-1-0", shapely.LineString([cell(1, 0).centroid.coords[0], (501_500.0, 3_499_000.0)])),),
        (
            draft(
                "split", "far", shapely.LineString([(505_500, 3_499_000), (505_500, 3_502_000)]), value={"new_id": "n"}
            ),
        ),
        (draft("replace", "a-0-1", cell(0.0, 1.0, 0.8)),),
    ):
        shown = desk.preview(contract.PreviewRequest(period=LATE, drafts=drafts))
        if any(shown.is_applied):
            desk.save(contract.SaveRequest(period=LATE, drafts=drafts, author="Ana", reason="x", base=shown.base))


def tables(folder: Path, buffer_m: float | None) -> pd.DataFrame:
    """Return the table of areas of the final outlines, as the stage `change` has it."""
    edits = read_edits(folder / "edits.gpkg")
    final = [
        replay(read_outlines(folder / period / "automatic.gpkg"), edits, period, middle=float(period) + 0.5)[0]
        for period in (EARLY, LATE)
    ]
    outlines = gpd.GeoDataFrame(pd.concat(final, ignore_index=True), crs=final[0].crs)
    table = glacier_areas(outlines, pixel_m=PIXEL_M, buffer_m=buffer_m)
    return table.assign(geodesic_km2=area_km2(outlines)).set_index(["period", "glac_id"])


@pytest.mark.parametrize("buffer_m", [None, 25.0])
def test_areas_and_uncertainties_of_the_page_are_those_of_the_tables(tmp_path: Path, buffer_m: float | None) -> None:
    what = reviewed(tmp_path / "review")
    what = type(what)(**{**vars(what), "buffer_m": buffer_m})
    desk = desk_of(what)
    try:
        corrected(desk)
        expected = tables(tmp_path / "review", buffer_m)
        for (period, name), row in expected.iterrows():
            found = desk.glacier(period, name).measure
            assert found is not None
            assert found.area_km2 == row["geodesic_km2"]
            assert found.area_km2 == pytest.approx(row["area_km2"], rel=1e-7)
            assert found.uncertainty_km2 == pytest.approx(row["uncertainty_km2"], rel=1e-6)
            assert found.perimeter_km == pytest.approx(row["perimeter_km"], rel=1e-6)
    finally:
        desk.close()


def test_comparisons_are_against_the_map_and_the_periods_beside(tmp_path: Path) -> None:
    desk = desk_of(reviewed(tmp_path / "review"))
    try:
        hole = draft("remove", "a-0-1", cell(0.2, 1.2, 0.2))
        shown = desk.preview(contract.PreviewRequest(period=LATE, drafts=(hole,))).measures[0]
    finally:
        desk.close()
    automatic, early = shown.comparisons
    assert (automatic.with_, early.with_) == ("automatic", EARLY)
    assert automatic.change_km2 == pytest.approx(-0.04, rel=2e-3)
    assert early.change_km2 == pytest.approx(-0.14, rel=2e-3)
    assert early.change_percent == pytest.approx(-14.0, rel=2e-3)
    assert shown.uncertainty_km2 is not None
    assert early.uncertainty_km2 is not None
    assert early.change_uncertainty_km2 == pytest.approx(math.hypot(shown.uncertainty_km2, early.uncertainty_km2))


def test_a_correction_has_the_error_of_the_margin_that_it_moved() -> None:
    square = shapely.box(0.0, 0.0, 1000.0, 1000.0)
    assert correction_error_km2(square, square, 15.0) == 0.0, "one image, one outline: nothing differs"
    wider = shapely.box(0.0, 0.0, 1200.0, 1000.0)
    moved_m = math.hypot(200.0 + 1000.0 + 200.0, 1000.0)  # the new pieces, and the one that they replace
    assert correction_error_km2(wider, square, 15.0) == pytest.approx(moved_m * 15.0 / 1e6)
    hole = square.difference(shapely.box(400.0, 400.0, 500.0, 500.0))
    assert correction_error_km2(hole, square, 15.0) == pytest.approx(400.0 * 15.0 / 1e6)
