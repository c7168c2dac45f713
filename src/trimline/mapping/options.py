"""All that decides a map beside the scene and the model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trimline.errors import MappingError
from trimline.files import StrPath

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.inference.engine import EngineName
    from trimline.inference.precision import Precision
    from trimline.mapping.clouds import Clouds
    from trimline.mapping.zone import GlacierZone

MINIMUM_AREA_M2 = 10_000.0
"""Smaller outlines are left out: 0.01 km2, the usual limit of inventories (Paul and others, 2009)."""

_LARGEST_SMOOTHING = 5
_CLOUDS = ("auto", "keep", "quality", "learned")


@dataclass(frozen=True)
class MapOptions:
    """How a scene is mapped. Mapping, evaluation, clusters and benchmarks take the same object.

    Examples
    --------
    >>> import trimline
    >>> options = trimline.MapOptions(minimum_area_m2=50_000, smoothing=2)

    Raises
    ------
    MappingError
        A value cannot be.
    """

    threshold: float | None = None
    """Probability from which on a pixel is ice; None means that of the model."""
    window: int | None = None
    """Side of what is kept of a window, at most; the network sees `halo` more on each side [pixels]. None means as
    much as is fast in little memory. A network whose predictions depend on the whole tile has its own."""
    halo: int | None = None
    """That margin [pixels]; None means what the model needs for a map that does not depend on the windows."""
    screen: bool = True
    """Whether the network is shown only ground near pixels that could be snow or ice by their spectrum. Without green,
    NIR, SWIR 1 or a calibration it is shown all, and the log says so."""
    clouds: Clouds = "auto"
    """What tells cloud and shadow, which are not seen and so neither ice nor ground; see `Clouds`."""
    within: GlacierZone | None = None
    """Ground to which the map is confined; beyond it there is no ice."""
    minimum_area_m2: float = MINIMUM_AREA_M2
    """Smaller outlines are left out [m2]. The mask keeps them."""
    minimum_hole_m2: float = 0.0
    """Smaller holes of outlines are filled [m2]; not those of the mask."""
    smoothing: int = 0
    """How often the corners of outlines are cut, see `trimline.outlines.smooth`; 0 follows the pixels."""
    precision: Precision = "auto"
    """Arithmetic of the convolutions, see `trimline.inference.load_weights`."""
    engine: EngineName = "auto"
    """What computes the network, see `trimline.inference.load_weights`."""

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise MappingError(
                f"a probability is never {self.threshold}", where="threshold", remedy="give one from 0 to 1"
            )
        if (self.window is not None and self.window < 1) or (self.halo is not None and self.halo < 0):
            raise MappingError(
                f"a scene cannot be cut into windows of {self.window} pixels with a halo of {self.halo}",
                remedy="the window must be at least 1, the halo at least 0",
            )
        if self.clouds not in _CLOUDS:
            raise MappingError(f"clouds are not told by '{self.clouds}'", remedy=f"take {', '.join(_CLOUDS)}")
        for name in ("minimum_area_m2", "minimum_hole_m2"):
            if not 0 <= getattr(self, name) < math.inf:
                raise MappingError(
                    f"an area is never {getattr(self, name)}", where=name, remedy="give 0 or more, and finite"
                )
        if not 0 <= self.smoothing <= _LARGEST_SMOOTHING:
            raise MappingError(
                f"corners are not cut {self.smoothing} times",
                where="smoothing",
                remedy=f"give a number from 0 to {_LARGEST_SMOOTHING}",
            )

    def load_model(self, weights: StrPath | None = None, *, device: str | None = None) -> Model:
        """Return the model of a file, computed by this engine in this precision; see `load_weights`."""
        from trimline.inference import load_weights

        return load_weights(weights, engine=self.engine, precision=self.precision, device=device)

    def threshold_of(self, model: Model) -> float:
        """Return the probability from which on a pixel is ice: these options' own, or the model's."""
        return model.threshold if self.threshold is None else self.threshold
