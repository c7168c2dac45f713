"""The stage `train`: every method that learns is trained, each a step of its own; the others are described."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.extras import require_training
from trimline.files import sha256, write_json
from trimline.networks import get_network
from trimline.project import Method, Project
from trimline.project.method import NOT_TRAINED
from trimline.samples import MEASURES, SampleStore
from trimline.study.ledger import Done
from trimline.study.method_models import bands_of, describe_given, network_of, start_file, weights_path
from trimline.study.scenes import open_entry
from trimline.study.study import Study
from trimline.training.outputs import THRESHOLDS

if TYPE_CHECKING:
    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

TIMING = "timing.json"
RESULTS_VERSION = 4
"""Raised when the same inputs and settings give other results."""


def training_seconds(project: Project, method: Method) -> float:
    """Return the duration of the training of a method [s]; NaN where it was not trained, or not recorded."""
    if not method.is_trained:
        return math.nan
    path = weights_path(project, method).parent / TIMING
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["seconds"])
    except FileNotFoundError:
        return math.nan
    except (ValueError, LookupError, TypeError, RecursionError):
        _LOG.warning("%s is damaged: how long the training took is not known", path)
        return math.nan


def run(study: Study) -> Done:
    """Write ``<output>/training/<method>`` for every method that learns.

    Raises
    ------
    WeightsError
        Weights that a method was given are absent, damaged or of another program.
    """
    project = study.project
    samples = study.done["samples"]
    given = {method.name: _given(study, method) for method in project.methods if not method.is_trained}
    steps = [given[m.name] if m.name in given else _train(study, m, samples) for m in project.methods]
    result = {"training": {m.name: step.result for m, step in zip(project.methods, steps, strict=True)}}
    return study.ledger.together("train", steps, result)


def _given(study: Study, method: Method) -> Done:
    """Return a method that is not trained as a step that is always done; its digest is that of weights or rule."""
    result = describe_given(study.project, method)
    step = f"train/{method.name}"
    _LOG.info("%s: nothing to do, it is not trained: %s", step, result.get("rule") or result.get("weights"))
    study.ledger.steps[step] = Done(step, result, {}, skipped=True)
    return study.ledger.steps[step]


def _train(study: Study, method: Method, samples: Done) -> Done:
    project = study.project
    path, start = weights_path(project, method), start_file(method)
    settings = {
        # The weights to start from are an input, by their digest.
        "method": method.model_dump(mode="json", exclude={*NOT_TRAINED, "start"}),
        "bands": bands_of(project, method),
        "seed": project.seed,
    }

    def work() -> dict[str, Any]:
        require_training("training")
        from trimline.inference.torch_files import load_network
        from trimline.networks import parameter_count
        from trimline.training import fine_tune, train

        store = SampleStore(project.output / "samples")
        bands, units = bands_of(project, method), method.recipe.units
        learnt = sorted(store.index["scene_id"][store.index["part"] != "test"].unique().tolist())
        entries = {entry.id: entry for entry in project.scenes}
        seen = [open_entry(entries[each]) for each in learnt]
        started, before = time.perf_counter(), _written(path)
        learn = partial(train, method.network, arguments=method.arguments)
        if start is not None:
            learn = partial(fine_tune, start)
        written = learn(
            store.load("train", bands=bands, units=units),
            store.load("validation", bands=bands, units=units),
            method.recipe,
            path.parent,
            seed=project.seed,
            provenance={
                "project": project.name,
                "project_sha256": study.ledger.project_sha256,
                "scenes": learnt,
                "sensors": sorted({scene.sensor.id for scene in seen}),
                "levels": _levels(seen),
                "split": project.split.by,
                "measures": MEASURES[project.split.by],
            },
        )
        # Seconds differ from run to run; beside the weights they do not change the weights' bytes. What was trained
        # already keeps those of its training.
        if _written(path) != before:
            write_json(path.parent / TIMING, {"seconds": round(time.perf_counter() - started, 1)})
        return {
            "weights": path.relative_to(project.output).as_posix(),
            "sha256": sha256(written),
            "parameters": parameter_count(load_network(written)[0]),
        }

    return study.ledger.once(
        f"train/{method.name}",
        {"samples": samples.outputs_digest, **({} if start is None else {"start": sha256(start)})},
        [path, path.parent / THRESHOLDS] if get_network(network_of(method)).trained_by == "search" else [path],
        work,
        settings=settings,
        results_version=RESULTS_VERSION,
    )


def _levels(scenes: Sequence[Scene]) -> list[str]:
    """Return the levels of reflectance among scenes; none where one does not say its own."""
    levels = {scene.reflectance_level for scene in scenes}
    return sorted(level for level in levels if level is not None) if None not in levels else []


def _written(path: Path) -> int | None:
    """Return when a file was written [ns]; None where there is none."""
    return path.stat().st_mtime_ns if path.exists() else None
