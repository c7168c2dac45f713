"""Terminus change of outlines or lines that one already has, as files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from trimline.glaciers import retreat_by, terminus_change, terminus_series
from trimline.outlines import write_lines
from trimline.report.on_disk import write_csv
from trimline.reprojecting import reprojected

LAYER = "terminus.gpkg"
"""Arrows from the earlier terminus to the later one."""


def write_terminus(
    folder: Path,
    tables: Sequence[gpd.GeoDataFrame],
    years: Sequence[float],
    *,
    dem: Sequence[Path] | None,
    methods: str | Sequence[str],
    spacing_m: float | None,
    pixel_m: float | None,
    lines: gpd.GeoDataFrame | None,
    points: gpd.GeoDataFrame | None,
    boxes: gpd.GeoDataFrame | None,
    directions: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Measure termini and write layer and tables into a folder.

    Parameters
    ----------
    folder
        Exists.
    tables
        Outlines or terminus lines of two dates or more, keyed by `glac_id`.
    years
        Their dates [decimal year], rising.
    dem, methods, spacing_m, pixel_m, lines, points, boxes, directions
        As `trimline.glaciers.terminus_change` takes them.

    Returns
    -------
    dict
        `means` over glaciers from the first date to the last, by method; `status`, how many had which result.
    """
    settings: dict[str, Any] = {
        "spacing_m": spacing_m,
        "pixel_m": pixel_m,
        "lines": lines,
        "points": points,
        "boxes": boxes,
        "directions": directions,
    }
    whole = terminus_change(tables[0], tables[-1], dem, methods, (years[0], years[-1]), **settings)
    write_lines(whole, folder / LAYER)
    found = {"terminus": pd.DataFrame(whole.drop(columns=whole.geometry.name))}
    for by in ("aspect", "elevation"):
        found[f"by_{by}"] = retreat_by(whole, by)
    if len(tables) > 2:
        crs = tables[0].crs
        dated = [
            reprojected(table, crs, like=tables[0]).assign(src_year=year)
            for table, year in zip(tables, years, strict=True)
        ]
        together = gpd.GeoDataFrame(pd.concat(dated, ignore_index=True), crs=crs)
        found["series"] = terminus_series(together, dem, methods, **settings)
    for name, table in found.items():
        write_csv(folder / f"{name}.csv", list(table.columns), table.itertuples(index=False))
    means = found["by_aspect"]
    first = whole["method"].iloc[0] if len(whole) else None
    return {
        "means": means[means["class"] == "all"].to_dict("records"),
        "status": whole[whole["method"] == first]["status"].value_counts().to_dict(),
    }
