"""`trimline demo` ends with what can be done next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.project import load_project


def test_the_demo_ends_with_the_command_that_opens_its_review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimline.cli.stage_commands.carry_out", lambda *_, **__: None)
    out = tmp_path / "a demo"
    said = CliRunner().invoke(app, ["demo", "--out", str(out), "--set", "seed=3", "--no-show"], catch_exceptions=False)
    program, *words = shlex.split(said.stdout.splitlines()[-1].partition(": ")[2])
    assert program == "trimline"
    group: Any = typer.main.get_command(app)
    command = group.commands[words[0]].make_context(words[0], words[1:])
    project = load_project(command.params["path"], command.params["overrides"])
    assert project.output == out
    assert project.seed == 3
    assert [each.name for each in project.periods] == ["1988", "2018"]
