"""`trimline review` says where the page is, and opens it only where there is a screen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from trimline import project
from trimline.cli.app import app
from trimline.errors import TrimlineError
from trimline.review import running
from trimline.review.server import page_folder
from trimline.review.server.serving import Address

TOKEN = "a-token-of-16-or-more"  # noqa: S105 - of these tests


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the command asks of the server, and the addresses that it opens."""
    found: dict[str, Any] = {"opened": []}

    def run_review(path: Path, overrides: list[str], **options: Any) -> None:
        found.update(options, path=path, overrides=overrides)
        options["on_listening"](Address(options["host"], options["port"] or 8750, options["token"]))

    monkeypatch.setattr(running, "run_review", run_review)
    monkeypatch.setattr(page_folder, "_NEEDED", ())
    monkeypatch.setattr(project, "load_project", lambda *given, **options: None)
    monkeypatch.setattr(typer, "launch", lambda url: found["opened"].append(url))
    return found


def test_the_address_is_the_only_line(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    result = CliRunner().invoke(app, ["review", "demo.yaml", "--set", "output=x", "--author", "A. Person"])
    assert result.output == "http://127.0.0.1:8750/\n"
    assert asked["opened"] == ["http://127.0.0.1:8750/"]
    assert asked["overrides"] == ["output=x"]
    assert asked["author"] == "A. Person"
    assert asked["token"] is None


@pytest.mark.parametrize("options", [["--no-open"], []])
def test_nothing_is_opened_without_a_screen_or_a_wish(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    if options:
        monkeypatch.setenv("DISPLAY", ":0")
    else:
        monkeypatch.delenv("DISPLAY", raising=False)
    assert CliRunner().invoke(app, ["review", "demo.yaml", *options]).exit_code == 0
    assert asked["opened"] == []


def test_a_token_may_come_from_the_environment(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMLINE_REVIEW_TOKEN", TOKEN)
    result = CliRunner().invoke(app, ["review", "demo.yaml", "--no-open", "--json", "--port", "9000"])
    assert json.loads(result.output) == {"url": f"http://127.0.0.1:9000/?token={TOKEN}"}
    assert asked["port"] == 9000


def test_what_cannot_be_reviewed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_folder, "_NEEDED", ())
    result = CliRunner().invoke(app, ["review", str(tmp_path), "--no-open"])
    assert isinstance(result.exception, TrimlineError)
    assert result.exception.remedy
