"""Foreign names, foreign pages and strangers are refused with a reason; nothing outside the review is reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.unit.review.desks import PERIOD, MemoryDesk

from trimline.errors import DiskError, StageError
from trimline.review.server.application import create_app
from trimline.review.server.security import HEADERS, Access
from trimline.review.server.serving import access_on, is_loopback, token_for

HOME = "http://127.0.0.1:8750"
TOKEN = "0123456789abcdef-secret"  # noqa: S105 - of these tests
SAVE = {
    "period": PERIOD,
    "drafts": [{"edit_id": "0123456789ab", "operation": "remove", "glac_id": "G0"}],
    "author": "A. Person",
    "reason": "snow",
    "base": {},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "secret.txt").write_text("outside the page")
    (tmp_path / "dem.tif").write_bytes(bytes(range(256)) * 20)
    return tmp_path


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk()


def client_of(folder: Path, desk: MemoryDesk, **access: Any) -> TestClient:
    app = create_app(desk, rasters={"abc": folder / "dem.tif"}, page=folder / "page", access=Access(**access))
    return TestClient(app, base_url=HOME, follow_redirects=False)


@pytest.fixture
def client(folder: Path, desk: MemoryDesk) -> Iterator[TestClient]:
    with client_of(folder, desk) as made:
        yield made


@pytest.fixture
def guarded(folder: Path, desk: MemoryDesk) -> Iterator[TestClient]:
    with client_of(folder, desk, token=TOKEN) as made:
        yield made


def test_the_page_and_its_api_are_served(client: TestClient) -> None:
    assert "page" in client.get("/").text
    assert client.get("/api/review").json()["name"] == "test"
    assert client.post("/api/edits", json=SAVE).status_code == 201


@pytest.mark.parametrize("path", ["/", "/api/review", "/api/nothing", "/nothing", "/api/rasters/abc"])
def test_every_answer_says_what_the_page_may_load(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {key: headers[key] for key in HEADERS} == HEADERS
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "http" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:8750", "", "[::1", "a@b"])
def test_a_foreign_name_is_refused(client: TestClient, host: str) -> None:
    for path in ("/", "/api/review"):
        refused = client.get(path, headers={"Host": host})
        assert refused.status_code == 403
        assert refused.json()["where"] == "Host"


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:1", "[::1]:8750", "LOCALHOST:8750"])
def test_loopback_names_are_served_at_any_port_as_through_a_tunnel(client: TestClient, host: str) -> None:
    assert client.get("/api/review", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://127.0.0.1:8750.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": HOME, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_page_of_another_origin_neither_reads_nor_changes(
    client: TestClient, desk: MemoryDesk, headers: dict[str, str]
) -> None:
    for refused in (
        client.post("/api/edits", json=SAVE, headers=headers),
        client.get("/api/review", headers=headers),
        client.get("/api/rasters/abc", headers=headers),
    ):
        assert refused.status_code == 403
        assert "another origin" in refused.json()["what"]
    assert desk.saves == []


def test_the_own_page_may_read_and_change(client: TestClient) -> None:
    own = {"Origin": HOME, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/edits", json=SAVE, headers=own).status_code == 201
    assert client.get("/api/review", headers=own).status_code == 200
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert client.get("/", headers=linked).status_code == 200, "a link from a mail may lead to the page"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_form_can_send_is_refused(client: TestClient, desk: MemoryDesk, kind: str) -> None:
    refused = client.post("/api/edits", content=b"{}", headers={"Content-Type": kind})
    assert refused.status_code == 415
    assert refused.json()["where"] == "Content-Type"
    assert desk.saves == []


def test_without_the_token_nothing_is_served(guarded: TestClient, desk: MemoryDesk) -> None:
    for path in (
        "/",
        "/index.html",
        "/api/review",
        "/api/rasters/abc",
        "/?token=",
        "/?token=wrong",
        "/api/review?token=",
    ):
        refused = guarded.get(path)
        assert refused.status_code == 401
        assert "token" in refused.json()["what"]
    assert guarded.get(f"/api/review?token={TOKEN}").status_code == 401, "only the page takes it in its address"
    assert guarded.post("/api/edits", json=SAVE).status_code == 401
    assert guarded.get("/api/review", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert guarded.get("/api/review", headers={"Cookie": "trimline_review_00000000=x; \x22=;;"}).status_code == 401
    assert desk.saves == []


def test_the_token_in_the_address_becomes_a_cookie_that_scripts_cannot_read(guarded: TestClient) -> None:
    answer = guarded.get(f"/?token={TOKEN}&glacier=G0")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/?glacier=G0"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/api/review").status_code == 200, "with the cookie"
    assert guarded.get("/").status_code == 200


@pytest.mark.parametrize(
    "other",
    ['theme={"dark":true}', "foo bar=1", "flag", "a=b@c", "q=[1,2]", "x=\xe9", "a=\xa0", "=", "", 'a="b; c="', "a=1"],
)
def test_cookies_of_other_servers_of_the_host_do_not_lock_out(guarded: TestClient, other: str) -> None:
    access = Access(token=TOKEN)
    own = f"{access.cookie_name}={access.cookie_value}"
    stale = f"{access.cookie_name}=of-another-path"
    for sent in (f"{other}; {own}", f"{own}; {other}", f"{stale};{other};{own}"):
        assert guarded.get("/api/review", headers={"Cookie": sent.encode("latin-1")}).status_code == 200  # type: ignore[dict-item]
    assert guarded.get("/api/review", headers={"Cookie": f"{other}; {stale}".encode("latin-1")}).status_code == 401  # type: ignore[dict-item]


def test_programs_send_the_token_in_a_header(guarded: TestClient) -> None:
    assert guarded.get("/api/review", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_token_is_required_where_others_reach_the_server() -> None:
    assert token_for("127.0.0.1", None) is None
    assert token_for("localhost", None) is None
    made = [token_for("0.0.0.0", None) for _ in range(2)]  # noqa: S104 - nothing listens
    assert made[0] != made[1]
    assert len(made[0] or "") >= 32
    assert token_for("127.0.0.1", TOKEN) == TOKEN
    for weak in ("short", "", "with a blank in it, long enough"):
        with pytest.raises(Exception, match="too easy to guess"):
            token_for("0.0.0.0", weak)  # noqa: S104


@pytest.mark.parametrize(
    ("host", "inside"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("10.0.0.1", False)],  # noqa: S104
)
def test_loopback_addresses_are_known(host: str, inside: bool) -> None:
    assert is_loopback(host) is inside


def test_a_server_on_all_addresses_answers_to_each_but_to_no_foreign_name() -> None:
    access = access_on("0.0.0.0", TOKEN)  # noqa: S104
    assert access.serves("192.168.1.7:8750")
    assert access.serves("[fe80::1]:8750")
    assert not access.serves("evil.example:8750")
    assert not access_on("192.168.1.7", TOKEN).serves("192.168.1.8")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..\\secret.txt",
        "/..%5csecret.txt",
        "//etc/passwd",
        "/%00",
        "/index.html%00.txt",
        "/api/rasters/..%2fsecret.txt",
        "/api/rasters/../../secret.txt",
        "/api/rasters/%2fetc%2fpasswd",
        "/api/rasters/dem.tif",
        "/api/rasters/abc%00",
        "/api/tiles/..%2f..%2fsecret.txt/0/0/0",
        "/api/tiles/outlines-1986-1988/0/0/..%2f..%2fsecret.txt",
        "/api/glacier?period=..%2fsecret.txt&glac_id=..%2fsecret.txt",
        "/api/edits?period=..%2f..%2fsecret.txt",
        "/api/edit?edit_id=..%2fsecret.txt&period=x",
    ],
)
def test_nothing_outside_the_review_is_reached(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert b"outside the page" not in answer.content
    assert b"root:" not in answer.content
    assert answer.status_code in (200, 400, 404, 405, 422)
    if answer.status_code == 200:
        assert answer.json() == {"edits": []}


def test_a_link_in_the_page_folder_leads_nowhere(folder: Path, client: TestClient) -> None:
    (folder / "page" / "link.txt").symlink_to(folder / "secret.txt")
    assert client.get("/link.txt").status_code == 404


def test_wrong_requests_name_their_key(client: TestClient) -> None:
    wrong = {**SAVE, "drafts": [{**SAVE["drafts"][0], "edit_id": "x"}], "other": 1}  # type: ignore[dict-item]
    refused = client.post("/api/edits", json=wrong)
    assert refused.status_code == 422
    said = refused.json()
    assert said["where"] == "drafts.0.edit_id"
    assert "other: Extra inputs are not permitted" in said["what"]
    assert client.get("/api/glaciers").json()["where"] == "period"
    assert client.post("/api/edits", content=b"{", headers={"Content-Type": "application/json"}).status_code == 422


def test_a_body_of_endless_depth_is_refused(client: TestClient) -> None:
    content = b'{"period":' + b"[" * 900_000
    answer = client.post("/api/preview", content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["what"]


def test_errors_of_the_user_keep_their_words(client: TestClient, desk: MemoryDesk) -> None:
    crossing = client.post("/api/edits", json={**SAVE, "reason": "crossing"})
    assert crossing.status_code == 400
    assert crossing.json() == {"what": "crosses itself", "where": "G0", "remedy": "draw it without a loop"}
    conflict = client.post("/api/edits", json={**SAVE, "base": {"G0": "old"}})
    assert conflict.status_code == 409
    assert conflict.json() == {"what": "the outline has changed", "outlines": [], "gone": [], "edits": []}
    missing = client.get(
        "/api/glacier", params={"period": PERIOD, "glac_id": "\ud800".encode("utf-8", "surrogatepass")}
    )
    assert missing.status_code == 404
    desk.failing = StageError("has not been run", where=Path("/somewhere/project.yaml"), remedy="run it")
    assert client.get("/api/review").json() == {
        "what": "has not been run",
        "where": "project.yaml",
        "remedy": "run it",
    }
    desk.failing = DiskError("the disk is full")
    assert client.get("/api/review").status_code == 507


def test_a_failure_of_the_program_is_logged_and_not_told(
    client: TestClient, desk: MemoryDesk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.failing = ZeroDivisionError("of a secret")
    answer = client.get("/api/review")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert HEADERS.items() <= dict(answer.headers).items() or "content-security-policy" in answer.headers
    assert "of a secret" in caplog.text
    assert "Traceback" in caplog.text


def test_documentation_pages_that_fetch_from_elsewhere_are_off(client: TestClient) -> None:
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404
