"""What a simulated range can be: sizes that divide, sensors that are simulated, days on which they flew."""

from __future__ import annotations

from trimline.errors import SimulationError
from trimline.project import SimulatedRange
from trimline.sensors import get_sensor
from trimline.simulate.sentinel2_names import LAUNCH
from trimline.simulate.sentinel2_product import COARSEST_M


def check_settings(settings: SimulatedRange, cells: int, finer: int) -> None:
    """Refuse settings that cannot be simulated.

    Parameters
    ----------
    settings
        The range.
    cells
        Pixels that must divide its size.
    finer
        Pixels of the surfaces along the side of a DEM pixel.

    Raises
    ------
    SimulationError
        The size does not divide, a sensor is not simulated or does not fit, or two acquisitions would have one name.
    """
    where = settings.name
    if settings.size % cells:
        raise SimulationError(
            f"a range of {settings.size} pixels does not divide into cells of {cells}",
            where=where,
            remedy=f"choose a multiple of {cells} for size",
        )
    names = [(acquisition.sensor, acquisition.date) for acquisition in settings.scenes]
    if len(set(names)) < len(names):
        raise SimulationError("a sensor has two acquisitions on one day", where=where)
    for acquisition in settings.scenes:
        sensor = get_sensor(acquisition.sensor)
        if sensor.instrument not in ("TM", "ETM+", "OLI", "MSI"):
            raise SimulationError(f"{sensor.id} cannot be simulated", where=where)
        per_pixel = finer * sensor.gsd_m / settings.resolution_m
        side_m = settings.size * settings.resolution_m
        if per_pixel < finer or per_pixel % 1 or side_m % sensor.gsd_m:
            raise SimulationError(
                f"pixels of {settings.resolution_m} m do not fit those of {sensor.id} ({sensor.gsd_m} m)",
                where=where,
                remedy="choose 10 m, or 30 m for Landsat alone",
            )
        if acquisition.format == "stack":
            continue
        if side_m % COARSEST_M:
            raise SimulationError(
                f"a range of {side_m:g} m is not whole pixels of {COARSEST_M} m, which SAFE products have",
                where=where,
                remedy="choose a multiple of 48 for size at 10 m",
            )
        if acquisition.date < LAUNCH:
            raise SimulationError(
                f"Sentinel-2 did not fly on {acquisition.date}", where=where, remedy=f"choose a day after {LAUNCH}"
            )
