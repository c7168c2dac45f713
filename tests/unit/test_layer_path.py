"""A layer or an encoding stands behind the name of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimline.errors import OutlineError
from trimline.file_identity import file_identity
from trimline.layer_path import LayerPath, layer_path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a/b.gpkg", LayerPath(Path("a/b.gpkg"))),
        ("a/b.gpkg|layer=glaciers", LayerPath(Path("a/b.gpkg"), "glaciers")),
        ("b.gpkg|layername=of 1998", LayerPath(Path("b.gpkg"), "of 1998")),
        ("b.shp|encoding=latin1", LayerPath(Path("b.shp"), None, "ISO-8859-1")),
        ("b.zip|layer=x/y.shp|encoding=gbk", LayerPath(Path("b.zip"), "x/y.shp", "GBK")),
    ],
)
def test_what_is_said_behind_a_file(text: str, found: LayerPath) -> None:
    assert layer_path(text) == layer_path(Path(text)) == found
    assert layer_path(f"{found.file}{found.said}") == found


@pytest.mark.parametrize("text", ["a.gpkg|glaciers", "a.gpkg|layer=", "a.gpkg|table=x", "a.shp|encoding=none"])
def test_what_says_nothing_is_an_error(text: str) -> None:
    with pytest.raises(OutlineError, match=r"layer|encoding"):
        layer_path(text)


def test_a_file_whose_own_name_holds_the_sign_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a|b.gpkg").touch()
    assert layer_path(tmp_path / "a|b.gpkg") == LayerPath(tmp_path / "a|b.gpkg")


def test_the_layer_belongs_to_the_identity_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.gpkg").touch()
    given = (tmp_path / "a.gpkg", Path(f"{tmp_path}/a.gpkg|layer=x"), Path(f"{tmp_path}/a.gpkg|layer=y"))
    assert len({file_identity(each) for each in given}) == 3
