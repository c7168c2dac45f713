"""Columns of outlines as a format can hold them: their names and the types of their values.

Published columns always fit (see `trimline.outlines.schema`). Others come from the files of other people, and are
renamed, written as text or left out where a format has no room for them; the log says which.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa

from trimline.foreign import reason

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Format:
    """What a format has no room for."""

    reserved: frozenset[str] = frozenset()
    """Names, in small letters, that its rows or geometry have themselves."""
    tells_case: bool = True
    """Whether names that differ by capitals only are two."""
    longest_name: int | None = None
    """Bytes of a name that it keeps."""
    keeps_times: bool = True
    """Whether a time has hours."""
    is_arrow: bool = False
    """Whether its types are those of Arrow."""


_TAKEN = frozenset({"geometry"})
"""The name that the geometry has when a file is read."""

FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "GPKG": Format(_TAKEN | {"fid", "geom", "ogc_fid", "rowid", "oid", "_rowid_"}, tells_case=False),
        "GeoJSON": Format(_TAKEN | {"id", "fid"}),
        "ESRI Shapefile": Format(
            _TAKEN | {"fid", "ogc_fid", "shape"}, tells_case=False, longest_name=10, keeps_times=False
        ),
        "Parquet": Format(_TAKEN, is_arrow=True),
    }
)
"""The formats that outlines are written in, by the names of their drivers."""

_LAST_DIGIT = 9
"""Number up to which GDAL puts a line before the number of a shortened name."""

_PLAIN = "biuf"
"""Kinds of numpy that all formats hold: boolean, integers, floating point."""


def writable(outlines: gpd.GeoDataFrame, driver: str, where: object = None) -> gpd.GeoDataFrame:
    """Return outlines whose columns a format can hold; what is changed is logged.

    Parameters
    ----------
    outlines
        Outlines with any columns.
    driver
        One of `FORMATS`.
    where
        The file, for the log.

    Returns
    -------
    GeoDataFrame
        The geometry, called `geometry`, and columns with unique names. Names that the format needs itself, and those
        that differ from an earlier one by capitals only where it does not tell them apart, get a number behind them.
        Numbers and times keep their types; durations, lists, bytes, mixed values and the like become text.
    """
    form = FORMATS[driver]
    plain = pd.DataFrame(index=pd.RangeIndex(len(outlines)))
    active = outlines.columns.get_loc(outlines.geometry.name)
    kept = [place for place in range(outlines.shape[1]) if place != active]
    second = [place for place in kept if isinstance(outlines.dtypes.iloc[place], gpd.array.GeometryDtype)]
    kept = [place for place in kept if place not in second]
    old_names = [outlines.columns[place] for place in kept]
    names = fitting_names(old_names, form)
    columns: dict[str, pd.Series] = {}
    as_text = []
    for place, name in zip(kept, names, strict=True):
        values = outlines.iloc[:, place].reset_index(drop=True)
        columns[name], changed = _fitting(values, form)
        as_text += [str(outlines.columns[place])] if changed else []
    renamed = [f"{old} is {new}" for old, new in zip(old_names, names, strict=True) if old != new]
    prefix = f"{where}: " if where is not None else ""
    if renamed:
        _LOG.warning("%scolumns that %s cannot name so: %s", prefix, driver, ", ".join(renamed))
    if as_text:
        _LOG.info("%scolumns written as text: %s", prefix, ", ".join(as_text))
    if second:
        listed = ", ".join(str(outlines.columns[place]) for place in second)
        _LOG.warning("%sfurther geometries are left out: %s", prefix, listed)
    plain = pd.DataFrame(columns, index=pd.RangeIndex(len(outlines)))
    return gpd.GeoDataFrame(plain, geometry=outlines.geometry.to_numpy(), crs=outlines.crs)


def fitting_names(names: Iterable[Hashable], form: Format) -> list[str]:
    """Return names that a format can hold, each once, in their order."""
    texts = [_utf8(str(name)) or "column" for name in names]
    taken = set(form.reserved)
    # Names that stay as they are go first, so that a changed one does not take the name of one behind it.
    found: dict[int, str] = {}
    for place, text in enumerate(texts):
        if _key(text, form) not in taken and _cut(text, form) == text:
            found[place] = text
            taken.add(_key(text, form))
    for place, text in enumerate(texts):
        if place not in found:
            found[place] = next(each for each in _candidates(text, form) if _key(each, form) not in taken)
            taken.add(_key(found[place], form))
    return [found[place] for place in range(len(texts))]


def _candidates(text: str, form: Format) -> Iterable[str]:
    """Yield a name and numbered ones; a Shapefile's are those that GDAL would give them."""
    yield _cut(text, form)
    for number in itertools.count(2 if form.longest_name is None else 1):
        ending = str(number) if form.longest_name is not None and number > _LAST_DIGIT else f"_{number}"
        yield _cut(text, form, len(ending)) + ending


