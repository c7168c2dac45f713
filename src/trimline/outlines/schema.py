"""The published columns of outlines: their names, types, units and meaning.

Names, units and meaning are those of the Randolph Glacier Inventory 7.0 (RGI 7.0 Consortium, 2023,
https://doi.org/10.5067/f6jmovy5navz) where it has the column; the others hold the origin of an outline.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import geopandas as gpd
import pandas as pd

from trimline.errors import OutlineError
from trimline.years import decimal_years

_LOG = logging.getLogger(__name__)

ColumnKind = Literal["text", "number", "count"]

_DTYPES: Mapping[ColumnKind, str] = MappingProxyType({"text": "object", "number": "float64", "count": "Int64"})


NAME_COLUMNS = ("glac_name", "GLACNAME", "Glac_Name", "glacier_name", "Name", "name")
"""Columns in which inventories have the names of glaciers, in order of preference."""

REVIEW = "review"
"""Column of the state of outlines that somebody marked."""

NOT_SEEN = "not_seen"
"""Layer that lies beside outlines: the ground that cloud, shadow or missing data hide."""


@dataclass(frozen=True)
class Column:
    """One column of the published schema."""

    name: str
    """Its name in every file; it carries the unit."""
    kind: ColumnKind
    """`text`, `number` (float64) or `count` (integer)."""
    unit: str | None
    """The unit, or None for what has none."""
    meaning: str
    """One line for the data dictionary."""
    in_rgi7: bool
    """Whether RGI 7.0 has the column under this name."""


COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        column.name: column
        for column in (
            Column("rgi_id", "text", None, "identifier in the Randolph Glacier Inventory 7.0", True),
            Column("glims_id", "text", None, "identifier in the GLIMS database", True),
            Column("anlys_id", "count", None, "identifier of the outline in the GLIMS database", True),
            Column("subm_id", "count", None, "identifier of the submission to the GLIMS database", True),
            Column("glac_id", "text", None, "identifier of the glacier within the study", False),
            Column("glac_name", "text", None, "name of the glacier", True),
            Column("o1region", "text", None, "first-order region of RGI 7.0, 01 to 20", True),
            Column("o2region", "text", None, "second-order region of RGI 7.0, as 11-01", True),
            Column("period", "text", None, "period of the study that the outline belongs to", False),
            Column("subregion", "text", None, "area of the study that the glacier belongs to, or all", False),
            Column("src_date", "text", None, "acquisition of the image outlined, ISO 8601 and UTC", True),
            Column("src_year", "number", "a", "date of the outline, its scenes weighted by area", False),
            Column("cenlon", "number", "degree", "longitude of a point inside the outline, WGS 84", True),
            Column("cenlat", "number", "degree", "latitude of a point inside the outline, WGS 84", True),
            Column("utm_zone", "count", None, "number of the UTM zone of that point", True),
            Column("primeclass", "count", None, "primary classification of the GLIMS database", True),
            Column("conn_lvl", "count", None, "connection to an ice sheet: 0 none, 1 weak, 2 strong", True),
            Column("surge_type", "count", None, "evidence of surges, 0 (none) to 3 (observed), 9 not assigned", True),
            Column(
                "term_type",
                "count",
                None,
                "where the glacier ends: 0 land, 1 sea, 2 lake, 3 shelf, 9 not assigned",
                True,
            ),
            Column("is_rgi6", "count", None, "1 where the outline is that of RGI 6.0", True),
            Column("termlon", "number", "degree", "longitude of the terminus, WGS 84", True),
            Column("termlat", "number", "degree", "latitude of the terminus, WGS 84", True),
            Column("area_km2", "number", "km2", "geodesic area on WGS 84, holes left out", True),
            Column(
                "area_pixels_km2",
                "number",
                "km2",
                "area of pixels of the elevation model whose middle is inside",
                False,
            ),
            Column("perimeter_km", "number", "km", "geodesic length of the outline and of its holes", False),
            Column("unseen_km2", "number", "km2", "ground of the glacier that no scene of the period shows", False),
            Column("inferred_km2", "number", "km2", "part of the outline inferred from other periods", False),
            Column("unseen_error_km2", "number", "km2", "error of the area from ground that no scene shows", False),
            Column("uncertain_error_km2", "number", "km2", "error of the area from uncertain pixels of the map", False),
            Column("uncertainty_km2", "number", "km2", "error of the area from all causes together", False),
            Column("zmin_m", "number", "m", "lowest height", True),
            Column("zmax_m", "number", "m", "highest height", True),
            Column("zmed_m", "number", "m", "median height", True),
            Column("zmean_m", "number", "m", "mean height", True),
            Column("slope_deg", "number", "degree", "mean slope", True),
            Column("aspect_deg", "number", "degree", "mean aspect, clockwise from north", True),
            Column("aspect_sec", "count", None, "sector of the mean aspect, 1 (north) to 8 (north-west)", True),
            Column("lmax_m", "number", "m", "length of the longest flow line", True),
            Column("dem_source", "text", None, "elevation model that heights were taken from", True),
            Column("dem_share", "number", "1", "share of the area with heights in the elevation model", False),
            Column("scene_id", "text", None, "scene that was mapped, or the one that shows most of the outline", False),
            Column("scene_ids", "text", None, "scenes that the outline comes from, with their shares by area", False),
            Column("sensor", "text", None, "sensor of the scene", False),
            Column("network", "text", None, "network that mapped it", False),
            Column("threshold", "number", "1", "probability from which a pixel counts as ice", False),
            Column(
                "weights_sha256", "text", None, "SHA-256 of the weights file, or of the rule of a spectral index", False
            ),
            Column("edit_ids", "text", None, "edits by hand that changed the outline, separated by ;", False),
            Column(REVIEW, "text", None, "accepted or flagged by a person; empty where nobody marked it", False),
            Column("trimline_version", "text", None, "version of trimline that drew the outline", False),
        )
    }
)
"""Every published column, by name, in the order in which they are written."""

FORMER_NAMES: Mapping[str, str] = MappingProxyType({"doubt_error_km2": "uncertain_error_km2"})
"""Names that published columns had in earlier versions, and the present ones; files with either are read."""


def with_present_names(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines in which columns under a former name have their present one, unless both are there."""
    renamed = {old: new for old, new in FORMER_NAMES.items() if new not in outlines.columns}
    return outlines.rename(columns=renamed)


