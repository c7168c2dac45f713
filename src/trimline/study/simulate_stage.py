"""The stage `simulate`: the project's simulated ranges."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trimline.cores import available_cores
from trimline.progress import track
from trimline.project import SIMULATED
from trimline.study.ledger import Done
from trimline.study.study import Study

RESULTS_VERSION = 2
"""Raised when the same inputs and settings give other results."""


def run(study: Study) -> Done:
    """Write every range of the project into ``<output>/simulated/<name>``."""
    project = study.project
    folder = project.output / SIMULATED
    settings = {each.name: each.model_dump(mode="json") for each in project.simulate}

    def work() -> dict[str, Any]:
        if not project.simulate:
            return {}
        from trimline.simulate import write_range  # only studies of simulated ranges need it

        if len(project.simulate) == 1:
            write_range(project.simulate[0], folder / project.simulate[0].name)
            return {}
        with ThreadPoolExecutor(min(available_cores(), len(project.simulate))) as pool:
            under_way = [
                pool.submit(write_range, each, folder / each.name, progress=False) for each in project.simulate
            ]
            try:
                for done in track(under_way, "simulate"):
                    done.result()
            except BaseException:
                for each in under_way:
                    each.cancel()
                raise
        return {}

    return study.ledger.once(
        "simulate",
        {},
        [folder / each.name for each in project.simulate],
        work,
        settings={"ranges": settings},
        results_version=RESULTS_VERSION,
    )
