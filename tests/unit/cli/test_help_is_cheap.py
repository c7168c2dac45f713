"""What `import trimline` and `--help` cost, in modules loaded: times differ between machines, counts do not."""

from __future__ import annotations

import subprocess
import sys

import pytest

BARE = 35
"""Modules that `import trimline` may load: 30 with Python 3.11, `typing` and what it stands on."""
HELP = 165
"""Modules that `trimline --help` may load: 150 with Python 3.11, of which 109 come with typer and 26 are trimline's."""
HELP_OF_A_COMMAND = 290
"""Modules that the help of a command may load: 261 with Python 3.11; typer reads types by pydantic."""
OWN = 30
"""Modules of trimline that any help may load: 26, one of each command, and what the options of several share."""

COMMAND_LINE = {"typer", "click", "shellingham", "annotated_doc", "pydantic", "pydantic_core", "annotated_types"}
COMMAND_LINE |= {"typing_extensions", "typing_inspection", "trimline"}
"""Packages that help may load: typer, and what it stands on."""

PYTHON = set(sys.stdlib_module_names)

CODE = """
import sys
before = set(sys.modules)
{statement}
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""
HELP_SHOWN = """
from trimline.cli import main
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
"""


def loaded(statement: str, *arguments: str) -> list[str]:
    """Return the modules that a statement loads in a fresh Python."""
    command = [sys.executable, "-c", CODE.format(statement=statement), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return ran.stderr.split()


def foreign(modules: list[str]) -> set[str]:
    """Return the packages, of those modules, that are neither Python's own nor of the command line."""
    packages = {each.partition(".")[0] for each in modules}
    return {each for each in packages if not each.startswith("_sysconfigdata")} - PYTHON - COMMAND_LINE


def test_import_trimline_loads_next_to_nothing() -> None:
    modules = loaded("import trimline")
    assert "trimline" in modules
    assert len(modules) <= BARE, modules
    assert foreign(modules) == set()


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (["--help"], HELP),
        (["info", "--help"], HELP_OF_A_COMMAND),
        (["outline", "--help"], HELP_OF_A_COMMAND),
        (["bench", "--help"], HELP_OF_A_COMMAND),
    ],
)
def test_help_loads_the_command_line_alone(arguments: list[str], most: int) -> None:
    modules = loaded(HELP_SHOWN, *arguments)
    assert "trimline.cli.info" in modules
    assert len([each for each in modules if each.partition(".")[0] == "trimline"]) <= OWN
    assert foreign(modules) == set()
    assert len(modules) <= most, modules


def test_a_heavy_package_would_be_noticed() -> None:
    assert foreign(loaded("import trimline.rasters")) >= {"numpy", "rasterio"}
