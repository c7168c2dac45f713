"""Outlines that one has already, of several dates, as one long table: a row per glacier and period.

Each period has its files. Polygons are checked and repaired, and every repair is reported with the area before and
after. The rows of a glacier are joined to one. Ids come from a column, where there is one that agrees with the ground,
or from the ground itself (see `trimline.change.lineage`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from trimline.change.equal_area import equal_area_crs, projected
from trimline.change.identity import OVERLAP, choose_column, dissolved
from trimline.change.lineage import follow
from trimline.change.long_table import LARGEST_OVERLAP_M2
from trimline.errors import ChangeError, OutlineError
from trimline.files import StrPath
from trimline.layer_path import layer_path
from trimline.outlines.check import Problem, check, report
from trimline.outlines.reading import read_unchecked, require_crs_in
from trimline.outlines.states import GONE
from trimline.reprojecting import reprojected
from trimline.years import decimal_years

_LOG = logging.getLogger(__name__)

_OWN_YEAR = "_own_year"
"""Column, while files are read, of the time that a row has for itself [decimal year]."""

SUFFIXES = (".shp", ".gpkg", ".geojson", ".json", ".parquet", ".geoparquet", ".fgb", ".kml", ".gml")
"""Suffixes of the files that a folder is searched for."""

REPAIR_COLUMNS = ("period", "file", "outline", "problem", "repair", "before_km2", "after_km2")
"""Columns of the table of problems and repairs, in order."""

STATUS_COLUMN = "glac_stat"
"""Column of GLIMS that says of a glacier whether it exists or is gone."""

WITHOUT_REGION = "outside the regions"
"""Region of glaciers that no region holds."""


@dataclass(frozen=True)
class OwnPeriod:
    """One date of outlines: its name, its time, and its rows in files."""

    name: str
    """Its name in tables."""
    src_year: float
    """Its time [decimal year]."""
    files: Sequence[StrPath]
    """Files, or folders of them."""
    where: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """Rows of the files that belong to it: a value, as text, by column, or several. Where several are dates, each row
    has its own time in place of `src_year`."""


@dataclass(frozen=True)
class OwnOutlines:
    """Outlines of all periods, and how they came about."""

    outlines: gpd.GeoDataFrame
    """`glac_id`, `glac_name` (where there is one), `period`, `subregion`, `src_year`, `parts` (rows that were joined)
    and the geometry, a row per glacier and period."""
    ids: str
    """Column of the ids, or `overlap`."""
    repairs: pd.DataFrame
    """`REPAIR_COLUMNS`, a row per problem."""
    gone: pd.DataFrame
    """`glac_id`, `period`, `state` (`gone`) and `src_year` of the glaciers that a row of their period says are gone."""


def read_own_outlines(
    periods: Sequence[OwnPeriod],
    *,
    id_column: str | None = None,
    regions: gpd.GeoDataFrame | None = None,
    region_column: str | None = None,
    may_be_empty: bool = False,
) -> OwnOutlines:
    """Read outlines of several dates, in any formats, CRSs and folders.

    Parameters
    ----------
    periods
        The dates, in order of time.
    id_column
        Column of the ids; `overlap` finds the same glaciers by the ground they share. None takes a column of ids that
        all files have and that agrees with the ground, or else the ground.
    regions
        Polygons of regions with a CRS; a glacier belongs to the one in which most of its first outline lies.
    region_column
        Column of their names; None means the first column of text.
    may_be_empty
        Whether a period may have no outline, because all glaciers are gone.

    Returns
    -------
    OwnOutlines
        The outlines in the CRS of the first file.

    Raises
    ------
    OutlineError
        A file is missing or unreadable, or has no CRS or no polygon; or a row lies within another row of its glacier,
        as a hole does.
    ChangeError
        A column is missing, no row belongs to a period, or two files outline the same ground in one period.
    """
    frames: list[gpd.GeoDataFrame] = []
    repairs: list[tuple[object, ...]] = []
    said: list[pd.DataFrame] = []
    for period in periods:
        frame, gone, problems = _read(period, may_be_empty=may_be_empty)
        frames.append(reprojected(frame, frames[0].crs, like=frames[0]) if frames else frame)
        said.append(gone)
        repairs += problems
    filled = [(frame, period.name) for frame, period in zip(frames, periods, strict=True) if len(frame)]
    if not filled:
        raise ChangeError("no date has any outline", remedy="a change needs the ice that was there before")
    column = choose_column([frame for frame, _ in filled], [name for _, name in filled], id_column)
    if column == OVERLAP:
        plane = equal_area_crs(pd.concat([each.geometry for each in frames]))
        numbers = follow([projected(each.geometry.to_numpy(), each.crs, plane) for each in frames])
        ids = [pd.Series([f"{number + 1:04d}" for number in of_date], dtype=object) for of_date in numbers]
    else:
        ids = [each[column].map(as_text) if len(each) else pd.Series(dtype=object) for each in frames]
    joined = [
        dissolved(frame, own.to_numpy(), period.name).assign(
            period=period.name, src_year=_years(frame, own.to_numpy(), period.src_year)
        )
        for frame, own, period in zip(frames, ids, periods, strict=True)
        if len(frame)
    ]
    for (frame, name), whole in zip(filled, joined, strict=True):
        if len(whole) < len(frame):
            _LOG.info("%s: %d outlines joined to %d glaciers", name, len(frame), len(whole))
    outlines = gpd.GeoDataFrame(pd.concat(joined, ignore_index=True), crs=frames[0].crs)
    outlines["subregion"] = "all" if regions is None else _regions_of(outlines, regions, region_column)
    kept = ["glac_id", "glac_name", "period", "subregion", "src_year", "parts", "geometry"]
    table = outlines[[name for name in kept if name in outlines.columns]]
    gone = _gone(periods, said, table, column)
    return OwnOutlines(table, column, pd.DataFrame(repairs, columns=list(REPAIR_COLUMNS)), gone)


def files_of(path: StrPath) -> list[Path]:
    """Return a file as it is, with the layer it names, or the vector files in a folder, in order of their paths.

    Raises
    ------
    ChangeError
        There is no such file or folder, or none with one of `SUFFIXES` in it.
    """
    path = Path(path)
    given = layer_path(path)
    if not given.file.exists():
        raise ChangeError("there is no such file or folder", where=given.file)
    if given.file.is_file() or given.said:
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
    if not found:
        raise ChangeError("the folder holds no outlines", where=path, remedy=f"outlines are {', '.join(SUFFIXES)}")
    return found


def _gone(
    periods: Sequence[OwnPeriod], said: Sequence[pd.DataFrame], outlines: gpd.GeoDataFrame, column: str
) -> pd.DataFrame:
    """Return the glaciers that rows say are gone, and all of them in a period that has no outline."""
    rows = []
    for period, gone in zip(periods, said, strict=True):
        if not len(gone) and not (outlines["period"] == period.name).any():
            names = sorted(set(outlines["glac_id"]))  # the period may be empty: all of them are gone
        elif column != OVERLAP:
            names = [as_text(each) for each in gone[column]] if len(gone) else []
        else:
            names = []
            if len(gone):
                _LOG.warning(
                    "%s: %d rows say that a glacier is gone, and no column of ids says which", period.name, len(gone)
                )
        rows += [(name, period.name, GONE, period.src_year) for name in dict.fromkeys(names)]
    return pd.DataFrame(rows, columns=["glac_id", "period", "state", "src_year"])


def _read(period: OwnPeriod, *, may_be_empty: bool) -> tuple[gpd.GeoDataFrame, pd.DataFrame, list[tuple[object, ...]]]:
    """Return the checked outlines of a period, with an index from 0, its rows that say gone, and its problems."""
    frames: list[gpd.GeoDataFrame] = []
    empty: list[gpd.GeoDataFrame] = []
    gone: list[pd.DataFrame] = []
    rows: list[tuple[object, ...]] = []
    for path in [file for each in period.files for file in files_of(each)]:
        raw = _rows_of(read_unchecked(path), period, path)
        status = next((name for name in raw.columns if str(name).lower() == STATUS_COLUMN), None)
        if status is not None:
            says = raw[status].astype(str).str.strip().str.lower() == GONE
            gone.append(pd.DataFrame(raw[says].drop(columns=raw.geometry.name)))
            if says.any():
                _LOG.info("%s: %d rows say by '%s' that the glacier is gone", path, int(says.sum()), status)
            raw = raw[~says]
        if raw.empty:
            empty.append(raw)
            continue
        require_crs_in(raw, path)
        try:
            checked, problems = check(raw)
        except OutlineError as error:
            error.where = error.where or path
            raise
        report(problems, where=path)
        rows += [_row(period.name, path, each) for each in problems]
        checked = checked.reset_index(drop=True)
        _refuse_one_year_twice(checked, period.name, path)
        checked = checked.rename_geometry("geometry") if checked.geometry.name != "geometry" else checked
        if frames:
            checked = reprojected(checked, frames[0].crs, like=frames[0])
            checked, repeated = _without_repeats(checked, frames)
            if repeated:
                _LOG.warning("%s: %d outlines of %s repeat those of other files: left out", path, repeated, period.name)
            _refuse_same_ground(checked, frames, period.name, path)
        frames.append(checked)
    said = pd.concat(gone, ignore_index=True) if gone else pd.DataFrame()
    if not frames and empty and (may_be_empty or len(said)):
        return gpd.GeoDataFrame(empty[0], crs=empty[0].crs), said, rows
    if not sum(len(each) for each in frames):
        wanted = ", ".join(f"{column} is {' or '.join(_values(value))}" for column, value in period.where.items())
        raise ChangeError(
            f"no outline belongs to {period.name}" + (f": none whose {wanted}" if wanted else ""),
            where=", ".join(map(str, period.files)),
            remedy="where the files hold all glaciers and these are gone, say so: --absent gone, or change.absent",
        )
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs), said, rows


def _rows_of(frame: gpd.GeoDataFrame, period: OwnPeriod, path: Path) -> gpd.GeoDataFrame:
    for column, value in period.where.items():
        if column not in frame.columns:
            raise ChangeError(
                f"has no column '{column}'", where=path, remedy=f"it has {', '.join(map(str, frame.columns[:-1]))}"
            )
        frame = frame[[as_text(each) in _values(value) for each in frame[column]]]
        if not isinstance(value, str):
            frame = _with_own_years(frame, column, path)
    return frame


def _values(value: str | Sequence[str]) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value


def _with_own_years(frame: gpd.GeoDataFrame, column: str, path: Path) -> gpd.GeoDataFrame:
    """Return rows with the time that a column of dates gives each; as they are where it holds no dates."""
    try:
        return frame.assign(**{_OWN_YEAR: decimal_years(frame[column].map(as_text), column, ChangeError)})
    except ChangeError:
        _LOG.info("%s: its column '%s' holds no dates: its rows have the date of their period", path.name, column)
        return frame


def _years(frame: gpd.GeoDataFrame, ids: NDArray[np.object_], of_period: float) -> NDArray[np.float64]:
    """Return the time of each glacier in the order of `dissolved`: the mean of its rows', or that of the period."""
    own = frame[_OWN_YEAR] if _OWN_YEAR in frame.columns else pd.Series(of_period, frame.index)
    means = own.fillna(of_period).groupby(ids, sort=False).mean()
    return np.asarray(means, np.float64)


