"""Blocks are decoded once, kept in bounded memory, and never confused."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window

from trimline.errors import ProductError
from trimline.scenes import decoded_blocks
from trimline.scenes.decoded_blocks import BlockCache, read_window


def array(value: int) -> np.ndarray:
    return np.full(100, value, np.uint8)


def test_an_array_is_made_once() -> None:
    cache, made = BlockCache(1000), []

    def make() -> np.ndarray:
        made.append(1)
        return array(7)

    assert cache.get("a", make) is cache.get("a", make)
    assert len(made) == 1


def test_the_oldest_are_dropped_when_room_is_needed() -> None:
    cache, made = BlockCache(250), []
    for name in ("a", "b", "a", "c", "a", "b"):
        cache.get(name, lambda name=name: made.append(name) or array(1))
    assert made == ["a", "b", "c", "b"]


def test_threads_that_ask_for_the_same_wait_for_one() -> None:
    cache, made, started = BlockCache(1000), [], threading.Event()

    def make() -> np.ndarray:
        started.set()
        time.sleep(0.05)
        made.append(1)
        return array(3)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: cache.get("a", make), range(8)))
    assert len(made) == 1
    assert all(each is found[0] for each in found)


def test_an_error_is_not_kept() -> None:
    cache = BlockCache(1000)

    def fail() -> np.ndarray:
        raise ProductError("damaged")

    with pytest.raises(ProductError, match="damaged"):
        cache.get("a", fail)
    np.testing.assert_array_equal(cache.get("a", lambda: array(1)), array(1))


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    return write(tmp_path / "B02.jp2", 1)


def write(path: Path, seed: int) -> Path:
    with rasterio.open(
        path,
        "w",
        driver="JP2OpenJPEG",
        count=2,
        height=200,
        width=150,
        dtype="uint16",
        crs="EPSG:32646",
        transform=Affine(10, 0, 499_980, 0, -10, 3_100_020),
        QUALITY="100",
        REVERSIBLE="YES",
        BLOCKXSIZE=64,
        BLOCKYSIZE=64,
    ) as target:
        target.write(np.random.default_rng(seed).integers(1, 9000, (2, 200, 150)).astype(np.uint16))
    return path


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("indexes", [[1], [2], [2, 1]])
@pytest.mark.parametrize("window", [Window(0, 0, 150, 200), Window(63, 1, 2, 128), Window(140, 190, 10, 10)])
def test_a_window_is_that_of_rasterio(raster: Path, threads: int, indexes: list[int], window: Window) -> None:
    with rasterio.open(raster) as source:
        expected = source.read(indexes, window=window)
        for _ in range(2):
            np.testing.assert_array_equal(read_window(str(raster), source, indexes, window, threads), expected)


def test_windows_that_share_blocks_decode_them_once(raster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    decode = decoded_blocks._decode
    monkeypatch.setattr(decoded_blocks, "_decode", lambda *a: decoded.append(a) or decode(*a))
    with rasterio.open(raster) as source:
        height = source.block_shapes[0][0]
        for top in range(0, 200, 20):
            read_window(str(raster), source, [1], Window(0, top, 150, 20), 1)
        blocks = -(-200 // height) * -(-150 // source.block_shapes[0][1])
    assert len(decoded) == blocks


def test_a_file_that_was_replaced_is_decoded_anew(raster: Path) -> None:
    whole = Window(0, 0, 150, 200)
    with rasterio.open(raster) as source:
        before = read_window(str(raster), source, [1], whole, 1)
    raster.unlink()
    write(raster, 2)
    with rasterio.open(raster) as source:
        after = read_window(str(raster), source, [1], whole, 1)
        np.testing.assert_array_equal(after, source.read([1]))
    assert not np.array_equal(before, after)
