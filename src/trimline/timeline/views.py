"""What one scene says of each pixel of the region: ice, ground, or nothing because it cannot see there.

A scene does not see where its map has no data (fill, the gaps of a failed scan line corrector), and where the quality
band says cloud, its dilated edge, cloud shadow, ground hidden by terrain, or a dropped pixel. Thin cirrus is seen
through. Stacks without a quality band are blind only where they have no data. Where the sensor was saturated in a
reflective band it is told apart, see `trimline.timeline.rules.combine`.

A map whose pixels are those of the region is copied. Any other is resampled from its probability, bilinear (averaged
where the region's pixels are larger), and cut at the threshold again: that places an edge within a fraction of a pixel,
where the nearest pixel of a mask would move it by up to half of one. Flags are taken from the nearest pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import StageError
from trimline.mapping import PROBABILITY_NODATA, PROBABILITY_SCALE
from trimline.mapping.extent import extent_on
from trimline.scenes import Scene
from trimline.scenes.asset import Asset
from trimline.scenes.calibration import IDENTITY
from trimline.scenes.grid import offset_between
from trimline.scenes.reading import read_assets
from trimline.timeline.doubt import is_doubtful
from trimline.timeline.place import Rectangle
from trimline.timeline.rules import GROUND, ICE, UNSEEN, Said

BLINDING = ("fill", "cloud", "dilated_cloud", "cloud_shadow", "occluded", "dropped")
"""Quality flags under which a scene does not see the ground."""

_MEASURED_SIDE = 512
"""Clouds and snow are measured on about this many pixels along the longer side of a scene."""


_NO_PROBABILITY = ("band_ratio",)
"""Methods whose map says how far a ratio is from its threshold, and not how likely ice is."""


@dataclass(frozen=True)
class Seen:
    """What a scene shows of a block of the region, (h, w) each."""

    said: Said
    """`ICE`, `GROUND` or `UNSEEN`."""
    saturated: NDArray[np.bool_]
    """Where the sensor was saturated, of what was seen."""
    probability: NDArray[np.float32]
    """Of ice; NaN where nothing was seen."""
    doubtful: NDArray[np.bool_]
    """Where the map is in doubt, of what was seen."""


@dataclass(frozen=True)
class View:
    """A mapped scene."""

    scene: Scene
    mask: Path
    """Its map of ice and ground."""
    probability: Path
    """Its map of the probability of ice."""
    threshold: float
    """Probability from which on a pixel is ice."""
    doubts: bool = True
    """Whether the map's probabilities say where it is in doubt."""

    @classmethod
    def of(cls, scene: Scene, folder: Path) -> View:
        """Return the view of a scene whose maps lie in a folder.

        Raises
        ------
        StageError
            The maps are not there, or do not say their threshold.
        """
        mask = folder / "mask.tif"
        if not mask.exists():
            raise StageError("the scene has not been mapped", where=folder, remedy="run the stage map")
        with rasterio.open(mask) as source:
            tags = source.tags()
        said, network = tags.get("TRIMLINE_THRESHOLD"), tags.get("TRIMLINE_NETWORK")
        if said is None:
            raise StageError("the map does not say its threshold", where=mask, remedy="map the scene again")
        return cls(scene, mask, folder / "probability.tif", float(said), network not in _NO_PROBABILITY)

    def rectangle(self, region: GeoBox) -> Rectangle:
        """Return the part of a region's grid that the scene covers; empty where it covers none."""
        extent = extent_on(self.scene, region)
        (top, bottom), (left, right) = extent.rows, extent.columns
        height, width = region.shape
        return max(top, 0), min(bottom, height), max(left, 0), min(right, width)

    def look(self, block: GeoBox, region: GeoBox) -> Seen:
        """Return what the scene says of a block of a region.

        Parameters
        ----------
        block
            The part of the region's grid that is asked for.
        region
            The whole grid, so that every block is resampled alike.
        """
        asset = Asset(str(self.probability), IDENTITY, 1, PROBABILITY_NODATA)
        counts = read_assets([asset], block, ratio_of=region)[0]
        if offset_between(region, self.scene.geobox) is not None:
            numbers = read_assets([Asset(str(self.mask), IDENTITY, 1, UNSEEN)], block)[0]
            is_ice = numbers == ICE
        else:
            # Half a count below the threshold is what rounding to counts may have taken away.
            numbers, is_ice = counts, counts >= self.threshold / PROBABILITY_SCALE - 0.5
        said = np.where(is_ice, np.uint8(ICE), np.uint8(GROUND))
        said[np.isnan(numbers)] = UNSEEN
        saturated = np.zeros(said.shape, np.bool_)
        if self.scene.quality_assets and (said != UNSEEN).any():
            flags = self.scene.quality(block)
            said[_any_of(flags, BLINDING)] = UNSEEN
            saturated |= _any_of(flags, ("saturated",)) & (said != UNSEEN)
        probability = np.where(said == UNSEEN, np.float32(np.nan), counts * np.float32(PROBABILITY_SCALE))
        doubtful = is_doubtful(probability, self.threshold) if self.doubts else np.zeros(said.shape, np.bool_)
        return Seen(said, saturated, probability, doubtful)


def cloud_and_snow(scene: Scene) -> tuple[float, float]:
    """Return the share of a scene under cloud, and of its clear ground under snow or ice; NaN where no flag tells."""
    if "pixel" not in scene.quality_assets:
        return np.nan, np.nan
    factor = -(-max(scene.geobox.shape) // _MEASURED_SIDE)
    flags = scene.quality(scene.geobox if factor == 1 else scene.geobox.zoom_out(factor))
    image = ~_any_of(flags, ("fill",))
    cloud = _any_of(flags, ("cloud", "dilated_cloud", "cloud_shadow")) & image
    clear = image & ~cloud
    snow = float((_any_of(flags, ("snow",)) & clear).sum() / clear.sum()) if clear.any() else np.nan
    return (float(cloud.sum() / image.sum()) if image.any() else np.nan), snow if "snow" in flags else np.nan


def _any_of(flags: xr.Dataset, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return where any of these flags is set, of those that the product tells."""
    found = np.zeros(tuple(flags.sizes[dimension] for dimension in ("y", "x")), np.bool_)
    for name in names:
        if name in flags:
            found |= flags[name].to_numpy()
    return found
