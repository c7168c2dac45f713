"""Shift between two scenes of one place, from stable ground that both show."""

from __future__ import annotations

import geopandas as gpd

from trimline.coregistration.combining import combined
from trimline.coregistration.shift import NoShift, Shift
from trimline.coregistration.stable_ground import common_block, pairs_of
from trimline.errors import BandError
from trimline.scenes import Scene

BANDS = ("nir", "swir1", "red", "green", "swir2", "nir08", "blue")
"""Bands that are correlated, the first that both scenes have: rock, debris and vegetation differ most in NIR."""

MOST_M = 450.0
"""Largest shift that is looked for [m], of windows that are wide enough: fifteen pixels of Landsat."""


def shift_between(
    reference: Scene,
    scene: Scene,
    *,
    band: str | None = None,
    glaciers: gpd.GeoDataFrame | None = None,
    most_m: float = MOST_M,
) -> Shift | NoShift:
    """Measure how far a scene lies off a reference scene of the same place.

    Windows that are spread over the ground in common are correlated by the directions of their gradients, where both
    show stable ground; see `trimline.coregistration.correlation`. All together must show one shift, and the windows by
    themselves agree on it, as in AROSICS (Scheffler and others, 2017, Remote Sensing 9, 676). What is clouded, snowed
    under, without contrast or of another place gives no number.

    Parameters
    ----------
    reference
        The scene whose place counts.
    scene
        Another of the same place: of any date, sensor, resolution and CRS.
    band
        Common name of the band that is correlated; None means the first of NIR, SWIR 1, red, ... that both have.
    glaciers
        Outlines of glaciers, which are left out; without them flags and spectra tell snow and ice.
    most_m
        Largest shift that is looked for [m]; small scenes allow less.

    Returns
    -------
    Shift or NoShift
        The shift with its standard error, or why it cannot be told.

    Raises
    ------
    BandError
        One of the scenes lacks the band, or they have none in common.
    ProductError
        A raster is damaged.

    Examples
    --------
    >>> import trimline
    >>> from trimline.coregistration import shift_between
    >>> first = trimline.open_scene("LT05_L1TP_139036_19880820_20200917_02_T1")
    >>> second = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> print(shift_between(first, second))
    4.1 m east, 2.0 m south, ± 0.9 m
    """
    chosen = common_band(reference, scene) if band is None else band
    ground = common_block(reference, scene)
    if ground is None:
        return NoShift("the scenes have too little ground in common")
    pairs, offset = pairs_of(reference, scene, chosen, ground, most_m=most_m, glaciers=glaciers)
    found = combined(pairs)
    if isinstance(found, str):
        return NoShift(found)
    pixel_x, pixel_y = float(ground.resolution.x), float(ground.resolution.y)
    return Shift(
        east_m=found.columns * pixel_x + offset[0],
        north_m=found.rows * pixel_y + offset[1],
        error_m=found.error * abs(pixel_x),
        pixel_m=abs(pixel_x),
        windows=found.windows,
        share=found.windows / found.of,
        band=chosen,
    )


def common_band(reference: Scene, scene: Scene) -> str:
    """Return the band that two scenes are compared in.

    Raises
    ------
    BandError
        They have none in common.
    """
    for band in BANDS:
        if band in reference.assets and band in scene.assets:
            return band
    raise BandError(
        f"the scene has none of {', '.join(BANDS)} in common with {reference.id}",
        where=scene.id,
        remedy="name a band that both have",
    )
