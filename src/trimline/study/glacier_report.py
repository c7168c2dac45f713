"""Sections of the report on single glaciers: attributes, areas by elevation and aspect, and termini."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.geom import box

from trimline.report.aspect_figures import draw_aspects
from trimline.report.composite import false_colour
from trimline.report.glacier_sheet import GlacierTables, draw_glacier_sheet
from trimline.report.hypsometry_figures import draw_hypsometry
from trimline.report.page import Picture, Section
from trimline.report.retreat_by_elevation import draw_retreat_by_elevation
from trimline.report.retreat_map import draw_retreat_map
from trimline.report.terminus_lines import draw_terminus_lines
from trimline.report.terminus_tables import class_table, status_table
from trimline.reprojecting import reprojected
from trimline.study.change_stage import FOLDER as CHANGE
from trimline.study.coregistration_steps import open_placed
from trimline.study.glacier_files import ATTRIBUTES, FLOW_LINES
from trimline.study.glaciers_stage import FOLDER as GLACIERS
from trimline.study.study import Study
from trimline.study.tables_on_disk import read_table, read_tables
from trimline.study.terminus_files import LAYER
from trimline.study.terminus_stage import FOLDER as TERMINUS

_Table = TypeVar("_Table", bound=pd.DataFrame)

_SHEETS = 3
"""Glaciers that have a sheet in the report, the largest first."""

_AROUND = 0.5
"""Ground around a glacier that its image shows, as a share of its extent."""

_BANDS = (
    "Bands of {step:g} m of the elevation model ({dem}), which has one date: change is of area, at the heights of that "
    "date. Grey is smaller than its error."
)
_METHODS = (
    "Retreat is positive. Figures show the method {method}; the table of the stage has all. The spread is the standard "
    "deviation between glaciers. The pixel error is given in both readings of the formula: half a pixel and a whole "
    "one at each date."
)


def glacier_report(study: Study, folder: Path) -> list[Section]:
    """Return the sections, their pictures written into a folder; none where there is no elevation model."""
    return [*_ground(study, folder), *_termini(study, folder), *_sheets(study, folder)]


def _ground(study: Study, folder: Path) -> list[Section]:
    project, found = study.project, study.done["glaciers"].result.get("glaciers")
    if not found:
        return []
    tables = read_tables(project.output / GLACIERS)
    words = [
        f"{found['glaciers']} glaciers, {found['outlines']} outlines. Their attributes are in {GLACIERS}/{ATTRIBUTES}, "
        f"their flow lines in {FLOW_LINES}."
    ]
    if found["without_heights"]:
        names = ", ".join(found["without_heights"][:10])
        words.append(
            f"{len(found['without_heights'])} glaciers lie on no elevation model and have no heights: {names}."
        )
    pictures = []
    if "hypsometry_changes" in tables:
        changed, sectors = (_first_span(tables[name]) for name in ("hypsometry_changes", "aspect_changes"))
        words.append(_BANDS.format(step=project.glaciers.band_m, dem=", ".join(found["dem"])))
        png, _ = draw_hypsometry(folder / "hypsometry", tables["hypsometry_totals"], changed)
        pictures.append(Picture(png, "Area by elevation of two periods, and its change."))
        retreat = _retreat_by_aspect(study)
        png, _ = draw_aspects(folder / "aspects", tables["aspect_totals"], sectors, retreat)
        pictures.append(Picture(png, "Area by aspect of two periods, its change, and the retreat of termini."))
    return [Section("Elevation and aspect", words, pictures=pictures)]


def _termini(study: Study, folder: Path) -> list[Section]:
    project, found = study.project, study.done["terminus"].result.get("terminus")
    if not found:
        return []
    tables = read_tables(project.output / TERMINUS)
    method = project.terminus.methods[0]
    changes = _first_span(gpd.read_file(project.output / TERMINUS / LAYER))
    if not len(changes):
        return [Section("Termini", ["No glacier was measured; why, selection.csv says."])]
    outlines = _outlines(study)
    compared = outlines[outlines["period"].isin([changes["first"].iloc[0], changes["last"].iloc[0]])]
    png, _ = draw_retreat_map(folder / "retreat_map", changes, compared, method=method)
    pictures = [Picture(png, "Arrows from the earlier terminus to the later one.")]
    if changes["terminus_before_m"].notna().any():
        by_elevation = _first_span(tables["by_elevation"])
        png, _ = draw_retreat_by_elevation(folder / "retreat_by_elevation", by_elevation, method=method)
        pictures.append(Picture(png, "Retreat by elevation of the terminus."))
    own = _of_method(changes, method)
    moved = own[own.geometry.notna() & own["retreat_m"].notna()]
    if len(moved):
        name = str(moved.loc[moved["retreat_m"].abs().idxmax(), "glac_id"])
        shapes = outlines[outlines["glac_id"] == name]
        image, geobox = _image_of(study, shapes)
        png, _ = draw_terminus_lines(
            folder / "terminus_lines",
            shapes,
            image=image,
            geobox=geobox,
            arrows=own[own["glac_id"] == name],
            title=name,
        )
        pictures.append(Picture(png, "Outlines of all periods at the terminus that moved most."))
    words = [
        f"{found['glaciers']} glaciers are measured; {found['left_out']} are left out, for reasons in selection.csv."
    ]
    words.append(_METHODS.format(method=method.replace("_", " ")))
    shown = [
        ("By method", class_table(tables["by_aspect"], only="all")),
        ("By aspect", class_table(_of_method(_first_span(tables["by_aspect"]), method))),
        ("By elevation of the terminus", class_table(_of_method(_first_span(tables["by_elevation"]), method))),
        ("What became of termini", status_table(_of_method(changes, method))),
    ]
    return [Section("Termini", words, shown, pictures)]


def _image_of(study: Study, shapes: gpd.GeoDataFrame) -> tuple[NDArray[np.uint8] | None, GeoBox | None]:
    """Return a composite of the scene that shows the last outline of a glacier, and its grid; None without scenes."""
    entries = {entry.id: entry for entry in study.project.scenes}
    seen = [str(each) for each in shapes.get("scene_id", ()) if str(each) in entries]
    if not seen:
        return None, None
    scene = open_placed(study, entries[seen[-1]])
    west, south, east, north = reprojected(shapes, str(scene.geobox.crs)).total_bounds
    around = _AROUND * max(east - west, north - south)
    bounds = (west - around, south - around, east + around, north + around)
    geobox = scene.geobox.enclosing(box(*bounds, scene.geobox.crs)) & scene.geobox
    return false_colour(scene, geobox), geobox


def _sheets(study: Study, folder: Path) -> list[Section]:
    """Return the section with the sheets of the largest glaciers."""
    project = study.project
    if not study.done["glaciers"].result.get("glaciers"):
        return []
    outlines = _outlines(study)
    tables = read_tables(project.output / GLACIERS)
    areas = project.output / CHANGE / "areas.csv"
    series = project.output / TERMINUS / "series.csv"
    of_all = GlacierTables(
        outlines=outlines,
        areas=read_table(areas) if areas.exists() else None,
        attributes=tables["attributes"],
        flow_lines=gpd.read_file(project.output / GLACIERS / FLOW_LINES).astype({"glac_id": str, "period": str}),
        hypsometry=tables["hypsometry"],
        termini=read_table(series) if series.exists() else None,
    )
    largest = outlines.groupby("glac_id")["area_km2"].max().sort_values(ascending=False).index[:_SHEETS]
    pictures = []
    for number, name in enumerate(largest, start=1):
        png, _ = draw_glacier_sheet(folder / f"glacier_{number}", str(name), of_all)
        pictures.append(Picture(png, f"Glacier {name}."))
    return [Section("The largest glaciers", pictures=pictures)]


def _outlines(study: Study) -> gpd.GeoDataFrame:
    """Return the outlines as the stage `glaciers` wrote them, or as `change` did."""
    folder = study.project.output
    path = folder / GLACIERS / ATTRIBUTES
    if not path.exists():
        path = folder / CHANGE / "glaciers.gpkg"
    return gpd.read_file(path).astype({"glac_id": str, "period": str})


def _retreat_by_aspect(study: Study) -> pd.DataFrame | None:
    if not study.done["terminus"].result.get("terminus"):
        return None
    table = read_table(study.project.output / TERMINUS / "by_aspect.csv")
    return _of_method(_first_span(table), study.project.terminus.methods[0])


def _first_span(table: _Table) -> _Table:
    """Return the rows of the first span of a table, the longest one."""
    if not len(table):
        return table
    rows: _Table = table[(table["first"] == table["first"].iloc[0]) & (table["last"] == table["last"].iloc[0])]
    return rows


def _of_method(table: _Table, method: str) -> _Table:
    rows: _Table = table[table["method"] == method]
    return rows
