"""A study from nothing but a region and years: searched, fetched and run from an archive on this machine.

The archive answers as real ones do (STAC API, range requests) and, where a test says so, fails as they do.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import pystac_client
import pytest
import rasterio
import shapely
import yaml
from tests.candidates import (
    EPSG,
    GOOD_OF_A_PERIOD,
    LEFT,
    PERIODS,
    PIXEL_M,
    SIZE,
    TOP,
    Candidates,
    best_by_stated_cover,
    is_clear_cut,
    make_candidates,
)
from tests.integration.conftest import LATEST
from typer.testing import CliRunner

from trimline.catalogues import read_candidate, transport_for
from trimline.cli.app import app
from trimline.fetching import fetch_scene
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange, load_project
from trimline.simulate import write_range
from trimline.simulate.archive import Faults, Server, make_archive, serve

RATIO = {"name": "index", "ratio": 1.7, "blue": 0.05}


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Candidates:
    """Return the forty candidates of four periods."""
    return make_candidates(tmp_path_factory.mktemp("forty"))


@pytest.fixture
def archive(latest: Candidates) -> Iterator[Server]:
    with serve(latest.archive) as server:
        yield server


def project_file(folder: Path, candidates: Candidates, address: str, periods: Sequence[str], **more: Any) -> Path:
    """Write a project that has a region, an older inventory, years and a catalogue, and no scene."""
    square = shapely.box(LEFT, TOP - SIZE * PIXEL_M, LEFT + SIZE * PIXEL_M, TOP)
    gpd.GeoDataFrame(geometry=[square.buffer(-50.0)], crs=EPSG).to_file(folder / "region.gpkg")
    first = min(date for date, truth in candidates.truth.items() if truth.is_good)
    content = {
        "name": "range",
        "output": "out",
        "authors": [{"name": "Chen, F."}],
        "license": "CC-BY-4.0",
        "region": "region.gpkg",
        "inventory": str(candidates.outlines(first)),
        "periods": [{"name": name, "first": int(name[:4]), "last": int(name[5:])} for name in periods],
        "search": {"catalogues": address},
        "methods": [RATIO],
        **more,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def trimline(*arguments: object) -> str:
    """Carry a command out, and return what it printed."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def best(searched: str, count: int = GOOD_OF_A_PERIOD) -> set[str]:
    """Return the dates of the best candidates of each period, as the search ranks them."""
    dates: set[str] = set()
    for period in json.loads(searched)["periods"]:
        ranked = sorted(
            (*period["taken"], *period["left"]), key=lambda each: (-each["weight"] * each["ice_clear"], each["id"])
        )
        dates |= {each["date"] for each in ranked[:count]}
    return dates


def local_twin(fetched: Path, candidates: Candidates, folder: Path) -> Path:
    """Write the same project with the products themselves as its scenes."""
    folder.mkdir()
    content = yaml.safe_load(fetched.read_text())
    del content["search"]
    content["region"] = str(fetched.parent / "region.gpkg")
    for scene in content["scenes"]:
        del scene["item"]
        scene["path"] = str(candidates.product(str(scene["date"])))
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def outlines_of(project: Path) -> dict[str, gpd.GeoDataFrame]:
    """Return the outlines of each period."""
    output = load_project(project).output
    return {path.parent.name: read_outlines(path) for path in sorted(output.glob("timeline/*/outlines.gpkg"))}


def same_outlines(one: Path, other: Path) -> bool:
    ours, theirs = outlines_of(one), outlines_of(other)
    assert ours.keys() == theirs.keys() != set()
    return all(
        len(ours[period]) > 0 and shapely.equals_exact(ours[period].union_all(), theirs[period].union_all(), 0.0)
        for period in ours
    )


