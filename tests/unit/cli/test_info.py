"""`trimline info` says what cannot be used by its exit code, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import ProductError


def stack(
    path: Path, crs: str | None = "EPSG:32646", names: tuple[str, ...] = ("red", "swir1"), dtype: str = "float32"
) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", count=2, height=8, width=8, dtype=dtype, crs=crs,
        transform=from_origin(500_010, 3_800_040, 30, 30),
    ) as target:  # fmt: skip
        target.write(np.full((2, 8, 8), 0.3 if dtype == "float32" else 4000, dtype))
        target.descriptions = names
    return path


def test_what_can_be_used_ends_well_and_patterns_are_matched(tmp_path: Path) -> None:
    stack(tmp_path / "a.tif")
    stack(tmp_path / "b.tif")
    result = CliRunner().invoke(app, ["info", str(tmp_path / "*.tif")])
    assert result.exit_code == 0
    assert result.output.count("complete") == 2


@pytest.mark.filterwarnings("ignore")
def test_a_product_without_a_crs_is_shown_and_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["info", str(stack(tmp_path / "a.tif", crs=None))])
    assert isinstance(result.exception, ProductError)
    assert "CRS" in str(result.exception)


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["info", str(tmp_path / "*.tar")])
    assert "no file or folder matches this pattern" in str(result.exception)


def test_integers_are_no_riddle_where_scale_and_offset_are_given(tmp_path: Path) -> None:
    path = stack(tmp_path / "a.tif", dtype="int16")
    for options, is_asked in (([], True), (["--scale", "0.0001", "--offset", "-1000", "--nodata", "0"], False)):
        result = CliRunner().invoke(app, ["info", str(path), *options])
        assert result.exit_code == 0
        assert ("scale and offset must be given" in " ".join(result.output.split())) == is_asked
