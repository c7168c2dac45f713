"""Errors of other libraries become errors that a user can correct; bugs of our own stay bugs."""

from __future__ import annotations

import errno
import json
import zlib

import pyogrio
import pytest
import shapely

from trimline.errors import DiskError, MetadataError, OutlineError, TrimlineError
from trimline.foreign import foreign_errors


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: json.loads("{"),
        lambda: b"\xff".decode("utf-8"),
        lambda: zlib.decompress(b"no"),
        lambda: shapely.from_wkb(b"no"),
        lambda: pyogrio.read_dataframe("absent.gpkg"),
        lambda: [][1],
    ],
)
def test_an_error_of_a_library_names_the_file_and_its_reason(wrong):
    with (
        pytest.raises(OutlineError, match=r"^a\.shp: cannot be read \(.+\)\nfetch it again$") as raised,
        foreign_errors(OutlineError, "a.shp", remedy="fetch it again"),
    ):
        wrong()
    assert raised.value.__cause__ is not None


def test_an_error_of_trimline_passes_unchanged():
    with pytest.raises(MetadataError, match=r"^as it is$"), foreign_errors(OutlineError, "a.shp"):
        raise MetadataError("as it is")


def test_an_interruption_is_no_error_of_a_library():
    with pytest.raises(KeyboardInterrupt), foreign_errors(OutlineError, "a.shp"):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "the disk is full"), (errno.EDQUOT, "full"), (errno.EROFS, "read-only")]
)
def test_a_full_disk_is_named_as_such_whatever_was_written(number, said):
    with pytest.raises(DiskError, match=said), foreign_errors(OutlineError, "a.gpkg"):
        raise OSError(number, "of the system")


def test_a_message_is_two_lines_however_long_the_value_it_quotes():
    message = str(TrimlineError("no number: " + "9\n" * 10_000 + "end", where="a.yaml", remedy="write a number"))
    first, second = message.split("\n")
    assert first.startswith("a.yaml: no number: 9 9")
    assert first.endswith("9 end")
    assert len(first) < 450
    assert second == "write a number"
