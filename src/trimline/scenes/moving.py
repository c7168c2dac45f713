"""Scenes put in place: the grid of every band moved by a shift, the pixels untouched."""

from __future__ import annotations

import math
from dataclasses import replace

from trimline.errors import GridError
from trimline.scenes.asset import Asset
from trimline.scenes.grid import footprint_in_degrees
from trimline.scenes.grid_shift import GridShift
from trimline.scenes.scene import Scene


def moved_scene(scene: Scene, east_m: float, north_m: float) -> Scene:
    """Return a scene that lies elsewhere: its grid, and those of all its bands and quality files, are moved.

    No pixel changes: reading on the scene's own grid gives the same numbers, and reading on another grid resamples
    once, as it does for every scene. The identity of the scene changes.

    Parameters
    ----------
    scene
        The scene.
    east_m, north_m
        By how much, in the CRS of the scene [m]. Of a scene that lies off by a
        `trimline.coregistration.Shift`, its numbers with the other sign.

    Raises
    ------
    GridError
        The shift is no finite number, or the scene has no CRS.

    Examples
    --------
    >>> from trimline.scenes import moved_scene
    >>> placed = moved_scene(scene, -shift.east_m, -shift.north_m)
    """
    if not (math.isfinite(east_m) and math.isfinite(north_m)):
        raise GridError(
            f"a scene cannot be moved by {east_m} and {north_m} m", where=scene.id, remedy="give finite numbers"
        )
    crs = scene.crs
    if crs is None:
        raise GridError("the scene has no CRS", where=scene.id, remedy="assign the right one")
    step = GridShift(east_m, north_m, crs)

    def moved(asset: Asset) -> Asset:
        known = asset.shift
        return replace(asset, shift=step if known is None else known.plus(east_m, north_m))

    grid = step.of(scene.geobox)
    return replace(
        scene,
        geobox=grid,
        footprint=footprint_in_degrees(grid),
        assets={name: moved(asset) for name, asset in scene.assets.items()},
        quality_assets={key: moved(asset) for key, asset in scene.quality_assets.items()},
    )


def shift_of(scene: Scene) -> tuple[float, float] | None:
    """Return east and north by which a scene was moved [m]; None where it lies where its files say."""
    for asset in (*scene.assets.values(), *scene.quality_assets.values()):
        if asset.shift is not None:
            return asset.shift.east_m, asset.shift.north_m
    return None
