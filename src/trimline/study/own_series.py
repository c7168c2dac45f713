"""The series of outlines that a project gives in place of scenes."""

from __future__ import annotations

import logging
from dataclasses import replace

import geopandas as gpd
import pandas as pd

from trimline.change import LANDSAT_PIXEL_M, OwnPeriod, read_own_outlines
from trimline.errors import ProjectError
from trimline.file_identity import file_identity
from trimline.outlines import read_outlines, replay
from trimline.project import Period, Project
from trimline.reprojecting import reprojected
from trimline.study.editing import digest_of, edits_of, tell_lost
from trimline.study.series import Series, smallest_km2
from trimline.years import decimal_year

_LOG = logging.getLogger(__name__)


def own_series(project: Project) -> tuple[Series, str]:
    """Return the outlines of a project's periods, and where their ids come from: a column, or `overlap`."""
    settings = project.change
    regions, column = _regions(project)
    read = read_own_outlines(
        [OwnPeriod(each.name, year_of(each), each.outlines or (), each.where) for each in project.periods],
        id_column=settings.id_column,
        regions=regions,
        region_column=column,
        may_be_empty=settings.absent == "gone",
    )
    assumed = [each.name for each in project.periods if each.error_m is None]
    if assumed and settings.buffer_m is None:
        _LOG.warning(
            "no pixel and no accuracy is given for %s: an error of %g m, half a pixel of Landsat, is assumed",
            ", ".join(assumed),
            LANDSAT_PIXEL_M / 2,
        )
    pixel_m = {each.name: LANDSAT_PIXEL_M if each.error_m is None else 2 * each.error_m for each in project.periods}
    periods = tuple(each.name for each in project.periods)
    finest = min(pixel_m.values())
    smallest = smallest_km2(project)
    series = Series(periods, read.outlines, pd.DataFrame(), finest, pixel_m, read.gone, smallest, read.repairs)
    return series, read.ids


def corrected_series(project: Project) -> tuple[Series, str]:
    """Return the outlines as `own_series` does, with the corrections by hand of each period.

    Raises
    ------
    EditError
        An edit is invalid.
    """
    series, ids = own_series(project)
    edits = edits_of(project)
    if edits.empty:
        return series, ids
    frames = []
    for period in project.periods:
        given = series.outlines[(series.outlines["period"] == period.name).to_numpy()].reset_index(drop=True)
        final, outcomes = replay(given, edits, period.name, middle=period.middle)
        tell_lost(outcomes)
        measured = [name for name in ("area_km2", "perimeter_km") if name not in given.columns]
        frames.append(_completed(final.drop(columns=measured), given, year_of(period)))
    outlines = gpd.GeoDataFrame(
        pd.concat([each for each in frames if len(each)] or frames[:1], ignore_index=True), crs=series.outlines.crs
    )
    states = series.states
    if states is not None and len(states):
        outlined = set(zip(outlines["glac_id"].astype(str), outlines["period"], strict=True))
        told = zip(states["glac_id"].astype(str), states["period"], strict=True)
        states = states[[each not in outlined for each in told]].reset_index(drop=True)
    return replace(series, outlines=outlines, states=states), ids


def _completed(final: gpd.GeoDataFrame, given: gpd.GeoDataFrame, year: float) -> gpd.GeoDataFrame:
    """Return corrected outlines in which new glaciers have the time of the period, and one part."""
    for name, value in (("src_year", year), ("parts", 1)):
        if name in given.columns:
            final[name] = final[name].astype("float64").fillna(value).astype(given[name].dtype)
    return final


def edited_identities(project: Project) -> dict[str, str]:
    """Return the identities of `identities_of`, and the digest of the corrections where there are any.

    Raises
    ------
    EditError
        An edit is invalid.
    """
    edits = edits_of(project)
    return {**identities_of(project), **({} if edits.empty else {"edits": digest_of(edits)})}


def year_of(period: Period) -> float:
    """Return the time of a period's outlines [decimal year]: its date, or the middle of its years."""
    return period.middle if period.date is None else decimal_year(period.date)


def identities_of(project: Project) -> dict[str, str]:
    """Return the identity of every file or folder of outlines, as an input of a step."""
    return {str(path): file_identity(path) for period in project.periods for path in period.outlines or ()}


def _regions(project: Project) -> tuple[gpd.GeoDataFrame | None, str | None]:
    """Return the polygons of the regions and the column of their names; None where the project has no regions."""
    settings = project.change
    named = [area for area in project.areas if area.outline is not None]
    if settings.regions is not None:
        if named:
            raise ProjectError(
                "the regions are given twice", where="change.regions", remedy="give them here or as areas, not both"
            )
        return read_outlines(settings.regions), settings.region_column
    if not named:
        return None, None
    frames = [read_outlines(area.outline).assign(region=area.name) for area in named if area.outline is not None]
    same = [frame[["region", frame.geometry.name]].rename_geometry("geometry") for frame in frames]
    return gpd.GeoDataFrame(
        pd.concat([reprojected(each, same[0].crs, like=same[0]) for each in same]), crs=same[0].crs
    ), "region"
