"""Environments into which nothing but the wheel is installed, and the program run in them as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
UV = (sys.executable, "-m", "uv", "--quiet", "--no-progress")
INSTALL_S = 1200
"""How long an installation may take where nothing is in uv's cache: the wheels of PyTorch are 3 GB [s]."""
_OF_THIS_PYTHON = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_CURRENT_TEST", "PYTHONSAFEPATH")


def clean_environment() -> dict[str, str]:
    """Return the environment variables without those that lead to this Python and its sources."""
    return {name: value for name, value in os.environ.items() if name not in _OF_THIS_PYTHON}


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the wheel in it."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    @property
    def trimline(self) -> Path:
        """Its program."""
        return self.folder / "bin/trimline"

    def run(
        self, *arguments: str | Path, cwd: Path, timeout_s: float = 600, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `trimline` in a folder; where it fails, what it said is shown."""
        return self._ran([self.trimline, *arguments], cwd, timeout_s, check)

    def python_says(self, code: str, *, cwd: Path) -> str:
        """Return what some Python prints."""
        return self._ran([self.python, "-c", code], cwd, 600, True).stdout.strip()

    def packages(self) -> dict[str, str]:
        """Return the versions of what is installed."""
        command = [*UV, "pip", "list", "--format", "json", "--python", self.python]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        return {each["name"]: each["version"] for each in json.loads(listed.stdout)}

    @staticmethod
    def _ran(command: list[str | Path], cwd: Path, timeout_s: float, check: bool) -> subprocess.CompletedProcess[str]:
        ran = subprocess.run(
            command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False, timeout=timeout_s
        )
        if check:
            assert ran.returncode == 0, f"{command}: {ran.returncode}\n{ran.stdout[-2000:]}\n{ran.stderr[-4000:]}"
        return ran


def installed(wheel: Path, folder: Path, *, extra: str = "", python: str = sys.executable) -> Installation:
    """Install a wheel, and what it needs in the versions of constraints.txt, into a new environment."""
    subprocess.run([*UV, "venv", "--python", python, folder], env=clean_environment(), check=True)
    what = f"{wheel}[{extra}]" if extra else str(wheel)
    subprocess.run(
        [*UV, "pip", "install", "--python", folder / "bin/python", "-c", REPOSITORY / "constraints.txt", what],
        env=clean_environment(),
        check=True,
        timeout=INSTALL_S,
    )
    return Installation(folder)
