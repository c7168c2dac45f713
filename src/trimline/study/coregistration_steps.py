"""Scenes checked against the reference image of their place, and an inventory against it; each a step of its own.

The reference of a place (path/row, tile or area) is its earliest scene that the project marks with `reference: true`,
else its earliest scene. One image for all periods, so that they lie on one another.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.errors import BandError, ProjectError
from trimline.file_identity import file_identity
from trimline.project import Project, SceneEntry
from trimline.study.ledger import Done
from trimline.study.scenes import open_entry

if TYPE_CHECKING:
    import geopandas as gpd

    from trimline.coregistration import NoShift, Shift
    from trimline.scenes import Scene
    from trimline.study.study import Study

_LOG = logging.getLogger(__name__)

TABLE = "coregistration.csv"
INVENTORY = "inventory"
"""What stands in the table instead of a scene where the project's inventory is compared."""
COLUMNS = (
    "scene",
    "reference",
    "east_m",
    "north_m",
    "error_m",
    "pixel_m",
    "pixels",
    "windows",
    "share",
    "band",
    "moved",
    "reason",
)
"""Of the table. `east_m` and `north_m` say how far the scene lies too far east and north."""
RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""


def compare_scenes(study: Study, entries: Sequence[SceneEntry]) -> list[Done]:
    """Measure how far scenes lie off the references of their places, and say where it is more than half a pixel.

    Returns
    -------
    list of Done
        A step for every scene that is not a reference, for every reference where there is an inventory, and one that
        writes ``<output>/coregistration.csv``; none where there is nothing to compare.

    Raises
    ------
    ProjectError
        Scenes are to be aligned that are not on this machine.
    """
    steps: list[Done] = []
    for reference, others in places_of(entries):
        if _is_elsewhere(study, reference):
            continue
        if study.project.inventory is not None:
            steps.append(_compare_inventory(study, reference))
        steps += [_compare(study, each, reference) for each in others if not _is_elsewhere(study, each)]
    return [*steps, _table(study, steps)] if steps else []


def places_of(entries: Sequence[SceneEntry]) -> list[tuple[SceneEntry, list[SceneEntry]]]:
    """Return the reference of each place and its other scenes; scenes without a place are taken for one."""
    places: dict[str | None, list[SceneEntry]] = {}
    for entry in entries:
        places.setdefault(entry.tile or entry.area, []).append(entry)
    found = []
    for some in places.values():
        reference = min(some, key=_reference_order)
        found.append((reference, [each for each in some if each is not reference]))
    return found


def move_of(study: Study, entry: SceneEntry) -> tuple[float, float] | None:
    """Return by how much a scene is moved before it is mapped, east and north [m]; None where it is not."""
    step = study.ledger.steps.get(step_of(entry.id))
    if not study.project.map.align or step is None:
        return None
    return _move(step.result)


def open_placed(study: Study, entry: SceneEntry) -> Scene:
    """Open the product of an entry as it is mapped: moved where the project aligns its scenes."""
    from trimline.scenes import moved_scene

    scene, move = open_entry(entry), move_of(study, entry)
    return scene if move is None else moved_scene(scene, *move)


def placed_source(study: Study, entry: SceneEntry) -> dict[str, Any]:
    """Return, as an input of a step, which pixels a scene has and where they lie."""
    source, move = study.source_of(entry), move_of(study, entry)
    return source if move is None else {**source, "moved": list(move)}


def shifts_in(steps: Sequence[Done]) -> dict[str, dict[str, Any]]:
    """Return what was found, by scene; of the inventory by `inventory` and the scene it was compared with."""
    return {_name(step.result): step.result for step in steps if "reference" in step.result}


def step_of(scene_id: str) -> str:
    """Return the name of the step of a scene."""
    return f"coregistration/{scene_id}"


def _reference_order(entry: SceneEntry) -> tuple[bool, bool, str]:
    """Return by what the reference comes first; scenes without a date after all others, as the project lists them."""
    return not entry.reference, entry.date is None, entry.date or ""


