"""The stage `release`: the results of a study as a folder for a data repository."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import yaml

from trimline import __version__
from trimline.errors import ProjectError, StageError, TrimlineError
from trimline.files import sha256
from trimline.outlines import read_edits, read_outlines
from trimline.own_files import own_records
from trimline.project import Project, SceneEntry
from trimline.report.release import Release, ReleasedPeriod
from trimline.report.release_folder import write_release
from trimline.report.tables import UNDEFINED, Table, method_table, number
from trimline.samples import MEASURES
from trimline.study.archive_scenes import fetched_product
from trimline.study.change_stage import FOLDER as CHANGE
from trimline.study.editing import FINAL, OUTCOMES, TIMELINE, digest_of
from trimline.study.evaluate_stage import FOLDER as EVALUATION
from trimline.study.ledger import Done
from trimline.study.method_models import metadata_of, model_file
from trimline.study.needs import require_releasable
from trimline.study.report_words import bias_words
from trimline.study.scenes import split_of
from trimline.study.study import Study
from trimline.timeline.preference import FLAGS

FOLDER = "release"
RESULTS_VERSION = 2
"""Raised when the same inputs and settings give other results."""
_TABLES = (CHANGE,)
"""Folders of the output whose CSV files are released."""
_SCORES = "scores.csv"
_UNSEEN, _SOURCES = "unseen.gpkg", "sources.json"


def run(study: Study) -> Done:
    """Write ``<output>/release/<name>-<version>``.

    Raises
    ------
    ReleaseError
        The project names no authors or no licence.
    StageError
        The outlines are given: a release is of what was mapped.
    StageError
        No period has outlines.
    """
    project = study.project
    require_releasable(project)
    label = f"{project.name}-{project.version}"
    folder = project.output / FOLDER / label
    files = _files(project)
    tables = _tables(study)
    inputs = {
        **{name: done.outputs_digest for name, done in study.done.items()},
        "project": study.ledger.project_sha256,
        "periods": {name: {path.name: sha256(path) for path in paths} for name, paths in files.items()},
        # By their rows: the file changes when QGIS opens it, and new rows may still be in its write-ahead log.
        "edits": digest_of(edits) if len(edits := read_edits(project.edits_file)) else None,
        "tables": {path.name: sha256(path) for path in tables},
    }

    def work() -> dict[str, Any]:
        release = _gather(study, tables)
        write_release(release, folder)
        return {
            "release": {
                "folder": folder.relative_to(project.output).as_posix(),
                "periods": [each.name for each in release.periods],
                "missing": list(release.missing),
                "files": sum(each.is_file() for each in folder.rglob("*")),
            }
        }

    return study.ledger.once("release", inputs, [folder], work, results_version=RESULTS_VERSION)


def _files(project: Project) -> dict[str, list[Path]]:
    """Return the files of each period that are released, of the periods that have outlines."""
    folders = {period.name: project.output / TIMELINE / period.name for period in project.periods}
    found = {
        name: [path for each in (FINAL, OUTCOMES, _UNSEEN, _SOURCES) if (path := folder / each).exists()]
        for name, folder in folders.items()
        if (folder / FINAL).exists()
    }
    if not found:
        raise StageError(
            "there are no outlines to release",
            where=project.output / TIMELINE,
            remedy="give the project periods and their scenes, and run the stage timeline",
        )
    return found


def _gather(study: Study, tables: list[Path]) -> Release:
    project = study.project
    files = _files(project)
    path = project.output / CHANGE / "areas.csv"
    areas = pd.read_csv(path, dtype={"glac_id": str, "period": str}) if path.exists() else None
    periods = []
    for period in project.periods:
        if period.name not in files:
            continue
        final, unseen = (project.output / TIMELINE / period.name / each for each in (FINAL, _UNSEEN))
        periods.append(
            ReleasedPeriod(
                period.name,
                period.first,
                period.last,
                with_uncertainty(read_outlines(final), areas, period.name),
                read_outlines(unseen) if unseen.exists() else None,
                sources=_sources(project, period.name),
            )
        )
    methods = study.done["evaluate"].result.get("methods", {})
    judged = {name: scores for name, scores in methods.items() if name == project.mapping_method.name}
    return Release(
        name=project.name,
        version=project.version,
        title=project.title or project.name,
        authors=project.authors,
        license=project.license or "",
        doi=project.doi,
        released=project.released,
        periods=periods,
        missing=[period.name for period in project.periods if period.name not in files],
        edits=read_edits(project.edits_file),
        outcomes=_outcomes(project, list(files)),
        tables=tables,
        method=_method(study),
        scenes=scenes_table(study, list(files)),
        scores=method_table(judged) if judged else None,
        measures=MEASURES[split_of(project)] if methods else "No scene of the study has a truth.",
        provenance={"trimline": __version__, "project": f"{project.name}, SHA-256 {study.ledger.project_sha256}"},
        project=_settings(project),
        model=model_file(project, project.mapping_method),
        bias=" ".join(bias_words(study)),
    )


def with_uncertainty(outlines: gpd.GeoDataFrame, areas: pd.DataFrame | None, period: str) -> gpd.GeoDataFrame:
    """Return the outlines of a period with the error of their area, from the table of areas; None leaves them."""
    if areas is None or "uncertainty_km2" not in areas.columns:
        return outlines
    own = areas[areas["period"] == period].drop_duplicates("glac_id").set_index("glac_id")["uncertainty_km2"]
    return outlines.assign(uncertainty_km2=own.reindex(outlines["glac_id"].astype(str)).to_numpy(dtype=float))


def _settings(project: Project) -> str:
    """Return a project with all its settings as YAML; paths in its output begin with it, others are names alone."""

    def portable(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: portable(each) for key, each in value.items()}
        if isinstance(value, list):
            return [portable(each) for each in value]
        if not isinstance(value, str) or not Path(value).is_absolute():
            return value
        path = Path(value)
        if path.is_relative_to(project.output):
            return f"${{output}}/{path.relative_to(project.output).as_posix()}"
        return path.name

    content = portable(project.model_dump(mode="json", by_alias=True, exclude={"output"}, exclude_none=True))
    text = yaml.safe_dump({**content, "output": "out"}, sort_keys=False, allow_unicode=True, width=120)
    return "# All settings of the study. Files of the user stand by their names, without their folders.\n" + text


def _outcomes(project: Project, periods: list[str]) -> Counter[str]:
    """Return the number of edits in each state, over all periods."""
    paths = (project.output / TIMELINE / period / OUTCOMES for period in periods)
    return Counter(each["state"] for path in paths if path.exists() for each in own_records(path, {"state": str}))


def _tables(study: Study) -> list[Path]:
    """Return the CSV tables that the study wrote."""
    project = study.project
    found = [path for folder in _TABLES for path in sorted((project.output / folder).glob("*.csv"))]
    scores = project.output / EVALUATION / _SCORES
    return [*found, *([scores] if study.done["evaluate"].result.get("methods") else [])]


def _method(study: Study) -> dict[str, str]:
    project, method = study.project, study.project.mapping_method
    metadata = metadata_of(project, method)
    trained = study.done["train"].result["training"][method.name]
    learnt = method.is_trained
    count = f"; parameters: {trained['parameters']}" if learnt else ""
    facts = {
        "network": "" if "rule" in trained else f"{metadata.network}{count}",
        "trained": "" if learnt else "no, not by this study",
        "arguments": _listed(method.arguments),
        "bands": ", ".join(metadata.inputs.bands),
        "scenes of a period are combined": f"by the rule {project.timeline.rule}",
        "ice is": trained.get("rule", f"a probability from {metadata.threshold:g} on"),
        "outlines": f"of at least {project.map.minimum_area_km2:g} km², smoothed {project.map.smoothing} times",
        "recipe": _listed(method.recipe.model_dump(mode="json")) if learnt else "",
        "seed": str(project.seed) if learnt else "",
        "weights": "" if "rule" in trained else f"SHA-256 {trained['sha256']}",
    }
    return {key: text for key, text in facts.items() if text}


def _listed(settings: dict[str, Any]) -> str:
    return ", ".join(f"{key} {json.dumps(value)}" for key, value in settings.items())


def _sources(project: Project, period: str) -> list[str]:
    """Return the addresses of the items that the scenes of a period were fetched from."""
    fetched = [fetched_product(entry) for entry in project.scenes if entry.period == period]
    addresses = {each.item_address for each in fetched if each is not None and each.item_address is not None}
    # An address on this machine says nothing to others.
    return sorted(each for each in addresses if each.startswith(("http://", "https://", "s3://")))


def scenes_table(study: Study, periods: list[str]) -> Table:
    """Return the scenes of the periods, with the number of pixels taken from each where known.

    Where any was fetched, catalogue and item are told too.
    """
    project = study.project
    rows = []
    is_fetched = any(fetched_product(entry) is not None for entry in project.scenes)
    for period in periods:
        path = project.output / TIMELINE / period / _SOURCES
        listed = own_records(path, {"scene_id": str}) if path.exists() else []
        known = {each["scene_id"]: each for each in listed}
        members = [entry for entry in project.scenes if entry.period == period]
        for entry in sorted(members, key=lambda each: each.id):
            row = _scene(study, entry, known.get(entry.id, {}))
            rows.append([*row, *_archive(entry)] if is_fetched else row)
    return [
        "scene",
        "product",
        "date",
        "sensor",
        "path/row or tile",
        "cloud %",
        "snow off glaciers %",
        "reference",
        "period",
        "pixels",
        "SHA-256 of its content",
        *(["catalogue", "item"] if is_fetched else []),
    ], rows


def _scene(study: Study, entry: SceneEntry, known: dict[str, Any]) -> list[str]:
    cloud = entry.cloud_cover if entry.cloud_cover is not None else _percent(known.get("cloud"))
    return [
        entry.id,
        _product(entry),
        str(known.get("date") or entry.date or UNDEFINED),
        str(known.get("sensor") or entry.sensor or UNDEFINED),
        entry.tile or UNDEFINED,
        number(cloud, 1),
        number(_percent(known.get("snow") if known.get("snow_by") != FLAGS else None), 1),
        "yes" if entry.reference else "",
        entry.period or UNDEFINED,
        str(known.get("pixels", UNDEFINED)),
        _digest(study, entry),
    ]


def _archive(entry: SceneEntry) -> list[str]:
    """Return the catalogue that a scene was fetched from, with the collection, and its item."""
    known = fetched_product(entry)
    if known is None:
        return [UNDEFINED, UNDEFINED]
    # Of a catalogue on a disk its name, never the folder that it lies in.
    catalogue = known.catalogue if "://" in known.catalogue else Path(known.catalogue).name
    return [f"{catalogue}, {known.collection}", known.item]


def _digest(study: Study, entry: SceneEntry) -> str:
    """Return the SHA-256 of what a product holds, as `trimline info` prints it; unknown where it is not here."""
    try:
        return study.identities.of(entry)
    except TrimlineError:
        return UNDEFINED


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else 100.0 * fraction


def _product(entry: SceneEntry) -> str:
    """Return the name of the product, never the folder that it lies in."""
    fetched = fetched_product(entry)
    if fetched is not None:
        return fetched.product_id
    try:
        return entry.product.name
    except ProjectError:
        return entry.path.name
