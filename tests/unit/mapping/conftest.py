"""A generated scene and a network whose reach is known, so that mapping can be judged without training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin
from scipy.ndimage import uniform_filter

from trimline.scenes import Scene, open_scene


@dataclass
class BlurModel:
    """Ice is where the second band, averaged over blocks of `stride` pixels and then over a square, is bright.

    Like a network with pooling it depends on where a pixel lies in its block, and like convolutions it sees nothing
    beyond the edge of its image.
    """

    bands: tuple[str, ...] = ("red", "swir1")
    units: Literal["reflectance", "dn"] = "reflectance"
    stride: int = 4
    radius: int = 2
    threshold: float = 0.5
    sha256: str = "0" * 64
    tile: tuple[int, int] | None = None
    seen: list[tuple[int, int]] = field(default_factory=list)

    arithmetic: str = "fp32"
    sensors: tuple[str, ...] = ()
    engine: Any = field(default_factory=lambda: SimpleNamespace(name="blur"))

    @property
    def halo(self) -> int | None:
        return None if self.tile else (self.radius + 1) * self.stride

    outputs = ("ice",)
    rule = ""

    @property
    def metadata(self) -> Any:
        return SimpleNamespace(network="blur", tile=self.tile, stand_ins={}, levels=())

    def predict(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.probabilities(images)[:, 0]

    def probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        n, _, height, width = images.shape
        self.seen.append((height, width))
        padded = np.zeros((n, -(-height // self.stride) * self.stride, -(-width // self.stride) * self.stride))
        padded[:, :height, :width] = np.nan_to_num(images[:, 1])
        blocks = padded.reshape(n, padded.shape[1] // self.stride, self.stride, -1, self.stride).mean(axis=(2, 4))
        side = 2 * self.radius + 1
        blurred = np.stack([uniform_filter(each, side, mode="constant") for each in blocks])
        ice = np.clip(blurred.repeat(self.stride, 1).repeat(self.stride, 2)[:, :height, :width], 0, 1)
        return np.where(np.isfinite(images).all(axis=1), ice, np.nan).astype(np.float32)[:, np.newaxis]


def write_stack(
    path: Path, image: NDArray[np.float32], *, bands: tuple[str, ...] = ("red", "swir1"), epsg: int = 32646
) -> Path:
    """Write a stack of reflectance, 30 m, with names of bands; NaN is nodata."""
    with rasterio.open(
        path, "w", driver="GTiff", count=len(bands), height=image.shape[1], width=image.shape[2], dtype="float32",
        crs=f"EPSG:{epsg}", transform=from_origin(500_010, 3_800_040, 30, 30), nodata=float("nan"),
        tiled=True, blockxsize=64, blockysize=64,
    ) as dataset:  # fmt: skip
        dataset.write(image)
        for i, name in enumerate(bands, start=1):
            dataset.set_band_description(i, name)
    return path


def patches(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """Return two bands of soft bright patches between 0 and 1."""
    noise = uniform_filter(np.random.default_rng(seed).random((height, width)), 15)
    noise = (noise - noise.min()) / np.ptp(noise)
    return np.stack([1 - noise, noise]).astype(np.float32)


@pytest.fixture
def model() -> BlurModel:
    return BlurModel()


@pytest.fixture
def make_scene(tmp_path: Path) -> Callable[[NDArray[np.float32]], Scene]:
    """Return a function that makes a scene of an image (2, h, w)."""

    def make(image: NDArray[np.float32], **given: Any) -> Scene:
        path = write_stack(tmp_path / "stack.tif", image, **given)
        return open_scene(path, id="made", sensor="landsat-5-tm", date="1986-08-12")

    return make


@pytest.fixture
def scene(make_scene: Callable[[NDArray[np.float32]], Scene]) -> Scene:
    """Return a scene of 213 x 331 pixels without data in a corner."""
    image = patches(213, 331)
    image[:, :40, :70] = np.nan
    return make_scene(image)
