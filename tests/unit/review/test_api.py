"""The API answers as its document says to whatever is put to it, and the page's copy of the document is up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient
from tests.kinds.reviewed import LATE, reviewed
from tests.unit.review.desks import MemoryDesk

from trimline.review.live.live_review import LiveReview
from trimline.review.live.snapshot import layer_id
from trimline.review.review_desk import ReviewDesk
from trimline.review.server.application import api_document, create_app

REPOSITORY = Path(__file__).parents[3]
HOST = {"Host": "127.0.0.1"}
KNOWN = {
    "period": LATE,
    "glac_id": "a-0-0",
    "layer": layer_id("outlines", LATE),
    "key": "abc",
    "z": 0,
    "x": 0,
    "y": 0,
    "geometry": {"type": "Polygon", "coordinates": [[[5e5, 35e5], [5e5 + 300, 35e5], [5e5, 35e5 + 300], [5e5, 35e5]]]},
}
"""What there is: half the requests are aimed at it, so that they come as far as the outlines."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Field:
    """The API of a review of two periods; it can be told to a test before its files are written."""

    app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


api = Field()
schema = schemathesis.openapi.from_dict({**api_document(), "servers": [{"url": "http://127.0.0.1"}]})
schema.app = api


@pytest.fixture(scope="module", autouse=True)
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Write the files of the review."""
    desk = ReviewDesk(LiveReview(reviewed(tmp_path_factory.mktemp("field"))))
    api.app = create_app(desk, rasters={"abc": Path(__file__)})
    yield
    desk.close()


def aimed(value: Any) -> Any:
    """Return a part of a request, in which every other value of a known key, by its length, is one that there is."""
    if isinstance(value, list):
        return [aimed(each) for each in value]
    if not isinstance(value, dict):
        return value
    near = {key: KNOWN[key] if key in KNOWN and len(str(each)) % 2 else aimed(each) for key, each in value.items()}
    return {**near, "wait_s": 0} if "wait_s" in near else near


@schema.parametrize()
@hypothesis.settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
def test_whatever_is_asked_is_answered_as_documented(case: Any) -> None:
    case.headers = {**(case.headers or {}), **HOST}
    case.query, case.path_parameters, case.body = (
        aimed(each) for each in (case.query, case.path_parameters, case.body)
    )
    case.call_and_validate(checks=CHECKS)


def test_the_copy_of_the_document_is_that_of_the_program() -> None:
    written = json.loads((REPOSITORY / "web" / "openapi.json").read_text(encoding="utf-8"))
    assert written == api_document(), "run `make api`"


def test_every_address_of_the_document_says_how_it_fails() -> None:
    for path, methods in api_document()["paths"].items():
        for method, operation in methods.items():
            for status in ("400", "401", "403", "404", "413", "422"):
                assert status in operation["responses"], f"{method} {path}"
    assert {"/api/tiles/{layer}/{z}/{x}/{y}", "/api/rasters/{key}"} <= set(api_document()["paths"])


@pytest.mark.parametrize("path", ["/api/review", "/api/preview"])
def test_methods_that_do_not_exist_are_refused(path: str) -> None:
    with TestClient(create_app(MemoryDesk()), base_url="http://127.0.0.1") as client:
        answer = client.delete(path, headers={"Content-Type": "application/json"})
        assert answer.status_code == 405
        assert "DELETE is not possible" in answer.json()["what"]
