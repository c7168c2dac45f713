"""Areas of outlines that do not fit into memory, read batch by batch.

A first pass keeps the bounds of every outline and finds those that may have neighbours; a second measures the outlines.
An outline without neighbours is measured at once; those that may touch wait until their group is complete. Memory holds
the table, a batch, and the incomplete groups, which are few where neighbours are near each other in the file. The table
is that of `glacier_areas`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from scipy.sparse.csgraph import connected_components

from trimline.change.areas import LANDSAT_PIXEL_M, by_period, measured, with_size_classes
from trimline.change.equal_area import centred_on, projected
from trimline.change.long_table import NEEDED, OPTIONAL, require_columns, require_keys, require_measurable, with_years
from trimline.change.sizes import SIZE_BOUNDS_KM2
from trimline.errors import OutlineError
from trimline.files import StrPath
from trimline.foreign import foreign_errors
from trimline.graphs import graph_of
from trimline.outlines.check import require_finite

BATCH = 4096
"""Outlines read at a time."""

_BOX_MARGIN = 0.01
"""Allowance for edges of a box that are straight in one CRS and curved in another, as a share of its size."""


def areas_streamed(
    path: StrPath,
    pixel_m: float | Mapping[str, float] = LANDSAT_PIXEL_M,
    buffer_m: float | None = None,
    bounds_km2: Sequence[float] = SIZE_BOUNDS_KM2,
    threads: int | None = None,
    batch: int = BATCH,
) -> pd.DataFrame:
    """Return the table of `glacier_areas` for the outlines of a GeoParquet file, without holding all of them.

    Parameters
    ----------
    path
        A GeoParquet file with the columns that `glacier_areas` takes, polygons as WKB.
    pixel_m, buffer_m, bounds_km2, threads
        As in `glacier_areas`.
    batch
        Outlines read at a time; the table does not depend on it.

    Returns
    -------
    DataFrame
        A row per outline, in the order of the file.

    Raises
    ------
    OutlineError
        The file is missing or no GeoParquet file with WKB and a CRS, or a geometry is no polygon.
    ChangeError
        As in `glacier_areas`.
    """
    file = _File.opened(Path(path))
    keys, bounds = _first_pass(file, batch)
    require_keys(keys)
    if keys.empty:
        return with_size_classes(measured(_frame(keys, [], file.crs), pixel_m, buffer_m, CRS(6933), 1), bounds_km2)
    whole = np.array([*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)])
    plane = centred_on(whole, file.crs)
    periods = keys["period"].to_numpy()
    reach = by_period(pixel_m, periods) if buffer_m is None else np.full(len(keys), 2 * buffer_m)
    group = _groups(bounds, reach, periods, file.crs, plane)
    # Complete groups are measured together, so that threads have enough to do.
    waiting = np.bincount(group)
    held: dict[int, list[tuple[int, shapely.Geometry]]] = {}
    ready: list[tuple[int, shapely.Geometry]] = []
    tables = []

    def measure(rows: list[tuple[int, shapely.Geometry]]) -> pd.DataFrame:
        positions = np.array([row for row, _ in rows])
        outlines = _frame(keys.iloc[positions], [geometry for _, geometry in rows], file.crs)
        return measured(outlines, pixel_m, buffer_m, plane, threads)

    for row, geometry in _outlines(file, batch):
        held.setdefault(group[row], []).append((row, geometry))
        waiting[group[row]] -= 1
        if not waiting[group[row]]:
            ready += held.pop(group[row])
        if len(ready) >= batch:
            tables.append(measure(ready))
            ready = []
    if ready:
        tables.append(measure(ready))
    return with_size_classes(pd.concat(tables).sort_index(), bounds_km2)


@dataclass(frozen=True)
class _File:
    path: Path
    """Its path."""
    parquet: pyarrow.parquet.ParquetFile
    """The open file."""
    geometry: str
    """Name of its column of polygons."""
    crs: CRS
    """CRS of the polygons."""

    @classmethod
    def opened(cls, path: Path) -> _File:
        """Open a file and read what its metadata say of the geometry."""
        if not path.is_file():
            raise OutlineError("the file does not exist", where=path)
        with foreign_errors(OutlineError, path, what="is no GeoParquet file"):
            # By default pyarrow reads a whole column at once, which is all of the file.
            parquet = pyarrow.parquet.ParquetFile(path, buffer_size=1 << 20, pre_buffer=False)
            geo = json.loads((parquet.schema_arrow.metadata or {})[b"geo"])
            name = str(geo["primary_column"])
            column = dict(geo["columns"][name])
        if column.get("encoding") != "WKB":
            raise OutlineError(f"its polygons are stored as '{column.get('encoding')}'", where=path, remedy="use WKB")
        crs = column.get("crs", "OGC:CRS84")
        if crs is None:
            raise OutlineError("the outlines have no CRS", where=path)
        require_columns(pd.DataFrame(columns=parquet.schema_arrow.names), (*NEEDED, name), where=path)
        with foreign_errors(
            OutlineError, path, what="its CRS cannot be read", remedy="write the file anew with its CRS"
        ):
            return cls(path, parquet, name, CRS.from_user_input(crs))

    def batches(self, columns: Sequence[str], rows: int) -> Iterator[pyarrow.RecordBatch]:
        """Yield some columns, so many rows at a time."""
        batches = self.parquet.iter_batches(batch_size=rows, columns=list(columns))
        while True:
            with foreign_errors(OutlineError, self.path):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def table(self, batch: pyarrow.RecordBatch, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of a batch."""
        with foreign_errors(OutlineError, self.path):
            # What pandas wrote of its index and types beside the table is of no use here, and may be damaged.
            return batch.select(list(columns)).to_pandas(ignore_metadata=True)

    def shapes(self, batch: pyarrow.RecordBatch) -> NDArray[np.object_]:
        """Return the polygons of a batch."""
        with foreign_errors(OutlineError, self.path, what="a polygon cannot be read"):
            shapes: NDArray[np.object_] = shapely.from_wkb(batch.column(self.geometry).to_numpy(zero_copy_only=False))
        return shapes


