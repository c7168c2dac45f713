"""Candidates of a search go to periods by their year, and into the project file as entries that it can hold."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from trimline.catalogues.candidate import Candidate
from trimline.catalogues.choosing import chosen
from trimline.catalogues.ground import ground_of
from trimline.catalogues.looking import Look
from trimline.project import Period, Project, SceneEntry
from trimline.remote import Transport
from trimline.study.searching import _by_period, _looks, _offered, _warn_of_gaps

PERIODS = (Period(name="1990", first=1989, last=1991), Period(name="2000", first=1999, last=2001))


def look(
    name: str, year: int, *, tile: str | None = "139036", cloud: float = 0.0, cover: float | None = 12.345
) -> Look:
    candidate = Candidate(
        id=name,
        catalogue="archive",
        collection="landsat",
        sensor="landsat-5-tm",
        level="L1",
        time=datetime(year, 8, 1, tzinfo=UTC),
        tile=tile,
        footprint=shapely.box(0, 0, 1, 1),
        bands={},
        quality={},
        metadata=(),
        item={},
        cloud_cover=cover,
    )
    clear = np.arange(100) >= 100 * cloud
    return Look(candidate, 1.0, cloud, 0.0, 0.1, 1.0, clear, "QA_PIXEL")


def test_a_scene_belongs_to_the_period_of_its_year_and_outside_all_to_the_nearest() -> None:
    looks = [look(str(year), year) for year in (1988, 1990, 1994, 1996, 2001, 2005)]
    found = {name: [each.candidate.id for each in some] for name, some in _by_period(looks, PERIODS).items()}
    assert found == {"1990": ["1988", "1990", "1994"], "2000": ["1996", "2001", "2005"]}


def test_every_entry_is_one_that_a_project_takes() -> None:
    choice = chosen([look("a", 1990), look("b", 1990, tile=None, cloud=0.3, cover=None)], "1990")
    for each in (*_offered(choice).taken, *_offered(choice).left):
        entry = SceneEntry.model_validate(dict(each.entry))
        assert entry.item is not None
        assert entry.period == "1990"
    first = _offered(choice).taken[0].entry
    assert (first["id"], first["reference"], first["cloud_cover"]) == ("a", True, 12.35)


def test_a_scene_without_a_tile_is_the_reference_of_no_place() -> None:
    choice = chosen([look("a", 1990, tile=None)], "1990")
    assert choice.taken[0].is_reference
    assert "reference" not in _offered(choice).taken[0].entry


def test_scenes_and_references_by_hand_stay_the_only_ones() -> None:
    mine = [
        {"id": "a", "path": "a", "period": "1990", "tile": "139036", "reference": True},
        {"id": "other", "path": "other", "period": "2000", "tile": "139037", "reference": True},
    ]
    by_hand = Project.model_validate({"name": "x", "output": "out", "periods": list(PERIODS), "scenes": mine})
    looks = [look("a", 1990), look("b", 1990, cloud=0.1), look("c", 1990, tile="139037", cloud=0.5)]
    looks = [replace(each, clear=np.roll(each.clear, 40 * number)) for number, each in enumerate(looks)]
    choice = chosen(looks[1:], "1990")
    entries = {str(each.entry["id"]): each.entry for each in _offered(choice, by_hand.scenes).taken}
    assert "reference" not in entries["b"]
    assert "reference" in entries["c"], "a reference of another period leaves the place free"
    assert [each.entry["id"] for each in _offered(chosen(looks[:1], "1990"), by_hand.scenes).taken] == []


@pytest.mark.parametrize("name", ["choice", "CHOICE"])
def test_an_item_whose_file_would_lie_where_the_choice_does_is_left_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trimline.study.searching.looked_at", lambda candidate, *_: look(candidate.id, 1990))
    candidates = [look(each, 1990).candidate for each in (name, "choices")]
    looks, unread = _looks(candidates, ground_of(None, shapely.box(0, 0, 1, 1)), {"archive": Transport()})
    assert [each.candidate.id for each in looks] == ["choices"]
    assert [each for each, _ in unread] == [name]
    assert "the search writes" in unread[0][1]


def test_a_period_without_a_fit_scene_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="trimline"):
        _warn_of_gaps(chosen([], "1990"))
        _warn_of_gaps(chosen([look("cloudy", 1990, cloud=0.95)], "1990"))
        _warn_of_gaps(chosen([look("part", 1990, cloud=0.5)], "1990"))
        _warn_of_gaps(chosen([look("whole", 1990)], "1990"))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert "no candidate" in said[0]
    assert "none of 1 candidates is fit; the best, cloudy: cloud over 95 % of the ice" in said[1]
    assert "50.0 % of the ice" in said[2]
