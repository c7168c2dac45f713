"""The three spellings of Landsat's metadata files."""

from __future__ import annotations

from typing import Any

import pytest

from trimline.errors import MetadataError
from trimline.scenes.mtl import parse_mtl


@pytest.mark.parametrize("spelling", ["json", "xml", "TXT"])
def test_every_spelling_holds_the_same_groups(make: Any, spelling: str) -> None:
    groups = make.metadata(make.Tiny())
    as_text = parse_mtl(make.spell(groups, "txt"), "X_MTL.txt")
    other = parse_mtl(make.spell(groups, spelling.lower()), f"X_MTL.{spelling}")
    assert other.groups == as_text.groups
    assert not as_text.is_before_collection_2


def test_quotes_and_padding_are_no_part_of_values() -> None:
    keys = parse_mtl(
        'GROUP = L1_METADATA_FILE\n  GROUP = A\n    X = "b c"\n  END_GROUP = A\nEND_GROUP = L1_METADATA_FILE', "m.txt"
    )
    assert keys.text("X", "A") == "b c"
    assert keys.is_before_collection_2


@pytest.mark.parametrize(
    ("text", "name", "what"),
    [
        ("", "m.txt", "no group LANDSAT_METADATA_FILE"),
        ("GROUP = LANDSAT_METADATA_FILE\nGROUP = A\nX = 1", "m.txt", "ends within a group"),
        ("END_GROUP = A", "m.txt", "ends before it begins"),
        ("{", "m.json", "is not JSON"),
        ("[]", "m.json", "no group"),
        ("<a><b></a>", "m.xml", "is not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "m.xml", "document type"),
        ("<html><body/></html>", "m.xml", "no group"),
    ],
)
def test_what_is_not_a_metadata_file_is_refused(text: str, name: str, what: str) -> None:
    with pytest.raises(MetadataError, match=what) as caught:
        parse_mtl(text, name)
    assert caught.value.where == name
    assert caught.value.remedy


def test_a_missing_key_is_named_with_its_group() -> None:
    keys = parse_mtl('{"LANDSAT_METADATA_FILE": {"A": {"X": "1.5", "N": "nan"}}}', "m.json")
    assert keys.number("X", "B", "A") == 1.5
    assert keys.number("Y", "A", otherwise=2.0) == 2.0
    with pytest.raises(MetadataError, match="lack A/Y"):
        keys.number("Y", "A")
    with pytest.raises(MetadataError, match=r"X cannot be '1\.5'"):
        keys.integer("X", "A")
    with pytest.raises(MetadataError, match="N cannot be 'nan'"):
        keys.number("N", "A")
