"""The scenes of a project: opened, and selected by id, date, area, period, sensor or WRS-2 path/row."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trimline.errors import ProjectError, StageError
from trimline.file_identity import file_identity
from trimline.project import Project, SceneEntry, nearest_name
from trimline.samples import LabelledScene, open_truth
from trimline.scenes import Scene, open_scene

OPENED_WITH = ("sensor", "bands", "scale", "offset", "nodata", "date")
"""What an entry says of how its product is opened."""


def open_entry(entry: SceneEntry) -> Scene:
    """Open the product of an entry; what the entry gives overrides the product."""
    require_fetched(entry)
    return open_scene(
        entry.product,
        id=entry.id,
        **{key: getattr(entry, key) for key in OPENED_WITH},
    )


def require_fetched(entry: SceneEntry) -> None:
    """Raise `StageError` where the product of a scene with an item is not there."""
    if entry.item is not None and not entry.path.exists():
        raise StageError(
            "the scene has not been fetched", where=f"scenes.{entry.id}", remedy="run `trimline fetch` first"
        )


def date_of(entry: SceneEntry, scene: Scene) -> str:
    """Return the acquisition date as precisely as it is known.

    Raises
    ------
    ProjectError
        Neither the entry nor the product has a date.
    """
    return known_date(entry, scene.date)


def known_date(entry: SceneEntry, of_product: str | None) -> str:
    """Return the acquisition date that an entry or, where it has none, its product gives; raises as `date_of`."""
    known = entry.date or of_product
    if known is not None:
        return known
    raise ProjectError(
        "the product does not say when it was taken",
        where=f"scenes.{entry.id}",
        remedy="give the scene a date",
    )


def has_truth(project: Project, entry: SceneEntry) -> bool:
    """Whether a scene has a truth, which may be written by an earlier stage."""
    return entry.truth is not None or _is_judged_by_inventory(project, entry)


def _is_judged_by_inventory(project: Project, entry: SceneEntry) -> bool:
    """Whether the inventory is the truth of a scene without one of its own.

    It is not that of scenes which a search chose: the inventory says where glaciers are, at a date of its own, and
    their retreat since would count as an error. Where a method is trained, there is nothing else to learn from.
    """
    return project.inventory is not None and (entry.item is None or project.learns)


def judged_by_inventory(project: Project) -> list[str]:
    """Return the ids of the scenes whose truth is the project's inventory."""
    return [each.id for each in project.scenes if each.truth is None and _is_judged_by_inventory(project, each)]


def has_any_truth(project: Project) -> bool:
    """Whether any scene has a truth."""
    return any(has_truth(project, entry) for entry in project.scenes)


def split_of(project: Project) -> str:
    """Return how the ground is split: by `split.by`, or ``none`` where no method is trained and all is judged."""
    return project.split.by if project.learns else "none"


def truth_of(project: Project, entry: SceneEntry) -> Path | None:
    """Return the file that holds a scene's truth: its own, or the project's inventory where that is one."""
    return entry.truth_file or (project.inventory if _is_judged_by_inventory(project, entry) else None)


def truth_identities(project: Project, entries: Iterable[SceneEntry]) -> dict[str, str]:
    """Return the identity of every truth file of scenes, by path; those without a truth have none.

    Raises
    ------
    StageError
        A file is not there.
    """
    paths = {path for entry in entries if (path := truth_of(project, entry)) is not None}
    return {str(path): file_identity(path) for path in sorted(paths)}


def labelled_scene(project: Project, entry: SceneEntry) -> LabelledScene:
    """Open a scene with its truth.

    Raises
    ------
    ProjectError
        The scene has no truth.
    """
    path = truth_of(project, entry)
    if path is None:
        raise ProjectError(
            "the scene has no truth to learn from or be judged by",
            where=f"scenes.{entry.id}",
            remedy="give it a truth, or the project an inventory",
        )
    scene = open_entry(entry)
    return LabelledScene(scene, open_truth(path), entry.id, date_of(entry, scene), entry.area or "all")


def select(project: Project, names: Iterable[str] | None, key: str) -> tuple[SceneEntry, ...]:
    """Return the entries that names select; None selects all.

    Parameters
    ----------
    names
        Scene ids, dates (`2019` stands for every scene of that year), areas, periods, sensors, or WRS-2 path/rows
        and MGRS tiles.
    key
        The key of the project file that the names come from, for messages.

    Raises
    ------
    ProjectError
        A name selects no scene.
    """
    if names is None:
        return project.scenes
    chosen: dict[str, SceneEntry] = {}
    for name in names:
        found = [entry for entry in project.scenes if name in (entry.id, entry.area, entry.period, entry.sensor)]
        if not found:
            found = [entry for entry in project.scenes if _is_of(entry, name)]
        if not found:
            raise ProjectError(
                f"'{name}' is no scene, date, area, period, sensor or path/row of the project",
                where=key,
                remedy=nearest_name(name, [entry.id for entry in project.scenes]),
            )
        chosen.update({entry.id: entry for entry in found})
    return tuple(entry for entry in project.scenes if entry.id in chosen)


def _is_of(entry: SceneEntry, name: str) -> bool:
    """Whether a scene is of a tile or date; its product is opened only where the entry lacks them."""
    if entry.tile == name or (entry.date or "").startswith(name):
        return True
    is_fetched = entry.item is None or entry.path.exists()
    if (entry.tile is not None and entry.date is not None) or not is_fetched:
        return False
    scene = open_entry(entry)
    return scene.tile == name or date_of(entry, scene).startswith(name)


def tested_scenes(project: Project) -> tuple[SceneEntry, ...]:
    """Return the scenes with a truth that methods are tested on; where no method is trained, all or those named.

    Raises
    ------
    ProjectError
        A split by scenes or dates has no `evaluate.scenes`.
    """
    if project.learns and project.evaluate.scenes is None and project.split.by in ("scenes", "dates"):
        raise ProjectError(
            f"a split by {project.split.by} must say what is evaluated",
            where="evaluate.scenes",
            remedy="name scenes, dates, areas or path/rows there",
        )
    chosen = select(project, project.evaluate.scenes, "evaluate.scenes")
    return tuple(entry for entry in chosen if has_truth(project, entry))


def trained_scenes(project: Project) -> tuple[SceneEntry, ...]:
    """Return the scenes with a truth that samples for training are cut from: those named, or all but the tested."""
    labelled = tuple(entry for entry in project.scenes if has_truth(project, entry))
    if project.split.by not in ("scenes", "dates"):
        return labelled
    if project.split.train is not None:
        named = select(project, project.split.train, "split.train")
        return tuple(entry for entry in named if has_truth(project, entry))
    tested = {entry.id for entry in tested_scenes(project)}
    return tuple(entry for entry in labelled if entry.id not in tested)