def _row(period: str, path: Path, problem: Problem) -> tuple[object, ...]:
    name = str(problem.row) if problem.name is None else problem.name
    return (period, path.name, name, problem.text, problem.action, problem.before_km2, problem.after_km2)


def _without_repeats(frame: gpd.GeoDataFrame, others: Sequence[gpd.GeoDataFrame]) -> tuple[gpd.GeoDataFrame, int]:
    known = {shapely.to_wkb(each) for other in others for each in shapely.normalize(other.geometry.to_numpy())}
    repeated = np.array([shapely.to_wkb(each) in known for each in shapely.normalize(frame.geometry.to_numpy())], bool)
    return frame[~repeated].reset_index(drop=True), int(repeated.sum())


def _refuse_same_ground(frame: gpd.GeoDataFrame, others: Sequence[gpd.GeoDataFrame], period: str, path: Path) -> None:
    plane = equal_area_crs(frame if len(frame) else others[0])
    own = projected(frame.geometry.to_numpy(), frame.crs, plane)
    ground = projected(np.concatenate([each.geometry.to_numpy() for each in others]), others[0].crs, plane)
    row, column = shapely.STRtree(ground).query(own, predicate="intersects")
    shared = float(shapely.area(shapely.intersection(own[row], ground[column])).sum())
    if shared > LARGEST_OVERLAP_M2:
        raise ChangeError(
            f"outlines ground of {period} that another file outlines too ({shared / 1e6:.3f} km2)",
            where=path,
            remedy="leave one of the files out, or give their dates with --date",
        )


