"""Static catalogues: links are followed, what lies elsewhere is not opened, what cannot be read is noted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from tests.unit.catalogues import items

from trimline.catalogues import static_catalogue
from trimline.catalogues.static_catalogue import Walk
from trimline.errors import CatalogueError
from trimline.remote import Transport

REGION = shapely.box(84.2, 43.2, 84.4, 43.4)


def write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def catalogue(*links: tuple[str, str], **more: Any) -> dict[str, Any]:
    made = [{"rel": rel, "href": href} for rel, href in links]
    return {"type": "Catalog", "stac_version": "1.0.0", "id": "root", "links": made, **more}


def collection(name: str, *links: tuple[str, str], box: list[float] | None = None, years: Any = (None, None)) -> Any:
    extent = {"spatial": {"bbox": [box or [-180, -90, 180, 90]]}, "temporal": {"interval": [list(years)]}}
    return catalogue(*links, type="Collection", id=name, extent=extent)


def walked(root: str, **more: Any) -> tuple[list[str], list[str], Walk]:
    notes: list[str] = []
    walk = Walk(Transport(), REGION, ((2019, 2021),), notes.append, **more)
    return [str(item["id"]) for item in walk.items(root)], notes, walk


def test_items_are_found_through_collections_in_order_with_whole_addresses(tmp_path: Path) -> None:
    first, second = items.usgs(), items.earth_search()
    first["assets"] = {"red": {"href": "../images/B4.TIF", "alternate": {"s3": {"href": "s3://bucket/B4.TIF"}}}}
    del first["collection"]
    write(tmp_path / "a" / "one.json", first)
    write(tmp_path / "b" / "two.json", second)
    write(tmp_path / "a" / "collection.json", collection("first", ("item", "one.json")))
    write(tmp_path / "b" / "collection.json", collection("second", ("item", "./two.json")))
    root = write(tmp_path / "catalog.json", catalogue(("child", "a/collection.json"), ("child", "b/collection.json")))
    found = list(Walk(Transport(), REGION, ((2019, 2021),), pytest.fail).items(root))
    assert [item["id"] for item in found] == [first["id"], second["id"]]
    assert found[0]["assets"]["red"]["href"] == str(tmp_path / "images" / "B4.TIF")
    assert found[0]["assets"]["red"]["alternate"]["s3"]["href"] == "s3://bucket/B4.TIF"
    assert found[0]["collection"] == "first"
    assert found[1]["assets"]["red"]["href"] == second["assets"]["red"]["href"]


def test_a_collection_elsewhere_in_space_or_time_is_not_opened(tmp_path: Path) -> None:
    inside = {"box": [84, 43, 85, 44], "years": ["2020-01-01T00:00:00Z", None]}
    for name, more in {
        "near": inside,
        "far": {**inside, "box": [10, 43, 11, 44]},
        "early": {**inside, "years": ["2000-01-01T00:00:00Z", "2018-12-31T00:00:00Z"]},
        "late": {**inside, "years": ["2022-01-01T00:00:00Z", None]},
        "odd": {**inside, "box": ["a", None, 1]},
        "across": {**inside, "box": [170, 43, -179, 44]},
    }.items():
        write(tmp_path / f"{name}.json", collection(name, ("item", f"{name}-item.json"), **more))
        write(tmp_path / f"{name}-item.json", {**items.usgs(), "id": name})
    links = [("child", f"{name}.json") for name in ("near", "far", "early", "late", "odd", "across")]
    found, notes, walk = walked(write(tmp_path / "catalog.json", catalogue(*links)))
    assert found == ["near", "odd"]
    assert notes == []
    assert walk.seen_collections == ["near", "far", "early", "late", "odd", "across"]
    assert walked(str(tmp_path / "catalog.json"), collections=("odd",))[0] == ["odd"]
    assert walked(str(tmp_path / "catalog.json"), collections=("other",))[0] == []
    assert walked(str(tmp_path / "catalog.json"), collections=("landsat-c2l1",))[0] == ["near", "odd"]


def test_what_cannot_be_read_is_noted_and_the_walk_goes_on(tmp_path: Path) -> None:
    write(tmp_path / "good.json", items.usgs())
    write(tmp_path / "text.json", "<html>")
    write(tmp_path / "list.json", [1])
    links = [("item", name) for name in ("absent.json", "text.json", "list.json", "good.json")]
    found, notes, _ = walked(write(tmp_path / "catalog.json", catalogue(("child", "gone/catalog.json"), *links)))
    assert found == [items.usgs()["id"]]
    assert [Path(note.partition(":")[0]).name for note in notes] == [
        "absent.json",
        "text.json",
        "list.json",
        "catalog.json",
    ]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path / "a.json", catalogue(("child", "b.json"), ("item", "item.json")))
    write(tmp_path / "b.json", catalogue(("child", "a.json"), ("item", "item.json")))
    write(tmp_path / "item.json", items.usgs())
    assert len(walked(str(tmp_path / "a.json"))[0]) == 1


def test_a_catalogue_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(static_catalogue, "MOST_FILES", 3)
    root = write(tmp_path / "catalog.json", catalogue(*[("item", f"{i}.json") for i in range(9)]))
    with pytest.raises(CatalogueError, match="more than 3 files"):
        walked(root)


def test_a_file_of_items_is_a_catalogue_too(tmp_path: Path) -> None:
    content = {"type": "FeatureCollection", "features": [items.usgs(), 5, items.earth_search()]}
    found, notes, _ = walked(write(tmp_path / "found.json", content))
    assert found == [items.usgs()["id"], items.earth_search()["id"]]
    assert len(notes) == 1


@pytest.mark.parametrize("content", ["[]", "{}", '{"type": "Catalog"}', '{"type": "Catalog", "links": {}}', "nothing"])
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(CatalogueError, match=r"STAC catalogue|not JSON"):
        walked(write(tmp_path / "catalog.json", content))
