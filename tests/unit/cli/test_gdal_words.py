"""What rasterio cannot decode prints no traceback; what else cannot be raised does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from trimline.cli.gdal_words import without_garbled_words


def _unraisable(error: Exception, where: str) -> Any:
    return SimpleNamespace(exc_type=type(error), exc_value=error, exc_traceback=None, err_msg=None, object=where)


@pytest.mark.parametrize(
    ("error", "where", "is_printed"),
    [
        (UnicodeDecodeError("utf-8", b"\xce", 0, 1, "invalid"), "rasterio._env.log_error", False),
        (ValueError("another"), "rasterio._env.log_error", True),
        (UnicodeDecodeError("utf-8", b"\xce", 0, 1, "invalid"), "elsewhere", True),
    ],
)
def test_only_words_of_gdal_that_are_no_text_are_kept_back(
    error: Exception, where: str, is_printed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[object] = []
    monkeypatch.setattr("sys.__unraisablehook__", printed.append)
    without_garbled_words(_unraisable(error, where))
    assert bool(printed) == is_printed
