"""Doubts of outlines: known values on squares, what holds for every outline, and only what changed computed again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.review.toy_review import CRS, reviewed

from trimline.outlines import write_outlines
from trimline.review.doubts import background as module
from trimline.review.doubts.background import Doubts, DoubtTable
from trimline.review.doubts.comparing import shared_areas
from trimline.review.doubts.doubt import disagreement, doubt_of, expected_area, jump
from trimline.review.doubts.margin import margin, points_along
from trimline.review.live.snapshot import Snapshot
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod

WAIT_S = 30.0


def shapes(*given: shapely.Geometry | None) -> NDArray[np.object_]:
    found = np.full(len(given), None, dtype=object)
    found[:] = given
    return found


def square(west: float, south: float, side: float) -> shapely.Polygon:
    return shapely.box(west, south, west + side, south + side)


def areas(*given: float) -> NDArray[np.float64]:
    return np.array(given, float)


# Disagreement


def test_outlines_that_agree_do_not_differ() -> None:
    one = shapes(square(0, 0, 10))
    assert disagreement(one, one, one) == pytest.approx(0)


def test_ground_that_both_others_have_and_the_outline_lacks_differs() -> None:
    both = shapes(square(0, 0, 10))
    half = shapes(shapely.box(0, 0, 10, 5))
    assert disagreement(half, both, both) == pytest.approx(0.5)


def test_ground_that_neither_of_the_others_has_differs() -> None:
    both = shapes(square(0, 0, 10))
    twice = shapes(shapely.box(0, 0, 20, 10))
    assert disagreement(twice, both, both) == pytest.approx(0.5)


def test_ground_on_which_the_others_do_not_agree_does_not_count() -> None:
    early, late = shapes(shapely.box(0, 0, 20, 10)), shapes(square(0, 0, 10))
    between = shapes(shapely.box(0, 0, 15, 10))
    assert disagreement(between, early, late) == pytest.approx(0), "a glacier that retreats"


def test_one_other_outline_is_compared_alone_and_none_is_no_ice() -> None:
    one = shapes(shapely.box(0, 0, 20, 10))
    assert disagreement(shapes(square(0, 0, 10)), one, shapes(None)) == pytest.approx(0.5)
    assert disagreement(shapes(square(0, 0, 10)), shapes(None), shapes(None)) == pytest.approx(1)


@st.composite
def polygons(draw: st.DrawFn) -> shapely.Geometry | None:
    if draw(st.integers(0, 5)) == 0:
        return None
    corners = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=3, max_size=8))
    found = shapely.convex_hull(shapely.MultiPoint(corners))
    if found.geom_type != "Polygon":
        return square(*corners[0], 3)
    if draw(st.booleans()):
        found = shapely.union(found, square(40, 3, draw(st.integers(1, 9))))
    if draw(st.booleans()):
        found = shapely.difference(found, shapely.Point(15, 15).buffer(draw(st.integers(1, 5))))
    return found if shapely.area(found) > 0 else None


@settings(max_examples=60)
@given(st.lists(st.tuples(polygons(), polygons(), polygons()), min_size=1, max_size=4))
def test_areas_along_lines_are_those_of_the_polygons(triples: list[tuple[Any, Any, Any]]) -> None:
    columns = [shapes(*each) for each in zip(*triples, strict=True)]
    found = shared_areas(columns)
    nothing = shapely.Polygon()
    for row, triple in enumerate(triples):
        known = [nothing if each is None else each for each in triple]
        everything = shapely.union_all(known)
        if everything.is_empty:
            continue
        _, south, _, north = everything.bounds
        # One line stands for a strip: of all edges together, so much may lie elsewhere in it.
        slack = sum(shapely.length(each) for each in known) * (north - south) / 64 + 1e-6
        for column in range(1, 8):
            inside = [each for bit, each in enumerate(known) if column >> bit & 1]
            outside = [each for bit, each in enumerate(known) if not column >> bit & 1]
            exact = shapely.difference(shapely.intersection_all(inside), shapely.union_all(outside))
            assert found[row, column] == pytest.approx(shapely.area(exact), abs=slack)


@settings(max_examples=60)
@given(st.tuples(polygons(), polygons(), polygons()).filter(lambda each: each[0] is not None), st.floats(0, 1))
def test_doubt_lies_between_nothing_and_one(triple: tuple[Any, Any, Any], uncertain: float) -> None:
    outline, one, other = (shapes(each) for each in triple)
    differs = disagreement(outline, one, other)
    assert 0 <= differs[0] <= 1 + 1e-9
    doubt = doubt_of((areas(uncertain), differs, areas(np.nan)), outline, 1.0)
    assert 0 <= doubt[0] <= 1


# Jumps


def test_between_two_periods_the_area_is_expected_in_proportion_to_time() -> None:
    expected = expected_area(2000, [(1990, areas(10.0))], [(2020, areas(4.0))])
    assert expected == pytest.approx(8.0)
    assert jump(areas(6.0), expected) == pytest.approx(0.25)
    assert jump(areas(16.0), expected) == pytest.approx(0.5), "twice the area"


def test_at_an_end_the_median_of_the_three_nearest_is_expected() -> None:
    after = [(year, areas(area)) for year, area in ((2000, 9.0), (2005, 50.0), (2010, 8.0), (2015, 1.0))]
    assert expected_area(1995, [], after) == pytest.approx(9.0)


def test_periods_without_the_glacier_are_passed_over() -> None:
    before = [(1995, areas(np.nan)), (1990, areas(10.0))]
    assert expected_area(2000, before, [(2010, areas(10.0))]) == pytest.approx(10.0)
    assert expected_area(2000, before, [(2010, areas(np.nan))]) == pytest.approx(10.0)
    nowhere = expected_area(2000, [(1990, areas(np.nan))], [(2010, areas(np.nan))])
    assert nowhere == pytest.approx(0.0)
    assert jump(areas(3.0), nowhere) == pytest.approx(1.0), "it is in this period alone"
    assert expected_area(2000, [], []) is None
    assert np.isnan(jump(areas(3.0), None)).all()


# Margins


def write_probability(path: Path, values: NDArray[np.float64], pixel_m: float = 10.0) -> Path:
    counts = np.where(np.isnan(values), 65535, np.rint(values * 10_000)).astype("uint16")
    with rasterio.open(
        path, "w", driver="GTiff", height=values.shape[0], width=values.shape[1], count=1, dtype="uint16", crs=CRS,
        nodata=65535, transform=rasterio.Affine(pixel_m, 0, 0, 0, -pixel_m, values.shape[0] * pixel_m),
    ) as target:  # fmt: skip
        target.write(counts, 1)
    return path


def test_a_certain_map_has_no_margin_and_even_odds_have_the_largest(tmp_path: Path) -> None:
    values = np.zeros((20, 20))
    values[5:15, 5:15] = 1.0
    ice = shapes(square(50, 50, 100))
    assert margin(ice, write_probability(tmp_path / "a.tif", values)) == pytest.approx(0), (
        "though odds are even between"
    )
    assert margin(ice, write_probability(tmp_path / "b.tif", np.full((20, 20), 0.5))) == pytest.approx(1)
    assert margin(ice, write_probability(tmp_path / "c.tif", np.full((20, 20), 0.9))) == pytest.approx(0.36)


def test_the_margin_is_the_mean_along_the_outline_of_what_is_known(tmp_path: Path) -> None:
    values = np.zeros((20, 20))
    values[:, 12:] = 0.5  # the eastern side, and a fifth of two others
    ice = shapes(square(50, 50, 100))
    # At x from 50 to 150 m uncertainty rises between the middles of two pixels, at 115 and 125 m.
    assert margin(ice, write_probability(tmp_path / "a.tif", values)) == pytest.approx((100 + 2 * 30) / 400, abs=0.005)
    values[:, :12] = np.nan
    assert margin(ice, write_probability(tmp_path / "b.tif", values)) == pytest.approx(1)
    nowhere = margin(shapes(square(5000, 5000, 10), *ice), write_probability(tmp_path / "c.tif", values))
    assert np.isnan(nowhere[0])
    assert nowhere[1] == pytest.approx(1)


def test_blocks_of_the_raster_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_probability(tmp_path / "a.tif", np.random.default_rng(1).uniform(0, 1, (90, 110)))
    ice = shapes(*(square(20.0 * n + 3, 13.0 * n + 5, 90.0 + n) for n in range(40)))
    whole = margin(ice, path)
    monkeypatch.setattr("trimline.review.doubts.margin._BLOCK", 16)
    monkeypatch.setattr("trimline.review.doubts.margin._MOST_BLOCKS", 2)
    monkeypatch.setattr("trimline.review.doubts.margin._MOST_POINTS", 100)
    assert margin(ice, path) == pytest.approx(whole)


def test_points_stand_for_the_whole_length_of_all_rings() -> None:
    ring = shapely.difference(square(0, 0, 10), square(4, 4, 2))
    points, lengths, of = points_along(shapes(square(20, 20, 1), ring), 3.0)
    assert np.bincount(of, weights=lengths) == pytest.approx([4, 48])
    assert shapely.distance(shapely.points(points[of == 1]), ring.boundary) == pytest.approx(0)
    assert lengths.max() <= 3.0


# Of a review


def snapshot(outlines: dict[str, shapely.Geometry], version: int = 1) -> Snapshot:
    found = shapes(*outlines.values())
    states: Any = ("open",) * len(found)
    return Snapshot(version, tuple(outlines), found, shapely.area(found) / 1e6, states, np.zeros(len(found), np.int64))


def review_of(folder: Path, years: Sequence[int]) -> Reviewed:
    periods = [ReviewedPeriod(str(year), year, year, folder / f"{year}.gpkg", 10.0) for year in years]
    return reviewed(folder, periods=periods)


def computed(doubts: Doubts, period: str, now: Snapshot) -> DoubtTable:
    wait = threading.Event()
    for _ in range(int(WAIT_S / 0.01)):
        found = doubts.of(period, now)
        if found is not None and found.version == now.version and period not in doubts._waiting:
            return found
        wait.wait(0.01)
    raise AssertionError("it takes too long")


def steady(count: int = 6) -> dict[str, shapely.Geometry]:
    return {f"{n:04d}": square(3000.0 * n, 0, 1000.0) for n in range(count)}


def test_a_planted_error_comes_first(tmp_path: Path) -> None:
    years = (1990, 2000, 2010)
    periods = {str(year): snapshot(steady()) for year in years}
    wrong = steady() | {"0003": square(9000, 0, 1400.0)}
    periods["2000"] = snapshot(wrong)
    doubts = Doubts(review_of(tmp_path, years), periods.__getitem__)
    found = computed(doubts, "2000", periods["2000"])
    doubts.close()
    assert found.glac_ids[int(np.argmax(found.doubt))] == "0003"
    assert found.disagreement[3] == pytest.approx(1 - 1 / 1.4**2, abs=0.02)
    assert found.jump[3] == pytest.approx(1 - 1 / 1.4**2)
    assert np.delete(found.doubt, 3) == pytest.approx(0)
    assert np.isnan(found.margin).all(), "there is no raster"


def test_a_patch_of_a_few_pixels_comes_after_a_large_glacier_of_the_same_error(tmp_path: Path) -> None:
    small, large = square(0, 0, 30.0), square(0, 0, 3000.0)
    both = doubt_of((areas(0.5, 0.5), areas(0.5, 0.5), areas(0.5, 0.5)), shapes(small, large), 10.0)
    assert both[0] < both[1]


def test_after_an_edit_only_what_changed_is_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    years = (1990, 2000, 2010)
    outlines = steady()
    periods = {str(year): snapshot(outlines) for year in years}
    doubts = Doubts(review_of(tmp_path, years), periods.__getitem__)
    first = computed(doubts, "2000", periods["2000"])
    seen: list[int] = []

    def counting(outlines: Any, *others: Any, **options: Any) -> Any:
        seen.append(len(outlines))
        return disagreement(outlines, *others, **options)

    monkeypatch.setattr(module, "disagreement", counting)
    edited = dict(outlines) | {"0001": square(3000, 0, 1500.0), "new": square(90_000, 0, 1000.0)}
    del edited["0005"]
    periods["2000"] = snapshot(edited, 2)
    meanwhile = doubts.of("2000", periods["2000"])
    assert meanwhile is not None
    assert meanwhile.glac_ids == tuple(edited)
    assert meanwhile.version == 1, "former values stand until then"
    assert np.isnan(meanwhile.doubt[-1])
    found = computed(doubts, "2000", periods["2000"])
    assert seen == [2], "the one that was redrawn, and the new one"
    assert found.disagreement[1] > 0.5 > first.disagreement[1]
    periods["1990"] = snapshot(outlines | {"0002": square(6000, 0, 500.0)}, 2)
    doubts.of("2000", periods["2000"])
    computed(doubts, "2000", periods["2000"])
    assert seen[-1] == 1, "and the one whose neighbour in time was redrawn"
    doubts.close()


def test_outlines_before_corrections_are_read_where_no_others_are_given(tmp_path: Path) -> None:
    import geopandas as gpd

    years = (1990, 2000)
    for year in years:
        frame = gpd.GeoDataFrame(
            {"glac_id": list(steady()), "area_km2": 1.0}, geometry=list(steady().values()), crs=CRS
        )
        write_outlines(frame, tmp_path / f"{year}.gpkg")
    doubts = Doubts(review_of(tmp_path, years))
    now = snapshot(steady(), 0)
    assert computed(doubts, "1990", now).doubt == pytest.approx(0)
    doubts.close()


def test_one_map_alone_has_margins_only(tmp_path: Path) -> None:
    path = write_probability(tmp_path / "p.tif", np.full((20, 20), 0.5))
    periods = [ReviewedPeriod("2019", 2019, 2019, tmp_path / "a.gpkg", 10.0, probability=path)]
    now = snapshot({"a": square(50, 50, 100)})
    doubts = Doubts(reviewed(tmp_path, periods=periods), {"2019": now}.__getitem__)
    found = computed(doubts, "2019", now)
    doubts.close()
    assert found.margin == pytest.approx(1)
    assert np.isnan(found.disagreement).all()
    assert np.isnan(found.jump).all()
    assert 0 < found.doubt[0] < 1


def test_doubts_end_at_once_when_the_review_does(tmp_path: Path) -> None:
    years = (1990, 2000)
    many = {f"{n:05d}": shapely.Point(3000.0 * n, 0).buffer(1000, quad_segs=64) for n in range(4000)}
    periods = {str(year): snapshot(many) for year in years}
    doubts = Doubts(review_of(tmp_path, years), periods.__getitem__)
    assert doubts.of("1990", periods["1990"]) is None
    closing = threading.Thread(target=doubts.close)
    closing.start()
    closing.join(WAIT_S)
    assert not closing.is_alive()
