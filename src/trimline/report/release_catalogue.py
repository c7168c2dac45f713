"""A release as a static STAC catalogue: one collection, and an item per period; all links are relative.

After the SpatioTemporal Asset Catalog specification 1.1.0 and its projection extension 2.0.0
(https://stacspec.org, https://github.com/stac-extensions/projection).
"""

from __future__ import annotations

import calendar
import math
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from trimline.files import StrPath, write_json
from trimline.longitudes import wrapped
from trimline.report.licences import FILE as LICENCE
from trimline.report.release import (
    CITATION,
    COLUMNS_FILE,
    MODEL,
    PARQUET,
    PROJECT,
    README,
    Release,
    ReleasedPeriod,
)
from trimline.report.release_outlines import OUTLINES, SHAPEFILES, UNSEEN
from trimline.report.table_columns import FILE as TABLE_COLUMNS
from trimline.reprojecting import reprojected

FOLDER = "stac"
COLLECTION = "collection.json"

_STAC = "1.1.0"
_PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
_GEOPACKAGE = "application/geopackage+sqlite3"
_PARQUET = "application/vnd.apache.parquet"
_DEGREE_DIGITS = 6
"""Decimals of longitudes and latitudes; 0.1 m."""

_WORLD = [-180.0, -90.0, 180.0, 90.0]


def write_catalogue(release: Release, folder: StrPath) -> None:
    """Write ``stac/collection.json`` and an item per period beside it."""
    folder = Path(folder)
    items = [item(period, release) for period in release.periods]
    for each in items:
        write_json(folder / FOLDER / f"{each['id']}.json", each)
    write_json(folder / FOLDER / COLLECTION, collection(release, items))


def item(period: ReleasedPeriod, release: Release) -> dict[str, Any]:
    """Return the item of a period: its footprint is the bounding box of its outlines, null without any."""
    start, end = _times(period)
    crs = period.outlines.crs
    authority = crs.to_authority()
    properties: dict[str, Any] = {
        "datetime": None,
        "start_datetime": start,
        "end_datetime": end,
        "title": f"{release.title}, {period.name}",
        "proj:code": ":".join(authority) if authority else None,
        "glaciers": len(period.outlines),
        "area_km2": round(float(period.outlines["area_km2"].sum()), 6),
    }
    if properties["proj:code"] is None:
        properties["proj:wkt2"] = crs.to_wkt()
    content: dict[str, Any] = {
        "type": "Feature",
        "stac_version": _STAC,
        "stac_extensions": [_PROJECTION],
        "id": period.name,
        "collection": release.label,
        "geometry": None,
        "properties": properties,
        "assets": _assets(period),
        "links": [
            _link(relation, COLLECTION, "application/json", release.title)
            for relation in ("root", "parent", "collection")
        ],
    }
    content["links"] += [
        {"rel": "derived_from", "href": address, "type": "application/geo+json"} for address in period.sources
    ]
    if len(period.outlines):
        properties["proj:bbox"] = [float(side) for side in period.outlines.total_bounds]
        content["bbox"] = _degrees(period.outlines)
        content["geometry"] = shapely.geometry.mapping(shapely.box(*content["bbox"]))
    return content


