"""What is kept of an item: all that a scene is read from again, and no secret wherever a catalogue puts one."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.catalogues import items

from trimline.catalogues import read_candidate
from trimline.catalogues.item_file import read_item, write_item
from trimline.catalogues.kept_item import unsigned_href, without_secrets

SECRET = "GeheimAlles"  # noqa: S105 - of no server
MADE = (items.usgs, items.planetary_landsat, items.earth_search, items.earth_search_l1c, items.copernicus)
TEXTS = (
    f"https://me:{SECRET}@host/x", f"HTTPS://me:{SECRET}@host/x", f"//me:{SECRET}@host/x",
    f"https://host/x?jwt={SECRET}", f"https://host/x?code={SECRET}", f"https://host/x?{SECRET}",
    f"https://host/x#access_token={SECRET}", f"../items/x?token={SECRET}", f"?token={SECRET}",
    f"download from https://me:{SECRET}@host/x, or https://host/y?sig={SECRET} now", f"s3://me:{SECRET}@bucket/x",
)  # fmt: skip


def hidden(item: dict[str, Any], text: str) -> dict[str, Any]:
    """Return an item with a text in each place where a catalogue may put one."""
    item = deepcopy(item)
    item["links"] = [
        {"rel": rel, "href": text, "title": text, "headers": {"X": SECRET}, "body": {"a": SECRET}}
        for rel in ("self", "root", "derived_from")
    ]
    item["properties"] |= {
        "note": text,
        text: 1,
        "list": [{"href": text}],
        "deep": {"headers": {"Authorization": SECRET}},
    }
    item["properties"] |= {"access_token": SECRET, "ApiKey": SECRET, "auth": {"password": SECRET}}
    for asset in item["assets"].values():
        asset |= {"title": text, "body": {"a": SECRET}, "description": text}
    return item


@pytest.mark.parametrize("make", MADE)
@pytest.mark.parametrize("text", TEXTS)
def test_no_secret_is_kept_wherever_it_is(make: Any, text: str, tmp_path: Path) -> None:
    found = read_candidate(hidden(make(), text), "earth-search")
    assert SECRET not in json.dumps(dict(found.item))
    write_item(found, tmp_path / "item.json")
    assert SECRET not in (tmp_path / "item.json").read_text()


@pytest.mark.parametrize("text", TEXTS)
def test_no_secret_of_an_asset_is_kept(text: str) -> None:
    item = items.earth_search()
    item["assets"]["extra"] = {"href": text, "alternate": {"other": {"href": text, "alternate": {"a": {"href": text}}}}}
    assert SECRET not in json.dumps(without_secrets(item))


@pytest.mark.parametrize("make", MADE)
def test_the_scene_is_the_same_when_it_is_read_from_what_is_kept(make: Any, tmp_path: Path) -> None:
    found = read_candidate(make(), "earth-search")
    write_item(found, tmp_path / "item.json")
    item, catalogue = read_item(tmp_path / "item.json")
    again = read_candidate(item, catalogue)
    assert again == found
    assert again.bands.keys() == found.bands.keys() != set()


@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://host/odata/v1/Products(1)/Nodes(B04.jp2)/$value", "https://host/odata/v1/Products(1)/Nodes(B04.jp2)/$value"),
        ("https://host/read?file=B04.tif&version=2#part", "https://host/read?file=B04.tif&version=2"),
        ("https://host/read?file=B04.tif&jwt=1", "https://host/read"),
        ("https://me:p@host/a b.tif?x", "https://host/a b.tif"),
        ("//me:p@host/B04.tif?x", "//host/B04.tif"),
        ("images/B04.tif?x", "images/B04.tif?x"),
    ],
)  # fmt: skip
def test_of_a_query_only_what_says_which_file_is_kept(href: str, kept: str) -> None:
    assert unsigned_href(href) == kept


@given(st.recursive(st.none() | st.text() | st.integers(), lambda of: st.lists(of) | st.dictionaries(st.text(), of)))
def test_what_is_kept_is_kept_again(content: Any) -> None:
    once = without_secrets({"id": "x", "properties": content, "links": content, "assets": content})
    assert without_secrets(once) == once
