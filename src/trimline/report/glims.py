"""Outlines as the set of Shapefiles of the GLIMS glacier database.

`glims_polygons.shp` holds glacier boundaries (`glac_bound`) and, as polygons of their own, the rock within them
(`intrnl_rock`); `glims_lines.shp` centre lines (`centerline`); `glims_images.shp` the footprints of images. All are in
longitude and latitude on WGS 84, and features of a glacier share its `glac_id`.

Source: Raup and Khalsa (2008), A Method for Transferring GLIMS Analysis Products, version 1.2; field names as in the
downloads of the database (glims.org, description of fields).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from trimline.errors import OutlineError
from trimline.files import StrPath, whole_folder
from trimline.outlines import area_km2
from trimline.outlines.writing import DBF_DATE
from trimline.reprojecting import in_degrees, published_in_degrees, reprojected

POLYGONS, LINES, IMAGES = "glims_polygons", "glims_lines", "glims_images"
"""Names of the Shapefiles."""

_SHORTEST_ID, _TEXT = 1000, 254
_COLUMNS = {
    "lmax_m": "length",
    "zmin_m": "min_elev",
    "zmean_m": "mean_elev",
    "zmax_m": "max_elev",
    "glac_name": "glac_name",
    "src_date": "src_date",
}
"""Published columns, and what GLIMS calls them."""


@dataclass(frozen=True)
class GlimsSession:
    """Who analysed, how, and how well: what every feature of a submission says."""

    analysts: Sequence[str] = ()
    """Names, surname first: `Paul, F.`; the first is the submitter."""
    analysed: str = ""
    """Date of the analysis, ISO 8601."""
    processing: str = ""
    """How the outlines were made, in words."""
    local_m: float | None = None
    """Precision of the vertices [m]."""
    global_m: float | None = None
    """Accuracy of the images' position [m]."""


def glims_id(longitude: float, latitude: float) -> str:
    """Return the GLIMS id of a point in degrees on WGS 84: `G286943E70021N`, thousandths of degrees east and north."""
    east = round((longitude % 360.0) * 1000) % 360_000
    north = round(abs(latitude) * 1000)
    return f"G{east:06d}E{north:05d}{'N' if latitude >= 0 else 'S'}"


def write_glims(
    outlines: gpd.GeoDataFrame,
    folder: StrPath,
    session: GlimsSession | None = None,
    *,
    flow_lines: gpd.GeoDataFrame | None = None,
    images: gpd.GeoDataFrame | None = None,
) -> Path:
    """Write outlines as the set of Shapefiles of GLIMS.

    Parameters
    ----------
    outlines
        Valid polygons with `glac_id`, in any CRS, of one date or, with `period`, of several. Attributes of RGI 7.0 are
        taken over; `glims_id` is the id where a glacier has one, else it is made from its point inside, the same in
        all periods.
    folder
        Made whole or not at all.
    session
        Who analysed, and how.
    flow_lines
        Centre lines, by `glac_id` and `period`.
    images
        Footprints of the images, with `scene_id`, `sensor` and `src_date`.

    Raises
    ------
    OutlineError
        There is no CRS or no `glac_id`.
    """
    session = session or GlimsSession()
    if outlines.crs is None:
        raise OutlineError("the outlines have no CRS", remedy="assign the one of their coordinates")
    if "glac_id" not in outlines:
        raise OutlineError("the outlines have no column 'glac_id'", remedy="name the glaciers")
    ids = _ids(outlines)
    polygons = _polygons(outlines, ids, session)
    with whole_folder(Path(folder)) as temporary:
        _write(polygons, temporary / f"{POLYGONS}.shp", "Polygon")
        if flow_lines is not None and len(flow_lines):
            _write(_lines(flow_lines, ids, session), temporary / f"{LINES}.shp", "LineString")
        if images is not None and len(images):
            _write(_images(images), temporary / f"{IMAGES}.shp", "Polygon")
    return Path(folder)


