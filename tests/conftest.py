"""What every test may ask for."""

from __future__ import annotations

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

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


@pytest.fixture(scope="session")
def site() -> Path:
    """Folder of the built documentation; the test is skipped where it was not built."""
    folder = Path(os.environ.get("TRIMLINE_SITE", _REPOSITORY / "site"))
    if not (folder / "search" / "search_index.js").is_file():
        pytest.skip(f"the documentation is not built: make docs (looked in {folder})")
    return folder


@pytest.fixture(scope="session")
def sentinel2() -> ModuleType:
    """Give the maker of Sentinel-2 products, `tests/sentinel2_products.py`."""
    specification = spec_from_file_location("sentinel2_products", Path(__file__).with_name("sentinel2_products.py"))
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    sys.modules[specification.name] = module  # where dataclasses look their module up
    specification.loader.exec_module(module)
    return module
