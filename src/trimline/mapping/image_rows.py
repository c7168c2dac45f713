"""What is read of a scene to map it: bands as the network takes them, and what spectrum and flags say of each pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.mapping.clouds import CloudRule, could_be_cloud, hidden_by_flags
from trimline.mapping.compatibility import stand_ins_for
from trimline.mapping.screen import SCREEN_BANDS, could_be_ice
from trimline.sensors import Units
from trimline.surfaces import CLASSES_NODATA

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.inference.metadata import StandIn
    from trimline.scenes import Scene


class ImageRows(NamedTuple):
    """Rows of a scene, from all columns that the region needs."""

    image: NDArray[np.float32]
    """(bands, h, w) as the network takes them; NaN in all bands where any has no data."""
    candidates: NDArray[np.bool_]
    """(h, w): what the spectrum allows to be ice, or cloud where a network tells it; without a screen all that has
    data."""
    icy: NDArray[np.bool_]
    """(h, w): what the spectrum allows to be snow or ice; nothing where it cannot tell."""
    hidden: NDArray[np.uint8]
    """(h, w): what hides the ground by the quality flags, see `hidden_by_flags`."""

    @classmethod
    def empty(cls, bands: int, shape: tuple[int, int]) -> ImageRows:
        """Return rows to be filled."""
        return cls(
            np.empty((bands, *shape), np.float32),
            np.empty(shape, np.bool_),
            np.empty(shape, np.bool_),
            np.empty(shape, np.uint8),
        )

    def part(self, rows: slice, columns: slice = slice(None)) -> ImageRows:
        """Return some of the rows and columns, uncopied."""
        there = rows, columns
        return ImageRows(self.image[:, *there], self.candidates[there], self.icy[there], self.hidden[there])

    def copied(self) -> ImageRows:
        """Return a copy."""
        return ImageRows(self.image.copy(), self.candidates.copy(), self.icy.copy(), self.hidden.copy())

    def fill(self, part: ImageRows) -> None:
        """Overwrite all with rows of the same shape."""
        self.image[:], self.candidates[:], self.icy[:], self.hidden[:] = part


@dataclass(frozen=True)
class SceneReader:
    """Reads what a model needs of a scene."""

    scene: Scene
    """What is mapped."""
    bands: tuple[str, ...]
    """What the network sees."""
    units: Units
    """What they are measured in."""
    stand_ins: Mapping[str, StandIn]
    """What is shown in the place of bands that the scene lacks."""
    clouds: CloudRule
    """What hides the ground."""
    spectrum: bool
    """Whether the scene has the bands by which snow and ice are told."""
    screen: bool
    """Whether the network is shown only ground where the spectrum allows ice."""

    def read(self, geobox: GeoBox) -> ImageRows:
        """Read all of a part of the region.

        Raises
        ------
        ProductError
            A raster of the scene is damaged.
        """
        image = self._read_bands(self.bands, self.units, self.stand_ins, geobox)
        absent: NDArray[np.bool_] = np.isnan(image[0])
        hidden = np.zeros(absent.shape, np.uint8)
        saturated: Any = False
        if self.clouds.flags:
            flags = self.scene.quality(geobox)
            hidden = hidden_by_flags(flags)
            absent |= flags["fill"].to_numpy() if "fill" in flags else False
            saturated = flags["saturated"].to_numpy() if "saturated" in flags else False
        elif self.scene.has_fill:
            absent |= self.scene.fill(geobox)
        image[:, absent] = np.nan
        there = ~absent
        if not self.spectrum:
            return ImageRows(image, there, np.zeros_like(there), hidden)
        green, nir, swir1 = self._spectrum_of(image, geobox)
        icy = there & could_be_ice(green, nir, swir1)
        # Saturated snow is still snow by its dark SWIR 1; of what is saturated there too, nothing is known.
        hidden[saturated & there & ~icy & (hidden == 0)] = CLASSES_NODATA
        candidates = there
        if self.screen:
            candidates = icy | (there & could_be_cloud(green)) if self._looks_for_clouds else icy
        return ImageRows(image, candidates, icy, hidden)

    @property
    def _looks_for_clouds(self) -> bool:
        """Whether a network must be shown what could be cloud, because nothing else tells."""
        return self.clouds.learned and not self.clouds.flags

    def _read_bands(
        self, bands: tuple[str, ...], units: Units, stand_ins: Mapping[str, StandIn], geobox: GeoBox
    ) -> NDArray[np.float32]:
        """Return bands on a grid, (bands, h, w), those that the scene lacks stood in for; NaN in all where in any."""
        read = [stand_ins[band].band if band in stand_ins else band for band in bands]
        unique = list(dict.fromkeys(read))
        image: NDArray[np.float32] = self.scene.read(unique, geobox, units=units).values
        if stand_ins:
            image = image[[unique.index(band) for band in read]]
            for position, band in enumerate(bands):
                if band in stand_ins:
                    image[position] = image[position] * stand_ins[band].scale + stand_ins[band].offset
        # A sum is NaN where any of its terms is; no band of a scene is infinite.
        image[:, np.isnan(image.sum(axis=0))] = np.nan
        return image

    def image_for(self, teller: Model, geobox: GeoBox) -> NDArray[np.float32]:
        """Return what a second network sees of a part of the region, (bands, h, w)."""
        image = self._read_bands(teller.bands, teller.units, stand_ins_for(self.scene, teller), geobox)
        if self.scene.has_fill:
            image[:, self.scene.fill(geobox)] = np.nan
        return image

    def _spectrum_of(self, image: NDArray[np.float32], geobox: GeoBox) -> Any:
        """Return the reflectance of the screen's bands, of those that the network sees anyway where it can be."""
        if self.units == "reflectance" and set(SCREEN_BANDS) <= set(self.bands):
            return [image[self.bands.index(band)] for band in SCREEN_BANDS]
        return self.scene.read(SCREEN_BANDS, geobox).values
