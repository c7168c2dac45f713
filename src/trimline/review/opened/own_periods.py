"""The outlines that a project gives, as files of one period each with the ids that `trimline change` gives them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
from pyproj import CRS

from trimline.change.equal_area import equal_area_crs
from trimline.coordinate_systems import is_in_metres, measuring_problem
from trimline.file_identity import digest, file_identity
from trimline.files import made_folder, write_json
from trimline.layer_path import layer_path
from trimline.outlines import area_km2, write_outlines
from trimline.own_place import require_own
from trimline.project import Project
from trimline.reprojecting import in_degrees, reprojected
from trimline.review.opened.reviewed import ReviewedPeriod
from trimline.study.one_map import REVIEW
from trimline.study.own_series import identities_of, own_series
from trimline.study.record import read_sealed

_VERSION = 1
"""Raised when the same outlines give other files."""
_ONE_ZONE = 6.0
"""Width up to which outlines are shown in a zone of UTM [degrees of longitude]."""


def own_periods(project: Project) -> tuple[str, tuple[ReviewedPeriod, ...]]:
    """Return the CRS of the review, and the periods of a project whose outlines are given.

    Their files lie in ``<output>/review/automatic`` and are written again when the given ones change.

    Raises
    ------
    TrimlineError
        Outlines cannot be read, or the output folder cannot be written to.
    """
    folder = project.output / REVIEW / "automatic"
    record = folder / "periods.json"
    decided = _decided(project)
    known = read_sealed(record)
    files = {each.name: folder / f"{each.name}.gpkg" for each in project.periods}
    if not isinstance(known, dict) or known.get("decided") != decided or not all(map(_is_there, files.values())):
        made_folder(require_own(folder, project.output))
        series, _ = own_series(project)
        outlines = series.outlines
        crs = _crs_of(project, outlines)
        placed = reprojected(outlines, crs)
        placed = placed.assign(area_km2=area_km2(placed))
        for name, path in files.items():
            write_outlines(placed[placed["period"] == name].reset_index(drop=True), path)
        known = {"decided": decided, "crs": crs, "pixel_m": dict(series.pixel_m)}
        write_json(record, {**known, "digest": digest(known)})
    periods = tuple(
        ReviewedPeriod(
            name=each.name,
            first=each.first,
            last=each.last,
            automatic=files[each.name],
            pixel_m=float(known["pixel_m"][each.name]),
        )
        for each in project.periods
    )
    return str(known["crs"]), periods


def _decided(project: Project) -> str:
    """Return a digest of all that decides the files."""
    regions = [each.outline for each in project.areas if each.outline is not None] + [project.change.regions]
    content: dict[str, Any] = {
        "version": _VERSION,
        "files": identities_of(project),
        "regions": [file_identity(layer_path(each).file) for each in regions if each is not None],
        "project": project.model_dump(mode="json", include={"periods", "areas", "change", "crs"}),
    }
    return digest(content)


def _crs_of(project: Project, outlines: gpd.GeoDataFrame) -> str:
    """Return the project's CRS, or that of the outlines if lengths are right in it, or one of UTM or of equal area."""
    if project.crs is not None:
        return project.crs
    own = CRS.from_user_input(outlines.crs)
    if own.is_projected and is_in_metres(own) and measuring_problem(own) is None:
        return str(own.to_string())
    west, _, east, _ = in_degrees(outlines.geometry).total_bounds
    narrow = east - west <= _ONE_ZONE
    return str((outlines.estimate_utm_crs() if narrow else equal_area_crs(outlines)).to_string())


def _is_there(path: Any) -> bool:
    return bool(path.is_file())
