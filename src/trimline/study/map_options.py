"""How a project maps: its settings as the options that mapping and evaluation share."""

from __future__ import annotations

from trimline.errors import ProjectError
from trimline.mapping import GlacierZone, MapOptions
from trimline.outlines import read_outlines
from trimline.project import Project

DECIDE_MASKS = frozenset({"window", "screen", "clouds", "within_m", "minimum_elevation_m", "precision", "engine"})
"""Keys of `map` in the project file that decide which pixels are ice; the others decide how outlines are drawn."""


def map_options(project: Project) -> MapOptions:
    """Return the options that scenes of a project are mapped and judged with.

    Raises
    ------
    ProjectError
        The project confines its maps by an inventory or a DEM that it does not name.
    """
    settings = project.map
    return MapOptions(
        window=settings.window,
        screen=settings.screen,
        clouds=settings.clouds,
        within=_zone(project),
        minimum_area_m2=settings.minimum_area_km2 * 1e6,
        minimum_hole_m2=settings.minimum_hole_km2 * 1e6,
        smoothing=settings.smoothing,
        precision=settings.precision,
        engine=settings.engine,
    )


def _zone(project: Project) -> GlacierZone | None:
    """Return the ground that the project confines its maps to."""
    settings = project.map
    if settings.within_m is None and settings.minimum_elevation_m is None:
        return None
    outlines = None
    if settings.within_m is not None:
        if project.inventory is None:
            raise ProjectError(
                "within_m is a distance from an inventory", where="map.within_m", remedy="give an inventory"
            )
        outlines = read_outlines(project.inventory)
    if settings.minimum_elevation_m is not None and project.dem is None:
        raise ProjectError("minimum_elevation_m needs elevation", where="map.minimum_elevation_m", remedy="give a dem")
    return GlacierZone(outlines, settings.within_m or 0.0, project.dem, settings.minimum_elevation_m)
