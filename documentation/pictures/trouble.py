"""Pictures of `docs/trouble.md`: faults of outlines and their remedies, drawn from small ground."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from documentation.pictures.symptoms import numbers, places, shapes, surfaces
from documentation.pictures.symptoms.before_after import Case
from documentation.pictures.symptoms.ground import Ground, real_data

_LOG = logging.getLogger(__name__)

SYMPTOMS: tuple[Callable[[Ground], Case], ...] = (
    surfaces.snow,
    surfaces.water,
    surfaces.cloud,
    surfaces.shadow,
    surfaces.debris,
    places.seam,
    places.shifted_outlines,
    places.shifted_scene,
    places.mirrored,
    places.stripes,
    numbers.wrong_offset,
    numbers.dark_scale,
    numbers.missing_data,
    numbers.wrong_bands,
    shapes.divides,
    shapes.area_jump,
    shapes.tiny_polygons,
    shapes.holes,
    shapes.stairs,
)
"""In the order of the page."""


def cases(folder: Path, data: Path | None) -> Iterator[Case]:
    """Yield all cases.

    Parameters
    ----------
    folder
        Gets the simulated scenes.
    data
        Folder of real imagery; None makes all on simulated ground.
    """
    ground = Ground(folder, data)
    for symptom in SYMPTOMS:
        start = time.perf_counter()
        yield symptom(ground)
        _LOG.debug("%s: %.1f s", symptom.__name__, time.perf_counter() - start)


def draw(folder: Path) -> list[Path]:
    """Draw all pictures into a folder, as ``trouble/NAME.png``."""
    into = folder / "trouble"
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        return [case.write(into) for case in cases(Path(scratch), real_data())]
