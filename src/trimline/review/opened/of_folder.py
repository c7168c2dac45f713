"""The folder of one map as what is reviewed: one period, its rasters, and its scene where that is found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyogrio
from pydantic import ValidationError

from trimline.errors import ProductError, StageError
from trimline.file_identity import digest
from trimline.outlines.schema import NOT_SEEN
from trimline.own_files import own_raster
from trimline.project import SceneEntry
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod, ReviewedScene
from trimline.scenes import Scene, moved_scene, open_scene, product_identity, scene_content, shift_of
from trimline.study.folders import MAPS
from trimline.study.one_map import MASK, OneMap, read_scene_record
from trimline.study.record import Record, read_record
from trimline.study.scenes import OPENED_WITH, open_entry

PROBABILITY, CLASSES = "probability.tif", "classes.tif"
_MAP_AGAIN = "map the scene again with `trimline outline`; corrections are kept"


def reviewed_folder(one: OneMap) -> Reviewed:
    """Return the folder of one map as what is reviewed.

    Raises
    ------
    TrimlineError
        A file of the map is damaged, or the folder cannot be written to.
    """
    with own_raster(one.folder / MASK) as source:
        crs = source.crs.to_string()
        pixel_m = float(abs(source.transform.a))
    record = read_scene_record(one.folder)
    threshold = one.tags.get("TRIMLINE_THRESHOLD")
    name = one.tags.get("TRIMLINE_SCENE") or one.folder.name
    period = ReviewedPeriod(
        name=one.period,
        first=one.year,
        last=one.year,
        automatic=one.automatic(),
        pixel_m=pixel_m,
        mask=one.folder / MASK,
        probability=_if_there(one.folder / PROBABILITY),
        threshold=None if threshold is None else float(threshold),
        classes=_if_there(one.folder / CLASSES),
        unseen=_unseen(one.outlines),
    )
    dem = record.get("dem") if record is not None else None
    return Reviewed(
        name=name,
        title=name,
        kind="folder",
        output=one.folder,
        edits_file=one.edits_file,
        crs=crs,
        periods=(period,),
        scenes=(_scene(one, name, record),),
        dem=_if_there(Path(dem)) if isinstance(dem, str) else None,
    )


def moved_by(tags: Any) -> tuple[float, float] | None:
    """Return east and north by which a scene was moved before it was mapped [m], from the tags of its map."""
    said = str(tags.get("TRIMLINE_MOVED_M", "")).split()
    return (float(said[0]), float(said[1])) if len(said) == 2 else None


def placed(scene: Scene, move: tuple[float, float] | None) -> Scene:
    """Return a scene where it was when it was mapped."""
    return scene if move is None else moved_scene(scene, *move)


def _scene(one: OneMap, name: str, record: dict[str, Any] | None) -> ReviewedScene:
    """Return the scene of a map, whose opening raises where it is not found again."""
    move = moved_by(one.tags)
    entry = _entry_in_project(one.folder) if record is None else None

    def open_again() -> Scene:
        if entry is not None:
            return _require_same(placed(open_entry(entry), move), one)
        if record is None:
            raise StageError("the map does not say which product it was made from", where=one.folder, remedy=_MAP_AGAIN)
        return _require_same(placed(open_scene(_product(record, one.folder), **record["said"]), move), one)

    def identity() -> str:
        if entry is not None:
            said = entry.model_dump(mode="json", include=set(OPENED_WITH))
            return digest([product_identity(entry.product), said, move])
        if record is None:
            return ""
        return digest([product_identity(_product(record, one.folder)), record["said"], move])

    date = one.tags.get("TRIMLINE_TIME")
    return ReviewedScene(
        id=name,
        periods=(one.period,),
        reference=True,
        open=open_again,
        identity=identity,
        date=date,
        sensor=one.tags.get("TRIMLINE_SENSOR"),
    )


def _product(record: dict[str, Any], folder: Path) -> Path:
    """Return the product that a record names, where it was or beside the folder."""
    path = Path(record["product"])
    beside = folder.absolute().parent / path.name
    found = next((each for each in (path, beside) if each.exists()), None)
    if found is None:
        raise ProductError(
            "the scene that was mapped is not there any more", where=path, remedy=f"put it back, or {_MAP_AGAIN}"
        )
    return found


def _require_same(scene: Scene, one: OneMap) -> Scene:
    """Return a scene, if it is the one that was mapped."""
    known = one.tags.get("TRIMLINE_SCENE_IDENTITY")
    if known is not None and known != scene_content(scene):
        raise ProductError(
            "the product is another one than was mapped" + (", or moved" if shift_of(scene) else ""),
            where=scene.source,
            remedy=_MAP_AGAIN,
        )
    return scene


def _entry_in_project(folder: Path) -> SceneEntry | None:
    """Return the entry of the scene of a map that a project made; None where the folder is no such map."""
    if folder.parent.parent.name != MAPS:
        return None
    record = read_record(folder.parent.parent.parent / "stages" / f"map--{folder.name}.json")
    if not isinstance(record, Record):
        return None
    try:
        return SceneEntry.model_validate(record.inputs["scene"]["entry"])
    except (KeyError, TypeError, ValidationError):
        return None


def _unseen(outlines: Path) -> Path | None:
    """Return the layer of ground that the scene does not show."""
    names = [str(name) for name, _ in pyogrio.list_layers(outlines)]
    return Path(f"{outlines}|layer={NOT_SEEN}") if NOT_SEEN in names else None


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None
