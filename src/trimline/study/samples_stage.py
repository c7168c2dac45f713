"""The stage `samples`: scenes and truths cut into labelled tiles."""

from __future__ import annotations

import logging
from typing import Any

from trimline.extras import require_training
from trimline.files import whole_folder
from trimline.progress import track
from trimline.project import Project
from trimline.samples import MEASURES, SampleStore, Sides, cut_samples
from trimline.study.ledger import Done
from trimline.study.method_models import bands_of
from trimline.study.needs import require_truth
from trimline.study.scenes import labelled_scene, tested_scenes, trained_scenes, truth_identities
from trimline.study.study import Study

_LOG = logging.getLogger(__name__)

FOLDER = "samples"
RESULTS_VERSION = 2
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write ``<output>/samples``; nothing where no method is trained.

    Raises
    ------
    ProjectError
        A method must be trained, and no scene has a truth.
    """
    project = study.project
    if not project.learns:
        _LOG.info("samples: nothing to do, no method is trained")
        return study.ledger.once("samples", {}, [], dict)
    require_truth(project)
    folder = project.output / FOLDER
    trained, tested = trained_scenes(project), tested_scenes(project)
    used = [entry for entry in project.scenes if entry in trained or entry in tested]
    by_ground = project.split.by in ("blocks", "paper")
    if by_ground:
        used = list(trained)
    bands, units = _bands(project), sorted({method.recipe.units for method in project.methods})
    inputs = {
        "scenes": {entry.id: study.source_of(entry) for entry in used},
        "truths": truth_identities(project, used),
    }
    settings = {
        "order": [entry.id for entry in used],
        "sides": [] if by_ground else [[e.id for e in trained], [e.id for e in tested]],
        "bands": bands,
        "units": units,
        "samples": project.samples.model_dump(mode="json"),
        "split": project.split.model_dump(mode="json"),
        "seed": project.seed,
    }

    def work() -> dict[str, Any]:
        require_training("cutting samples")
        if project.split.by == "paper":
            _LOG.warning("the split is 'paper'. %s The default, 'blocks', keeps ground for the test", MEASURES["paper"])
        with whole_folder(folder) as temporary:
            cut_samples(
                [labelled_scene(project, entry) for entry in used],
                temporary,
                bands=bands,
                units=units,
                settings=project.samples,
                split=project.split,
                sides=Sides(frozenset(e.id for e in trained), frozenset(e.id for e in tested)),
                seed=project.seed,
                track=track,
            )
        return {"samples": SampleStore(folder).summary()}

    return study.ledger.once("samples", inputs, [folder], work, settings=settings, results_version=RESULTS_VERSION)


def _bands(project: Project) -> tuple[str, ...]:
    """Return the bands that the methods of the project need, those of given weights included."""
    needed = (band for method in project.methods for band in bands_of(project, method))
    return tuple(dict.fromkeys((*project.bands, *needed)))
