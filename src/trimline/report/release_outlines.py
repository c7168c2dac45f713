"""The outlines of a release in three formats, and the dictionary of their columns.

A Shapefile holds ten characters of a column's name and 254 bytes of a text; the dictionary has both names, and the
number of texts that were cut.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import MappingProxyType

import geopandas as gpd
import pandas as pd
import pyogrio

from trimline.files import StrPath, made_folder, require_whole_files
from trimline.outlines import COLUMNS, append_edits, conform, write_outlines
from trimline.outlines.writing import DBF_DATE, SHAPEFILE_NAME
from trimline.report.on_disk import write_csv
from trimline.report.release import COLUMNS_FILE, EDITS, PARQUET, Release

OUTLINES, SHAPEFILES, UNSEEN = "outlines", "shapefiles", "unseen"

_SHORT: Mapping[str, str] = MappingProxyType(
    {
        "perimeter_km": "perim_km",
        "unseen_km2": "unseen_km2",
        "weights_sha256": "weights",
        "trimline_version": "trimline",
    }
)
"""Short names of published columns whose first ten characters would be unclear."""

_TEXT_BYTES = 254
"""Longest text in a Shapefile [bytes]."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time of a zip archive, used for all files so that bytes do not depend on the time."""


@dataclass(frozen=True)
class ReleasedColumn:
    """One line of the dictionary."""

    name: str
    """Name in the GeoPackages and the GeoParquet file."""
    short: str
    """Name in the Shapefiles."""
    kind: str
    """Its type."""
    unit: str
    """Unit; empty for columns without one."""
    meaning: str
    """One line."""
    cut: int
    """Number of texts cut in the Shapefiles."""


def write_all_outlines(release: Release, folder: StrPath) -> list[ReleasedColumn]:
    """Write the outlines of all periods, the ground that no scene shows, the edits and the dictionary of columns."""
    folder = Path(folder)
    frames = [conform(each.outlines) for each in release.periods]
    together = gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=frames[0].crs)
    write_outlines(together, folder / PARQUET)
    names = [name for name in conform(together).columns if name != together.geometry.name]
    short = short_names(names)
    for period, frame in zip(release.periods, frames, strict=True):
        write_outlines(frame, folder / OUTLINES / f"{period.name}.gpkg")
        write_zipped_shapefile(frame, folder / SHAPEFILES / f"{period.name}.zip", short)
        if period.unseen is not None:
            write_outlines(period.unseen, folder / OUTLINES / f"{period.name}_{UNSEEN}.gpkg")
    if len(release.edits):
        images = pd.Series([_without_folder(each) for each in release.edits["image"]], dtype="object")
        append_edits(folder / EDITS, release.edits.reset_index(drop=True).assign(image=images))
    columns = [_described(name, short[name], together[name]) for name in names]
    write_csv(
        folder / COLUMNS_FILE,
        ("name", "shapefile_name", "type", "unit", "meaning", "texts_cut_in_shapefile"),
        ((each.name, each.short, each.kind, each.unit, each.meaning, each.cut) for each in columns),
    )
    return columns


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return a name of ten characters for each column, distinct even without case."""
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        wanted = _SHORT.get(name, name)[:SHAPEFILE_NAME]
        found, count = wanted, 1
        while found.lower() in taken:
            count += 1
            found = f"{wanted[: SHAPEFILE_NAME - len(str(count))]}{count}"
        taken.add(found.lower())
        short[name] = found
    return short


def write_zipped_shapefile(outlines: gpd.GeoDataFrame, path: StrPath, short: Mapping[str, str]) -> None:
    """Write outlines as a zip archive of the files of a Shapefile, with the short names of their columns."""
    path = Path(path)
    made_folder(path.parent)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        shapefile = Path(folder) / f"{path.stem}.shp"
        pyogrio.write_dataframe(
            _cut(outlines).rename(columns=dict(short)),
            shapefile,
            driver="ESRI Shapefile",
            encoding="UTF-8",
            geometry_type="Polygon",
            layer_options=DBF_DATE,
        )
        require_whole_files([shapefile], path)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(shapefile.parent.iterdir()):
                entry = zipfile.ZipInfo(part.name, _EPOCH)
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, part.read_bytes(), zipfile.ZIP_DEFLATED)


def _cut(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines with texts cut to the length of a Shapefile, at whole characters; missing texts stay missing."""
    kept = outlines.copy()
    for name in _texts(outlines):
        kept[name] = pd.Series([_kept(each) for each in outlines[name]], outlines.index, dtype="object")
    return kept


def _kept(value: object) -> str | None:
    if pd.isna(value):
        return None
    return str(value).encode()[:_TEXT_BYTES].decode(errors="ignore")


def _without_folder(image: str | None) -> str | None:
    """Return the name of a picture without its folder, which is local."""
    if image is None:
        return None
    path = PureWindowsPath(image) if PureWindowsPath(image).drive else PurePosixPath(image)
    return path.name if path.is_absolute() else image


def _texts(outlines: gpd.GeoDataFrame) -> Sequence[str]:
    return [
        name for name in outlines.columns if name != outlines.geometry.name and _kind(name, outlines[name]) == "text"
    ]


def _kind(name: str, values: pd.Series) -> str:
    if name in COLUMNS:
        return COLUMNS[name].kind
    if pd.api.types.is_integer_dtype(values):
        return "count"
    return "number" if pd.api.types.is_numeric_dtype(values) else "text"


def _described(name: str, short: str, values: pd.Series) -> ReleasedColumn:
    known = COLUMNS.get(name)
    kind = _kind(name, values)
    cut = sum(len(str(each).encode()) > _TEXT_BYTES for each in values.dropna()) if kind == "text" else 0
    unit, meaning = (known.unit or "", known.meaning) if known is not None else ("", "a column of the study's own")
    return ReleasedColumn(name, short, kind, unit, meaning, cut)
