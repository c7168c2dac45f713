"""A mapped scene is three files that belong to one another."""

from __future__ import annotations

import resource
import signal
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from trimline import __version__
from trimline.errors import MappingError
from trimline.mapping import MapOptions, map_scene, predict_array
from trimline.mapping.journal import Journal, open_journal
from trimline.outlines import COLUMNS, area_km2, rasterise, read_outlines
from trimline.rasters import PROBABILITY_NODATA, PROBABILITY_SCALE, encode_mask, encode_probability
from trimline.scenes import Scene


def test_the_files_hold_what_the_network_said(scene: Scene, model: Any, tmp_path: Path) -> None:
    result = map_scene(scene, model, tmp_path / "maps", options=MapOptions(window=64, minimum_area_m2=0))
    expected = predict_array(scene, model, options=MapOptions(window=64, screen=False))
    known = np.isfinite(expected)
    with rasterio.open(result.probability) as dataset:
        counts = dataset.read(1)
        assert dataset.nodata == 65535
        assert np.abs(counts[known] * dataset.scales[0] - expected[known]).max() < 0.51e-4
        assert (counts[~known] == 65535).all()
        assert dataset.transform == scene.geobox.transform
        assert dataset.crs.to_epsg() == 32646
    with rasterio.open(result.mask) as dataset:
        mask = dataset.read(1)
        assert dataset.nodata == 255
    assert np.array_equal(mask == 255, ~known)
    assert np.array_equal(mask == 1, expected >= 0.5)
    outlines = read_outlines(result.outlines)
    assert np.array_equal(rasterise(outlines, scene.geobox), (mask == 1).astype(np.uint8))
    assert 0 < (mask == 1).mean() < 1


def test_the_size_of_the_windows_does_not_matter(scene: Scene, model: Any, tmp_path: Path) -> None:
    results = [map_scene(scene, model, tmp_path / str(w), options=MapOptions(window=w)) for w in (64, 100, 512)]
    for name in ("mask", "outlines"):
        assert len({getattr(result, name).read_bytes() for result in results}) == 1
    probabilities = [rasterio.open(result.probability).read(1).astype(int) for result in results]
    assert max(np.abs(each - probabilities[0]).max() for each in probabilities) <= 1


def test_rasters_are_cogs_with_overviews_and_provenance(
    make_scene: Callable[..., Scene], model: Any, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).random((2, 1100, 600), dtype=np.float32)
    result = map_scene(make_scene(image), model, tmp_path / "maps")
    for path in (result.probability, result.mask):
        with rasterio.open(path) as dataset:
            assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert dataset.overviews(1) == [2, 4]
            tags = dataset.tags()
        assert tags["TRIMLINE_SCENE"] == "made"
        assert tags["TRIMLINE_TIME"].startswith("1986-08-12")
        assert tags["TRIMLINE_WEIGHTS_SHA256"] == "0" * 64
        assert tags["TRIMLINE_VERSION"] == __version__
        assert tags["TRIMLINE_THRESHOLD"] == "0.5"
        assert (tags["TRIMLINE_ENGINE"], tags["TRIMLINE_ARITHMETIC"]) == ("blur", "fp32")
    of_outlines = pyogrio.read_info(result.outlines, layer="outlines")["dataset_metadata"]
    assert of_outlines == {key: tags[key] for key in of_outlines}
    assert {"TRIMLINE_ENGINE", "TRIMLINE_ARITHMETIC", "TRIMLINE_SCENE_IDENTITY"} <= set(of_outlines)


def test_outlines_have_the_published_columns(scene: Scene, model: Any, tmp_path: Path) -> None:
    outlines = read_outlines(map_scene(scene, model, tmp_path).outlines)
    assert set(outlines.columns) - {"geometry"} <= set(COLUMNS)
    assert outlines["area_km2"].to_numpy() == pytest.approx(area_km2(outlines))
    assert outlines["area_km2"].is_monotonic_decreasing
    assert (outlines["area_km2"] >= 0.0099).all()
    first = outlines.iloc[0]
    assert str(first["src_date"]).startswith("1986-08-12")
    assert (first["scene_id"], first["sensor"], first["network"]) == ("made", "landsat-5-tm", "blur")
    assert first["utm_zone"] == 46
    points = gpd.GeoSeries(gpd.points_from_xy(outlines["cenlon"], outlines["cenlat"]), crs=4326)
    assert outlines.contains(points.to_crs(outlines.crs)).all()


