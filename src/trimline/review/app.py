"""The server of the page: addresses and their models; what they do is in `trimline.review.desk`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from trimline.review import contract
from trimline.review.desk import Desk

LONGEST_WAIT_S = 25.0
"""For which `/api/changes` waits at most [s]."""

_Name = Annotated[str, Query(min_length=1, max_length=200)]
_FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": contract.Failure} for status in (400, 401, 403, 404, 413, 422)
}


def api_of(desk: Desk) -> APIRouter:
    """Return the addresses under ``/api``."""
    api = APIRouter(prefix="/api", responses=_FAILURES)

    @api.get("/review")
    def review() -> contract.Review:
        return desk.review()

    @api.get("/glaciers")
    def glaciers(
        period: _Name,
        order: Literal["doubt", "area", "name"] = "doubt",
        state: contract.GlacierState | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 200,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> contract.GlacierList:
        return desk.glaciers(period, order=order, state=state, limit=limit, offset=offset)

    @api.get("/glacier")
    def glacier(period: _Name, glac_id: _Name) -> contract.Glacier:
        return desk.glacier(period, glac_id)

    @api.get("/edits")
    def edits(
        period: Annotated[str | None, Query(max_length=200)] = None,
        glac_id: Annotated[str | None, Query(max_length=200)] = None,
    ) -> contract.EditList:
        return desk.edits(period=period, glac_id=glac_id)

    @api.get("/edit")
    def edit(edit_id: _Name, period: _Name) -> contract.EditHistory:
        return desk.history(edit_id, period)

    @api.post("/preview")
    def preview(request: contract.PreviewRequest) -> contract.Preview:
        return desk.preview(request)

    @api.post("/edits", status_code=201, responses={409: {"model": contract.Conflict}})
    def save(request: contract.SaveRequest) -> contract.Saved:
        return desk.save(request)

    @api.post("/revert", status_code=201, responses={409: {"model": contract.Failure}})
    def revert(request: contract.RevertRequest) -> contract.Saved:
        return desk.revert(request)

    @api.get("/changes")
    def changes(
        after: Annotated[int, Query(ge=0)],
        wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0.0,
    ) -> contract.Changes:
        return desk.changes(after, wait_s)

    @api.post("/pictures/prepare", status_code=202)
    def prepare(id: _Name) -> contract.Picture:  # noqa: A002 - the key of the address
        return desk.prepare(id)

    return api
