"""The table of candidates says what its shares are of, and what an edited choice takes beside the proposal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely

from trimline.catalogues.candidate import Candidate
from trimline.catalogues.choosing import Choice, chosen
from trimline.catalogues.looking import Look
from trimline.report.candidate_sheet import candidate_table, heads_explained, kept_in_words, write_candidate_sheet


def look(name: str, cloud: float, *, of_glaciers: bool = True) -> Look:
    candidate = Candidate(
        id=name,
        catalogue="archive",
        collection="landsat",
        sensor="landsat-5-tm",
        level="L1",
        time=datetime(1990, 8, 1, tzinfo=UTC),
        tile="139036",
        footprint=shapely.box(0, 0, 1, 1),
        bands={},
        quality={},
        metadata=(),
        item={},
        cloud_cover=12.0,
    )
    return Look(candidate, 1.0, cloud, 0.0, 0.1, 1.0, np.arange(100) >= 100 * cloud, "", of_glaciers)


def choice_of(*, of_glaciers: bool = True) -> Choice:
    return chosen([look(name, cloud, of_glaciers=of_glaciers) for name, cloud in (("a", 0.0), ("b", 0.5))], "1990")


def test_without_glaciers_nothing_is_said_to_be_of_them(tmp_path: Path) -> None:
    for of_glaciers, word in ((True, "glaciers"), (False, "region")):
        choice = choice_of(of_glaciers=of_glaciers)
        heads, rows = candidate_table(choice)
        assert heads[2] == ("on ice" if of_glaciers else "in region")
        assert rows == [["a", "12 %", "0 %", "10 %", "100 %", rows[0][5], "reference"],
                        ["b", "12 %", "50 %", "10 %", "50 %", rows[1][5], "left"]]  # fmt: skip
        assert f"cloud over the {word}" in heads_explained(of_glaciers)
        write_candidate_sheet(tmp_path / "page.html", [choice], {}, title="x")
        page = (tmp_path / "page.html").read_text()
        assert ("glaciers" in page) == of_glaciers
        assert ("on ice" in page) == of_glaciers
        assert ("off the ice" in page) == of_glaciers


def test_an_edited_choice_stands_beside_the_proposal(tmp_path: Path) -> None:
    choice = choice_of()
    kept = {"b": "1990", "mine": "1990", "a": "2000"}
    heads, rows = candidate_table(choice, 0, kept)
    assert heads[-2:] == ["proposed", "in the file"]
    assert [[row[0], *row[-2:]] for row in rows] == [["a", "reference", "for 2000"], ["b", "left", "yes"]]
    assert [row[0] for row in candidate_table(choice, 0, {})[1]] == ["a"], "others that are left are cut"
    assert kept_in_words(choice, kept) == "period 1990: the file takes 2, besides the candidates mine"
    assert kept_in_words(replace(choice, period="2000"), {"a": "2000"}) == "period 2000: the file takes 1"
    write_candidate_sheet(tmp_path / "page.html", [choice], {}, (), kept, title="x")
    page = (tmp_path / "page.html").read_text()
    assert "in the file: for 2000" in page
    assert "in the file: yes" in page
    assert "the choice in the file, of 3, was edited and is kept" in page