def _ids(outlines: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the GLIMS id of each glacier, by its `glac_id`: one for all periods, and each once."""
    first = outlines.drop_duplicates("glac_id")
    inside = in_degrees(reprojected(first.geometry, 4326).representative_point())
    given = first["glims_id"] if "glims_id" in first else pd.Series([None] * len(first), first.index)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name, known, point in zip(first["glac_id"].astype(str), given, inside, strict=True):
        candidate, step = (str(known), 0) if known and not pd.isna(known) else (glims_id(point.x, point.y), 0)
        while candidate in taken:  # two points within a thousandth of a degree
            step += 1
            candidate = glims_id(point.x + step / _SHORTEST_ID, point.y)
        taken.add(candidate)
        found[name] = candidate
    return found


def _polygons(outlines: gpd.GeoDataFrame, ids: dict[str, str], session: GlimsSession) -> gpd.GeoDataFrame:
    there = published_in_degrees(outlines).reset_index(drop=True)
    # A Shapefile has no rings of both kinds in one of GLIMS' polygons: rock is a polygon of its own.
    parts, owner = shapely.get_parts(there.geometry.to_numpy(), return_index=True)
    rings, part_of = [], []
    for number, part in enumerate(parts):
        for ring in part.interiors:
            rings.append(shapely.Polygon(ring))
            part_of.append(number)
    boundaries = np.array([shapely.Polygon(part.exterior) for part in parts], dtype=object)
    rock = np.empty(len(rings), dtype=object)
    rock[:] = rings
    rows = np.concatenate([owner, owner[np.array(part_of, np.intp)]]).astype(np.intp)
    table = _described(there.iloc[rows].reset_index(drop=True), ids, session)
    table.insert(0, "line_type", ["glac_bound"] * len(boundaries) + ["intrnl_rock"] * len(rock))
    whole = area_km2(outlines)
    table["area"] = np.asarray(whole, np.float64)[rows]
    return gpd.GeoDataFrame(table, geometry=np.concatenate([boundaries, rock]), crs=4326)


def _lines(lines: gpd.GeoDataFrame, ids: dict[str, str], session: GlimsSession) -> gpd.GeoDataFrame:
    known = published_in_degrees(lines[~lines.geometry.is_empty & ~lines.geometry.isna()]).reset_index(drop=True)
    table = _described(known, ids, session)
    table.insert(0, "line_type", "centerline")
    return gpd.GeoDataFrame(table, geometry=known.geometry.to_numpy(), crs=4326)


def _images(images: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    there = published_in_degrees(images)
    table = pd.DataFrame(
        {
            "orig_id": there["scene_id"].astype(str).str[:_TEXT],
            "inst_name": there["sensor"].astype(str).str[:_TEXT],
            "acq_time": there["src_date"].astype(str).str[:_TEXT],
        }
    )
    return gpd.GeoDataFrame(table, geometry=there.geometry.to_numpy(), crs=4326)


def _described(features: gpd.GeoDataFrame, ids: dict[str, str], session: GlimsSession) -> pd.DataFrame:
    """Return the columns that all features have."""
    table = pd.DataFrame({"glac_id": features["glac_id"].astype(str).map(ids)})
    table["local_id"] = features["glac_id"].astype(str).str[:_TEXT]
    if "period" in features:
        table["period"] = features["period"].astype(str).str[:_TEXT]
    for ours, theirs in _COLUMNS.items():
        if ours in features:
            table[theirs] = (
                features[ours].astype(str).str[:_TEXT] if theirs.endswith(("name", "date")) else features[ours]
            )
    table["anlys_time"], table["rec_status"] = session.analysed, "okay"
    table["proc_desc"] = session.processing[:_TEXT]
    surname, _, given = (session.analysts[0] if session.analysts else "").partition(",")
    table["anlst_surn"], table["anlst_givn"] = surname.strip()[:_TEXT], given.strip()[:_TEXT]
    table["submit_sur"], table["submit_giv"] = table["anlst_surn"], table["anlst_givn"]
    for name, value in (("loc_unc", session.local_m), ("glob_unc", session.global_m)):
        if value is not None:
            table[f"{name}_x"], table[f"{name}_y"] = value, value
    return table


def _write(table: gpd.GeoDataFrame, path: Path, geometry: str) -> None:
    pyogrio.write_dataframe(
        table,
        path,
        driver="ESRI Shapefile",
        encoding="UTF-8",
        geometry_type=geometry,
        layer_options=DBF_DATE,
    )
