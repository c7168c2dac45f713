"""The help of every command fits a terminal of 80 columns, and loses none of its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from trimline.cli.app import app


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command and group of the program by its words."""
    group = typer.main.get_command(app) if group is None else group
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


@pytest.mark.parametrize(("path", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in commands()])
def test_help_fits_and_keeps_its_words(path: tuple[str, ...], command: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = CliRunner().invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    assert not [line for line in result.output.splitlines() if len(line) > 80]
    # A line may break after a hyphen, too.
    shown = "".join(result.output.split())
    for parameter in command.params:
        text = getattr(parameter, "help", None)
        if text and not parameter.hidden:
            assert "".join(text.split()) in shown
        for name in parameter.opts if parameter.param_type_name == "option" else ():
            assert name in shown


def test_units_are_shown() -> None:
    shown = CliRunner().invoke(app, ["outline", "--help"]).output
    assert "[pixels]" in shown
    assert "[reflectance]" in shown
