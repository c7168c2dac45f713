"""How the program begins and ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from trimline.cli.app import app


def trimline(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from trimline.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_help_names_every_command_without_loading_anything_heavy() -> None:
    code = (
        "import sys, trimline.cli.app as a; "
        "heavy = {'torch', 'rasterio', 'geopandas', 'pandas', 'xarray', 'matplotlib', 'numpy', 'pydantic'}; "
        "print(sorted(heavy & set(sys.modules)), [c.name or c.callback.__name__ for c in a.app.registered_commands])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("[] "), shown
    commands = ("demo", "info", "outline", "run", "samples", "train", "evaluate", "map", "report", "simulate")
    for command in (*commands, "networks", "bench"):
        assert f"'{command}'" in shown
    for stage in ("thresholds", "experiments", "sensors"):
        assert f"'{stage}'" not in shown, "reached by run --until and --only"


def test_what_the_user_can_mend_ends_in_two_lines_and_code_2(tmp_path: Path) -> None:
    result = trimline("run", str(tmp_path / "absent.yaml"))
    assert result.returncode == 2
    assert "absent.yaml" in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2
    assert "Traceback" not in result.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in trimline("--debug", "run", str(tmp_path / "absent.yaml")).stderr


def test_an_unknown_stage_ends_in_two_lines_that_name_the_nearest(tmp_path: Path) -> None:
    result = trimline("run", str(tmp_path / "absent.yaml"), "--only", "sensor")
    assert result.returncode == 2
    assert result.stderr == "trimline: there is no stage 'sensor'\ndid you mean 'sensors'?\n"


@pytest.mark.parametrize("arguments", [("nothing",), ("run",), ("bench", "nothing")])
def test_wrong_usage_ends_with_code_2(arguments: tuple[str, ...]) -> None:
    assert trimline(*arguments).returncode == 2


def test_the_version_is_printed() -> None:
    import trimline as package

    assert trimline("--version").stdout.strip() == f"trimline {package.__version__}"


STOPPED = """
import sys
from trimline.cli.app import app, main

@app.command()
def stop():
    raise KeyboardInterrupt

sys.argv = ["trimline", "stop"]
main()
"""


def test_ctrl_c_says_that_the_next_run_continues() -> None:
    done = subprocess.run([sys.executable, "-c", STOPPED], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert "what was finished is kept, the next run continues" in done.stderr


def test_debug_shows_the_traceback_and_keeps_the_code(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").touch()
    plain, debug = (trimline(*more, "info", str(tmp_path / "empty.tif")) for more in ((), ("--debug",)))
    assert (plain.returncode, debug.returncode) == (2, 2)
    assert "Traceback" in debug.stderr
    assert debug.stderr.endswith(plain.stderr)


@pytest.mark.parametrize(
    ("command", "option", "value"),
    [
        *(("outline", "--scale", value) for value in ("nan", "inf", "0", "-1")),
        ("outline", "--offset", "nan"),
        ("outline", "--ratio", "inf"),
        ("outline", "--ndsi", "nan"),
        ("outline", "--blue", "nan"),
        ("outline", "--threshold", "nan"),
        ("outline", "--snow-limit", "nan"),
        *(("outline", "--minimum-area-km2", value) for value in ("nan", "inf", "-1")),
        ("outline", "--minimum-hole-km2", "inf"),
        *(("glaciers", "--pixel", value) for value in ("nan", "inf", "0", "-30")),
        ("glaciers", "--band", "nan"),
        ("terminus", "--pixel", "nan"),
        ("terminus", "--spacing", "0"),
        ("simulate", "--resolution", "inf"),
        ("simulate", "--rise", "nan"),
    ],
)
def test_a_number_that_cannot_be_names_its_option(command: str, option: str, value: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [command, str(tmp_path / "absent.tif"), option, value])
    assert result.exit_code == 2
    assert f"'{option}'" in result.output