def conform(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give the published columns their types and order; other columns follow unchanged, the geometry last.

    Raises
    ------
    OutlineError
        A published column stands twice, or holds values that are not of its type.
    """
    twice = outlines.columns[outlines.columns.duplicated()].intersection(list(COLUMNS))
    if len(twice):
        raise OutlineError(f"the column '{twice[0]}' stands twice", remedy="rename or drop one of them")
    conformed = _without_doubles(outlines.copy())
    for name in conformed.columns.intersection(list(COLUMNS)):
        column = COLUMNS[name]
        try:
            if name == "src_year":
                conformed[name] = decimal_years(conformed[name])
            elif column.kind == "text":
                conformed[name] = _text(conformed[name])
            else:
                conformed[name] = pd.to_numeric(conformed[name]).astype(_DTYPES[column.kind])
        except (ArithmeticError, ValueError, TypeError) as error:
            raise OutlineError(
                f"the column '{name}' holds what is not a {column.kind}: {error}",
                remedy=f"'{name}' is the {column.meaning}; rename the column or correct its values",
            ) from error
    # By their places, because names of other columns may stand twice.
    places = {name: place for place, name in enumerate(COLUMNS)}
    geometry = conformed.geometry.name
    rank = [len(places) + 1 if name == geometry else places.get(name, len(places)) for name in conformed.columns]
    return conformed.iloc[:, sorted(range(len(rank)), key=rank.__getitem__)]


def _without_doubles(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out columns whose names differ from a published one by capitals only: files have no room for both."""
    published = {name.lower(): name for name in COLUMNS if name in outlines.columns}
    doubles = [name for name in outlines.columns if published.get(str(name).lower(), name) != name]
    if doubles:
        _LOG.info("the columns %s give way to published ones of the same name", ", ".join(doubles))
    return outlines.drop(columns=doubles) if doubles else outlines


def _text(values: pd.Series) -> pd.Series:
    """Return text, with dates in ISO 8601, and None for missing values."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.map(lambda time: time.isoformat(), na_action="ignore")
    return pd.Series([None if pd.isna(value) else str(value) for value in values], values.index, dtype="object")
