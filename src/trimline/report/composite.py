"""False-colour composites of SWIR 1, near infrared and red as red, green and blue.

Ice absorbs in the short-wave infrared and reflects in the visible, so it is cyan in these composites; snow is a paler
cyan, water dark, vegetation green, rock brown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimline.errors import BandError

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

    from trimline.scenes import Scene

COMPOSITES = (("swir1", "nir", "red"), ("nir", "red", "green"), ("red", "green", "blue"))
"""Bands shown as red, green and blue, in order of preference."""

_DARKEST, _BRIGHTEST = 2.0, 98.0
"""Percentiles of the valid values that become black and full colour."""
CEILINGS = {"swir1": 0.62}
"""Largest brightness of bands: at 1, SWIR 1 would show rock as red and not brown."""
_GAMMA = 0.75
"""Exponent of the stretch; below 1 it brightens shade."""


def composite_bands(scene: Scene) -> tuple[str, str, str]:
    """Return the bands shown as red, green and blue: the first of `COMPOSITES` that the scene has.

    Raises
    ------
    BandError
        It has none of them.
    """
    for bands in COMPOSITES:
        if all(band in scene.assets for band in bands):
            return bands
    raise BandError(
        "no composite can be made of the bands " + ", ".join(scene.assets),
        where=scene.id,
        remedy="one of these is needed: " + "; ".join(", ".join(bands) for bands in COMPOSITES),
    )


def false_colour(scene: Scene, geobox: GeoBox | None = None) -> NDArray[np.uint8]:
    """Return a composite of a scene, each band stretched between its 2nd and 98th percentile.

    Parameters
    ----------
    scene
        The scene. It needs no calibration, since the stretch is independent of scale and offset.
    geobox
        The grid; None means the scene's own.

    Returns
    -------
    NDArray[np.uint8]
        (h, w, 4): red, green, blue and opacity, which is 0 where the scene has no data.

    Raises
    ------
    BandError
        The scene has the bands of no composite.
    """
    bands = composite_bands(scene)
    values = scene.read(bands, geobox, units="dn").values
    valid = np.isfinite(values).all(axis=0)
    picture = np.zeros((*valid.shape, 4), np.uint8)
    if valid.any():
        for i, (name, band) in enumerate(zip(bands, values, strict=True)):
            picture[valid, i] = stretched(band[valid], CEILINGS.get(name, 1.0))
        picture[valid, 3] = 255
    return picture


def stretched(values: NDArray[np.float32], ceiling: float) -> NDArray[np.uint8]:
    """Return (n,) values of a band as brightness, stretched between their 2nd and 98th percentile.

    Parameters
    ----------
    values
        Without NaN, at least one.
    ceiling
        Largest brightness, 0 to 1; see `CEILINGS`.
    """
    low, high = np.percentile(values, (_DARKEST, _BRIGHTEST))
    span = high - low if high > low else 1.0
    return np.asarray(np.clip((values - low) / span, 0, 1) ** _GAMMA * ceiling * 255 + 0.5, dtype=np.uint8)
