"""The choice among candidates: the main reference first, then what adds ice; whatever their order or number."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.catalogues.candidate import Candidate
from trimline.catalogues.choosing import LEAST_GAIN, LEAST_WEIGHT, Choice, chosen, weight_of
from trimline.catalogues.looking import Look

POINTS = 40


def look(
    name: str,
    clear: str | list[bool] = "1" * POINTS,
    *,
    tile: str | None = "139036",
    cloud: float = 0.0,
    snow: float = 0.1,
    sun: float | None = 50.0,
    sensor: str = "landsat-8-oli",
    day: date = date(2018, 8, 23),
    slc_off: bool = False,
    seen: float = 1.0,
) -> Look:
    candidate = Candidate(
        id=name,
        catalogue="archive",
        collection="landsat",
        sensor=sensor,
        level="L2",
        time=datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
        tile=tile,
        footprint=shapely.box(90, 30, 91, 31),
        bands={},
        quality={},
        metadata=(),
        item={},
        sun_elevation=sun,
        is_slc_off=slc_off,
    )
    points = np.array([each == "1" for each in clear] if isinstance(clear, str) else clear, bool)
    return Look(candidate, seen, cloud, 0.0, snow, seen, points, "QA_PIXEL, pixels of 240 m")


def ids(choice: Choice) -> list[str]:
    return [each.look.candidate.id for each in choice.taken]


def half(first: bool) -> str:
    return "1" * 20 + "0" * 20 if first else "0" * 20 + "1" * 20


def test_the_best_single_scene_is_the_main_reference_and_others_fill_its_gaps() -> None:
    looks = [look("west", half(True)), look("east", half(False)), look("most", "1" * 30 + "0" * 10)]
    choice = chosen(looks, "2018")
    assert ids(choice) == ["most", "east"]
    assert [each.is_reference for each in choice.taken] == [True, False]
    assert choice.seen == 1.0
    assert choice.taken[1].gain == pytest.approx(0.25)
    assert "75 % of the ice" in choice.taken[0].reason
    assert "adds 0 %" in choice.left[0].reason


def test_each_place_has_its_own_main_reference() -> None:
    choice = chosen([look("a", half(True), tile="45TVJ"), look("b", half(False), tile="45TWJ")], "2018")
    assert {(each.look.candidate.tile, each.is_reference) for each in choice.taken} == {
        ("45TVJ", True),
        ("45TWJ", True),
    }


@pytest.mark.parametrize(
    "worse",
    [
        {"cloud": 0.2},
        {"snow": 0.4},
        {"snow": math.nan},
        {"sun": 20.0},
        {"slc_off": True},
        {"day": date(2018, 11, 20)},
        {"sensor": "landsat-5-tm", "slc_off": True},
    ],
)
def test_cloud_snow_low_sun_stripes_and_the_wrong_season_each_cost_the_first_place(worse: dict[str, object]) -> None:
    def off_season(day: date) -> float:
        return max(0, (day - date(2018, 9, 30)).days)

    better, other = look("z"), look("a", **worse)  # type: ignore[arg-type]
    assert weight_of(other, off_season) < weight_of(better, off_season)
    assert ids(chosen([other, better], "2018", off_season=off_season)) == ["z"]


def test_a_finer_pixel_is_preferred_where_all_else_is_equal() -> None:
    assert ids(chosen([look("a"), look("b", sensor="sentinel-2-msi")], "2018")) == ["b"]


def test_a_scene_of_snow_is_left_even_where_no_other_shows_the_ice() -> None:
    choice = chosen([look("good", half(True)), look("white", half(False), snow=0.95)], "2018")
    assert ids(choice) == ["good"]
    assert choice.seen == 0.5
    assert "snow on 95 % of the ground" in choice.left[0].reason


def test_a_scene_that_shows_no_glacier_is_left_and_says_so() -> None:
    none = look("none", "0" * POINTS, cloud=math.nan, snow=math.nan, seen=0.0)
    assert chosen([none], "2018").left[0].reason == "shows no glacier"


def test_no_place_has_more_scenes_than_asked_for() -> None:
    parts = [look(f"{i}", [each == "1" for each in np.binary_repr(1 << i, POINTS)]) for i in range(10)]
    choice = chosen(parts, "2018", most=3)
    assert len(choice.taken) == 3
    assert choice.left[0].reason.startswith("3 scenes of 139036 are taken; it would add 2 %")


def test_the_choice_of_no_candidate_is_empty() -> None:
    assert chosen([], "2018").taken == ()


@st.composite
def many_looks(draw: st.DrawFn) -> list[Look]:
    count = draw(st.integers(1, 8))
    share = st.floats(0, 1, allow_nan=False)
    return [
        look(
            f"scene{number}",
            draw(st.lists(st.booleans(), min_size=POINTS, max_size=POINTS)),
            tile=draw(st.sampled_from(["139036", "139037", None])),
            cloud=draw(share),
            snow=draw(st.one_of(share, st.just(math.nan))),
            sun=draw(st.one_of(st.none(), st.floats(-10, 90))),
            slc_off=draw(st.booleans()),
        )
        for number in range(count)
    ]


@settings(deadline=None)
@given(looks=many_looks(), data=st.data())
def test_the_order_of_candidates_does_not_matter(looks: list[Look], data: st.DataObject) -> None:
    one, other = chosen(looks, "p", most=2), chosen(data.draw(st.permutations(looks)), "p", most=2)
    assert ids(one) == ids(other)
    assert [each.reason for each in one.ranked] == [each.reason for each in other.ranked]


@settings(deadline=None)
@given(looks=many_looks(), data=st.data())
def test_a_worse_duplicate_never_changes_the_choice(looks: list[Look], data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(looks))
    hidden = np.array(data.draw(st.lists(st.booleans(), min_size=POINTS, max_size=POINTS)))
    duplicate = replace(
        original,
        candidate=replace(original.candidate, id=data.draw(st.sampled_from(["a", "z"])), is_slc_off=True),
        clear=original.clear & ~hidden,
        cloud_over_ice=(1 + original.cloud_over_ice) / 2,
    )
    if weight_of(duplicate) >= weight_of(original):
        return  # both are worth nothing
    before, after = chosen(looks, "p", most=2), chosen([*looks, duplicate], "p", most=2)
    assert ids(after) == ids(before)


@settings(deadline=None)
@given(looks=many_looks())
def test_every_candidate_is_taken_or_left_once_with_a_reason_and_the_union_never_shrinks(looks: list[Look]) -> None:
    seen = -1.0
    for most in range(1, 5):
        choice = chosen(looks, "p", most=most)
        assert sorted(each.look.candidate.id for each in choice.ranked) == sorted(each.candidate.id for each in looks)
        assert all(each.reason and "nan" not in each.reason for each in choice.ranked)
        assert choice.seen >= seen
        seen = choice.seen
        together = np.zeros(POINTS, bool)
        for each in choice.taken:
            assert each.gain >= LEAST_GAIN
            assert each.gain == pytest.approx((each.look.clear & ~together).mean())
            assert each.weight >= LEAST_WEIGHT
            together |= each.look.clear
        assert choice.seen == pytest.approx(together.mean())
    for each in choice.left:
        assert each.weight < LEAST_WEIGHT or each.gain < LEAST_GAIN or len(looks) > 4
