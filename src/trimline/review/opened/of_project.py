"""A project as what is reviewed: its periods as they were mapped, or the outlines that it gives, and its scenes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimline.errors import ProjectError, StageError
from trimline.file_identity import digest
from trimline.own_files import own_raster, own_records
from trimline.project import Project, SceneEntry
from trimline.review.opened.of_folder import moved_by, placed
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod, ReviewedScene
from trimline.scenes import Scene, product_identity
from trimline.sensors import get_sensor
from trimline.study.editing import AUTOMATIC
from trimline.study.folders import MAPS, MASK, map_folder, period_folder
from trimline.study.record import NoRecord, read_sealed
from trimline.study.scenes import OPENED_WITH, open_entry, require_fetched
from trimline.timeline.period_maps import PROBABILITY, SOURCE_LIST, UNCERTAIN, UNSEEN_GROUND


def reviewed_project(project: Project, file: Path) -> Reviewed:
    """Return a project as what is reviewed.

    Parameters
    ----------
    project
        The project.
    file
        Its file, for messages.

    Raises
    ------
    ProjectError
        It names no periods.
    StageError
        Its periods have not been mapped, or a file of them is missing or damaged.
    TrimlineError
        The outlines that it gives cannot be read.
    """
    if project.has_own_outlines:
        from trimline.review.opened.own_periods import own_periods  # reads outlines of all kinds, and is slow to import

        crs, periods = own_periods(project)
    else:
        crs, periods = _mapped_periods(project, file)
    return Reviewed(
        name=project.name,
        title=project.title or project.name,
        kind="project",
        output=project.output,
        edits_file=project.edits_file,
        crs=crs,
        periods=periods,
        scenes=tuple(sorted((_scene(project, entry) for entry in project.scenes), key=_in_time)),
        inventory=project.inventory,
        dem=project.dem if project.dem is not None and project.dem.exists() else None,
        buffer_m=project.change.buffer_m,
    )


def _mapped_periods(project: Project, file: Path) -> tuple[str, tuple[ReviewedPeriod, ...]]:
    """Return the CRS of the outlines, and the periods as the stage `timeline` left them."""
    if not project.periods:
        maps = sorted(each.parent for each in (project.output / MAPS).glob(f"*/*/{MASK}"))
        one = f", or review one map: `trimline review {maps[0]}`" if maps else ""
        raise ProjectError(
            "the project names no periods, so that it has no outlines to correct",
            where=file,
            remedy=f"give it `periods`, and its scenes a `period`{one}",
        )
    run = f"run `trimline run {file} --until timeline`"
    known = read_sealed(project.output / "stages" / "timeline.json")
    result = {} if isinstance(known, NoRecord) else known.get("result", {}).get("timeline", {})
    written = result.get("periods", {})
    if not written:
        raise StageError("the periods have not been mapped yet", where=file, remedy=run)
    lost = [name for name in written if not (period_folder(project, name) / AUTOMATIC).exists()]
    if lost:
        raise StageError(f"the outlines of {', '.join(lost)} are not there any more", where=file, remedy=run)
    periods = [each for each in project.periods if each.name in written]
    if not periods:
        raise StageError("none of its periods has been mapped yet", where=file, remedy=run)
    found = tuple(
        _period(project, each.name, (each.first, each.last), float(result["resolution_m"])) for each in periods
    )
    return str(result["crs"]), found


def _period(project: Project, name: str, years: tuple[int, int], resolution_m: float) -> ReviewedPeriod:
    folder = period_folder(project, name)
    sources = own_records(folder / SOURCE_LIST, {"scene_id": str, "sensor": str, "pixels": int})
    used = [each for each in sources if each["pixels"] > 0]
    # As `trimline.study.series` has it: a pixel of the coarsest image, or of the grid.
    pixels_m = [get_sensor(each["sensor"]).gsd_m for each in used]
    tags: Mapping[str, Any] = {}
    for each in used:
        tags = _tags_of_map(project, each["scene_id"]) or tags
    threshold = tags.get("TRIMLINE_THRESHOLD")
    return ReviewedPeriod(
        name=name,
        first=years[0],
        last=years[1],
        automatic=folder / AUTOMATIC,
        pixel_m=max([resolution_m, *pixels_m]),
        mask=_if_there(folder / MASK),
        probability=_if_there(folder / PROBABILITY),
        threshold=None if threshold is None else float(threshold),
        uncertain=_if_there(folder / UNCERTAIN),
        unseen=_if_there(folder / UNSEEN_GROUND),
    )


def _scene(project: Project, entry: SceneEntry) -> ReviewedScene:
    def open_again() -> Scene:
        return placed(open_entry(entry), moved_by(_tags_of_map(project, entry.id)))

    def identity() -> str:
        require_fetched(entry)
        said = entry.model_dump(mode="json", include=set(OPENED_WITH))
        return digest([product_identity(entry.product), said, moved_by(_tags_of_map(project, entry.id))])

    tags = {} if entry.date and entry.sensor else _tags_of_map(project, entry.id)
    return ReviewedScene(
        id=entry.id,
        periods=() if entry.period is None else (entry.period,),
        reference=entry.reference,
        open=open_again,
        identity=identity,
        date=entry.date or tags.get("TRIMLINE_TIME"),
        sensor=entry.sensor or tags.get("TRIMLINE_SENSOR"),
        cloud_cover=entry.cloud_cover,
    )


def _tags_of_map(project: Project, scene_id: str) -> Mapping[str, Any]:
    """Return what the map of a scene says of itself; nothing where the scene has not been mapped."""
    mask = map_folder(project, scene_id) / MASK
    if not mask.exists():
        return {}
    with own_raster(mask) as source:
        return dict(source.tags())


def _in_time(scene: ReviewedScene) -> tuple[str, str]:
    return scene.date or "", scene.id


def _if_there(path: Path) -> Path | None:
    return path if path.exists() else None
