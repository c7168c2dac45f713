"""A scene for the installed program: a real one where the data are, else one that it simulates itself."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
from tests.package.installed import REPOSITORY, Installation

REAL = Path(os.environ.get("TRIMLINE_DATA", REPOSITORY.parent / "shared/data")).resolve() / "vinciguerra/2019.tif"
REAL_AREA_KM2 = 0.425
"""Of the outlines that were drawn by hand on the real scene; shared/data/README.md."""


@dataclass(frozen=True)
class Scene:
    """A scene, and the options by which it is read."""

    path: Path
    options: tuple[str, ...] = ()
    drawn_km2: float | None = None
    """Area of ice that was drawn by hand; None of a simulated scene."""


def scene_for(installation: Installation, folder: Path) -> Scene:
    """Return the real scene, or have one simulated into the folder."""
    if REAL.is_file():
        how = ("--sensor", "sentinel-2-msi", "--scale", "0.0001", "--offset", "0", "--nodata", "0")
        return Scene(REAL, how, REAL_AREA_KM2)
    made = folder / "range"
    how = ("--sensor", "sentinel-2-msi", "--date", "2019-08-20", "--size", "192", "--resolution", "20")
    installation.run("--quiet", "simulate", made, *how, cwd=folder)
    return Scene(made / "S2_20190820.tif")


def check_outlines(file: Path, scene: Scene) -> float:
    """Check that a file has outlines of the ice of a scene; give their area [km2]."""
    outlines = gpd.read_file(file)
    assert len(outlines) > 0
    assert outlines.geometry.is_valid.all()
    area_km2 = float(outlines["area_km2"].sum())
    assert area_km2 > 0
    if scene.drawn_km2 is not None:
        assert abs(area_km2 - scene.drawn_km2) < 0.2 * scene.drawn_km2, "as drawn by hand, within a fifth"
    return area_km2
