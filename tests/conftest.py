"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

# As the command line does, before anything imports torch: two test processes share the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest

_REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def trimline_data() -> Path:
    """Folder of real imagery and outlines; the test is skipped where it is absent."""
    folder = Path(os.environ.get("TRIMLINE_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"real test data are absent: set TRIMLINE_DATA (looked in {folder})")
    return folder
