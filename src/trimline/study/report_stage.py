"""The stage `report`: numbers and pictures of a study on one HTML page."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trimline import __version__
from trimline.evaluation import is_ice
from trimline.files import whole_folder
from trimline.outlines import area_km2, read_outlines
from trimline.own_files import own_raster
from trimline.project import Project, SceneEntry
from trimline.report.accuracy_tables import accuracy_tables, leak_table
from trimline.report.figures import draw_areas, draw_outlines
from trimline.report.page import Picture, Section, write_page
from trimline.report.sensor_tables import sensor_table
from trimline.report.tables import (
    area_table,
    method_table,
    sample_table,
    scene_table,
    shadow_table,
    shift_table,
    snow_table,
    year_table,
)
from trimline.report.threshold_tables import threshold_table
from trimline.samples import MEASURES
from trimline.study.archive_scenes import fetched_product
from trimline.study.change_report import change_sections
from trimline.study.change_stage import FOLDER as CHANGE
from trimline.study.coregistration_steps import open_placed
from trimline.study.evaluate_stage import FOLDER as EVALUATION
from trimline.study.evaluate_stage import class_path
from trimline.study.experiments_stage import all_rows, experiment_project
from trimline.study.folders import map_folder
from trimline.study.glacier_report import glacier_report
from trimline.study.ledger import Done
from trimline.study.report_words import bias_words, ground_words, linked
from trimline.study.scenes import (
    judged_by_inventory,
    labelled_scene,
    select,
    split_of,
    tested_scenes,
    truth_identities,
    truth_of,
)
from trimline.study.study import Study
from trimline.study.thresholds_stage import FOLDER as THRESHOLDS

FOLDER = "report"

_GROUND = ("region", "inventory", "dem")
"""Keys of the project file that say where the ice is, and on what ground."""
RESULTS_VERSION = 3
"""Raised when the same inputs and settings give other results."""
_SHOWN = 2
"""Scenes shown in a section, those with the most ice first."""


def run(study: Study) -> Done:
    """Write ``<output>/report/index.html`` and its pictures."""
    if study.project.has_own_outlines:
        from trimline.study.own_report import run_own

        return run_own(study)
    project = study.project
    folder = project.output / FOLDER
    stands_on = (
        "samples",
        "train",
        "evaluate",
        "thresholds",
        "experiments",
        "sensors",
        "map",
        "timeline",
        "change",
        "glaciers",
        "terminus",
    )
    shown = dict.fromkeys([*tested_scenes(project), *select(project, project.map.scenes, "map.scenes")])
    inputs = {
        **{name: study.done[name].outputs_digest for name in stands_on},
        "experiments": {name: own.done["evaluate"].outputs_digest for name, own in study.experiments.items()},
        "scenes": {entry.id: study.identities.of(entry) for entry in shown},
        "truths": truth_identities(project, shown),
    }

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            of_periods = [*change_sections(study, temporary), *glacier_report(study, temporary)]
            write_page(
                temporary / "index.html",
                title=project.title or project.name,
                summary=_summary(study),
                sections=[
                    *of_periods,
                    *_areas(study, temporary),
                    *_snow(study),
                    *_coregistration(study),
                    *_shadow(study),
                    *_scores(study),
                    *(_error_maps(project, "Where the methods err") if _judged(study) else []),
                    *_thresholds(study),
                    *_experiments(study),
                    *_sensors(study),
                    _outlines(study, temporary),
                    *_samples(study),
                ],
                provenance=_provenance(study),
                files=linked(project.output, EVALUATION, CHANGE),
            )
        return {"report": f"{FOLDER}/index.html"}

    return study.ledger.once(
        "report",
        inputs,
        [folder],
        work,
        settings={"project": study.ledger.project_sha256},  # the page names it
        results_version=RESULTS_VERSION,
    )


def _judged(study: Study) -> dict[str, Any]:
    """Return the scores of the methods; none where no scene has a truth."""
    found: dict[str, Any] = study.done["evaluate"].result.get("methods", {})
    return found


def _summary(study: Study) -> str:
    methods = _judged(study)
    if not methods:
        return f"{len(study.project.scenes)} scenes; nothing was judged, since no scene has a truth."
    best = max(methods, key=lambda name: methods[name]["f1"] or 0.0)
    counted = f"{len(study.project.scenes)} scenes, {len(methods)} method{'s' if len(methods) > 1 else ''}"
    agrees = "agrees best" if len(methods) > 1 else "agrees"
    words = f"{counted}; {best} {agrees} with the truth, with an F1 of {methods[best]['f1'] * 100:.2f} %."
    by_inventory = judged_by_inventory(study.project)
    if not by_inventory:
        return words
    which = "the" if len(by_inventory) == len(study.project.scenes) else f"{len(by_inventory)} of the"
    return (
        f"{words} The truth of {which} scenes is the project's inventory, whatever its date: what changed between the "
        "two dates counts as an error."
    )


def _areas(study: Study, folder: Path) -> list[Section]:
    dates = study.done["map"].result["dates"]
    method = study.project.mapping_method.name
    if not dates:
        return []
    same_ground = study.done["map"].result["same_ground"]
    where = ", beyond the region of the study too" if study.project.region is not None else ""
    words = f"Geodesic areas of the outlines of whole scenes{where}."
    if study.project.mapping_method.is_trained:
        words = f"{words[:-1]}, including ground that the method was trained on; the scores below exclude that ground."
    table = (f"Mapped with {method}", area_table(dates, same_ground=same_ground))
    biased = bias_words(study)
    if not same_ground:
        return [
            Section("Areas by date", [words, "The dates show different places and are not compared.", *biased], [table])
        ]
    draw_areas(folder / "areas.png", dates)
    known = any("area_true_km2" in areas for areas in dates.values())
    caption = f"Glacier area by date{': the truth, and' if known else ','} as mapped by {method}."
    title = "Areas of whole scenes" if study.project.periods else "Areas"
    return [Section(title, [words, *biased], [table], [Picture(folder / "areas.png", caption)])]


def _snow(study: Study) -> list[Section]:
    found = study.done["map"].result["snow"]
    if not found:
        return []
    words = (
        "Share of the ground off the glaciers that is snow by its spectrum. Where it is large, seasonal snow is mapped "
        f"as ice; the limit of this study is {100 * study.project.map.snow_limit:.3g} %."
    )
    return [Section("Snow off the glaciers", [words], [("Scenes by date", snow_table(found))])]


def _coregistration(study: Study) -> list[Section]:
    found = study.done["map"].result["coregistration"]
    if not found:
        return []
    placed = "are mapped where they belong" if study.project.map.align else "are mapped as they lie"
    words = (
        "How far each scene lies off the reference image of its place, at stable ground, with the standard error. "
        f"Scenes that lie off by more than twice that {placed} (map.align); half a pixel is what is warned of."
    )
    return [Section("Co-registration", [words], [("Scenes and their references", shift_table(found))])]


def _shadow(study: Study) -> list[Section]:
    found = study.done["map"].result.get("shadow")
    if not found:
        return []
    words = [
        "Mapped ice by the light that it lies in, from the elevation model and the sun of each scene. In deep shadow a "
        "map is less certain: ice is missed, and snow or rock is taken for it. Nothing is removed.",
        *(f"{scene}: {each['why']}." for scene, each in sorted(found.items()) if each["why"]),
    ]
    return [Section("Terrain shadow", words, [("Scenes by date", shadow_table(found))])]


def _scores(study: Study) -> list[Section]:
    methods = _judged(study)
    if not methods:
        return []
    tables = [
        ("Pooled over all pixels judged", method_table(methods)),
        ("Year by year", year_table(methods)),
        ("Scene by scene", scene_table(methods)),
    ]
    return [Section("Scores", [MEASURES[split_of(study.project)], *ground_words(study)], tables)]


def _error_maps(project: Project, title: str, entries: Iterable[SceneEntry] | None = None) -> list[Section]:
    """Return the section with the error maps of the scenes with the most ice."""
    folder = project.output / EVALUATION
    drawn = [e for e in (project.scenes if entries is None else entries) if (folder / f"{e.id}.png").exists()]
    if not drawn:
        return []
    chosen = sorted(drawn, key=lambda entry: _ice_pixels(project, entry), reverse=True)[:_SHOWN]
    words = ["White is mapped ice, red false ice, yellow missed ice; dark ground is not scored."]
    if len(chosen) < len(drawn):
        words.append(f"The {len(chosen)} of {len(drawn)} scenes with the most ice; the others are in {EVALUATION}/.")
    pictures = [Picture(folder / f"{entry.id}.png", f"Scene {entry.id}.") for entry in chosen]
    return [Section(title, words, pictures=pictures)]


def _ice_pixels(project: Project, entry: SceneEntry) -> int:
    with own_raster(class_path(project.output / EVALUATION, entry.id, project.methods[0])) as source:
        return int(is_ice(source.read(1)).sum())


def _thresholds(study: Study) -> list[Section]:
    found = study.done["thresholds"].result.get("thresholds")
    if found is None:
        return []
    where, on = {
        "test": ("ground kept for the test", "the training samples"),
        "train": ("the training samples themselves", "the training samples"),
        "scenes": ("all scenes with a truth", "these very scenes, which flatters it"),
    }[found["judged_on"]]
    words = (
        f"Scores on {where}. The star marks the threshold with the best F1 on {on}, {found['optimum']:g}; bold is the "
        "best of a column."
    )
    table = threshold_table(found["scores"], found["optimum"])
    picture = Picture(study.project.output / THRESHOLDS / "thresholds.png", "Scores of the band ratio by threshold.")
    return [Section("Band ratio by threshold", [words], [("Band ratio, 5 x 5 morphology", table)], [picture])]


def _experiments(study: Study) -> list[Section]:
    project = study.project
    if not study.experiments:
        return []
    rows = all_rows(study)
    words = [f"{rows[0].block}: {MEASURES[split_of(project)]}"]
    words += [
        f"{each.title or each.name}: {MEASURES[split_of(study.experiments[each.name].project)]}"
        for each in project.experiments
    ]
    sections = [Section("Methods compared", [*words, "Bold is the best of a column."], accuracy_tables(rows))]
    leak = leak_table(rows)
    if leak is not None:
        text = (
            "Copies of one place fall on both sides of the random split, so that a method is judged on ground it "
            "has seen. The difference to tiles of ground never trained on is what that flatters; the band ratio, which "
            "has one number to learn, shows how much of it is chance."
        )
        sections.append(Section("What the random split flatters", [text], [("F1 of both splits", leak)]))
    for experiment in project.experiments:
        own = experiment_project(project, experiment)
        groups = {name: select(own, names, "evaluate.groups") for name, names in own.evaluate.groups.items()}
        for group, entries in groups.items() or {"": own.scenes}.items():
            sections += _error_maps(own, ": ".join(filter(None, (own.title, group))), entries)
    return sections


def _sensors(study: Study) -> list[Section]:
    found = study.done["sensors"].result.get("sensors")
    if found is None:
        return []
    titles = {each.name: each.title or each.name for each in study.project.experiments}
    words = (
        f"Both maps of {found['pairs']} dates on the finer grid, against the finer truth, where both were judged. "
        f"Near termini: within {found['near_termini_m']:g} m of the lowest point of each glacier."
    )
    return [Section("Sensors compared", [words], [("Same ground, same dates", sensor_table(found["scores"], titles))])]


def _outlines(study: Study, folder: Path) -> Section:
    project = study.project
    method = project.mapping_method.name
    entries = select(project, project.map.scenes, "map.scenes")
    mapped = {e.id: read_outlines(map_folder(project, e.id) / "outlines.gpkg") for e in entries}
    chosen = sorted(entries, key=lambda e: float(area_km2(mapped[e.id]).sum()), reverse=True)[:_SHOWN]
    pictures = []
    for entry in (entry for entry in entries if entry in chosen):
        path = folder / f"outlines_{entry.id}.png"
        draw_outlines(
            path,
            scene=open_placed(study, entry),
            mapped=mapped[entry.id],
            truth=_true_outlines(project, entry),
            title=f"{entry.id}: outlines by {method}",
        )
        beside = " and the truth" if truth_of(project, entry) is not None else ""
        pictures.append(Picture(path, f"Scene {entry.id}: SWIR 1, NIR and red; outlines by {method}{beside}."))
    words = [f"The {len(chosen)} of {len(entries)} scenes with the most ice."] if len(chosen) < len(entries) else []
    return Section("Outlines", words, pictures=pictures)


def _true_outlines(project: Project, entry: SceneEntry) -> Any:
    if truth_of(project, entry) is None:
        return None
    labelled = labelled_scene(project, entry)
    return labelled.truth.outlines_on(labelled.scene.geobox)


def _samples(study: Study) -> list[Section]:
    summary = study.done["samples"].result.get("samples")
    if summary is None:
        return []
    return [Section("Samples", tables=[("Tiles by part of the split", sample_table(summary))])]


def _provenance(study: Study) -> dict[str, str]:
    project = study.project
    trained = study.done["train"].result["training"]
    return {
        "trimline": __version__,
        "project": f"{project.name}, sha256 {study.ledger.project_sha256}",
        "seed": str(project.seed),
        "scenes": ", ".join(_source_of(entry) for entry in project.scenes),
        **{key: str(path.name) for key in _GROUND if (path := getattr(project, key)) is not None},
        **{_what_maps(name, result): f"sha256 {result['sha256']}" for name, result in trained.items()},
        "python": platform.python_version(),
    }


def _source_of(entry: SceneEntry) -> str:
    """Return the id of a scene with the name of its product, or the catalogue that it was fetched from."""
    fetched = fetched_product(entry)
    if fetched is not None:
        catalogue = fetched.catalogue if "://" in fetched.catalogue else Path(fetched.catalogue).name
        return f"{entry.id} (fetched from {catalogue}, {fetched.collection})"
    return entry.id if entry.path.name == entry.id else f"{entry.id} ({entry.path.name})"


def _what_maps(name: str, result: Mapping[str, Any]) -> str:
    """Return what the digest of a method is of: weights, trained or given, or the rule of a spectral index."""
    if "rule" in result:
        return f"{name}, {result['rule']}"
    return f"weights, {name}" if result.get("trained", True) else f"weights, {name}, given as {result['weights']}"