def collection(release: Release, items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the collection of the items."""
    boxes = [each["bbox"] for each in items if "bbox" in each]
    sides = list(zip(*boxes, strict=True))
    around = [*map(min, sides[:2]), *map(max, sides[2:])]
    times = [each["properties"] for each in items]
    start, end = min(each["start_datetime"] for each in times), max(each["end_datetime"] for each in times)
    content: dict[str, Any] = {
        "type": "Collection",
        "stac_version": _STAC,
        "id": release.label,
        "title": release.title,
        "description": f"{release.title}: glacier outlines of {len(items)} periods, with areas and changes.",
        "keywords": ["glacier", "outlines", "inventory", "remote sensing"],
        "license": release.license,
        "version": release.version,
        "providers": [
            {"name": author.name or f"{author.given_names or ''} {author.family_names}".strip(), "roles": ["producer"]}
            for author in release.authors
        ],
        "extent": {
            "spatial": {"bbox": [around or _WORLD]},
            "temporal": {"interval": [[start, end]]},
        },
        "assets": {
            "outlines": _asset(f"../{PARQUET}", _PARQUET, "Outlines of all periods", "data"),
            "columns": _asset(f"../{COLUMNS_FILE}", "text/csv", "Meaning and units of the columns", "metadata"),
            "readme": _asset(f"../{README}", "text/markdown", "Method, scenes and scores", "metadata"),
            "citation": _asset(f"../{CITATION}", "application/yaml", "How to cite", "metadata"),
        },
        "links": [
            _link("root", COLLECTION, "application/json", release.title),
            *(
                _link("item", f"{each['id']}.json", "application/geo+json", each["properties"]["title"])
                for each in items
            ),
        ],
        "summaries": {"proj:code": sorted({each["proj:code"] for each in times if each["proj:code"] is not None})},
    }
    if release.doi is not None:
        content["links"].append({"rel": "cite-as", "href": f"https://doi.org/{release.doi}"})
    content["assets"]["licence"] = _asset(f"../{LICENCE}", "text/markdown", "Licence", "metadata")
    if release.project is not None:
        content["assets"]["project"] = _asset(f"../{PROJECT}", "application/yaml", "All settings", "metadata")
    if release.model is not None:
        href = f"../{MODEL}/{release.model.name}"
        content["assets"]["model"] = _asset(href, "application/octet-stream", "Model that mapped", "metadata")
    if release.tables:
        href = f"../tables/{TABLE_COLUMNS}"
        content["assets"]["table-columns"] = _asset(href, "text/csv", "Columns of the tables", "metadata")
    for path in release.tables:
        content["assets"][f"table-{path.stem}"] = _asset(f"../tables/{path.name}", "text/csv", path.stem, "data")
    return content


def _assets(period: ReleasedPeriod) -> dict[str, Any]:
    assets = {
        "geopackage": _asset(f"../{OUTLINES}/{period.name}.gpkg", _GEOPACKAGE, "Outlines", "data"),
        "shapefile": _asset(f"../{SHAPEFILES}/{period.name}.zip", "application/zip", "Outlines, a Shapefile", "data"),
    }
    if period.unseen is not None:
        href = f"../{OUTLINES}/{period.name}_{UNSEEN}.gpkg"
        assets["unseen"] = _asset(href, _GEOPACKAGE, "Ground that no scene shows", "metadata")
    return assets


def _asset(href: str, media: str, title: str, role: str) -> dict[str, Any]:
    return {"href": href, "type": media, "title": title, "roles": [role]}


def _link(relation: str, name: str, media: str, title: str) -> dict[str, str]:
    return {"rel": relation, "href": f"./{name}", "type": media, "title": title}


def _times(period: ReleasedPeriod) -> tuple[str, str]:
    """Return the first and last date of a period's outlines; the years of the period where none is known."""
    dates = sorted(str(each) for each in period.outlines.get("src_date", []) if isinstance(each, str) and each)
    first, last = (dates[0], dates[-1]) if dates else (str(period.first), str(period.last))
    return f"{_filled(first, late=False)}T00:00:00Z", f"{_filled(last, late=True)}T23:59:59Z"


def _filled(date: str, *, late: bool) -> str:
    """Return the day of a date; of a year or month its first or last day."""
    year, month, day = (*date[:10].split("-"), "", "")[:3]
    month = month or ("12" if late else "01")
    return f"{year}-{month}-{day or (calendar.monthrange(int(year), int(month))[1] if late else '01')}"


def _degrees(outlines: gpd.GeoDataFrame) -> list[float]:
    """Return west, south, east and north, rounded outwards; across the 180th meridian west is the larger (RFC 7946)."""
    west, south, east, north = reprojected(outlines, 4326).total_bounds
    west, east = wrapped(west), wrapped(east)
    unit = 10.0**_DEGREE_DIGITS
    low = [math.floor(side * unit) / unit for side in (west, south)]
    return [*low, *(math.ceil(side * unit) / unit for side in (east, north))]
