"""Addresses are shown without what may be secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimline.remote import Signed, file_name, local_path, shown


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://host/a/b.tif?sig=x#y", "https://host/a/b.tif"),
        ("https://anna:word@host:8080/b.tif", "https://host:8080/b.tif"),
        ("https://anna:w@rd@host/b.tif", "https://host/b.tif"),
        ("https://host?sig=x", "https://host"),
        ("https://host/a@b.tif", "https://host/a@b.tif"),
        ("s3://bucket/a.tif", "s3://bucket/a.tif"),
        ("/data/what?.tif", "/data/what?.tif"),
        ("file:///data/a.tif", "file:///data/a.tif"),
        ("https://host/\x1b]0;x\x07\x1b[31m/b.tif", "https://host/ ]0;x  [31m/b.tif"),
    ],
)
def test_no_user_query_or_fragment_is_shown(href: str, expected: str) -> None:
    assert shown(href) == expected


def test_paths_are_told_from_addresses() -> None:
    assert local_path("/data/a b.tif") == Path("/data/a b.tif")
    assert local_path("file:///data/a%20b.tif") == Path("/data/a b.tif")
    assert local_path("a/b.tif") == Path("a/b.tif")
    assert local_path("https://host/b.tif") is None
    assert local_path("s3://bucket/b.tif") is None


def test_the_name_of_a_file_is_decoded() -> None:
    assert file_name("https://host/a/b%20c.tif?x=/y") == "b c.tif"


def test_a_signed_address_shows_no_secret() -> None:
    signed = Signed("https://host/a.tif?sig=secret", {"Authorization": "Bearer secret"})
    assert "secret" not in f"{signed!r} {signed} {[signed]}"
