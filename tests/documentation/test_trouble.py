"""The page of symptoms shows faults that are there before the remedy and gone after it, and shows all of them."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from documentation.pictures.symptoms import numbers, surfaces
from documentation.pictures.symptoms.before_after import RIGHT, WRONG, Case
from documentation.pictures.symptoms.ground import Ground
from documentation.pictures.trouble import SYMPTOMS
from matplotlib.colors import to_rgb

pytestmark = pytest.mark.slow  # `make test-docs` runs it

PAGE = Path(__file__).resolve().parents[2] / "docs" / "trouble.md"

BOUNDS = {
    "snow": (0.15, 0.03),
    "water": (0.05, 0.005),
    "shadow": (0.03, 0.015),
    "missing_data": (2.0, 0.5),
    "tiny_polygons": (20, 0),
    "cloud": (0.5, 0.15),
    "debris": (0.08, 0.001),
    "stripes": (0.25, 0.15),
    "wrong_offset": (0.3, 0.2),
    "dark_scale": (0.4, 0.15),
    "wrong_bands": (0.95, 0.15),
    "shifted_outlines": (100.0, 15.0),
    "shifted_scene": (0.5, 0.2),
    "mirrored": (0.8, 0.15),
    "seam": (300.0, 100.0),
    "divides": (0.9, 0.4),
    "area_jump": (0.2, 0.0),
    "holes": (8, 0),
    "stairs": (0.99, 0.01),
}
"""The least fault before the remedy, and the largest after it, on simulated ground."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Case]:
    """Return all cases on simulated ground, by name."""
    ground = Ground(tmp_path_factory.mktemp("trouble"), None)
    return {case.name: case for case in (symptom(ground) for symptom in SYMPTOMS)}


@pytest.mark.parametrize("name", BOUNDS)
def test_the_fault_is_there_before_the_remedy_and_gone_after_it(name: str, made: dict[str, Case]) -> None:
    case = made[name]
    least_before, most_after = BOUNDS[name]
    assert case.before >= least_before, case.what
    assert case.after <= most_after, case.what


def test_the_page_shows_every_picture_and_no_other(made: dict[str, Case]) -> None:
    shown = re.findall(r"!\[(.+)\]\(pictures/trouble/(\w+)\.png\)", PAGE.read_text(encoding="utf-8"))
    assert sorted(name for _, name in shown) == sorted(made) == sorted(BOUNDS)
    assert all("Before: " in words and "After: " in words for words, _ in shown)


def test_every_symptom_of_the_table_has_its_section() -> None:
    text = PAGE.read_text(encoding="utf-8")
    anchors = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^### (.+)$", text, re.M)}
    table = text.partition("## Find the symptom")[2].partition("\n## ")[0]
    linked = set(re.findall(r"\(#([\w-]+)\)", table))
    assert linked == anchors


@pytest.mark.parametrize("name", [name for name in BOUNDS if name != "area_jump"])
def test_a_picture_has_the_wrong_outline_on_the_left_and_the_right_one_on_the_right(
    name: str, made: dict[str, Case], tmp_path: Path
) -> None:
    picture = matplotlib.image.imread(made[name].write(tmp_path))[..., :3]
    panels = picture[: int(0.8 * len(picture))]
    left, right = np.array_split(panels, 2, axis=1)
    assert picture.shape[1] == 880
    assert _pixels_of(WRONG, left) > 100
    assert _pixels_of(RIGHT, right) > 100
    assert _pixels_of(WRONG, right) < 0.1 * _pixels_of(WRONG, left)


def test_divides_and_smooth_corners_change_no_area(made: dict[str, Case]) -> None:
    for name in ("divides", "stairs"):
        assert made[name].kept["area after"] == pytest.approx(made[name].kept["area before"], rel=1e-3)


def test_the_year_under_snow_is_the_one_that_is_flagged(made: dict[str, Case]) -> None:
    assert made["area_jump"].kept == {"flagged": 1.0, "the last is flagged": 1.0}


def test_the_faults_are_there_on_real_ground_too(trimline_data: Path, tmp_path: Path) -> None:
    ground = Ground(tmp_path, trimline_data)
    snow, debris, offset = (each(ground) for each in (surfaces.snow, surfaces.debris, numbers.wrong_offset))
    assert snow.before > 3.0
    assert debris.before > 0.8
    assert offset.before > 0.8
    assert offset.after < 0.2


def _pixels_of(colour: str, picture: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> int:
    return int((np.abs(picture - np.array(to_rgb(colour))).max(axis=-1) < 0.05).sum())
