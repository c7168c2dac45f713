"""`trimline demo` ends with what can be done next."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.cli.demo import demo_project
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


def demo_without_training(out: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> tuple[str, list[str]]:
    """Run the demo up to its study, as if the extra `train` were not installed; give what it says and overrides."""
    given: list[list[str]] = []
    monkeypatch.setattr("trimline.cli.stage_commands.carry_out", lambda _, overrides, **__: given.append(overrides))
    monkeypatch.setattr("trimline.extras.find_spec", lambda name: None)
    said = CliRunner().invoke(app, ["demo", "--out", str(out), "--no-show", *options], catch_exceptions=False)
    return said.stderr, given[0]


def test_without_the_extra_the_demo_says_so_and_maps_by_what_comes_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, overrides = demo_without_training(tmp_path, monkeypatch)
    assert 'pip install "trimline[train]"' in said
    project = load_project(demo_project(), overrides)
    assert not project.learns
    assert [each.name for each in project.methods] == ["default", "band_ratio"]


def test_methods_that_the_user_gives_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, overrides = demo_without_training(tmp_path, monkeypatch, "--set", "methods=[{ndsi: 0.4}]")
    assert said == ""
    assert [each.ndsi for each in load_project(demo_project(), overrides).methods] == [0.4]
