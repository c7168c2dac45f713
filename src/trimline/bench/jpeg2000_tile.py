"""A Sentinel-2 tile in JPEG 2000 for the benchmark of reading: six bands of 10 and 20 m, with the entropy of real ones.

Bands of one pixel size are copies of one file, since only the time of decoding counts.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from trimline.scenes import Scene, open_scene
from trimline.sensors import get_sensor

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
FULL_SIZE = 10_980
"""Side of a tile of 10 m pixels."""
BLOCK = {10: 1024, 20: 640}
"""Side of the blocks of ESA's files, by pixel size [m]."""

_CORNER = (499_980, 3_100_020)
_REPEATED = 1024
"""Side of the ground that is repeated over the tile [pixels]."""


def write_tile(folder: Path, size: int) -> Scene:
    """Write a tile of `size` pixels of 10 m on a side, an even number, and open it."""
    folder.mkdir(parents=True)
    sensor = get_sensor("sentinel-2-msi")
    first: dict[int, Path] = {}
    for common in BANDS:
        band = sensor.by_common_name[common]
        pixel = int(band.gsd_m)
        path = folder / f"B{int(band.name[1:]):02d}.jp2"
        if pixel in first:
            shutil.copyfile(first[pixel], path)
        else:
            first[pixel] = path
            _write(path, _ground(size * 10 // pixel), pixel)
    return open_scene(folder, scale=1e-4, offset=0)


def decode(scene: Scene) -> list[NDArray[np.uint16]]:
    """Read the bands with rasterio alone, as they are stored."""
    decoded = []
    for common in BANDS:
        with rasterio.open(scene.assets[common].href) as source:
            decoded.append(source.read(1))
    return decoded


def _ground(size: int) -> NDArray[np.uint16]:
    """Return numbers that compress to about 8 bits a pixel, as those of real bands do."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(20210908)
    shape = (_REPEATED, _REPEATED)
    smooth = gaussian_filter(rng.normal(size=shape), 4, mode="wrap") * 3000 + 2000
    numbers = np.clip(smooth + rng.normal(size=shape) * 40, 1, 20_000).astype(np.uint16)
    times = -(-size // _REPEATED)
    return np.tile(numbers, (times, times))[:size, :size]


def _write(path: Path, numbers: NDArray[np.uint16], pixel: int) -> None:
    height, width = numbers.shape
    with rasterio.open(
        path,
        "w",
        driver="JP2OpenJPEG",
        count=1,
        height=height,
        width=width,
        dtype=numbers.dtype,
        crs="EPSG:32646",
        transform=Affine(pixel, 0, _CORNER[0], 0, -pixel, _CORNER[1]),
        QUALITY="100",
        REVERSIBLE="YES",
        BLOCKXSIZE=BLOCK[pixel],
        BLOCKYSIZE=BLOCK[pixel],
    ) as target:
        target.write(numbers, 1)
