"""The watch sees what it is there to see."""

from __future__ import annotations

import pytest
from tests.faults.traps import TRAPS
from tests.faults.watch import Outcome, Try, Watch

EXPECTED = {
    "raises": ("wrong", "KeyError"),
    "hangs": ("hung", ""),
    "grows": ("too large", ""),
    "writes outside": ("wrong", "wrote outside"),
    "asks": ("wrong", "a request to the network"),
    "says much": ("wrong", "printed lines"),
    "dies": ("wrong", "the process died"),
    "quotes": ("refused", "ProjectError"),
    "three lines": ("wrong", "a message of 3 lines"),
    "nothing": ("fine", ""),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("watch")
    with Watch(folder, 1, processor_s=1.0, memory_bytes=1 << 28, preloads=False) as watch:
        return {each.kind: each for each in watch.tried([Try(name, 0) for name in TRAPS])}


@pytest.mark.parametrize("trap", EXPECTED)
def test_what_goes_wrong_is_seen(outcomes: dict[str, Outcome], trap: str) -> None:
    ending, what = EXPECTED[trap]
    assert outcomes[trap].ending == ending, outcomes[trap]
    assert what in outcomes[trap].what