def test_the_threshold_can_be_another(scene: Scene, model: Any, tmp_path: Path) -> None:
    strict = map_scene(scene, model, tmp_path / "strict", options=MapOptions(threshold=0.7))
    usual = map_scene(scene, model, tmp_path / "usual")
    areas = [read_outlines(result.outlines)["area_km2"].sum() for result in (strict, usual)]
    assert areas[0] < areas[1]
    assert read_outlines(strict.outlines)["threshold"].iloc[0] == 0.7
    with pytest.raises(MappingError, match=r"never 1\.5"):
        map_scene(scene, model, tmp_path / "odd", options=MapOptions(threshold=1.5))


def test_small_patches_leave_the_outlines_and_stay_in_the_mask(scene: Scene, model: Any, tmp_path: Path) -> None:
    large = map_scene(scene, model, tmp_path / "large", options=MapOptions(minimum_area_m2=1e6))
    every = map_scene(scene, model, tmp_path / "every", options=MapOptions(minimum_area_m2=0))
    assert large.mask.read_bytes() == every.mask.read_bytes()
    kept, found = read_outlines(large.outlines), read_outlines(every.outlines)
    assert len(kept) < len(found)
    assert (kept.area >= 1e6).all()


def test_a_scene_without_ice_has_no_outlines(make_scene: Callable[..., Scene], model: Any, tmp_path: Path) -> None:
    for name, value in (("dark", 0.05), ("empty", np.nan)):
        scene = make_scene(np.full((2, 90, 90), value, np.float32))
        outlines = read_outlines(map_scene(scene, model, tmp_path / name).outlines)
        assert len(outlines) == 0
        assert outlines.crs == 32646
        assert "area_km2" in outlines.columns


def test_the_same_scene_gives_the_same_bytes(scene: Scene, model: Any, tmp_path: Path) -> None:
    first, second = (map_scene(scene, model, tmp_path / name) for name in ("a", "b"))
    for name in ("probability", "mask", "classes", "outlines"):
        assert getattr(first, name).read_bytes() == getattr(second, name).read_bytes()


@pytest.mark.parametrize(("stop_at", "tile"), [(1, None), (15, None), (1, (64, 64)), (30, (64, 64))])
def test_an_interrupted_map_goes_on_where_it_stopped(
    scene: Scene, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_at: int, tile: Any
) -> None:
    model.tile = tile
    region, options = scene.geobox.pad(0, 70), MapOptions(window=64)
    undisturbed = map_scene(scene, model, tmp_path / "once", region=region, options=options)
    asked = len(model.seen)
    kept = {path.name: path.read_bytes() for path in undisturbed.mask.parent.iterdir()}
    answer, calls = type(model).probabilities, []

    def interrupted(self: Any, *given: Any, **how: Any) -> Any:
        calls.append(1)
        if len(calls) == stop_at:
            raise KeyboardInterrupt
        return answer(self, *given, **how)

    monkeypatch.setattr(type(model), "probabilities", interrupted)
    folder = tmp_path / "twice"
    with pytest.raises(KeyboardInterrupt):
        map_scene(scene, model, folder, region=region, options=options)
    assert [path.name for path in folder.iterdir()] == [".map"]
    monkeypatch.setattr(type(model), "predict", answer)
    model.seen.clear()
    again = map_scene(scene, model, folder, region=region, options=options)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == kept
    assert again.asked == undisturbed.asked
    if stop_at > 1:
        assert 0 < len(model.seen) < asked


def test_an_interrupted_map_leaves_the_old_one_as_it_was(
    scene: Scene, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    map_scene(scene, model, tmp_path, options=MapOptions(threshold=0.6))
    kept = {
        name: (tmp_path / name).read_bytes() for name in ("probability.tif", "mask.tif", "classes.tif", "outlines.gpkg")
    }

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_module("trimline.mapping.mapped_scene"), "write_outlines", interrupted)
        with pytest.raises(KeyboardInterrupt):
            map_scene(scene, model, tmp_path)
    assert {name: (tmp_path / name).read_bytes() for name in kept} == kept
    model.seen.clear()
    map_scene(scene, model, tmp_path)
    assert not model.seen, "all rows were done but for the files"
    assert (tmp_path / "mask.tif").read_bytes() != kept["mask.tif"]


