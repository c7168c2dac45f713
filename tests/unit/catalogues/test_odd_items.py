"""Whatever a server sends in place of an item, it becomes a candidate or an error that names it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.catalogues import items

from trimline.catalogues import Candidate, read_candidate
from trimline.catalogues.reading import is_of_known_mission
from trimline.errors import CatalogueError
from trimline.sensors import SENSORS

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.sampled_from(["\x00", "../..", "https://[", "s3://", "file:///etc/passwd", "1e999", 10**400, -1, "NaN"]),
)  # fmt: skip
ODD = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
MADE = (items.usgs, items.planetary_landsat, items.earth_search, items.earth_search_l1c, items.copernicus)


def places(content: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every value in JSON."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [here, *(place for key, each in inner for place in places(each, (*here, key)))]


def changed(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[place[0]] = changed(content[place[0]], place[1:], value)
    return copy


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(MADE), st.data())
def test_one_odd_value_anywhere_is_an_error_that_names_it_or_does_no_harm(make: Any, data: st.DataObject) -> None:
    item = make()
    place = data.draw(st.sampled_from(places(item)[1:]))
    item = changed(item, place, data.draw(ODD))
    is_of_known_mission(item)
    try:
        found = read_candidate(item, "earth-search")
    except CatalogueError as error:
        assert error.what
        return
    check(found)


def check(found: Candidate) -> None:
    """Check what every candidate must be."""
    assert found.sensor in SENSORS
    assert found.bands.keys() <= SENSORS[found.sensor].by_common_name.keys()
    assert found.footprint.is_valid
    assert found.footprint.area > 0
    assert shapely.within(found.footprint, shapely.box(-180.0001, -90, 180.0001, 90))
    assert found.cloud_cover is None or 0 <= found.cloud_cover <= 100
    for asset in (*found.bands.values(), *found.quality.values(), *found.metadata):
        assert asset.href.startswith(("https://", "http://", "s3://"))
        assert "/" not in asset.name


@pytest.mark.parametrize("content", [None, 5, "text", [], {}, {"assets": []}, {"id": 5, "properties": [1]}])
def test_what_is_no_item_at_all_is_an_error(content: Any) -> None:
    with pytest.raises(CatalogueError):
        read_candidate(content, "earth-search")


def test_an_item_survives_being_written_and_read() -> None:
    for make in MADE:
        first = read_candidate(make(), "cdse")
        again = read_candidate(json.loads(json.dumps(first.item)), "cdse")
        assert again == first
