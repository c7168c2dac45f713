"""Errors as answers, in one place: each kind has its status, and the words are those of `TrimlineError`."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from trimline.errors import DiskError, TrimlineError, printable
from trimline.review.contract import Failure
from trimline.review.desk import InConflict, NotThere
from trimline.review.edits.edit_file import Busy

_MOST_WORDS = 4000
"""Characters of a message of many errors."""


def add_failures(app: FastAPI) -> None:
    """Let an app answer errors that the user can correct, and requests that are not as documented, with a `Failure`."""
    app.add_exception_handler(TrimlineError, _of_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_status)


def answer(
    status: int, what: str, *, where: str | None = None, remedy: str | None = None, **headers: str
) -> JSONResponse:
    """Return an answer with a `Failure`; `headers` have ``_`` for ``-``."""
    failure = Failure(what=what, where=where, remedy=remedy)
    return JSONResponse(
        failure.model_dump(), status, headers={key.replace("_", "-"): value for key, value in headers.items()}
    )


def status_of(error: TrimlineError) -> int:
    """Return the status that an error becomes."""
    if isinstance(error, NotThere):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, InConflict):
        return HTTPStatus.CONFLICT
    if isinstance(error, Busy):
        return HTTPStatus.SERVICE_UNAVAILABLE
    return HTTPStatus.INSUFFICIENT_STORAGE if isinstance(error, DiskError) else HTTPStatus.BAD_REQUEST


async def _of_error(request: Request, error: Exception) -> JSONResponse:
    del request
    if isinstance(error, InConflict):
        return JSONResponse(error.conflict.model_dump(mode="json"), HTTPStatus.CONFLICT)
    if not isinstance(error, TrimlineError):
        raise error
    where = error.where.name if isinstance(error.where, Path) else error.where
    return answer(
        status_of(error), error.what, where=None if where is None else printable(str(where)), remedy=error.remedy
    )


async def _of_validation(request: Request, error: Exception) -> JSONResponse:
    del request
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    words = [f"{_place(each['loc'])}: {_said(each)}" for each in found]
    where = _place(found[0]["loc"]) if found else None
    what = printable("; ".join(words))
    if len(what) > _MOST_WORDS:
        what = f"{what[:_MOST_WORDS]} ... ({len(words)} errors in all)"
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, what, where=where)


def _place(keys: Sequence[int | str]) -> str:
    """Return the way to a key of a request as words: ``drafts.0.edit_id``."""
    inside = keys[1:] if len(keys) > 1 and keys[0] in ("body", "query", "path", "header", "cookie") else keys
    return printable(".".join(str(each) for each in inside))


def _said(error: dict[str, Any]) -> str:
    return str(error["msg"]).rstrip(".")


async def _of_status(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    words = {
        404: f"there is no {printable(request.url.path)}",
        405: f"{request.method} is not possible at {printable(request.url.path)}",
    }
    response = answer(error.status_code, words.get(error.status_code, str(error.detail)))
    for key, value in (error.headers or {}).items():
        response.headers[key] = value
    return response
