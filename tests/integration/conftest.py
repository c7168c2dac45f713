"""What several integration tests share."""

from __future__ import annotations

import pytest
from tests.candidates import Candidates, make_candidates

LATEST = ("2016-2018",)


@pytest.fixture(scope="session")
def latest(tmp_path_factory: pytest.TempPathFactory) -> Candidates:
    """Return an archive of the ten candidates of the latest period, of Landsat 8 and Sentinel-2."""
    return make_candidates(tmp_path_factory.mktemp("latest"), LATEST)
