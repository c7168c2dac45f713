"""The folder of one map, as `trimline outline` writes it: its outlines with ids, its date, and its scene found again.

A map by itself numbers no glaciers, and corrections name them. So its outlines are kept a second time, with ids, in the
folder ``review`` below it. Where the scene is mapped again, an outline takes the id of the earlier one with which it
shares the most ground, so that corrections stay with their glaciers.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from trimline.change.dates import parse_date
from trimline.errors import ChangeError, StageError
from trimline.file_identity import digest, file_identity
from trimline.files import StrPath, made_folder, write_json
from trimline.outlines import read_outlines, write_outlines
from trimline.own_files import own_json, own_raster
from trimline.own_place import require_own
from trimline.reprojecting import reprojected
from trimline.study.editing import AUTOMATIC
from trimline.study.record import read_sealed

_LOG = logging.getLogger(__name__)

OUTLINES, MASK = "outlines.gpkg", "mask.tif"
"""Files by which a folder of one map is known."""
SCENE = "scene.json"
"""What was mapped: the product, and what was said of it."""
CORRECTED = "corrected.gpkg"
"""The outlines with corrections by hand."""
EDITS = "edits.gpkg"
REVIEW = "review"
"""Folder of what the review makes for itself."""

UNDATED = "undated"
"""Name of the period of a map whose scene has no date."""

_SHOWN = 5
"""Folders that an error names."""


@dataclass(frozen=True)
class OneMap:
    """A folder of one map."""

    folder: Path
    period: str
    """Name of its only period: the day, month or year of the scene, else that which the whole name of the scene is, as
    of ``2022.tif``; else `UNDATED`."""
    year: int
    """Of the scene; 0 where that is not known."""
    tags: Mapping[str, str]
    """What the mask says of the map: scene, sensor, threshold, ..."""

    @property
    def middle(self) -> float:
        """Middle of the year of the scene [decimal year]; of year 0 where that is not known."""
        return self.year + 0.5

    @property
    def outlines(self) -> Path:
        """The outlines as they were mapped, without ids."""
        return self.folder / OUTLINES

    @property
    def edits_file(self) -> Path:
        """GeoPackage of the corrections; it need not exist."""
        return self.folder / EDITS

    @property
    def corrected(self) -> Path:
        """Where the outlines with corrections go."""
        return self.folder / CORRECTED

    def automatic(self) -> Path:
        """Return the file of its outlines with ids (`glac_id`); it is written where it is missing or out of date.

        Raises
        ------
        OutlineError
            The outlines cannot be read.
        DiskError
            The folder cannot be written to.
        StageError
            Its folder for the review is a link.
        """
        path = self.folder / REVIEW / AUTOMATIC
        record = path.with_suffix(".json")
        content = {"outlines": file_identity(self.outlines)}
        if path.exists() and read_sealed(record) == content:
            return path
        made_folder(require_own(path.parent, self.folder))
        outlines = read_outlines(self.outlines)
        if not _has_ids(outlines):
            outlines = with_ids(outlines, read_outlines(path) if path.exists() else None)
        write_outlines(outlines.assign(period=self.period), path)
        write_json(record, {**content, "digest": digest(content)})
        return path


def is_map_folder(path: StrPath) -> bool:
    """Whether a path is the folder of one map."""
    folder = Path(path)
    return (folder / OUTLINES).is_file() and (folder / MASK).is_file()


def one_map(path: StrPath) -> OneMap:
    """Return the map in a folder.

    Parameters
    ----------
    path
        A folder that `trimline outline` wrote, or the outlines in it.

    Raises
    ------
    StageError
        The folder holds no map, or several in folders of their own; or its mask is damaged.
    """
    folder = Path(path)
    folder = folder.parent if folder.name == OUTLINES and folder.is_file() else folder
    if not is_map_folder(folder):
        raise _no_map(folder)
    with own_raster(folder / MASK) as source:
        tags = dict(source.tags())
    period, year = _dated(tags)
    return OneMap(folder, period, year, tags)


def _dated(tags: Mapping[str, str]) -> tuple[str, int]:
    """Return the date of the scene of a map and its year; `UNDATED` and 0 where nothing says it."""
    date = tags.get("TRIMLINE_TIME", "")[: len("2018-08-23")]
    if date[: len("2018")].isdigit():
        return date, int(date[: len("2018")])
    try:
        named = parse_date(tags.get("TRIMLINE_SCENE", ""))
    except ChangeError:
        return UNDATED, 0
    return (named.name, named.first) if named.first == named.last else (UNDATED, 0)


def scene_record(product: Path, said: Mapping[str, Any], scene_id: str, dem: Path | None = None) -> dict[str, Any]:
    """Return the content of `SCENE`.

    Parameters
    ----------
    product
        The product that was mapped.
    said
        What was said of it, by the names of the arguments of `trimline.scenes.open_scene`.
    scene_id
        Id of the scene.
    dem
        Elevation that was given; or None.
    """
    return {
        "scene": scene_id,
        "product": str(product.absolute()),
        "said": {key: value for key, value in said.items() if value is not None},
        "dem": None if dem is None else str(dem.absolute()),
    }


def read_scene_record(folder: Path) -> dict[str, Any] | None:
    """Return the content of the file `SCENE` of a folder; None where there is none, as in maps of earlier versions.

    Raises
    ------
    StageError
        It is damaged.
    """
    path = folder / SCENE
    if not path.exists():
        return None
    content = own_json(path)
    if isinstance(content, dict) and isinstance(content.get("product"), str) and isinstance(content.get("said"), dict):
        return content
    raise StageError("is damaged (it names no product)", where=path, remedy="map the scene again: `trimline outline`")


def with_ids(outlines: gpd.GeoDataFrame, earlier: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Return outlines with a column `glac_id`.

    Parameters
    ----------
    outlines
        Polygons with a CRS, the largest first.
    earlier
        Outlines of an earlier map of the same scene, with ids. Each hands its id to the outline with which it shares
        the most ground. None where there are none.

    Returns
    -------
    GeoDataFrame
        With ids that are unique: those of the earlier outlines, else numbers in the order of the rows, ``0001``.
    """
    ids: list[str | None] = [None] * len(outlines)
    taken: set[str] = set()
    if earlier is not None and len(earlier) and len(outlines):
        placed = reprojected(earlier, outlines.crs, like=outlines)
        taken = set(placed["glac_id"].astype(str))
        for new, old in _by_shared_ground(outlines.geometry.to_numpy(), placed.geometry.to_numpy()):
            ids[new] = str(placed["glac_id"].iloc[old])
    number = 0
    for row, known in enumerate(ids):
        if known is None:
            while known is None or known in taken:
                number += 1
                known = f"{number:04d}"
            taken.add(known)
            ids[row] = known
    return outlines.assign(glac_id=ids)


