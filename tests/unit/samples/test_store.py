"""What lies in a store of samples is read as it was cut, or refused by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from trimline.errors import SampleError
from trimline.samples import IGNORE, SampleStore
from trimline.samples.store import ARRAYS, GROUND_FILE, INDEX, INDEX_COLUMNS, SEAL, TileWriter, seal

BANDS = ("red", "swir1")
PARTS = ("train", "train", "validation", "test")


def images() -> np.ndarray:
    return np.random.default_rng(0).random((len(PARTS), len(BANDS), 16, 16), np.float32)


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a store of four tiles; the last has no label at all, and so no chunk of its mask."""
    folder = tmp_path_factory.mktemp("samples")
    writer = TileWriter(folder, BANDS, ("reflectance",), 16)
    for number, image in enumerate(images()):
        writer.add_image({"reflectance": image})
        writer.add_mask(np.full((16, 16), IGNORE if number == 3 else number % 2, np.uint8))
    rows = {
        **{column: [0] * len(PARTS) for column in INDEX_COLUMNS if column != "geometry"},
        "part": list(PARTS),
        "image": range(len(PARTS)),
        "mask": range(len(PARTS)),
    }
    index = gpd.GeoDataFrame(rows, geometry=[box(0, 0, 1, 1)] * len(PARTS), crs=32646)
    index.to_parquet(folder / INDEX)
    index[["part", "geometry"]].to_parquet(folder / GROUND_FILE)
    seal(folder)
    return folder


@pytest.fixture
def folder(cut: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(cut, tmp_path / "samples"))


def read(folder: Path) -> None:
    """Read everything there is."""
    store = SampleStore(folder)
    assert list(store.ground["part"]) == list(PARTS)
    samples = store.read(store.index)
    np.testing.assert_array_equal(samples.images, images())
    assert [int(mask[0, 0]) for mask in samples.masks] == [0, 1, 0, IGNORE]
    assert store.bands == BANDS


def test_what_was_cut_is_read(folder: Path) -> None:
    read(folder)
    assert not (folder / ARRAYS / "mask/c/3/0/0").exists()
    assert len(SampleStore(folder).load("train").images) == 2


DAMAGE: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-3]),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "not UTF-8": lambda path: path.write_bytes(b"\xff" + path.read_bytes()[1:]),
    "deep": lambda path: path.write_bytes(b"[" * 100_000),
}


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize(
    "name",
    [
        INDEX,
        GROUND_FILE,
        SEAL,
        f"{ARRAYS}/zarr.json",
        f"{ARRAYS}/reflectance/zarr.json",
        f"{ARRAYS}/mask/zarr.json",
        f"{ARRAYS}/reflectance/c/2/0/0/0",
        f"{ARRAYS}/mask/c/1/0/0",
    ],
)
def test_a_damaged_file_is_an_error_that_names_the_command(folder: Path, name: str, how: str) -> None:
    DAMAGE[how](folder / name)
    with pytest.raises(SampleError) as refused:
        read(folder)
    assert refused.value.where == folder
    assert "`trimline samples" in str(refused.value.remedy)
    assert len(str(refused.value).splitlines()) == 2


def test_a_tile_that_should_not_be_there_is_not_read(folder: Path) -> None:
    chunk = folder / ARRAYS / "mask/c/3/0/0"
    chunk.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / ARRAYS / "mask/c/1/0/0", chunk)
    with pytest.raises(SampleError, match="mask/c/3/0/0 was changed"):
        read(folder)


def test_one_tile_in_the_place_of_another_is_not_read(folder: Path) -> None:
    chunks = folder / ARRAYS / "reflectance/c"
    shutil.copy(chunks / "1/0/0/0", chunks / "2/0/0/0")
    with pytest.raises(SampleError, match="reflectance/c/2/0/0/0 was changed"):
        read(folder)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_changed_byte_is_found(cut: Path, data: st.DataObject) -> None:
    files = sorted(each for each in cut.rglob("*") if each.is_file())
    file = data.draw(st.sampled_from(files))
    whole = file.read_bytes()
    place, change = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    try:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ change]) + whole[place + 1 :])
        with pytest.raises(SampleError):
            read(cut)
    finally:
        file.write_bytes(whole)
