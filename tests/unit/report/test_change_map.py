"""The map of change: glaciers whose change is unknown look like none whose change is known."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from trimline.report import draw_change_map


def drawn(folder: Path, changes: list[float], *, apart_m: float = 3000.0) -> str:
    """Return the drawing as text."""
    places = [shapely.box(apart_m * k, 0, apart_m * k + 1000, 1000) for k in range(len(changes))]
    ids = [f"g{k}" for k in range(len(changes))]
    frames = [
        gpd.GeoDataFrame({"glac_id": ids, "period": period}, geometry=places, crs=32632) for period in ("1990", "2010")
    ]
    outlines = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=32632).translate(500_000, 5_200_000)
    table = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True)[["glac_id", "period"]], geometry=outlines, crs=32632)
    changed = pd.DataFrame(
        {"glac_id": ids, "glac_ids": ids, "first": "1990", "last": "2010", "change_percent": changes}
    )
    svg = next(each for each in draw_change_map(folder / "map", table, changed) if each.suffix == ".svg")
    return svg.read_text()


@pytest.mark.parametrize("apart_m", [3000.0, 300_000.0], ids=["polygons", "discs"])
@pytest.mark.parametrize("unknown", [0, 1, 3])
def test_unknown_change_is_hatched_and_named(tmp_path: Path, unknown: int, apart_m: float) -> None:
    svg = drawn(tmp_path, [np.nan] * unknown + [-40.0] * (3 - unknown), apart_m=apart_m)
    assert ("<pattern" in svg) == (unknown > 0)
    assert ("#c9cfd5" in svg) == (unknown > 0)
