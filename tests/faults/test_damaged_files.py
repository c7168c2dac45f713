"""Files that were found to break trimline end in success or in an error that a user can correct.

The files are not part of the project: the test looks for them where `TRIMLINE_CASES` points, and skips without them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.faults.inputs import LANDSAT
from tests.faults.watch import Outcome, Try, Watch

_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDER = Path(os.environ.get("TRIMLINE_CASES", _REPOSITORY.parent / "shared" / "cases")) / "damaged"
_CASES = sorted(each.name for each in _FOLDER.iterdir()) if _FOLDER.is_dir() else []


def places(folder: Path) -> Iterator[tuple[str, Mapping[str, Path]]]:
    """Yield the kinds of input that a damaged file is tried as, and where in their folders it goes."""
    sort = folder.name.partition("__")[0]
    files = [each for each in folder.iterdir() if each.name not in ("how.txt", "rows.txt")]
    first = files[0]
    if sort in ("tif", "tif_scene"):
        for kind, name in (("stack", "S2_20180823.tif"), ("DEM", "dem.tif"), ("label raster", "labels.tif")):
            yield kind, {name: first}
    elif sort == "sidecar":
        yield "sidecar", {f"S2_20180823{each.suffix}": each for each in files}
    elif sort == "mtl":
        kind = "MTL, JSON" if first.suffix == ".json" else "MTL, text"
        yield kind, {f"{LANDSAT}/{LANDSAT}_MTL{first.suffix}": first}
    elif sort == "outlines":
        yield (
            f"outlines, {min(each.suffix[1:] for each in files if each.suffix not in ('.dbf', '.prj', '.shx'))}",
            {f"outlines{each.suffix}": each for each in files},
        )
    elif sort == "sample_store":
        how = (folder / "how.txt").read_text()
        place = re.sub(r"/c/[\d/]+", lambda found: re.sub(r"\d+", "0", found[0]), how.split(": ")[1].split(" ")[0])
        yield "sample store", {place: first}
    else:
        kind, place = {
            "checkpoint": ("checkpoint", "checkpoint.ckpt"),
            "edits": ("edits", "edits.gpkg"),
            "ledger": ("ledger", "stages/map--1988.json"),
            "safetensors": ("safetensors", "weights.safetensors"),
            "tar": ("Landsat tar", f"{LANDSAT}.tar"),
            "yaml": ("project", "project.yaml"),
        }[sort]
        yield kind, {place: first}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Outcome]]:
    """Return how all cases end."""
    if not _CASES:
        pytest.skip(f"the damaged files are absent: set TRIMLINE_CASES (looked in {_FOLDER})")
    tries, names = [], []
    for case in _CASES:
        for kind, files in places(_FOLDER / case):
            names.append(case)
            tries.append(Try(kind, len(tries), {place: str(path) for place, path in files.items()}))
    found: dict[str, list[Outcome]] = {}
    with Watch(tmp_path_factory.mktemp("damaged"), 0) as watch:
        for outcome in watch.tried(tries):
            found.setdefault(names[outcome.number], []).append(outcome)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("case", _CASES or ["none"])
def test_a_damaged_file_ends_in_success_or_a_clear_error(outcomes: dict[str, list[Outcome]], case: str) -> None:
    assert outcomes[case]
    for each in outcomes[case]:
        assert not each.is_bad, f"{each.kind}: {each.ending} at {each.place}: {each.what}"