def with_all_candidates(project: Path) -> Path:
    """Return a project that takes every candidate which the search of another found, without looking at them."""
    output = load_project(project).output
    items = sorted(path for path in (output / "search").glob("*.json") if path.name != "choice.json")
    scenes = [{"id": path.stem, "path": f"${{output}}/fetched/{path.stem}", "item": str(path)} for path in items]
    content = {**yaml.safe_load(project.read_text()), "scenes": scenes}
    path = project.with_name("all.yaml")
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    """Return what was fetched, without the times at which it was."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "fetched.json"
    }


def sent_of(server: Server) -> Counter[str]:
    """Return the bytes that were sent of each raster, whole answers only."""
    sent: Counter[str] = Counter()
    for each in server.log.of_files():
        if each.path.lower().endswith((".tif", ".jp2")):
            sent[each.path] += each.sent
    return sent


def test_search_fetch_and_run_give_the_outlines_of_the_products_themselves(
    latest: Candidates, archive: Server, tmp_path: Path
) -> None:
    project = project_file(tmp_path, latest, archive.url, LATEST)
    assert best(trimline("search", project, "--json")) == latest.good
    assert json.loads(trimline("fetch", project, "--json"))["failed"] == {}
    archive.log.clear()
    assert json.loads(trimline("fetch", project, "--json"))["transferred_bytes"] == 0
    assert archive.log.of_files() == (), "what is there is not fetched again"
    archive.stop()
    trimline("run", project, "--until", "timeline")
    twin = local_twin(project, latest, tmp_path / "local")
    trimline("run", twin, "--until", "timeline")
    assert same_outlines(project, twin)


def test_a_static_catalogue_on_the_disk_is_searched_and_fetched_as_a_server_is(
    latest: Candidates, archive: Server, tmp_path: Path
) -> None:
    chosen = {}
    for name, address in (("disk", str(latest.archive / "catalog.json")), ("server", archive.url)):
        folder = tmp_path / name
        folder.mkdir()
        project = project_file(folder, latest, address, LATEST)
        trimline("search", project, "--json", "--no-pictures")
        assert json.loads(trimline("fetch", project, "--json"))["failed"] == {}
        fetched = files_of(folder / "out" / "fetched")
        chosen[name] = {path: content for path, content in fetched.items() if not path.endswith("item.json")}
    assert chosen["disk"] == chosen["server"]


def test_one_failure_in_five_a_restart_and_a_kill_leave_every_file_whole(
    latest: Candidates, archive: Server, tmp_path: Path
) -> None:
    searched = project_file(tmp_path, latest, archive.url, LATEST)
    trimline("search", searched, "--json", "--no-pictures")
    project = with_all_candidates(searched)
    archive.log.clear()
    trimline("fetch", project, "--json", "--set", "output=undisturbed")
    undisturbed, needed = files_of(tmp_path / "undisturbed" / "fetched"), sent_of(archive)
    archive.log.clear()
    archive.faults = Faults("429", "500", "503", "cut", "short-range", share=0.2, seed=11)
    command = [sys.executable, "-c", "from trimline.cli import main; main()", "fetch", str(project), "--json"]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: sum(sent_of(archive).values()) > 0.3 * sum(needed.values()), run)
    archive.restart(after_s=0.3)
    wait_for(lambda: sum(sent_of(archive).values()) > 0.6 * sum(needed.values()), run)
    run.kill()
    assert run.wait() == -signal.SIGKILL, "it was at work"
    there = tmp_path / "out" / "fetched"
    for path, content in files_of(there).items():
        if "/." not in f"/{path}":
            assert content == undisturbed[path], "what lies under its final name is whole"
    again = json.loads(trimline("fetch", project, "--json"))
    assert again["failed"] == {}
    assert files_of(there) == undisturbed
    for path, count in sent_of(archive).items():
        assert count <= 2 * needed[path], f"{path} was fetched more than twice"
    assert any(each.fault for each in archive.log.requests)


def wait_for(reached: Callable[[], bool], run: subprocess.Popen[str], at_most_s: float = 120.0) -> None:
    """Wait until something is reached, or the process has ended."""
    end = time.monotonic() + at_most_s
    while not reached() and run.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_the_ranking_finds_the_best_scenes_which_scene_cloud_cover_does_not(forty: Candidates, tmp_path: Path) -> None:
    periods = tuple(PERIODS)
    assert (len(forty.truth), len(forty.good)) == (40, 12)
    assert is_clear_cut(forty.truth)
    with serve(forty.archive) as server:
        project = project_file(tmp_path, forty, server.url, periods)
        found = best(trimline("search", project, "--json"))
        assert len(found & forty.good) >= 11
        assert len(best_by_stated_cover(forty.truth, periods) & forty.good) <= 6
        trimline("fetch", project, "--json")
    trimline("run", project)
    twin = local_twin(project, forty, tmp_path / "local")
    trimline("run", twin)
    assert same_outlines(project, twin)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sensor", "pixel_m", "size"), [("landsat-8-oli", 30.0, 768), ("sentinel-2-msi", 10.0, 768)], ids=str
)
def test_no_more_is_fetched_than_the_blocks_of_the_windows_and_a_fifth(
    tmp_path: Path, sensor: str, pixel_m: float, size: int
) -> None:
    look = {"date": "2018-08-25", "sensor": sensor}
    if sensor == "sentinel-2-msi":
        look |= {"format": "safe", "level": "L2A", "baseline": "05.00"}
    settings = {"name": "wide", "size": size, "resolution_m": pixel_m, "seed": 3, "scenes": [look]}
    manifest = write_range(SimulatedRange.model_validate(settings), tmp_path / "range", progress=False)
    catalogue = make_archive(tmp_path / "archive", [manifest.folder / manifest.scenes[0].product], block=128)
    middle = shapely.Point(LEFT + size * pixel_m / 2, TOP - size * pixel_m / 2).buffer(20 * pixel_m, cap_style="square")
    gpd.GeoDataFrame(geometry=[middle], crs=EPSG).to_file(tmp_path / "region.gpkg")
    with serve(catalogue.parent) as server:
        item = next(iter(pystac_client.Client.open(server.url).search().items())).to_dict()
        candidate = read_candidate(item, server.url)
        region = shapely.union_all(gpd.read_file(tmp_path / "region.gpkg").to_crs(4326).geometry.to_numpy())
        fetched = fetch_scene(candidate, region, tmp_path / "fetched", transport_for(server.url))
        sent = sum(sent_of(server).values())
    blocks = sum(
        bytes_of_blocks(Path(catalogue.parent / urlsplit(each.source).path.lstrip("/")), each.window)
        for each in fetched.product.files
        if each.window is not None
    )
    whole = sum(path.stat().st_size for path in catalogue.parent.rglob("*") if path.suffix.lower() == ".tif")
    assert sent <= 1.2 * blocks
    assert sent < 0.8 * whole, "the windows are a part of the scene"


def bytes_of_blocks(path: Path, window: Sequence[int]) -> int:
    """Return the bytes of the blocks of a COG that meet a window (column, row, width, height)."""
    column, row, width, height = window
    total = 0
    with rasterio.open(path) as source:
        (down, across), *_ = source.block_shapes
        for y in range(row // down, -(-(row + height) // down)):
            for x in range(column // across, -(-(column + width) // across)):
                total += int(source.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=1) or 0)
    return total
