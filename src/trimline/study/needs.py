"""What late stages need of a project, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from trimline.errors import GridError, ProjectError, StageError
from trimline.extras import require_training
from trimline.project import Project
from trimline.sensors import UNKNOWN_SENSOR
from trimline.study.method_models import model_file
from trimline.study.scenes import has_any_truth, open_entry, require_fetched, select
from trimline.study.stages import FROM_SCENES

_READING = FROM_SCENES - {"simulate", "fetch", "train", "sensors"}
"""Stages that read scenes."""
_MEASURING = frozenset({"change", "glaciers", "terminus"})
"""Stages that take the error of outlines from the sensors of their images."""


def check_needs(project: Project, stages: frozenset[str]) -> None:
    """Refuse a project that lacks what one of the stages of a run needs.

    Parameters
    ----------
    project
        The project. What lies in its output folder may not be there yet, and is not looked for.
    stages
        All stages that will be carried out.

    Raises
    ------
    ProjectError
        A key is missing, or names a file that is not there; the key is named.
    ReleaseError
        Authors or licence are missing.
    StageError
        A release is wanted of outlines that are given.
    GridError
        The elevation model says nothing of any scene that is mapped.
    TrimlineError
        A product, model file or table cannot be read.
    """
    if "release" in stages:
        require_releasable(project)
    if project.has_own_outlines:
        stages -= FROM_SCENES
    elif not project.scenes:
        raise ProjectError(
            "the project has a search, and no scenes yet",
            where=project.name,
            remedy="choose some with `trimline search PROJECT`, and bring them with `trimline fetch PROJECT`",
        )
    _check_keys(project, stages)
    for key, path in _files(project, stages):
        if not path.exists() and not _is_made(path, project):
            raise ProjectError(f"{path} does not exist", where=key, remedy="correct the path, or leave the key out")
    if "change" in stages and project.change.published is not None and not _is_made(project.change.published, project):
        from trimline.change import read_published

        read_published(project.change.published)
    if stages & _MEASURING and not project.has_own_outlines:
        _check_sensors(project)
    if "map" in stages:
        check_elevation(project)


def require_fetched_for(project: Project, stage: str) -> None:
    """Raise `StageError` that names the first scene which a stage reads, when done alone, and which is not fetched."""
    if stage in _READING and not project.has_own_outlines:
        for entry in project.scenes:
            require_fetched(entry)


def require_releasable(project: Project) -> None:
    """Raise `StageError` where the outlines of a project are given, `ReleaseError` where nobody can cite them."""
    if project.has_own_outlines:
        raise StageError(
            "a release holds what was mapped, and here the outlines are given",
            where=project.name,
            remedy="the tables and layers are in the folder change, the report in report",
        )
    from trimline.report.release_words import require_citable  # imports Jinja, which other stages do without

    require_citable(project)


def _check_keys(project: Project, stages: frozenset[str]) -> None:
    """Raise `ProjectError` for a key that another key makes necessary."""
    if "map" in stages:
        _ = project.mapping_method  # raises where map.method names none
        if project.map.within_m is not None and project.inventory is None:
            raise ProjectError("it is a distance from an inventory", where="map.within_m", remedy="give an inventory")
    for key, stage, is_set in (
        ("map.minimum_elevation_m", "map", project.map.minimum_elevation_m is not None),
        ("sensors", "sensors", project.sensors is not None),
        ("glaciers", "glaciers", "glaciers" in project.model_fields_set),
    ):
        if is_set and stage in stages and project.dem is None:
            raise ProjectError("it needs elevation, and the project has no dem", where=key, remedy="give a dem")
    if "samples" in stages and project.learns:
        require_truth(project)
        if not (project.output / "samples").exists():  # else it may be that everything is trained already
            require_training(f"training {_trained_methods(project)}")
    if "timeline" in stages:
        require_scenes(project)


def require_scenes(project: Project) -> None:
    """Raise `ProjectError` that names all periods without a scene."""
    shown = {entry.period for entry in project.scenes}
    bare = [f"'{period.name}'" for period in project.periods if period.name not in shown]
    if bare:
        which, verb = ("the period", "has") if len(bare) == 1 else ("the periods", "have")
        raise ProjectError(
            f"{which} {', '.join(bare)} {verb} no scene",
            where="periods",
            remedy="give some scene its name as `period`, or leave the period out",
        )


def require_truth(project: Project) -> None:
    """Raise `ProjectError` where a project trains methods, and no scene has a truth."""
    if has_any_truth(project):
        return
    raise ProjectError(
        f"no scene has a truth to train {_trained_methods(project)} with",
        where="scenes",
        remedy="give scenes a truth or the project an inventory, or methods that need no training: weights or a ratio",
    )


def _trained_methods(project: Project) -> str:
    return ", ".join(method.name for method in project.methods if method.is_trained)


def _files(project: Project, stages: frozenset[str]) -> Iterator[tuple[str, Path]]:
    """Yield the files that the stages read, by the keys that name them; scenes say themselves where theirs are."""
    given = {
        "dem": (project.dem, {"map", "glaciers", "terminus", "sensors"}),
        "inventory": (project.inventory, {"samples", "evaluate", "map", "timeline", "change"}),
        "region": (project.region, {"timeline"}),
        "change.published": (project.change.published, {"change"}),
        "change.regions": (project.change.regions, {"change"}),
        "glaciers.flow_lines": (project.glaciers.flow_lines, {"glaciers"}),
        "terminus.points": (project.terminus.points, {"terminus"}),
    }
    for key, (path, users) in given.items():
        if path is not None and stages & users:
            yield key, path
    for area in project.areas:
        if area.outline is not None and "timeline" in stages:
            yield f"areas.{area.name}.outline", area.outline
    for method in project.methods:
        path = None if method.is_trained else model_file(project, method)
        if path is not None and "train" in stages:
            yield f"methods.{method.name}.weights", path
    if "samples" in stages or "map" in stages:
        for entry in project.scenes:
            if entry.item is None and not _is_made(entry.path, project):
                yield f"scenes.{entry.id}.path", entry.product


def _check_sensors(project: Project) -> None:
    """Raise `ProjectError` for the first scene of a period whose sensor nobody says."""
    for entry in project.scenes:
        if entry.period is None or entry.sensor is not None or _is_made(entry.path, project):
            continue
        if entry.item is not None and not entry.path.exists():
            continue
        if open_entry(entry).sensor.id == UNKNOWN_SENSOR:
            raise ProjectError(
                f"the sensor of {entry.path.name} is not known, and the error of areas follows from it",
                where=f"scenes.{entry.id}.sensor",
                remedy="name it, as in sensor: landsat-5-tm; `trimline info` says what a product is",
            )


def check_elevation(project: Project) -> None:
    """Raise `GridError` where the elevation model has heights at none of the scenes that are there and are mapped.

    Of scenes that are yet to be fetched it can be told when the stage `map` begins.
    """
    if project.dem is None or _is_made(project.dem, project):
        return
    from trimline.heights import check_heights

    error: GridError | None = None
    for entry in select(project, project.map.scenes, "map.scenes"):
        if not entry.path.exists() if entry.item is not None else _is_made(entry.path, project):
            continue
        try:
            check_heights(project.dem, open_entry(entry).geobox, "dem", warn=False)
        except GridError as of_scene:
            error = error or of_scene
        else:
            return
    if error is not None:
        raise error


def _is_made(path: Path, project: Project) -> bool:
    """Whether a file lies where the study itself writes."""
    return path.is_relative_to(project.output)
