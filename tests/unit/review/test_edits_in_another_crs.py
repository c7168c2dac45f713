"""Edits kept in a layer of another CRS: what is shown, what is in the file and what was previewed are the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from tests.kinds.reviewed import LATE, cell, draft, reviewed, shape_of

from trimline.errors import EditError
from trimline.outlines import as_edits, check_edits, read_edits, read_outlines, replay
from trimline.outlines.edit_layer import rows_of
from trimline.outlines.placing_edits import placed_edits, stored_edits
from trimline.outlines.writing_edits import create_edits
from trimline.review import contract
from trimline.review.edits.known_edits import as_frame
from trimline.review.edits.saving import ROUNDING_M
from trimline.review.review_desk import desk_of

UTM = "EPSG:32645"
MOVES = 8


def moved_border(near: shapely.Geometry, far: shapely.Geometry, chance: random.Random) -> list[contract.Draft] | None:
    """Return two redraws of one stroke: a bulge moves the border of two glaciers; None where it moves none."""
    west, south, _, _ = cell(1 + chance.uniform(-0.06, 0.06), chance.uniform(0.05, 0.95)).bounds
    bulge = shapely.Point(west, south).buffer(chance.uniform(40, 120), quad_segs=4)
    gained = shapely.union(near, shapely.intersection(bulge, far))
    left = shapely.difference(far, bulge)
    if far.area - left.area < 10 or any(each.geom_type not in ("Polygon", "MultiPolygon") for each in (gained, left)):
        return None
    return [draft("redraw", "a-1-0", left, stroke=1), draft("redraw", "a-0-0", gained, stroke=1)]


@pytest.mark.parametrize("crs", [4326, 32644, None])
def test_what_is_shown_is_what_was_previewed_and_what_a_run_makes_of_the_file(tmp_path: Path, crs: int | None) -> None:
    folder, chance = tmp_path / "review", random.Random(6)  # noqa: S311
    about = reviewed(folder)
    if crs is not None:
        create_edits(folder / "edits.gpkg", crs)
    desk = desk_of(about)
    saved = 0
    for _ in range(MOVES):
        near, far = (shape_of(desk.glacier(LATE, name).outline) for name in ("a-0-0", "a-1-0"))
        drafts = moved_border(near, far, chance)
        if drafts is None:
            continue
        seen = desk.preview(contract.PreviewRequest(period=LATE, drafts=drafts))
        desk.save(contract.SaveRequest(period=LATE, drafts=drafts, author="Ana", reason="ice", base=seen.base))
        saved += 1
        for each in seen.outlines:
            now = shape_of(desk.glacier(LATE, each.glac_id).outline)
            assert now.symmetric_difference(shape_of(each)).area <= ROUNDING_M * now.length
    states = {each.state for each in desk.edits(period=None, glac_id=None).edits}
    shown = desk.layer(f"outlines-{LATE}")
    desk.close()
    edits = read_edits(folder / "edits.gpkg")
    assert saved > MOVES / 2
    assert states == {"applied"}
    assert check_edits(edits, [LATE]) == []
    replayed, outcomes = replay(read_outlines(folder / LATE / "automatic.gpkg"), edits, LATE, middle=2018.5)
    assert {each.state for each in outcomes} == {"applied"}
    assert replayed["glac_id"].tolist() == list(shown.glac_ids)
    apart = shapely.area(shapely.symmetric_difference(replayed.geometry.to_numpy(), np.array(shown.geometries)))
    assert (apart <= ROUNDING_M * shapely.length(shown.geometries)).all()
    again = desk_of(about)
    same = again.layer(f"outlines-{LATE}")
    again.close()
    assert shapely.equals_exact(same.geometries, shown.geometries, 0.0).all()


def edit_of(geometry: shapely.Geometry) -> Any:
    row = {"edit_id": "e1", "operation": "remove", "period": LATE, "glac_id": "a-0-0"}
    return as_frame([{**dict.fromkeys(as_edits(as_frame([], UTM)).columns), **row, "geometry": geometry}], UTM)


def pinched(seed: int) -> shapely.Polygon:
    """Return a valid polygon with a hole whose corner lies on a slanting edge of it."""
    chance = np.random.default_rng(seed)
    start, end = chance.uniform(0, 1000, (2, 2)) + np.array([500_000, 3_500_000])
    touch = start + chance.uniform(0.2, 0.8) * (end - start)
    inward = np.array([start[1] - end[1], end[0] - start[0]])
    along = (end - start) * 0.1
    far = [end + 2 * inward, start + 2 * inward]
    return shapely.Polygon(
        [start, end, *far], [[touch, touch + 0.3 * inward - along, touch + 0.3 * inward + along, touch]]
    )


def test_a_polygon_that_touches_itself_stays_valid_in_every_crs() -> None:
    shapes = [each for each in map(pinched, range(60)) if each.is_valid]
    assert len(shapes) > 10
    torn = 0
    for shape in shapes:
        for crs in (4326, 32644, 3413):
            edits = edit_of(shape)
            torn += not edits.to_crs(crs).geometry.is_valid.all()
            stored = stored_edits(edits, crs)
            back = placed_edits(stored, UTM)
            assert stored.geometry.is_valid.all()
            assert back.geometry.is_valid.all()
            assert shapely.hausdorff_distance(back.geometry.iloc[0].boundary, shape.boundary) < ROUNDING_M
    assert torn > 5, "rounding alone makes some of them invalid"


def test_a_polygon_of_another_program_that_rounding_tears_is_mended_where_it_is_read() -> None:
    found = 0
    for seed in range(200):
        edits = edit_of(pinched(seed)).to_crs(4326)
        if edits.geometry.is_valid.all() and not edits.to_crs(UTM).geometry.is_valid.all():
            found += 1
            assert check_edits(placed_edits(edits, UTM), [LATE]) == check_edits(edits, [LATE])
    assert found > 0


def test_a_polygon_that_cannot_be_kept_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    torn = next(
        each
        for each in map(pinched, range(60))
        if each.is_valid and not edit_of(each).to_crs(4326).geometry.is_valid.all()
    )
    monkeypatch.setattr("trimline.outlines.placing_edits._TRIED_M", ())
    with pytest.raises(EditError, match="polygon of edit e1 touches itself"):
        stored_edits(edit_of(torn), 4326)


def test_edits_without_geometry_are_as_they_were() -> None:
    edits = edit_of(None)
    assert rows_of(placed_edits(stored_edits(edits, 4326), UTM)) == rows_of(edits)
