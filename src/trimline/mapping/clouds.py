"""Cloud is not ice: which ground counts as not seen, by the product's quality flags or by a network's classes.

Flags of the agencies take bright snow and ice for cloud in places (Fmask's known fault over ice). So a flag on ground
whose spectrum is that of snow or ice is counted, and it is overruled where the network is as sure of ice there as it
must be of any ice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from trimline.errors import MappingError, WeightsError
from trimline.mapping.compatibility import check_fits
from trimline.scenes.quality_reading import CLOUD_KINDS, kind_of
from trimline.surfaces import CLASSES_NODATA, SurfaceClass

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

Clouds = Literal["auto", "keep", "quality", "learned"]
"""What tells cloud and shadow. `quality`: the product's flags, as they are. `learned`: the classes of a network.
`auto`: the flags, but where the network is sure of ice; and what the network that maps takes for cloud or shadow; where
there are no flags, the classes alone. `keep`: nothing, so that cloud is mapped like ground."""

CLOUD_FLAGS, SHADOW_FLAGS, LOST_FLAGS = ("cloud", "dilated_cloud"), ("cloud_shadow",), ("fill", "occluded", "dropped")
"""Quality flags of ground that is not seen. Thin cirrus does not count."""

_LOOKED_AT = 1024
"""Pixels along the longer side of what is looked at to see whether a quality band holds anything."""

_LEAST_CLOUD = 0.15
"""Green reflectance of what could be cloud, thin cloud included; most ground without snow is darker."""


@dataclass(frozen=True)
class CloudRule:
    """What hides the ground of one scene from one model; made by `CloudRule.of`."""

    flags: bool = False
    """Whether quality flags do."""
    learned: bool = False
    """Whether a network's classes do; beside flags, the classes also overrule them."""
    second: bool = False
    """Whether the network that tells is not the one that maps, but the one that comes along."""

    @classmethod
    def of(cls, scene: Scene, model: Model, clouds: Clouds) -> CloudRule:
        """Return the rule for a scene, and say in the log where cloud is not told.

        Raises
        ------
        MappingError
            Flags are asked for, and the product has none.
        WeightsError
            Classes are asked for, and the scene lacks what the network needs that tells them.
        """
        if clouds == "keep":
            return cls()
        has_flags = scene.has_cloud_flags
        if clouds == "auto" and has_flags and _are_silent(scene):
            _LOG.warning("%s: its QA60 is 0 everywhere, as where it was never filled; it is not believed", scene.id)
            has_flags = False
        if clouds == "quality":
            if not has_flags:
                raise MappingError(
                    "the scene has no quality flags of cloud",
                    where=scene.id,
                    remedy="take the learned classes (--clouds learned), or keep the clouds (--clouds keep)",
                )
            return cls(flags=True)
        second = "cloud" not in model.outputs
        if second:
            try:
                check_fits(scene, cloud_model())
            except WeightsError as error:
                if clouds == "learned":
                    raise
                _LOG.warning(
                    "%s: %s (%s)",
                    scene.id,
                    "no network checks the quality flags over snow and ice"
                    if has_flags
                    else "cloud is mapped like ground, because no flag and no network tells it",
                    error.what,
                )
                return cls(flags=has_flags)
        if not has_flags:
            _LOG.info("%s: no flags of cloud; cloud and shadow are what the network takes for them", scene.id)
        return cls(flags=has_flags and clouds == "auto", learned=True, second=second)

    def hidden(self, by_flags: NDArray[np.uint8], told: NDArray[np.uint8], ice: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Return what hides the ground: learned shadow does only where no ice is found in it.

        Parameters
        ----------
        by_flags
            (h, w) as `hidden_by_flags` gives it, but where it is overruled.
        told
            (h, w) of `SurfaceClass`, by the network that tells.
        ice
            (h, w) what the method that maps takes for ice.
        """
        if not self.learned or (self.flags and self.second):
            return by_flags
        takes = (told == SurfaceClass.CLOUD) | ((told == SurfaceClass.SHADOW) & ~ice)
        return np.where((by_flags == 0) & takes, told, by_flags)

    def __str__(self) -> str:
        return " and ".join(
            name for name, used in (("quality flags", self.flags), ("learned classes", self.learned)) if used
        )


@lru_cache(maxsize=1)
def cloud_model() -> Model:
    """Return the network that comes along and tells cloud: by OpenVINO in single precision, each pixel seen once."""
    from trimline.inference import load_weights

    model = load_weights(engine="openvino", precision="fp32")
    # The mean over eight views draws finer edges of ice, which nobody needs of clouds.
    return replace(model, metadata=model.metadata.model_copy(update={"flips": False}))


def _are_silent(scene: Scene) -> bool:
    """Whether a scene's only flags of cloud are a QA60 that is 0 everywhere: archives left it empty for two years."""
    if {kind_of(key) for key in scene.quality_assets} & set(CLOUD_KINDS) != {"cloud_bits"}:
        return False
    factor = max(1, -(-max(scene.geobox.shape) // _LOOKED_AT))
    flags = scene.quality(scene.geobox if factor == 1 else scene.geobox.zoom_out(factor))
    return not any(flags[name].any() for name in ("cloud", "cirrus") if name in flags)


def hidden_by_flags(flags: xr.Dataset) -> NDArray[np.uint8]:
    """Return what hides the ground by the quality flags.

    Parameters
    ----------
    flags
        As `Scene.quality` gives them.

    Returns
    -------
    NDArray[np.uint8]
        (y, x): 0 where nothing does, else `SurfaceClass.CLOUD`, `SurfaceClass.SHADOW`, or `CLASSES_NODATA` where the
        image holds nothing.
    """
    hidden = np.zeros(tuple(flags.sizes[side] for side in ("y", "x")), np.uint8)
    for names, value in (
        (SHADOW_FLAGS, SurfaceClass.SHADOW),
        (CLOUD_FLAGS, SurfaceClass.CLOUD),
        (LOST_FLAGS, CLASSES_NODATA),
    ):
        for name in names:
            if name in flags:
                hidden[flags[name].to_numpy()] = value
    return hidden


def doubtful_flags(hidden: NDArray[np.uint8], icy: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where flags call cloud or shadow what is snow or ice by its spectrum.

    Parameters
    ----------
    hidden
        (h, w) as `hidden_by_flags` gives it.
    icy
        (h, w) what the spectrum allows to be snow or ice.
    """
    doubtful: NDArray[np.bool_] = icy & np.isin(hidden, (SurfaceClass.CLOUD, SurfaceClass.SHADOW))
    return doubtful


def could_be_cloud(green: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which pixels are bright enough for a cloud.

    Parameters
    ----------
    green
        (h, w) reflectance, NaN where there are no data.
    """
    bright: NDArray[np.bool_] = green > _LEAST_CLOUD
    return bright
