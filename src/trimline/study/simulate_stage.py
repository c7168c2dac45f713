"""The stage that makes a project's simulated ranges."""

from __future__ import annotations

from typing import Any

from trimline.project import SIMULATED
from trimline.study.ledger import Done
from trimline.study.study import Study


def run(study: Study) -> Done:
    """Write every range of the project into ``<output>/simulated/<name>``."""
    project = study.project
    folder = project.output / SIMULATED
    settings = [each.model_dump(mode="json") for each in project.simulate]

    def work() -> dict[str, Any]:
        for each in project.simulate:
            from trimline.simulate import write_range  # only studies of simulated ranges need it

            write_range(each, folder / each.name)
        return {}

    return study.ledger.once("simulate", {"ranges": settings}, [folder / each.name for each in project.simulate], work)
