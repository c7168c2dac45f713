"""The picture of the rooms is true: every room is in it, and imports bear out its arrows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from documentation.pictures.house import draw
from tests.unit.test_imports import PACKAGE, ROOMS, graph_of, room_of

import trimline
from documentation import house


@pytest.fixture(scope="module")
def imports() -> Mapping[str, set[str]]:
    """Return the rooms that each room imports."""
    between: dict[str, set[str]] = {room: set() for room in ROOMS}
    for module, imported in graph_of(PACKAGE).items():
        between[room_of(module)] |= {room_of(each) for each in imported} - {room_of(module)}
    return between


def wrong_arrows(arrows: tuple[house.Arrow, ...], imports: Mapping[str, set[str]]) -> list[house.Arrow]:
    """Return the arrows that the imports do not bear out."""

    def is_right(arrow: house.Arrow) -> bool:
        if arrow.how == "import":
            return arrow.start in imports[arrow.end]
        carried_out = any({arrow.start, arrow.end} <= imports[each] for each in house.OVER_ALL)
        return carried_out or (arrow.end in imports[arrow.start])

    return [arrow for arrow in arrows if not is_right(arrow)]


def test_every_room_is_in_the_picture_once() -> None:
    shown = [*(room.name for room in house.ROOMS), *house.OVER_ALL, *house.UNDER_ALL]
    assert sorted(shown) == sorted(ROOMS)


def test_no_two_rooms_lie_in_the_same_place() -> None:
    assert len({(room.column, room.row) for room in house.ROOMS}) == len(house.ROOMS)


def test_arrows_are_borne_out_by_imports(imports: Mapping[str, set[str]]) -> None:
    assert wrong_arrows(house.ARROWS, imports) == []


def test_a_wrong_arrow_is_found(imports: Mapping[str, set[str]]) -> None:
    wrong = (house.Arrow("report", "scenes", "nothing"), house.Arrow("evaluation", "review", "nothing", "disk"))
    assert wrong_arrows(wrong, imports) == list(wrong)


def test_boxes_are_packages() -> None:
    assert [room.name for room in house.ROOMS if not (PACKAGE / room.name).is_dir()] == []


def test_rooms_that_carry_out_others_are_imported_by_none_of_them(imports: Mapping[str, set[str]]) -> None:
    below = [room.name for room in house.ROOMS if room.name != "review"]  # which shows what a study made
    assert [each for each in below if imports[each] & set(house.OVER_ALL)] == []


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    (path,) = draw(tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("<?xml")
    assert path.name == "house.svg"


def test_the_citation_is_of_this_version() -> None:
    import yaml

    citation = yaml.safe_load((Path(trimline.__file__).parents[2] / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == trimline.__version__
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
