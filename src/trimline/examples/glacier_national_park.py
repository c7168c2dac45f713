"""The example `glacier-national-park`: outlines of five dates with published areas, or of a simulated range."""

from __future__ import annotations

import shutil
from pathlib import Path

from trimline.examples.described import Described

PERIODS = {"lia": 1850, "1966": 1966, "1998": 1998, "2005": 2005, "2015": 2015}
"""Periods, as in the names of the files, and the years that stand for them."""

_REAL = (
    "Glacier National Park, Montana: outlines of 39 named glaciers by the United States Geological Survey (public "
    "domain), as collected by the public repository efano/GNP-glaciers. EPSG:4326."
)
_SIMULATED = (
    "A simulated range whose glaciers retreat from 1850 on, named and numbered like those of Glacier National Park. "
    "EPSG:4326. Free to use."
)
_AREAS = "AREA is the published area in square metres; num and GLACNAME are those of the glacier on all dates."
_SIMULATED_AREAS = "AREA is the planar area in square metres; num and GLACNAME are those of the glacier on all dates."
_LIA = (
    "lia is the greatest extent of the Little Ice Age, whose year differs from glacier to glacier: 1850 may stand for "
    "it (--date lia=1850)."
)


def described(is_real: bool) -> Described:
    """Return what the files are."""
    files = {f"outlines_{period}.geojson": f"outlines of {period}: Year, GLACNAME, num, AREA" for period in PERIODS}
    files["outlines_lia.geojson"] = "outlines of the Little Ice Age: Year, GLACNAME, num, AREA and more"
    if not is_real:
        files["outlines_lia.geojson"] = (
            "outlines of 1850, which stands for the Little Ice Age: Year, GLACNAME, num, AREA"
        )
    return Described(_REAL if is_real else _SIMULATED, files, (_AREAS if is_real else _SIMULATED_AREAS, _LIA))


def from_data(data: Path, folder: Path) -> None:
    """Copy the outlines.

    Parameters
    ----------
    data
        The folder of real data.
    folder
        Where to write.
    """
    for period in PERIODS:
        name = f"outlines_{period}.geojson"
        shutil.copyfile(data / "glacier_national_park" / name, folder / name)


def simulated(folder: Path) -> None:
    """Simulate a range, and write its outlines with their planar areas.

    Parameters
    ----------
    folder
        Where to write.
    """
    from trimline.examples.simulated_outlines import NUMBER, outlines_through_years
    from trimline.outlines import write_outlines
    from trimline.reprojecting import in_degrees
    from trimline.workplace import temporary_folder

    with temporary_folder() as place:
        through = outlines_through_years(list(PERIODS.values()), place, seed=5, rise_m_per_a=1.2)
    for period, outlines in zip(PERIODS, through, strict=True):
        numbers = outlines[NUMBER]
        named = outlines[["geometry"]].assign(
            Year=period.upper(),
            GLACNAME=[f"Simulated Glacier {number}" for number in numbers],
            num=numbers.to_numpy(),
            AREA=outlines.area.round(2),
        )
        write_outlines(named.set_geometry(in_degrees(named.geometry)), folder / f"outlines_{period}.geojson")