def _is_elsewhere(study: Study, entry: SceneEntry) -> bool:
    """Whether a scene is fetched by the workers of a cluster, so that this machine cannot compare it."""
    if not study.workers_fetch or entry.item is None or entry.path.exists():
        return False
    if study.project.map.align:
        raise ProjectError(
            "scenes that the workers of a cluster fetch cannot be aligned",
            where=f"scenes.{entry.id}",
            remedy="run `trimline fetch` first, or leave out map.align",
        )
    _LOG.info("%s: not compared with its reference, as it is not on this machine", entry.id)
    return True


def _compare(study: Study, entry: SceneEntry, reference: SceneEntry) -> Done:
    project = study.project
    inputs = {
        "scene": study.source_of(entry),
        "reference": study.source_of(reference),
        "glaciers": None if project.inventory is None else file_identity(project.inventory),
    }

    def work() -> dict[str, Any]:
        from trimline.coregistration import NoShift, shift_between

        found: Shift | NoShift
        try:
            found = shift_between(open_entry(reference), open_entry(entry), glaciers=_glaciers(project))
        except BandError as error:
            found = NoShift(error.what)
        return {"scene": entry.id, "reference": reference.id, **found.record()}

    done = study.ledger.once(step_of(entry.id), inputs, [], work, results_version=RESULTS_VERSION)
    _report(done.result, aligned=project.map.align)
    return done


def _compare_inventory(study: Study, reference: SceneEntry) -> Done:
    inventory = study.project.inventory
    inputs = {
        "reference": study.source_of(reference),
        "inventory": None if inventory is None else file_identity(inventory),
    }

    def work() -> dict[str, Any]:
        from trimline.coregistration import NoShift, inventory_shift

        glaciers = _glaciers(study.project)
        found: Shift | NoShift
        try:
            found = (
                NoShift("there is no inventory")
                if glaciers is None
                else inventory_shift(glaciers, open_entry(reference))
            )
        except BandError as error:
            found = NoShift(error.what)
        return {"scene": INVENTORY, "reference": reference.id, **found.record()}

    done = study.ledger.once(
        f"coregistration-inventory/{reference.id}", inputs, [], work, results_version=RESULTS_VERSION
    )
    _report(done.result, aligned=False)
    return done


def _glaciers(project: Project) -> gpd.GeoDataFrame | None:
    from trimline.mapping.snow_file import inventory_of

    return None if project.inventory is None else inventory_of(project.inventory)


def _report(found: Mapping[str, Any], *, aligned: bool) -> None:
    """Say in the log what was found: as a warning where it is more than half a pixel."""
    from trimline.coregistration.shift import shift_of_record

    shift = shift_of_record(found)
    name = "the inventory" if found["scene"] == INVENTORY else found["scene"]
    if shift is None:
        _LOG.info("%s: its shift from %s cannot be told: %s", name, found["reference"], found["reason"])
        return
    words = f"{name} lies {shift} off {found['reference']}, {shift.pixels:.2f} pixels"
    if not shift.is_notable:
        _LOG.info("%s", words)
    elif aligned:
        _LOG.info("%s; it is mapped where it belongs", words)
    elif found["scene"] == INVENTORY:
        _LOG.warning("%s; glaciers are named by it, and ground off the glaciers told, as it lies", words)
    else:
        _LOG.warning("%s; --align (map.align: true) maps it where it belongs", words)


def _move(found: Mapping[str, Any]) -> tuple[float, float] | None:
    from trimline.coregistration.shift import shift_of_record

    shift = shift_of_record(found)
    if shift is None or not shift.is_certain:
        return None
    return -shift.east_m, -shift.north_m


def _name(found: Mapping[str, Any]) -> str:
    return f"{INVENTORY} on {found['reference']}" if found["scene"] == INVENTORY else str(found["scene"])


def _table(study: Study, steps: Sequence[Done]) -> Done:
    path: Path = study.project.output / TABLE
    moved = {
        step.step: study.project.map.align and step.step.startswith(step_of("")) and _move(step.result) is not None
        for step in steps
    }

    def work() -> dict[str, Any]:
        from trimline.report.on_disk import write_csv

        rows = [{**step.result, "moved": "yes" if moved[step.step] else "no"} for step in steps]
        write_csv(path, COLUMNS, [[row[column] for column in COLUMNS] for row in rows])
        return {}

    inputs = {"steps": {step.step: step.outputs_digest for step in steps}, "moved": moved}
    return study.ledger.once("coregistration", inputs, [path], work, results_version=RESULTS_VERSION)