def _cut(text: str, form: Format, room: int = 0) -> str:
    """Return a name cut to the bytes that the format keeps, less those of a number."""
    if form.longest_name is None:
        return text
    return text.encode()[: form.longest_name - room].decode(errors="ignore")


def _key(text: str, form: Format) -> str:
    """Return what two names share where the format takes them for one; reserved names have no case in any format."""
    return text.lower() if not form.tells_case or text.lower() in form.reserved else text


def _fitting(values: pd.Series, form: Format) -> tuple[pd.Series, bool]:
    """Return values in a type that the format holds, and whether they became text."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if isinstance(values.dtype, pd.SparseDtype):
        values = values.sparse.to_dense()
    if form.is_arrow and _arrow_holds(values):
        return values, False
    dtype = values.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return (values, False) if form.keeps_times else (_texts(values), False)
    if isinstance(dtype, np.dtype) and dtype.kind in _PLAIN:
        return _plain_numbers(values)
    if isinstance(dtype, pd.api.extensions.ExtensionDtype) and getattr(dtype, "kind", "") in _PLAIN:
        # Numbers that may be missing.
        if values.notna().all():
            return _plain_numbers(values.astype(values.dtype.numpy_dtype))
        return (values.astype("Int64"), False) if dtype.kind in "iu" and _in_int64(values) else _missing_numbers(values)
    texts = _texts(values)
    return texts, not all(isinstance(value, str) for value in values.dropna())


def _missing_numbers(values: pd.Series) -> tuple[pd.Series, bool]:
    if values.dtype.kind == "f":
        return values.astype("float64"), False
    if values.dtype.kind == "b":
        return values.astype("boolean"), False
    return _texts(values), True


def _plain_numbers(values: pd.Series) -> tuple[pd.Series, bool]:
    """Return numbers in types that GDAL has: half precision becomes single, and what is beyond int64 text."""
    dtype = values.dtype
    if dtype == np.float16:
        return values.astype("float32"), False
    if dtype.kind == "f" and dtype.itemsize > np.dtype("float64").itemsize:
        return values.astype("float64"), False
    if dtype == np.uint64:
        return (values.astype("int64"), False) if _in_int64(values) else (_texts(values), True)
    return values, False


def _in_int64(values: pd.Series) -> bool:
    return not len(values.dropna()) or int(values.max()) <= np.iinfo(np.int64).max


def _arrow_holds(values: pd.Series) -> bool:
    """Whether Arrow has one type for all values, which Parquet can write."""
    try:
        held = pa.array(values, from_pandas=True)
        if pa.types.is_large_string(held.type) or pa.types.is_string(held.type):
            held.validate(full=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        _LOG.debug("%s: %s", values.name, reason(error))
        return False
    # Parquet has no intervals, unions, half-filled structures or columns of nothing that other programs read.
    return not (pa.types.is_null(held.type) and len(values) > 0 and values.notna().any())


def _texts(values: pd.Series) -> pd.Series:
    return pd.Series([_text(value) for value in values], values.index, dtype="object", name=values.name)


def _text(value: object) -> str | None:
    """Return a value as text: times and durations in ISO 8601, bytes in hexadecimal digits; None for nothing."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    missing = pd.isna(value) if pd.api.types.is_scalar(value) else False
    if value is None or missing is True or (isinstance(missing, np.bool_) and bool(missing)):
        return None
    written = value.isoformat() if hasattr(value, "isoformat") else value
    return _utf8(str(written))


def _utf8(text: str) -> str:
    """Return text without what files cannot hold: half surrogates, and the character that ends a text in C."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