def test_rows_of_another_map_are_not_gone_on_with(
    scene: Scene, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(import_module("trimline.mapping.mapped_scene"), "write_outlines", interrupted)
        with pytest.raises(KeyboardInterrupt):
            map_scene(scene, model, tmp_path / "a", options=MapOptions(threshold=0.6))
    resumed = map_scene(scene, model, tmp_path / "a")
    assert resumed.mask.read_bytes() == map_scene(scene, model, tmp_path / "b").mask.read_bytes()


def test_a_strip_left_half_written_is_done_again(
    scene: Scene, model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = map_scene(scene, model, tmp_path / "once", options=MapOptions(window=64))
    calls: list[int] = []
    append = Journal.append

    def killed(self: Journal, *given: Any, **named: Any) -> None:
        calls.append(1)
        append(self, *given, **named)
        if len(calls) == 2:  # as if the power went while the third was on its way to the disk
            with (tmp_path / "twice" / ".map" / "mask.bin").open("ab") as stream:
                stream.write(b"garbage")
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", killed)
        with pytest.raises(KeyboardInterrupt):
            map_scene(scene, model, tmp_path / "twice", options=MapOptions(window=64))
    again = map_scene(scene, model, tmp_path / "twice", options=MapOptions(window=64))
    assert again.mask.read_bytes() == whole.mask.read_bytes()


def test_two_runs_do_not_map_into_one_folder(scene: Scene, model: Any, tmp_path: Path) -> None:
    with open_journal(tmp_path, 10, "other"), pytest.raises(MappingError, match="another run maps into this folder"):
        map_scene(scene, model, tmp_path)


@pytest.mark.parametrize("limit", [60_000, 100_000])
def test_a_full_disk_is_said_and_the_next_run_goes_on(scene: Scene, model: Any, tmp_path: Path, limit: int) -> None:
    """A limit on the size of files stands for a full disk: 70 503 pixels, of two bytes and one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        with pytest.raises(MappingError, match=r"the disk is full|cannot be written"):
            map_scene(scene, model, tmp_path / "maps", options=MapOptions(window=64))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path.name for path in (tmp_path / "maps").iterdir()] == [".map"]
    result = map_scene(scene, model, tmp_path / "maps", options=MapOptions(window=64))
    whole = map_scene(scene, model, tmp_path / "whole", options=MapOptions(window=64))
    for name in ("probability", "mask", "classes", "outlines"):
        assert getattr(result, name).read_bytes() == getattr(whole, name).read_bytes()


def test_other_files_in_the_folder_stay(scene: Scene, model: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    map_scene(scene, model, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "stack.tif") == [
        "classes.tif", "mask.tif", "notes.txt", "outlines.gpkg", "probability.tif",
    ]  # fmt: skip


def test_a_region_must_be_projected(scene: Scene, model: Any, tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="projected"):
        map_scene(scene, model, tmp_path, region=scene.geobox.to_crs(4326))


def test_codes_of_probability_are_exact_at_the_ends() -> None:
    probability = np.array([0, 1, 0.5, 0.00004, np.nan], np.float32)
    assert encode_probability(probability).tolist() == [0, 10_000, 5000, 0, 65535]
    assert encode_mask(probability, 0.5).tolist() == [0, 1, 1, 0, 255]


@given(threshold=st.floats(0.01, 0.99), off=st.floats(-2e-4, 2e-4))
def test_rounding_moves_no_pixel_across_the_threshold(threshold: float, off: float) -> None:
    probability = np.array([threshold + off, np.nextafter(np.float32(threshold), np.float32(0)), np.nan], np.float32)
    counts, mask = encode_probability(probability, threshold), encode_mask(probability, threshold)
    assert ((counts * PROBABILITY_SCALE > threshold - 1e-9) == (mask == 1))[:2].all()
    assert counts[2] == PROBABILITY_NODATA
    assert np.abs(counts[:2] * PROBABILITY_SCALE - probability[:2]).max() <= 1.001e-4


def test_memory_does_not_grow_with_the_scene(make_scene: Callable[..., Scene], model: Any, tmp_path: Path) -> None:
    """Arrays at their peak: not a byte for each pixel more; how strips meet in the two threads is worth a megabyte."""
    peaks, heights, width = [], (4 * 256, 48 * 256), 256
    for height in heights:
        image = np.full((2, height, width), 0.05, np.float32)
        image[:, :, 100:150] = 1.0
        scene = make_scene(image)
        del image
        tracemalloc.start()
        map_scene(scene, model, tmp_path / str(height), progress=False, options=MapOptions(window=128))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 0.7 * (heights[1] - heights[0]) * width


@pytest.mark.parametrize(("least_km2", "is_said"), [(0.0, False), (1000.0, True)])
def test_a_map_without_any_outline_is_warned_of(
    scene: Scene, model: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, least_km2: float, is_said: bool
) -> None:
    map_scene(scene, model, tmp_path / "maps", options=MapOptions(minimum_area_m2=least_km2 * 1e6))
    assert ("no outline: no ice of at least 1000 km2 was found" in caplog.text) == is_said
