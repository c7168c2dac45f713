"""The stage `samples`: scenes and truths cut into labelled tiles."""

from __future__ import annotations

from typing import Any

from trimline.files import whole_folder
from trimline.progress import track
from trimline.project import union_of_bands
from trimline.samples import SampleStore, Sides, cut_samples
from trimline.study.ledger import Done, stamp
from trimline.study.scenes import labelled_scene, source_of, tested_scenes, trained_scenes, truth_of
from trimline.study.study import Study

FOLDER = "samples"


def run(study: Study) -> Done:
    """Write ``<output>/samples``."""
    project = study.project
    folder = project.output / FOLDER
    trained, tested = trained_scenes(project), tested_scenes(project)
    used = [entry for entry in project.scenes if entry in trained or entry in tested]
    by_ground = project.split.by in ("blocks", "paper")
    if by_ground:
        used = list(trained)
    units = sorted({method.recipe.units for method in project.methods})
    inputs = {
        "scenes": [source_of(entry) for entry in used],
        "truths": [stamp(path) for path in {truth_of(project, e): None for e in used} if path is not None],
        "sides": [] if by_ground else [[e.id for e in trained], [e.id for e in tested]],
        "bands": union_of_bands(project),
        "units": units,
        "samples": project.samples.model_dump(mode="json"),
        "split": project.split.model_dump(mode="json"),
        "seed": project.seed,
    }

    def work() -> dict[str, Any]:
        with whole_folder(folder) as temporary:
            cut_samples(
                [labelled_scene(project, entry) for entry in used],
                temporary,
                bands=union_of_bands(project),
                units=units,
                settings=project.samples,
                split=project.split,
                sides=Sides(frozenset(e.id for e in trained), frozenset(e.id for e in tested)),
                seed=project.seed,
                track=track,
            )
        return {"samples": SampleStore(folder).summary()}

    return study.ledger.once("samples", inputs, [folder], work)