def _by_shared_ground(new: Any, old: Any) -> list[tuple[int, int]]:
    """Return pairs of outlines, each at most once, those that share the most ground first."""
    rows, others = shapely.STRtree(old).query(new, predicate="intersects")
    shared = shapely.area(shapely.intersection(new[rows], old[others]))
    pairs: list[tuple[int, int]] = []
    found_new: set[int] = set()
    found_old: set[int] = set()
    for each in np.argsort(-shared, kind="stable"):
        pair = int(rows[each]), int(others[each])
        if shared[each] > 0 and pair[0] not in found_new and pair[1] not in found_old:
            found_new.add(pair[0])
            found_old.add(pair[1])
            pairs.append(pair)
    return pairs


def _has_ids(outlines: gpd.GeoDataFrame) -> bool:
    ids = outlines["glac_id"] if "glac_id" in outlines.columns else None
    return ids is not None and bool(ids.notna().all() and ids.is_unique)


def _no_map(folder: Path) -> StageError:
    """Return the error of a folder that is none of one map, with those of its folders that are."""
    if not folder.is_dir():
        return StageError("there is no such folder", where=folder, remedy="check the path")
    maps = sorted(each.parent for each in folder.glob(f"*/{OUTLINES}") if is_map_folder(each.parent))
    if maps:
        names = ", ".join(str(each) for each in maps[:_SHOWN]) + (", ..." if len(maps) > _SHOWN else "")
        return StageError(
            f"holds the maps of {len(maps)} scenes, each in a folder of its own", where=folder, remedy=f"give {names}"
        )
    return StageError(
        f"is no folder of a map: it has no {OUTLINES} and {MASK}",
        where=folder,
        remedy="give a project file, or a folder that `trimline outline` wrote",
    )
