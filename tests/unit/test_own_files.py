"""What trimline wrote and something damaged is named, with what makes it again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from trimline.errors import GridError, StageError
from trimline.own_files import own_json, own_raster, own_records
from trimline.scenes.raster_opening import open_user_raster
from trimline.study.tables_on_disk import read_table
from trimline.timeline.description import read_source_scenes


def write(path: Path) -> bytes:
    profile = {"driver": "GTiff", "count": 1, "height": 40, "width": 60, "dtype": "uint8", "compress": "deflate"}
    with rasterio.open(path, "w", **profile, crs="EPSG:32646", transform=Affine(30, 0, 5e5, 0, -30, 4e6)) as target:
        target.write(np.random.default_rng(0).integers(0, 200, (40, 60), np.uint8), 1)
    return path.read_bytes()


@pytest.mark.parametrize("left", [0, 8, 200, 1500])
def test_a_raster_that_ends_early_is_an_error_that_says_how_it_is_made_again(tmp_path: Path, left: int) -> None:
    path = tmp_path / "mask.tif"
    path.write_bytes(write(path)[:left])
    with pytest.raises(StageError, match=r"mask\.tif: is damaged(.|\n)*trimline run"), own_raster(path) as source:
        source.read(1)


def test_a_header_that_claims_thousands_of_bands_is_refused_before_a_block_is_read(tmp_path: Path) -> None:
    """A block is decoded with all its bands: here 4 GB, of a file of a kilobyte."""
    path = tmp_path / "mask.tif"
    grid = {"crs": "EPSG:32646", "transform": Affine(30, 0, 5e5, 0, -30, 4e6)}
    tiles = {"tiled": True, "blockxsize": 512, "blockysize": 512, "interleave": "pixel", "compress": "deflate"}
    profile = {"driver": "GTiff", "count": 4096, "height": 40, "width": 60, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, **grid, **tiles, sparse_ok=True):
        pass
    with pytest.raises(StageError, match=r"mask\.tif: is damaged \(it claims 60 x 40 pixels in 4096 bands"):
        own_raster(path).__enter__()
    with pytest.raises(GridError, match="claims 60 x 40 pixels in 4096 bands"):
        open_user_raster(path, GridError)


def test_an_error_of_the_block_itself_is_no_damage(tmp_path: Path) -> None:
    write(tmp_path / "mask.tif")
    with pytest.raises(KeyError), own_raster(tmp_path / "mask.tif"):
        raise KeyError("ours")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{", b"[" * 200_000, b"9" * 5000, None])
def test_json_that_is_none_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "sources.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StageError, match=r"sources\.json: is damaged"):
        own_json(path)


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"state": 1}, {}]', "null"])
def test_records_that_lack_a_key_are_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "outcomes.json"
    path.write_text(content)
    with pytest.raises(StageError, match="no list of state"):
        own_records(path, {"state": str})


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'a,b\n"x'])
def test_a_table_that_is_none_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "totals.csv"
    path.write_bytes(content)
    with pytest.raises(StageError, match=r"totals\.csv: is damaged"):
        read_table(path)


def test_a_list_of_scenes_that_lacks_one_is_damaged(tmp_path: Path) -> None:
    scenes = [
        {"index": number, "scene_id": f"S{number}", "date": "1988", "sensor": "landsat-5-tm"} for number in (1, 2)
    ]
    (tmp_path / "sources.json").write_text(json.dumps(scenes))
    assert sorted(read_source_scenes(tmp_path / "sources.json")) == [1, 2]
    for wrong in (scenes[1:], [scenes[0], {**scenes[1], "index": [2]}], [{**scenes[0], "index": 1.5}]):
        (tmp_path / "sources.json").write_text(json.dumps(wrong))
        with pytest.raises(StageError, match="is damaged"):
            read_source_scenes(tmp_path / "sources.json")
