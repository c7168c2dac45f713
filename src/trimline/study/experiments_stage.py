"""The stage `experiments`: the same methods with other splits and other test scenes.

An experiment is a study of its own on the same scenes: it has its samples, weights and scores in
``<output>/experiments/<name>`` and a ledger there.
"""

from __future__ import annotations

import logging
from typing import Any

from trimline.files import whole_folder
from trimline.project import Experiment, Method, Project
from trimline.report.accuracy_tables import SPLIT_TITLES, AccuracyRow, write_accuracy
from trimline.study.ledger import Done
from trimline.study.scenes import has_any_truth, select, split_of
from trimline.study.study import Study
from trimline.study.train_stage import training_seconds

_LOG = logging.getLogger(__name__)

FOLDER = "experiments"
TABLES = "accuracy"
"""Folder of the table of all experiments."""
RESULTS_VERSION = 1
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Carry out every experiment; write ``<output>/accuracy``: one table of all, as CSV and LaTeX."""
    project = study.project
    if not project.experiments or not has_any_truth(project):
        if project.experiments:
            _LOG.info("experiments: nothing to do, no scene has a truth")
        return study.ledger.once("experiments", {}, [], dict)
    results: dict[str, dict[str, Any]] = {}
    inputs = {"own": _scored(study)}
    for experiment in project.experiments:
        own = study.of_experiment(experiment_project(project, experiment))
        study.experiments[experiment.name] = own
        results[experiment.name] = own.bring_up("evaluate").result.get("methods", {})
        inputs[experiment.name] = _scored(own)
    folder = project.output / TABLES

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            write_accuracy(all_rows(study), temporary)
        return {"experiments": results}

    settings = {
        "experiments": [[each.name, each.title] for each in project.experiments],
        "areas": [[each.name, each.title] for each in project.areas],
    }
    return study.ledger.once("experiments", inputs, [folder], work, settings=settings, results_version=RESULTS_VERSION)


def _scored(study: Study) -> dict[str, str]:
    """Return, as an input of a step, what a study trained and how it was judged."""
    return {name: study.done[name].outputs_digest for name in ("train", "evaluate")}


def all_rows(study: Study) -> list[AccuracyRow]:
    """Return the rows of the table: the study's own scores first, then those of its experiments; none without truth."""
    rows = _rows(study, SPLIT_TITLES[split_of(study.project)])
    for experiment in study.project.experiments:
        rows += _rows(study.experiments[experiment.name], experiment.title or experiment.name)
    return rows


def experiment_project(project: Project, experiment: Experiment) -> Project:
    """Return an experiment as a project of its own.

    Raises
    ------
    ProjectError
        The experiment names a scene that the project does not have.
    """
    return project.model_copy(
        update={
            "title": experiment.title or experiment.name,
            "output": project.output / FOLDER / experiment.name,
            "simulate": (),
            "experiments": (),
            "thresholds": None,
            "scenes": select(project, experiment.scenes, f"experiments.{experiment.name}.scenes"),
            "samples": experiment.samples or project.samples,
            "split": experiment.split,
            "evaluate": experiment.evaluate,
            "methods": _methods(project, experiment.methods),
        }
    )


def _methods(project: Project, names: tuple[str, ...] | None) -> tuple[Method, ...]:
    """Return the methods of an experiment; loading the project has checked that they exist."""
    known = {method.name: method for method in project.methods}
    return project.methods if names is None else tuple(known[name] for name in names)


def _rows(study: Study, title: str) -> list[AccuracyRow]:
    """Return the rows of an evaluated study: a block per group, or one of all scenes."""
    project = study.project
    scores, trained = study.done["evaluate"].result.get("methods"), study.done["train"].result["training"]
    if not scores:
        return []
    titles = {area.name: area.title or area.name for area in project.areas}
    groups: list[str | None] = [*project.evaluate.groups] or [None]
    return [
        AccuracyRow(
            experiment=title,
            group=titles.get(group, group) if group is not None else "",
            method=method.name,
            scores=scores[method.name]["groups"][group] if group is not None else scores[method.name],
            parameters=trained[method.name]["parameters"],
            training_s=training_seconds(project, method),
            split=split_of(project),
        )
        for group in groups
        for method in project.methods
    ]
