"""Metadata as editors and programs of all kinds save them."""

from __future__ import annotations

import codecs
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.errors import MetadataError, ProductError, TrimlineError
from trimline.scenes import open_scene, product_info
from trimline.scenes.metadata_text import decode, parse_json, parse_moment, read_bounded
from trimline.scenes.mtl import parse_mtl
from trimline.scenes.safe_xml import parse_xml

ENCODED = {
    "utf-8-sig": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-32": lambda text: text.encode("utf-32"),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "nul": lambda text: text.encode() + bytes(512),
}


@pytest.mark.parametrize("how", ENCODED)
@pytest.mark.parametrize("spelling", ["txt", "json", "xml"])
def test_landsat_metadata_in_any_encoding_are_the_same(make: Any, how: str, spelling: str) -> None:
    folder = make.product(spelling=spelling)
    (file,) = folder.glob("*_MTL.*")
    expected = product_info(folder)
    file.write_bytes(ENCODED[how](file.read_text()))
    assert product_info(folder) == expected


@pytest.mark.parametrize("how", ENCODED)
def test_a_sidecar_in_any_encoding_is_the_same(make: Any, how: str) -> None:
    path = make.stack("s.tif", np.full((2, 20, 30), 0.3, np.float32))
    path.with_suffix(".json").write_bytes(ENCODED[how](json.dumps({"bands": ["green", "nir"], "id": "Gébroulaz"})))
    assert open_scene(path).id == "Gébroulaz"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")), st.sampled_from(["utf-8-sig", "utf-16"]))
def test_a_mark_tells_the_encoding(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


@given(st.binary(max_size=200))
def test_any_bytes_are_text(content: bytes) -> None:
    assert "\0" not in decode(content)


@pytest.mark.parametrize(
    ("text", "what"),
    [("[" * 200_000, "nested too deeply"), ('{"a": ' + "9" * 5000 + "}", "number that is too long"), ("{", "not JSON")],
)
@pytest.mark.parametrize("name", ["A_MTL.json", "s.json"])
def test_absurd_json_is_refused_in_words(make: Any, text: str, what: str, name: str) -> None:
    with pytest.raises(MetadataError, match=what):
        parse_json(text, name)
    path = make.stack("s.tif", np.full((2, 20, 30), 0.3, np.float32), descriptions=("green", "nir"))
    (path.parent / name).write_text(text)
    with pytest.raises(MetadataError, match=what):
        product_info(path if name == "s.json" else path.parent / name)


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "1988-02-30", "0205-06-01"])
def test_a_time_of_no_image_is_refused(make: Any, time: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_moment(time)
    path = make.stack("s.tif", np.full((2, 20, 30), 0.3, np.float32), descriptions=("green", "nir"))
    path.with_suffix(".json").write_text(json.dumps({"time": time}))
    with pytest.raises(MetadataError, match="time"):
        open_scene(path)


def test_a_zone_is_brought_to_utc() -> None:
    assert parse_moment("2022-02-17T14:20:31+02:00") == datetime(2022, 2, 17, 12, 20, 31, tzinfo=UTC)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("key", ["scale", "offset"])
def test_a_scale_that_is_no_number_is_refused(make: Any, key: str, number: float) -> None:
    path = make.stack("s.tif", np.full((2, 20, 30), 0.3, np.float32), descriptions=("green", "nir"))
    path.with_suffix(".json").write_text(json.dumps({"scale": 1.0} | {key: number}))
    with pytest.raises(MetadataError, match=key):
        open_scene(path)


def test_a_group_that_is_a_key_is_refused() -> None:
    text = "LANDSAT_METADATA_FILE = 1\nGROUP = LANDSAT_METADATA_FILE\nX = 1\nEND_GROUP = X\n"
    with pytest.raises(MetadataError, match="both a key and a group"):
        parse_mtl(text, "A_MTL.txt")


def test_deep_values_of_json_are_no_metadata() -> None:
    deep = "[" * 900 + "]" * 900
    keys = parse_mtl('{"LANDSAT_METADATA_FILE": {"G": {"A": ' + deep + ', "B": 1}}}', "A_MTL.json")
    assert not keys.has("A", "G")
    assert keys.text("B", "G") == "1"


def test_a_file_with_absurdly_many_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimline.scenes.safe_xml._MOST_TAGS", 10)
    with pytest.raises(MetadataError, match="more than 10 elements"):
        parse_xml("<a>" + "<b/>" * 20 + "</a>", "x.xml", "")


@pytest.mark.parametrize("key", ["FILE_NAME_BAND_3", "FILE_NAME_QUALITY_L1_PIXEL"])
def test_file_names_in_metadata_do_not_leave_the_product(make: Any, key: str, tmp_path: Path) -> None:
    folder = make.product()
    (file,) = folder.glob("*_MTL.txt")
    (tmp_path / "secret.TIF").write_bytes(next(folder.glob("*_B3.TIF")).read_bytes())
    lines = [f'    {key} = "../secret.TIF"' if f" {key} " in line else line for line in file.read_text().splitlines()]
    file.write_text("\n".join(lines))
    try:
        scene = open_scene(folder)
    except TrimlineError:
        return
    assert not any("secret" in asset.href for asset in [*scene.assets.values(), *scene.quality_assets.values()])


def test_a_file_that_cannot_be_read_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "A_MTL.txt").symlink_to("A_MTL.txt")
    with pytest.raises(ProductError, match=r"A_MTL\.txt: cannot be read"):
        read_bounded(tmp_path / "A_MTL.txt")