def _refuse_one_year_twice(frame: gpd.GeoDataFrame, period: str, path: Path) -> None:
    """Raise where outlines of several days of one period show the same glacier: joined, they would be its largest."""
    if _OWN_YEAR not in frame.columns or frame[_OWN_YEAR].nunique() < 2:
        return
    plane = equal_area_crs(frame)
    shapes = projected(frame.geometry.to_numpy(), frame.crs, plane)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    years = frame[_OWN_YEAR].to_numpy()
    apart = (one < other) & (years[one] != years[other])
    one, other = one[apart], other[apart]
    areas = shapely.area(shapes)
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    same = np.flatnonzero(shared > np.minimum(areas[one], areas[other]) / 2)
    if len(same):
        raise ChangeError(
            f"{len(same)} glaciers have outlines of several days of {period}, as rows {one[same[0]]} and "
            f"{other[same[0]]}",
            where=path,
            remedy="keep one of them: a period has one outline of a glacier",
        )


def _regions_of(outlines: gpd.GeoDataFrame, regions: gpd.GeoDataFrame, column: str | None) -> list[str]:
    """Return the region of each outline: that in which most of the first outline of its glacier lies."""
    texts = [name for name in regions.columns if name != regions.geometry.name and regions[name].dtype.kind in "OUT"]
    texts += [name for name in regions.columns if pd.api.types.is_string_dtype(regions[name]) and name not in texts]
    name = column or next((str(each) for each in texts if each != regions.geometry.name), None)
    if name is None or name not in regions.columns:
        raise ChangeError(
            f"the regions have no column '{name}'" if name else "the regions have no column of names",
            where="regions",
            remedy=f"name one of {', '.join(map(str, regions.columns))}",
        )
    plane = equal_area_crs(outlines)
    ground = projected(regions.geometry.to_numpy(), regions.crs, plane)
    first = outlines.sort_values("src_year", kind="stable").drop_duplicates("glac_id")
    own = projected(first.geometry.to_numpy(), outlines.crs, plane)
    row, at = shapely.STRtree(ground).query(own, predicate="intersects")
    shared = pd.DataFrame(
        {
            "glac_id": first["glac_id"].to_numpy()[row],
            "region": regions[name].map(as_text).to_numpy()[at],
            "m2": shapely.area(shapely.intersection(own[row], ground[at])),
        }
    )
    sums = shared.groupby(["glac_id", "region"], as_index=False)["m2"].sum().sort_values(["m2", "region"])
    home = sums[sums["m2"] > 0].drop_duplicates("glac_id", keep="last").set_index("glac_id")["region"]
    beyond = sorted(set(first["glac_id"]) - set(home.index))
    if beyond:
        _LOG.warning("%d glaciers lie in none of the regions, among them %s", len(beyond), beyond[0])
    return [str(home.get(each, WITHOUT_REGION)) for each in outlines["glac_id"]]


def as_text(value: object) -> str:
    """Return a value of a column as text; a whole number has no decimals, a time no hours."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, pd.Timestamp):
        return str(value.date())
    return str(value).strip()
