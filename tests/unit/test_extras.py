"""What needs an extra that is not installed says which packages are missing and how to get them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trimline import extras
from trimline.errors import TrimlineError
from trimline.inference import load_weights
from trimline.weights import shipped_weights


@pytest.fixture
def without_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torch and zarr seem not to be installed."""
    find = importlib.util.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in ("torch", "zarr") else find(name))


def test_an_installed_extra_is_no_error() -> None:
    extras.require_training("training")


@pytest.mark.usefixtures("without_learning")
def test_what_is_missing_is_named() -> None:
    with pytest.raises(
        TrimlineError, match=r"training needs torch, zarr, which are not installed\n.*trimline\[train\]"
    ):
        extras.require_training("training")


@pytest.mark.usefixtures("without_learning")
def test_the_reference_engine_needs_it_and_the_weights_that_come_along_do_not() -> None:
    with pytest.raises(TrimlineError, match="computed by PyTorch, needs torch"):
        load_weights(shipped_weights(), engine="torch")
    assert load_weights(engine="openvino").engine.name == "openvino"


@pytest.mark.usefixtures("without_learning")
def test_exporting_says_so_on_the_command_line(tmp_path: Path) -> None:
    from trimline.cli.app import app

    result = CliRunner().invoke(app, ["export", str(shipped_weights()), str(tmp_path / "model.onnx")])
    assert isinstance(result.exception, TrimlineError)
    assert "exporting a model needs torch" in str(result.exception)
