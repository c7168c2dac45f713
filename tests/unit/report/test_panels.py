"""Panels show each method's errors at their place, and nothing that was not judged."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import xarray as xr
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.evaluation import Error
from trimline.report import write_panels


class FakeScene:
    """Three bands of a ramp."""

    id = "fake"
    assets = dict.fromkeys(("swir1", "nir", "red"), SimpleNamespace())
    geobox = GeoBox((60, 80), Affine(30, 0, 5e5, 0, -30, 3.79e6), "EPSG:32646")

    def read(self, bands: Any, geobox: Any = None, units: str = "reflectance") -> xr.DataArray:
        height, width = (geobox or self.geobox).shape
        ramp = np.broadcast_to(np.arange(width, dtype=np.float32), (len(bands), height, width))
        return xr.DataArray(ramp.copy(), dims=("band", "y", "x"))


def colours(path: Path) -> tuple[float, float]:
    """Return the shares of red and yellow pixels."""
    pixels = (matplotlib.image.imread(path)[..., :3] * 255).round().astype(int).reshape(-1, 3)
    return tuple(  # type: ignore[return-value]
        float((np.abs(pixels - colour).max(axis=1) < 3).mean()) for colour in ([227, 26, 28], [255, 217, 47])
    )


def test_each_method_has_its_errors(tmp_path: Path) -> None:
    false, missed = (np.zeros((60, 80), np.uint8) for _ in range(2))
    false[10:50, 10:40] = Error.FALSE
    missed[10:50, 10:40] = Error.MISSED
    write_panels(tmp_path / "a.png", scene=FakeScene(), classes={"one": false, "two": missed}, title="Fake")  # type: ignore[arg-type]
    write_panels(tmp_path / "b.png", scene=FakeScene(), classes={"one": false, "two": false}, title="Fake")  # type: ignore[arg-type]
    red, yellow = colours(tmp_path / "a.png")
    assert red > 0.02
    assert yellow > 0.02
    assert colours(tmp_path / "b.png")[0] == pytest.approx(2 * red, rel=0.1)


def test_a_map_of_another_grid_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GridError, match="map of one"):
        write_panels(tmp_path / "a.png", scene=FakeScene(), classes={"one": np.zeros((5, 5), np.uint8)}, title="")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
