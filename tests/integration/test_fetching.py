"""Scenes fetched from a real server on this machine: little more than their windows, and whole whatever happens."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import yaml
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.windows import Window
from tests.unit.fetching.conftest import Archived, make_landsat, region_of
from typer.testing import CliRunner

from trimline.catalogues import read_candidate
from trimline.catalogues.item_file import read_item, write_item
from trimline.cli.app import app, main
from trimline.cli.exit_codes import INTERRUPTED
from trimline.errors import CatalogueError, GridError, StageError
from trimline.fetching import fetch_scene, read_fetched
from trimline.files import write_json
from trimline.project import load_project
from trimline.rasters import write_raster
from trimline.remote import Transport
from trimline.scenes import product_info
from trimline.simulate.archive import Faults, Server, serve
from trimline.study import run_study
from trimline.study.fetch_stage import fetch_project
from trimline.study.release_stage import scenes_table

REGION = region_of(6000, 6000, 9000, 9000)
BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
SENSORS = ("landsat-8-oli", "landsat-9-oli")


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> list[Archived]:
    """Give two scenes in one archive."""
    folder = tmp_path_factory.mktemp("archive")
    write_json(folder / "catalog.json", {"type": "Catalog", "id": "test", "stac_version": "1.0.0", "links": []})
    return [make_landsat(folder / sensor, sensor=sensor) for sensor in SENSORS]


@pytest.fixture
def server(archived: list[Archived]) -> Iterator[Server]:
    with serve(archived[0].folder.parent) as server:
        yield server


def address_of(each: Archived, server: Server) -> str:
    return f"{server.url}/{each.folder.name}"


@pytest.fixture
def project_file(archived: list[Archived], server: Server, tmp_path: Path) -> Path:
    """Give a project file with both scenes, as a search writes it."""
    scenes = []
    for each in archived:
        candidate = read_candidate(each.item_at(address_of(each, server)), server.url)
        write_item(candidate, tmp_path / "out" / "search" / f"{candidate.id}.json")
        scenes.append(
            {
                "id": candidate.id,
                "path": f"${{output}}/fetched/{candidate.id}",
                "item": f"${{output}}/search/{candidate.id}.json",
                "period": "2018",
                "date": "2018-08-23",
                "tile": "139036",
                "sensor": candidate.sensor,
            }
        )
    gpd.GeoDataFrame(geometry=[REGION], crs=4326).to_file(tmp_path / "region.gpkg")
    content = {
        "name": "of-the-archive",
        "output": str(tmp_path / "out"),
        "region": str(tmp_path / "region.gpkg"),
        "periods": [{"name": "2018", "first": 2018, "last": 2018}],
        "scenes": scenes,
        "methods": [{"name": "ratio", "ratio": 2.0}],
    }
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def bytes_of_blocks(path: Path, window: Window) -> int:
    """Return the bytes of the blocks that meet a window, counted by hand from the file's own table."""
    with rasterio.open(path) as source:
        height, width = source.block_shapes[0]
        rows = range(window.row_off // height, (window.row_off + window.height - 1) // height + 1)
        columns = range(window.col_off // width, (window.col_off + window.width - 1) // width + 1)
        return sum(
            int(source.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=1)) for row in rows for column in columns
        )


def windows_fetched(server: Server) -> Counter[tuple[str, tuple[int, int] | None]]:
    """Return how often each range was sent whole, headers left out."""
    return Counter(
        (each.path, each.range)
        for each in server.log.of_files()
        if each.path.endswith(".TIF") and each.range is not None and each.range[0] > 0
    )


def test_little_more_is_fetched_than_the_blocks_that_meet_the_window(
    archived: list[Archived], server: Server, tmp_path: Path
) -> None:
    each = archived[0]
    candidate = read_candidate(each.item_at(address_of(each, server)), server.url)
    server.log.clear()
    with Transport() as transport:
        fetched = fetch_scene(candidate, REGION, tmp_path, transport, margin_m=0)
    needed = sum(
        bytes_of_blocks(each.folder / file.name, Window(*file.window))
        for file in fetched.product.files
        if file.window is not None
    )
    sent = sum(request.sent for request in server.log.requests if request.path.endswith(".TIF"))
    assert 1.0 <= sent / needed <= 1.2
    assert server.log.most_at_once <= transport.at_once


def test_with_one_request_in_five_failing_and_the_server_restarted_all_arrives_as_without(
    archived: list[Archived], server: Server, tmp_path: Path
) -> None:
    each = archived[0]
    candidate = read_candidate(each.item_at(address_of(each, server)), server.url)
    with Transport() as transport:
        undisturbed = fetch_scene(candidate, REGION, tmp_path / "undisturbed", transport).path
    server.log.clear()
    server.faults = Faults("500", "429", "cut", "503", share=0.2, seed=5)
    server.restart()
    with Transport(first_wait_s=0.01) as transport:
        disturbed = fetch_scene(candidate, REGION, tmp_path / "disturbed", transport).path
    assert transport.counts.retries > 0
    assert bytes_in(disturbed) == bytes_in(undisturbed)
    assert max(windows_fetched(server).values()) == 1


def test_command_fetches_all_and_then_nothing(project_file: Path, server: Server, archived: list[Archived]) -> None:
    first = CliRunner().invoke(app, ["fetch", str(project_file), "--json"], catch_exceptions=False)
    assert first.exit_code == 0
    outcome = json.loads(first.stdout)
    assert [each["is_new"] for each in outcome["fetched"].values()] == [True, True]
    assert outcome["transferred_bytes"] > 0
    server.log.clear()
    second = CliRunner().invoke(app, ["fetch", str(project_file)], catch_exceptions=False)
    assert second.exit_code == 0
    assert second.stdout.count("was there") == 2
    assert not server.log.requests


def test_a_fetched_product_is_part_of_one_and_can_be_used(project_file: Path) -> None:
    fetched = fetch_project(load_project(project_file)).fetched
    for each in fetched.values():
        said = product_info(each.path)
        assert (said.is_usable, said.is_complete, said.missing, said.fetched) == (True, False, (), "for a region")


def test_elevation_of_another_place_is_refused_before_what_was_fetched_is_mapped(
    project_file: Path, tmp_path: Path
) -> None:
    grid = GeoBox((20, 20), Affine(30, 0, 500_000, 0, -30, 2_000_000), "EPSG:32646")
    write_raster(tmp_path / "dem.tif", np.full(grid.shape, 4000, np.float32), grid)
    project = load_project(project_file, [f"dem={tmp_path / 'dem.tif'}"])
    with pytest.raises(GridError, match="no heights where the image lies"):
        run_study(project, until="map")
    assert not (project.output / "maps").exists()


def test_scene_with_a_missing_band_is_named_and_the_others_are_fetched(
    project_file: Path, server: Server, archived: list[Archived]
) -> None:
    lost = archived[0].candidate
    server.faults = Faults("404", only=lost.bands["swir1"].name)
    outcome = CliRunner().invoke(app, ["fetch", str(project_file)])
    assert isinstance(outcome.exception, StageError), "which ends with exit code 2"
    said = str(outcome.exception)
    assert "1 of 2 scenes" in said
    assert lost.id in said
    assert "band swir1" in said
    output = load_project(project_file).output / "fetched"
    assert {each.name for each in output.iterdir() if not each.name.startswith(".")} == {archived[1].candidate.id}
    left_out = CliRunner().invoke(app, ["fetch", str(project_file), "--skip", lost.id], catch_exceptions=False)
    assert left_out.exit_code == 0
    server.faults = Faults()
    server.log.clear()
    assert CliRunner().invoke(app, ["fetch", str(project_file)], catch_exceptions=False).exit_code == 0
    again = {request.path for request in server.log.of_files() if request.path.endswith(".TIF")}
    assert f"/{archived[0].folder.name}/{lost.bands['swir1'].name}" in again
    assert not any(archived[1].folder.name in path for path in again)


def test_run_of_a_study_fetches_first_and_a_later_stage_alone_says_what_to_do(
    project_file: Path, server: Server
) -> None:
    project = load_project(project_file)
    with pytest.raises(StageError, match=r"has not been fetched[\s\S]*`trimline fetch`"):
        run_study(project, only="map")
    study = run_study(project, until="fetch")
    assert all(read_fetched(entry.path) is not None for entry in project.scenes)
    assert not study.done["fetch"].skipped
    server.log.clear()
    assert run_study(project, only="fetch").done["fetch"].skipped
    assert not server.log.requests


def test_larger_region_makes_the_fetched_windows_out_of_date(project_file: Path, server: Server) -> None:
    project = load_project(project_file)
    run_study(project, until="fetch")
    gpd.GeoDataFrame(geometry=[region_of(0, 0, 20_000, 20_000)], crs=4326).to_file(project.region)
    with pytest.raises(StageError, match="must be fetched again"):
        run_study(project, only="samples")
    run_study(project, until="fetch")
    product = read_fetched(project.scenes[0].path)
    assert product is not None
    assert max(file.window[2] for file in product.files if file.window is not None) == 768


def test_product_that_the_user_laid_at_a_scenes_path_is_used_as_it_is(
    project_file: Path, server: Server, archived: list[Archived], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    project = load_project(project_file)
    own = project.scenes[0].path
    own.mkdir(parents=True)
    (own / "mine").write_text("")
    run_study(project, until="fetch")
    assert [each.name for each in own.iterdir()] == ["mine"]
    assert "used as it is" in caplog.text


def test_release_names_catalogue_item_and_product_of_fetched_scenes(
    project_file: Path, server: Server, archived: list[Archived]
) -> None:
    study = run_study(load_project(project_file), until="fetch")
    columns, rows = scenes_table(study, ["2018"])
    assert columns[-2:] == ["catalogue", "item"]
    for row, each in zip(rows, sorted(archived, key=lambda each: each.candidate.id), strict=True):
        assert row[-2:] == [f"{server.url}, of-the-test", each.candidate.id]
        assert row[columns.index("product")] == each.candidate.id
    assert scenes_table(study, []) == (columns, [])


def test_item_without_its_catalogue_is_refused(project_file: Path) -> None:
    entry = load_project(project_file).scenes[0]
    assert entry.item is not None
    item, catalogue = read_item(entry.item)
    write_json(entry.item, item)
    with pytest.raises(CatalogueError, match="which catalogue"):
        read_item(entry.item)
    assert read_item(entry.item, catalogue)[1] == catalogue


_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


def _fetch(project_file: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background programs ignore it
    sys.argv = ["trimline", "fetch", project_file]
    main()


def _run(project_file: Path) -> Any:
    """Start `trimline fetch` in a process of its own, which has imported everything already."""
    process = _PROCESSES.Process(target=_fetch, args=(str(project_file),))
    process.start()
    return process


def _exit_code_of(process: Any) -> int | None:
    process.join(120)
    code: int | None = process.exitcode
    return code


def test_killed_at_any_moment_the_next_run_completes_with_the_same_bytes_and_no_window_comes_more_than_twice(
    project_file: Path, server: Server, archived: list[Archived]
) -> None:
    project = load_project(project_file)
    fetched = project.output / "fetched"
    assert _exit_code_of(_run(project_file)) == 0
    undisturbed = bytes_in(fetched)
    for path in (entry.path for entry in project.scenes):
        path.rename(project.output / f"of-{path.name}")
    server.log.clear()
    server.latency_s = 0.05
    chance = random.Random(22)  # noqa: S311 - a draw that can be repeated
    run = _run(project_file)
    # Once it is in the midst of it.
    while not server.log.requests:
        time.sleep(0.01)
    time.sleep(chance.uniform(0.05, 0.6))
    run.kill()
    assert _exit_code_of(run) == -signal.SIGKILL
    for each in archived:
        product = fetched / each.candidate.id
        assert not product.exists() or bytes_in(product) == {
            name.removeprefix(f"{product.name}/"): content
            for name, content in undisturbed.items()
            if name.startswith(product.name)
        }
    server.restart()
    assert _exit_code_of(_run(project_file)) == 0
    assert bytes_in(fetched) == undisturbed
    assert max(windows_fetched(server).values()) <= 2


def test_interrupted_run_ends_with_the_code_of_an_interruption_and_goes_on_later(
    project_file: Path, server: Server
) -> None:
    server.latency_s = 0.2
    run = _run(project_file)
    while len(server.log.requests) < 3:
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGINT)
    assert _exit_code_of(run) == INTERRUPTED
    assert any(load_project(project_file).output.glob("fetched/.*.part"))
    server.latency_s = 0.0
    assert _exit_code_of(_run(project_file)) == 0
