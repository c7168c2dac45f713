"""How whole scenes are mapped."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from trimline.project.settings import Name, Settings


class MapSettings(Settings):
    """How whole scenes are mapped."""

    scenes: tuple[Name, ...] | None = None
    """Scenes, by id, date, area, period, sensor or WRS-2 path/row; None means all."""
    method: Name | None = None
    """The method whose outlines are the result; None means the first."""
    window: int | None = Field(None, ge=64)
    """Largest side of a window of the network without its halo [pixels]: less needs less memory, and more time for the
    halos. None means as much as is fast in little memory."""
    screen: bool = True
    """Whether the network is shown only ground near pixels that could be snow or ice by their spectrum."""
    clouds: Literal["auto", "keep", "quality", "learned"] = "auto"
    """What tells cloud and shadow, which are not seen and so neither ice nor ground: the product's quality flags, the
    classes of a network, or nothing (`keep`). `auto` takes the flags, overruled where the network is sure of ice, and
    the classes where there are no flags."""
    within_m: float | None = Field(None, ge=0)
    """How far from the outlines of the project's `inventory` ice may be [m]; None means anywhere."""
    minimum_elevation_m: float | None = None
    """Below it there is no ice, by the project's `dem` [m]; None means anywhere."""
    snow_limit: float = Field(0.2, ge=0, le=1)
    """Share of the ground off the glaciers under snow above which a scene is warned of."""
    align: bool = False
    """Whether scenes that lie off the reference image of their place are mapped where they belong; the
    log and the report say how far each lies off in any case."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Arithmetic of the convolutions; `auto` takes bf16 where the machine has it and the weights say that it keeps the
    outlines."""
    engine: Literal["auto", "openvino", "torch"] = "auto"
    """What computes the network; `auto` takes PyTorch on CUDA devices, else OpenVINO."""
    minimum_area_km2: float = Field(0.01, ge=0)
    """Smaller outlines are left out; 0.01 km2 is the inventories' usual limit (Paul and others, 2009)."""
    minimum_hole_km2: float = Field(0.0, ge=0)
    """Smaller holes of outlines are filled."""
    smoothing: int = Field(0, ge=0, le=5)
    """How often the corners of outlines are cut, which keeps their areas; 0 follows the edges of the pixels."""
