"""What is measured of glaciers, as files: attributes, flow lines, and areas by elevation and aspect."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from trimline.change import LANDSAT_PIXEL_M
from trimline.errors import GridError
from trimline.glaciers import (
    LEAST_SHARE,
    ElevationModel,
    area_sums,
    aspects,
    attributes,
    band_totals,
    change_by_band,
    flow_lines,
    hypsometry,
)
from trimline.outlines import write_lines, write_outlines
from trimline.report.glims import GlimsSession, write_glims
from trimline.report.on_disk import write_csv
from trimline.reprojecting import reprojected

_LOG = logging.getLogger(__name__)

ATTRIBUTES, FLOW_LINES = "attributes.gpkg", "flow_lines.gpkg"
"""Layers: outlines with their attributes, and flow lines, both of all periods."""

GLIMS = "glims"
"""Folder of the set of Shapefiles for the GLIMS database."""


def write_glaciers(
    folder: Path,
    outlines: gpd.GeoDataFrame,
    dem: Sequence[ElevationModel],
    *,
    band_m: float = 50.0,
    lines: gpd.GeoDataFrame | None = None,
    pixel_m: float | Mapping[str, float] = LANDSAT_PIXEL_M,
    spans: Sequence[tuple[str, str]] = (),
    correlation: float = 0.0,
    session: GlimsSession | None = None,
    unknown: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Measure glaciers and write layers and tables into a folder.

    Parameters
    ----------
    folder
        Exists.
    outlines
        A row per `glac_id`, and `period` where there are several.
    dem
        Elevation models.
    band_m
        Height of an elevation band [m].
    lines
        Flow lines that are given; None computes all.
    pixel_m
        Width of a pixel, by period where it differs [m].
    spans
        Periods whose areas by band and aspect are compared, first and last.
    correlation
        Of the errors of two periods.
    session
        Who analysed; None writes no set for GLIMS.
    unknown
        By period, ids of glaciers whose area is unknown there; no change of bands and sectors has them.

    Returns
    -------
    dict
        `glaciers` and `outlines` (counts), `without_heights` (ids) and `dem` (names of the models used).
    """
    flow = _flow_lines(outlines, dem, lines)
    measured = attributes(outlines, dem, flow_lines=flow)
    if (measured["dem_share"] == 0).all():
        _refuse_without_heights(outlines, dem)
        west, south, east, north = reprojected(outlines, 4326).total_bounds
        raise GridError(
            "no outline lies on the elevation model",
            where=", ".join(each.path.name for each in dem),
            remedy=f"the outlines lie from {west:.3f} to {east:.3f} degrees east, {south:.3f} to {north:.3f} north",
        )
    bands = hypsometry(outlines, dem, band_m, pixel_m=pixel_m)
    sectors = aspects(outlines, dem, pixel_m=pixel_m)
    tables = {
        "attributes": pd.DataFrame(measured.drop(columns=measured.geometry.name)),
        "area_sums": area_sums(measured),
        "hypsometry": bands,
        "hypsometry_totals": band_totals(bands),
        "aspects": sectors,
        "aspect_totals": band_totals(sectors),
    }
    for name, table in (("hypsometry_changes", bands), ("aspect_changes", sectors)):
        if spans:
            changes = [change_by_band(_known(table, span, unknown), *span, correlation=correlation) for span in spans]
            tables[name] = pd.concat(changes, ignore_index=True)
    write_outlines(measured, folder / ATTRIBUTES)
    write_lines(flow, folder / FLOW_LINES)
    if session is not None:
        write_glims(measured, folder / GLIMS, session, flow_lines=flow)
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", list(table.columns), table.itertuples(index=False))
    without = measured["dem_share"] < LEAST_SHARE
    return {
        "glaciers": int(measured["glac_id"].nunique()),
        "outlines": len(measured),
        "without_heights": sorted(measured.loc[without, "glac_id"].astype(str).unique()),
        "dem": sorted(measured["dem_source"].dropna().unique()),
    }


def _refuse_without_heights(outlines: gpd.GeoDataFrame, dem: Sequence[ElevationModel]) -> None:
    """Raise where the outlines lie on an elevation model, and what it holds there is no height."""
    for model in dem:
        if model.beyond is not None:
            raise GridError(
                f"the numbers of the elevation model, {model.beyond[0]:g} to {model.beyond[1]:g}, are no heights in "
                + ("metres" if not model.unit.name else f"'{model.unit.name}'"),
                where=model.path,
                remedy="is it in feet or decimetres? convert it to metres, or declare its unit in the raster",
            )
        bounds = reprojected(outlines, model.crs).total_bounds
        if np.isfinite(bounds).all() and model.read(bounds, model.crs, margin=0) is not None:
            raise GridError(
                "the elevation model has no heights where the outlines lie",
                where=model.path,
                remedy="give one that covers them with data",
            )


def _known(table: pd.DataFrame, span: tuple[str, str], unknown: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """Return the rows of glaciers whose area is known at both ends of a span."""
    hidden = {name for period in span for name in unknown.get(period, ())}
    if hidden:
        _LOG.warning(
            "%s to %s: %d glaciers are unseen at one end, and left out of the change by elevation and aspect",
            *span,
            len(hidden),
        )
    return table[~table["glac_id"].astype(str).isin(hidden)]


def _flow_lines(
    outlines: gpd.GeoDataFrame, dem: Sequence[ElevationModel], given: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
    """Return the flow lines of all periods."""
    if "period" not in outlines:
        return flow_lines(outlines, dem, given)
    found = [
        flow_lines(of_period, dem, given).assign(period=period)
        for period, of_period in outlines.groupby("period", sort=False)
    ]
    return gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=outlines.crs)
