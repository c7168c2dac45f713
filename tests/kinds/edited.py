"""Small glaciers and edits of them: builders, and strategies of Hypothesis."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import shapely
from hypothesis import strategies as st

from trimline.outlines import area_km2, as_edits, perimeter_km

UTM = 32646
EAST, NORTH = 500_000.0, 3_800_000.0
"""Where the small glaciers lie [m]."""

PERIOD = "1986-1988"


def square(x: float, y: float, width: float = 1000.0, height: float | None = None) -> shapely.Polygon:
    """Return a rectangle whose lower left corner lies x and y metres from where the small glaciers lie."""
    west, south = EAST + x, NORTH + y
    return shapely.box(west, south, west + width, south + (height or width))


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in points])


def edit(operation: str | None = "add", geometry: shapely.Geometry | None = None, **more: Any) -> dict[str, Any]:
    """Return a row that lacks nothing, but for what is said to be None."""
    row = {
        "operation": operation,
        "period": PERIOD,
        "glac_id": "A",
        "author": "Ana",
        "time": "",
        "reason": "debris",
        "geometry": geometry,
    } | more
    if isinstance(row.get("value"), dict):
        row["value"] = json.dumps(row["value"])
    return row


def layer(*rows: dict[str, Any], crs: int = UTM) -> gpd.GeoDataFrame:
    """Return edits, one second after the other."""
    content = [row | {"time": row["time"] or f"2024-05-31T14:00:{i:02d}Z"} for i, row in enumerate(rows)]
    geometry = [row.pop("geometry", None) for row in content]
    return as_edits(gpd.GeoDataFrame(content, geometry=geometry, crs=crs))


def glaciers(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return automatic outlines of one period."""
    names = list(shapes)
    frame = gpd.GeoDataFrame(
        {
            "glac_id": names,
            "period": [PERIOD] * len(names),
            "subregion": ["west"] * len(names),
            "src_date": ["1988-08-20"] * len(names),
            "src_year": [1988.63] * len(names),
            "scene_id": ["LT05_1988"] * len(names),
            "scene_ids": ["LT05_1988:1.00"] * len(names),
        },
        geometry=list(shapes.values()),
        crs=UTM,
    )
    frame["area_km2"], frame["perimeter_km"] = area_km2(frame), perimeter_km(frame)
    return frame


TWO = glaciers(A=square(0, 0), B=square(3000, 0))
"""A and, two kilometres east of it, B: each a square kilometre."""


grounds = st.tuples(st.integers(-5, 45), st.integers(-5, 15), st.integers(1, 12), st.integers(1, 12)).map(
    lambda each: square(*(100.0 * part for part in each))
)
lines = st.tuples(st.integers(-5, 45), st.integers(-5, 15), st.integers(-5, 45), st.integers(-5, 15)).map(
    lambda each: line((each[0] * 100, each[1] * 100), (each[2] * 100 + 1, each[3] * 100 + 1))
)
names = st.sampled_from(["A", "B", "C"])
changes = st.one_of(
    st.builds(lambda o, g, n: edit(o, g, glac_id=n), st.sampled_from(["add", "remove", "replace"]), grounds, names),
    st.builds(lambda g, n: edit("add", g, glac_id=n, value={"take": True}), grounds, names),
    st.builds(lambda g: edit("remove", g, glac_id=None), grounds),
    st.builds(lambda g, n: edit("split", g, glac_id=n), st.one_of(lines, grounds), names),
)
