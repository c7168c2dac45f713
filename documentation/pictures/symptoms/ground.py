"""Ground of the pictures: real scenes where they are at hand, else simulated ranges, each made once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd

from trimline.inference import Model, load_weights
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange
from trimline.scenes import Scene, open_scene
from trimline.simulate import RangeManifest, write_range

_REPOSITORY = Path(__file__).resolve().parents[3]
_LANDSAT_8, _LANDSAT_7, _LANDSAT_5 = "landsat-8-oli", "landsat-7-etm", "landsat-5-tm"

PLATEAU, VALLEYS, TURBID = "plateau", "valleys", "turbid"
_RANGES = {
    PLATEAU: {
        "size": 256,
        "seed": 9001,
        "scenes": [
            {"date": "2010-08-25", "sensor": _LANDSAT_7},
            {"date": "2010-09-02", "sensor": _LANDSAT_5},
            {"date": "2018-05-28", "sensor": _LANDSAT_8},
            {"date": "2018-08-07", "sensor": _LANDSAT_8, "cloud_fraction": 0.3},
            {"date": "2018-08-23", "sensor": _LANDSAT_8},
            {"date": "2018-12-20", "sensor": _LANDSAT_8, "snow": 0.1},
        ],
    },
    VALLEYS: {
        "size": 256,
        "seed": 7,
        "environment": "warm-green",
        "scenes": [{"date": "2018-08-23", "sensor": _LANDSAT_8, "cloud_fraction": 0.0}],
    },
    TURBID: {
        "size": 288,
        "resolution_m": 10,
        "seed": 9001,
        "scenes": [{"date": "2022-08-23", "sensor": "sentinel-2-msi"}],
    },
}


def real_data() -> Path | None:
    """Return the folder of real imagery, that of ``TRIMLINE_DATA`` or ``../shared/data``, if there is one."""
    folder = Path(os.environ.get("TRIMLINE_DATA", _REPOSITORY.parent / "shared" / "data")).resolve()
    return folder if folder.is_dir() else None


@dataclass(frozen=True)
class Look:
    """A scene, the outlines that are right, and what the picture says of where it is from."""

    scene: Scene
    truth: gpd.GeoDataFrame
    """In the scene's CRS."""
    source: str


class Ground:
    """Scenes for the pictures, simulated in a folder when they are asked for.

    Parameters
    ----------
    folder
        Gets the simulated ranges.
    data
        Folder of real imagery; None draws all pictures on simulated ground.
    """

    def __init__(self, folder: Path, data: Path | None) -> None:
        self.folder, self.data = folder, data
        self._ranges: dict[str, RangeManifest] = {}

    @cached_property
    def network(self) -> Model:
        """The network that comes along, loaded once."""
        return load_weights()

    def simulated(self, name: str, date: str) -> Look:
        """Return a simulated scene, by its range and day."""
        found = self._range(name)
        record = next(each for each in found.scenes if each.date == date)
        scene = open_scene(found.folder / record.product)
        truth = read_outlines(found.folder / record.outlines).to_crs(scene.crs)
        return Look(scene, truth, f"Simulated {_sensor_words(scene)}, {date}")

    def dem(self, name: str) -> Path:
        """Return the elevation of a simulated range."""
        found = self._range(name)
        return Path(found.folder, found.dem)

    def khumbu(self, season: str) -> Look | None:
        """Return Khumbu and Changri in a season of 2024, with RGI 6.0 outlines; None without real data."""
        if self.data is None:
            return None
        folder = self.data / "khumbu"
        scene = open_scene(folder / f"khumbu_s2_{season}_2024.tif", sensor="sentinel-2-msi", scale=1, offset=0)
        truth = read_outlines(folder / "khumbu_rgi6_outlines.geojson").to_crs(scene.crs)
        return Look(scene, truth, f"Khumbu, Sentinel-2, {season} 2024")

    def _range(self, name: str) -> RangeManifest:
        if name not in self._ranges:
            settings = SimulatedRange.model_validate({"name": name, "rise_m_per_a": 0.0, **_RANGES[name]})
            self._ranges[name] = write_range(settings, self.folder / name, progress=False)
        return self._ranges[name]


def vinciguerra_stack(data: Path, year: int) -> tuple[Path, Path]:
    """Return the stack of Glaciar Vinciguerra of a year, and the raster of its outlines drawn by hand."""
    folder = data / "vinciguerra"
    return folder / f"{year}.tif", folder / f"{year}_label.tif"


def _sensor_words(scene: Scene) -> str:
    missions: Sequence[tuple[str, str]] = (("landsat-", "Landsat "), ("sentinel-2", "Sentinel-2"))
    for start, words in missions:
        if scene.sensor.id.startswith(start):
            return words + (scene.sensor.id.split("-")[1] if start == "landsat-" else "")
    return scene.sensor.id
