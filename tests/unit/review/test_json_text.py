"""Bodies that can be parsed but not written out again are refused before they are parsed, and others are not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from starlette.testclient import TestClient
from tests.unit.review.desks import PERIOD, MemoryDesk

from trimline.review.edits.drawn import MOST_VERTICES
from trimline.review.server.application import create_app
from trimline.review.server.json_text import DEEPEST, fault_of


@pytest.mark.parametrize("half", ["\\ud800", "\\uDFFF", "\\udc00\\ud800", "\\\\\\ud800", "\\ud800\\\\udc00"])
def test_half_a_character_is_refused(half: str) -> None:
    assert "half a character" in str(fault_of(f'{{"reason": "{half}"}}'.encode()))


@pytest.mark.parametrize("whole", ["\\ud83d\\ude00", "\\\\ud800", "\\u00e9", "é\U0001f600", "\\\\\\n"])
def test_whole_characters_and_written_backslashes_are_taken(whole: str) -> None:
    body = f'{{"reason": "{whole}"}}'.encode()
    json.loads(body)["reason"].encode("utf-8")
    assert fault_of(body) is None


def test_depth_is_counted_outside_strings() -> None:
    deep = b"[" * DEEPEST + b"]" * DEEPEST
    assert fault_of(deep) is None
    assert "inside each other" in str(fault_of(b"[" + deep + b"]"))
    assert fault_of(b'{"reason": "' + b"[" * 99 + b'\\" {{' + b'"}') is None
    assert fault_of(b"[" + b"[1,[2]]," * 99 + b"0]") is None
    assert "inside each other" in str(fault_of(b"{" * 100_000))


@pytest.mark.parametrize("body", ["{}".encode("utf-16"), b'{"a": "\xff"}', b'"\xed\xa0\x80"'])
def test_what_is_no_utf8_is_refused(body: bytes) -> None:
    assert fault_of(body) is not None


@pytest.mark.parametrize(
    "value",
    ['{"take": ["\\ud800"]}', '{"x": {"\\ud800": 1}}', '{"x": ' + "[" * 400 + "]" * 400 + "}", "[" * 100_000],
)
def test_the_server_says_why(value: str) -> None:
    draft = f'{{"edit_id": "000000000000", "operation": "attribute", "glac_id": "G0", "value": {value}}}'
    body = f'{{"period": "{PERIOD}", "drafts": [{draft}]}}'
    with TestClient(create_app(MemoryDesk()), base_url="http://127.0.0.1") as client:
        refused = client.post("/api/preview", content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["what"].startswith("what is sent")


def test_three_of_the_largest_drawings_are_taken_at_once() -> None:
    turn = np.linspace(0, 2 * np.pi, MOST_VERTICES)
    ring = np.stack([612_345.678 + 9e3 * np.cos(turn), 8_123_456.789 + 9e3 * np.sin(turn)], axis=1).tolist()
    geometry = {"type": "Polygon", "coordinates": [ring]}
    drafts = [{"edit_id": f"{i:012x}", "operation": "redraw", "glac_id": "G0", "geometry": geometry} for i in range(3)]
    with TestClient(create_app(MemoryDesk()), base_url="http://127.0.0.1") as client:
        assert client.post("/api/preview", json={"period": PERIOD, "drafts": drafts}).status_code == 200