def _first_pass(file: _File, batch: int) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Return the columns that are needed, and (n, 4) bounds in the CRS of the file; each row is checked by itself."""
    keys: list[pd.DataFrame] = []
    bounds = [np.empty((0, 4))]
    columns = [*NEEDED, *(name for name in OPTIONAL if name in file.parquet.schema_arrow.names)]
    for rows in file.batches([*columns, file.geometry], batch):
        table = with_years(file.table(rows, columns))
        geometries = file.shapes(rows)
        table.index += sum(len(each) for each in keys)
        outlines = _frame(table, list(geometries), file.crs)
        require_finite(outlines)
        require_measurable(outlines)
        keys.append(table)
        bounds.append(shapely.bounds(geometries))
    table = pd.concat(keys, ignore_index=True) if keys else pd.DataFrame(columns=columns)
    return table, np.concatenate(bounds)


def _outlines(file: _File, batch: int) -> Iterator[tuple[int, shapely.Geometry]]:
    """Yield the number of each row and its polygon."""
    start = 0
    for rows in file.batches([file.geometry], batch):
        geometries = file.shapes(rows)
        yield from enumerate(geometries, start)
        start += len(geometries)


def _groups(
    bounds: NDArray[np.float64], reach: NDArray[np.float64], periods: NDArray[np.object_], crs: CRS, plane: CRS
) -> NDArray[np.intp]:
    """Return for each outline the number of the group that it may have neighbours in.

    `reach` is within what distance outlines are neighbours [m]: twice that by which they are moved.
    """
    first: list[NDArray[np.intp]] = []
    second: list[NDArray[np.intp]] = []
    for period in pd.unique(periods):
        rows = np.flatnonzero(periods == period)
        boxes = shapely.bounds(projected(shapely.box(*bounds[rows].T), crs, plane))
        sizes = boxes[:, 2:] - boxes[:, :2]
        margin = reach[rows, None] / 2 + _BOX_MARGIN * sizes
        wide = shapely.box(*(boxes[:, :2] - margin).T, *(boxes[:, 2:] + margin).T)
        one, other = shapely.STRtree(wide).query(wide)
        first.append(rows[one])
        second.append(rows[other])
    one, other = np.concatenate(first), np.concatenate(second)
    return np.asarray(connected_components(graph_of(one, other, len(bounds)), directed=False)[1], np.intp)


def _frame(table: pd.DataFrame, geometries: Sequence[shapely.Geometry], crs: CRS) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(list(geometries), index=table.index, crs=crs))
