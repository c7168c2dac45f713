"""Shapefiles written byte by byte: GDAL would turn rings that run the wrong way."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
from shapely.geometry import box

Ring = list[tuple[float, float]]


def clockwise(x0: float, y0: float, x1: float, y1: float) -> Ring:
    """Return a rectangle as an outer ring of a Shapefile."""
    return [(x0, y0), (x0, y1), (x1, y1), (x1, y0), (x0, y0)]


def against(x0: float, y0: float, x1: float, y1: float) -> Ring:
    """Return a rectangle as a hole of a Shapefile."""
    return clockwise(x0, y0, x1, y1)[::-1]


def write_raw_shapefile(path: Path, rows: Sequence[Sequence[Ring]], crs: object = 32632) -> None:
    """Write rows of rings as they are, each row with its number in the column `id`."""
    stand_in = gpd.GeoDataFrame({"id": range(len(rows))}, geometry=[box(0, 0, 1, 1)] * len(rows), crs=crs)
    pyogrio.write_dataframe(stand_in, path, driver="ESRI Shapefile")
    body = index = b""
    for number, rings in enumerate(rows, start=1):
        points = np.array([point for ring in rings for point in ring])
        starts = np.cumsum([0, *(len(ring) for ring in rings)])[:-1]
        record = struct.pack("<i4d2i", 5, *points.min(axis=0), *points.max(axis=0), len(rings), len(points))
        record += struct.pack(f"<{len(starts)}i", *starts) + points.astype("<f8").tobytes()
        index += struct.pack(">2i", (100 + len(body)) // 2, len(record) // 2)
        body += struct.pack(">2i", number, len(record) // 2) + record
    for suffix, content in ((".shp", body), (".shx", index)):
        header = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, (100 + len(content)) // 2)
        header += struct.pack("<2i8d", 1000, 5, 0, 0, 1e6, 1e7, 0, 0, 0, 0)
        path.with_suffix(suffix).write_bytes(header + content)
