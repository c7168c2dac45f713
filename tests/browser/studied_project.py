"""A small study for the browser: a simulated range at two dates, four glaciers that share borders, two periods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import yaml

from trimline.outlines import read_outlines, write_outlines
from trimline.project import load_project
from trimline.study import run_study

PERIODS = ("1988", "2018")
RANGE = "${output}/simulated/range"
STUDY: dict[str, Any] = {
    "name": "small",
    "title": "A small range, 1988 and 2018",
    "output": "out",
    "seed": 3,
    "simulate": [
        {
            "name": "range",
            "size": 192,
            "seed": 7,
            "first_year": 1988,
            "rise_m_per_a": 8,
            "scenes": [
                {"date": "1988-08-20", "sensor": "landsat-5-tm"},
                {"date": "2018-08-23", "sensor": "landsat-8-oli"},
            ],
        }
    ],
    "scenes": [
        {"id": "1988", "path": f"{RANGE}/LT05_L1TP_139036_19880820_20200917_02_T1", "period": "1988"},
        {"id": "2018", "path": f"{RANGE}/LC08_L1TP_139036_20180823_20200917_02_T1", "period": "2018"},
    ],
    "periods": [{"name": name, "first": int(name), "last": int(name)} for name in PERIODS],
    "inventory": "inventory.gpkg",
    "dem": f"{RANGE}/dem.tif",
    "methods": [{"ratio": 2.0}],
}


def write_study(folder: Path) -> Path:
    """Carry out the study in a folder up to its table of areas; return its project file."""
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    run_study(load_project(path, ["inventory=null"]), until="simulate")
    ice = read_outlines(folder / "out/simulated/range/outlines_19880820.gpkg")
    write_outlines(quartered(ice), folder / "inventory.gpkg")
    run_study(load_project(path), until="change")
    return path


def quartered(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the ice cut into four glaciers, `NW`, `NE`, `SW` and `SE`, through the middle of its surroundings."""
    ice = outlines.to_crs(outlines.estimate_utm_crs())
    west, south, east, north = ice.total_bounds
    x, y = (west + east) // 60 * 30 + 10, (south + north) // 60 * 30 + 10  # not along edges of pixels of 30 m
    quarters = {
        "NW": shapely.box(west, y, x, north),
        "NE": shapely.box(x, y, east, north),
        "SW": shapely.box(west, south, x, y),
        "SE": shapely.box(x, south, east, y),
    }
    whole = ice.geometry.union_all()
    parts = [shapely.intersection(whole, quarter) for quarter in quarters.values()]
    assert np.all(shapely.area(parts) > 0)
    return gpd.GeoDataFrame({"glac_id": list(quarters)}, geometry=parts, crs=ice.crs)
