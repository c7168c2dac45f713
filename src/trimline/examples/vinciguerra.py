"""The example `vinciguerra`: Sentinel-2 stacks of three years with masks drawn by hand, or a simulated glacier."""

from __future__ import annotations

import shutil
from pathlib import Path

from trimline.examples.described import Described
from trimline.files import write_json
from trimline.sensors import get_sensor

OFFSETS = {2019: 0, 2020: 0, 2022: -1000}
"""Offset of the digital numbers by year: processing baseline 04.00 is in force since 25 January 2022."""

SENSOR = "sentinel-2-msi"
_SIDE = 192
"""Pixels of the simulated scene on a side, of 10 m."""

_REAL = (
    "Glaciar Vinciguerra, Tierra del Fuego, 54.7 S: Sentinel-2 Level-1C, 10 m, EPSG:32719. Contains modified "
    "Copernicus Sentinel data 2019, 2020 and 2022. Images and masks were collected by the public repository "
    "vpouseu/Clasificacion-de-Glaciar-Vinciguerra, which states no licence: ask its authors before you pass them on."
)
_SIMULATED = (
    "A simulated valley seen by a simulated Sentinel-2 in late August of the three years, 10 m, EPSG:32646. "
    "The masks are the simulator's truth, debris-covered ice included. Free to use. "
    "The real images and masks are in the public repository vpouseu/Clasificacion-de-Glaciar-Vinciguerra."
)
_OPTIONS = (
    "Reflectance = (DN + offset) x scale. Each image has a sidecar, a JSON file of the same name that says so. Without "
    "it the options would be --sensor sentinel-2-msi --scale 0.0001 --nodata 0, and --offset 0 (2019, 2020) or "
    "--offset -1000 (2022)."
)
_DAYS = "The day of the images is not recorded: give the year with --date where it is asked for."
_SNOW = "The masks take in some patches of seasonal snow, so that their area is larger in 2020 than in 2019."


def described(is_real: bool) -> Described:
    """Return what the files are."""
    files: dict[str, str] = {}
    bands = "13 bands and 3 quality bands" if is_real else "10 bands, without those of 60 m"
    drawn = "drawn by hand" if is_real else "the simulator's truth"
    for year in OFFSETS:
        files[f"{year}.tif"] = f"the image of {year}: {bands}, 16 bits"
        files[f"{year}.json"] = "its sidecar: sensor, scale, offset, nodata, level"
        files[f"{year}_label.tif"] = f"glacier (1) and ground (0) on the same grid, {drawn}"
    notes = (_OPTIONS, _DAYS, _SNOW) if is_real else (_OPTIONS, _DAYS)
    return Described(_REAL if is_real else _SIMULATED, files, notes)


def from_data(data: Path, folder: Path) -> None:
    """Copy images and masks, and write the sidecars.

    Parameters
    ----------
    data
        The folder of real data.
    folder
        Where to write.
    """
    for year in OFFSETS:
        for name in (f"{year}.tif", f"{year}_label.tif"):
            shutil.copyfile(data / "vinciguerra" / name, folder / name)
        _write_sidecar(folder, year)


def simulated(folder: Path) -> None:
    """Simulate a valley with a glacier, and write images, sidecars and true masks.

    Parameters
    ----------
    folder
        Where to write.
    """
    import numpy as np

    from trimline.outlines import rasterise, read_outlines
    from trimline.project import SimulatedRange
    from trimline.rasters import write_raster
    from trimline.scenes import open_scene
    from trimline.simulate import write_range
    from trimline.workplace import temporary_folder

    scenes = [{"date": f"{year}-08-25", "sensor": SENSOR, "cloud_fraction": 0.0} for year in OFFSETS]
    settings = SimulatedRange.model_validate(
        {
            "name": "valley",
            "environment": "cold-dry",
            "size": _SIDE,
            "resolution_m": get_sensor(SENSOR).gsd_m,
            "seed": 1,
            "first_year": 2005,
            "scenes": scenes,
        }
    )
    with temporary_folder() as place:
        manifest = write_range(settings, place, progress=False)
        for year, record in zip(OFFSETS, manifest.scenes, strict=True):
            geobox = open_scene(place / record.product).geobox
            mask = rasterise(read_outlines(place / record.outlines), geobox)
            write_raster(folder / f"{year}_label.tif", mask.astype(np.float32), geobox, nodata=0.0)
            shutil.copyfile(place / record.product, folder / f"{year}.tif")
            _write_sidecar(folder, year)


def _write_sidecar(folder: Path, year: int) -> None:
    content = {"sensor": SENSOR, "scale": 0.0001, "offset": OFFSETS[year], "nodata": 0, "level": "L1C"}
    write_json(folder / f"{year}.json", content)
