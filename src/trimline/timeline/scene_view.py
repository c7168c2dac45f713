"""Per-pixel state of one scene on the study grid: ice, ground, not observed.

Ground is not observed where the map says that it is not seen: fill, the gaps of a failed scan line corrector, cloud and
shadow, see `trimline.mapping.clouds`. In a map that does not say what told cloud, the quality flags are taken. Pixels
that are saturated in a reflective band are marked, see `trimline.timeline.rules.combine`.

A map whose pixels lie on the study grid is copied. Any other is resampled from its probability, bilinear (averaged
where the pixels of the grid are larger), and cut at the threshold again: that places an edge within a fraction of a
pixel, where the nearest pixel of a mask would move it by up to half of one. Flags are taken from the nearest pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import StageError
from trimline.files import StrPath
from trimline.mapping.clouds import CLOUD_FLAGS, SHADOW_FLAGS, hidden_by_flags
from trimline.mapping.extent import extent_on
from trimline.own_files import own_raster
from trimline.rasters import PROBABILITY_NODATA, PROBABILITY_SCALE
from trimline.scenes import Scene
from trimline.scenes.asset import Asset
from trimline.scenes.assets_on_grid import read_assets
from trimline.scenes.calibration import IDENTITY
from trimline.scenes.grid import offset_between
from trimline.timeline.place import Rectangle
from trimline.timeline.rules import GROUND, ICE, UNSEEN, StateMask
from trimline.timeline.uncertain import is_uncertain

_MEASURED_SIDE = 512
"""Pixels along the longer side of a scene on which the shares of cloud and snow are measured, about."""


_NO_PROBABILITY = ("band_ratio", "ndsi")
"""Methods whose map is a distance from a threshold and no probability, so that no pixel counts as uncertain."""


@dataclass(frozen=True)
class SceneView:
    """State of a block of the study grid in one scene, (h, w) each."""

    state: StateMask
    """`ICE`, `GROUND` or `UNSEEN`."""
    saturated: NDArray[np.bool_]
    """Observed pixels in which the sensor was saturated."""
    probability: NDArray[np.float32]
    """Probability of ice; NaN where the ground is not observed."""
    uncertain: NDArray[np.bool_]
    """Observed pixels that are uncertain, see `trimline.timeline.uncertain`."""


@dataclass(frozen=True)
class MappedScene:
    """A scene with its maps."""

    scene: Scene
    mask: Path
    """Its map of ice and ground."""
    probability: Path
    """Its map of the probability of ice."""
    threshold: float
    """Probability from which on a pixel is ice."""
    has_uncertainty: bool = True
    """Whether the probabilities tell which pixels are uncertain."""
    knows_clouds: bool = False
    """Whether the maps say where cloud and shadow hide the ground."""

    @classmethod
    def of(cls, scene: Scene, folder: StrPath) -> MappedScene:
        """Return a scene with the maps in a folder.

        Raises
        ------
        StageError
            The maps are missing, or hold no threshold.
        """
        folder = Path(folder)
        mask = folder / "mask.tif"
        if not mask.exists():
            raise StageError("the scene has not been mapped", where=folder, remedy="run the stage map")
        with own_raster(mask) as source:
            tags = source.tags()
        threshold, network = tags.get("TRIMLINE_THRESHOLD"), tags.get("TRIMLINE_NETWORK")
        if threshold is None:
            raise StageError("the map has no tag TRIMLINE_THRESHOLD", where=mask, remedy="map the scene again")
        return cls(
            scene,
            mask,
            folder / "probability.tif",
            float(threshold),
            has_uncertainty=network not in _NO_PROBABILITY,
            knows_clouds="TRIMLINE_CLOUDS" in tags,
        )

    def rectangle(self, region: GeoBox) -> Rectangle:
        """Return the part of the study grid that the scene covers; empty where it covers none."""
        extent = extent_on(self.scene, region)
        (top, bottom), (left, right) = extent.rows, extent.columns
        height, width = region.shape
        return max(top, 0), min(bottom, height), max(left, 0), min(right, width)

    def view(self, block: GeoBox, region: GeoBox) -> SceneView:
        """Return the state of a block of the study grid.

        Parameters
        ----------
        block
            Part of the study grid.
        region
            The whole study grid, so that every block is resampled alike.
        """
        asset = Asset(str(self.probability), IDENTITY, 1, PROBABILITY_NODATA)
        counts = read_assets([asset], block, ratio_of=region)[0]
        if offset_between(region, self.scene.geobox) is not None:
            numbers = read_assets([Asset(str(self.mask), IDENTITY, 1, UNSEEN)], block)[0]
            is_ice = numbers == ICE
        else:
            # Half a count below the threshold is what rounding to counts may have taken away.
            numbers, is_ice = counts, counts >= self.threshold / PROBABILITY_SCALE - 0.5
        state = np.where(is_ice, np.uint8(ICE), np.uint8(GROUND))
        state[np.isnan(numbers)] = UNSEEN
        saturated = np.zeros(state.shape, np.bool_)
        if self.scene.quality_assets and (state != UNSEEN).any():
            flags = self.scene.quality(block)
            if not self.knows_clouds:
                state[hidden_by_flags(flags) != 0] = UNSEEN
            saturated |= _any_of(flags, ("saturated",)) & (state != UNSEEN)
        probability = np.where(state == UNSEEN, np.float32(np.nan), counts * np.float32(PROBABILITY_SCALE))
        uncertain = np.zeros(state.shape, np.bool_)
        if self.has_uncertainty:
            uncertain = is_uncertain(probability, self.threshold)
        return SceneView(state, saturated, probability, uncertain)


def cloud_and_snow(scene: Scene) -> tuple[float, float]:
    """Return the share of a scene under cloud, and of its clear ground under snow or ice; NaN without such flags."""
    if not scene.has_cloud_flags:
        return np.nan, np.nan
    factor = -(-max(scene.geobox.shape) // _MEASURED_SIDE)
    flags = scene.quality(scene.geobox if factor == 1 else scene.geobox.zoom_out(factor))
    image = ~_any_of(flags, ("fill",))
    cloud = _any_of(flags, (*CLOUD_FLAGS, *SHADOW_FLAGS)) & image
    clear = image & ~cloud
    snow = float((_any_of(flags, ("snow",)) & clear).sum() / clear.sum()) if clear.any() else np.nan
    return (float(cloud.sum() / image.sum()) if image.any() else np.nan), snow if "snow" in flags else np.nan


def _any_of(flags: xr.Dataset, names: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return where any of these flags is set, of those that the product has."""
    found = np.zeros(tuple(flags.sizes[dimension] for dimension in ("y", "x")), np.bool_)
    for name in names:
        if name in flags:
            found |= flags[name].to_numpy()
    return found
