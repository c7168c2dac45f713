"""The outlines of all periods, wherever a project has them from."""

from __future__ import annotations

from typing import Any

from trimline.study.own_series import corrected_series, edited_identities
from trimline.study.series import Series, series_of
from trimline.study.study import Study


def outlines_identity(study: Study) -> Any:
    """Return, as an input of a step, which outlines the periods have; None where there are none."""
    if study.project.has_own_outlines:
        return edited_identities(study.project)
    timeline = study.done["timeline"].result.get("timeline")
    return study.done["timeline"].outputs_digest if timeline and timeline["periods"] else None


def period_series(study: Study) -> Series:
    """Return the outlines of the periods; there must be some."""
    if study.project.has_own_outlines:
        return corrected_series(study.project)[0]
    return series_of(study.project, study.done["timeline"].result["timeline"])
