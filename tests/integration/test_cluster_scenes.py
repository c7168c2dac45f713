"""A study is mapped scene by scene on a real cluster whose workers see none of its files, and fetch what they map."""

from __future__ import annotations

import pickle
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import requests
import shapely
import yaml
from tests.clusters import can_hide, cluster_in

from trimline.catalogues import read_candidate
from trimline.catalogues.item_file import write_item
from trimline.errors import RemoteError
from trimline.project import load_project
from trimline.project.simulation import SimulatedRange
from trimline.simulate import write_range
from trimline.simulate.archive import Faults, Server, make_archive, serve
from trimline.study import run_study
from trimline.study.cluster_maps import ClusterMaps
from trimline.study.map_stage import FILES
from trimline.study.study import Study

DATES = {"1988-08-20": "landsat-5-tm", "2018-08-23": "landsat-8-oli", "2019-08-10": "landsat-8-oli"}
SECRET = "s3cr3t-0f-th3-cl13nt"  # noqa: S105 - of nobody
MAPS = ("snow.json", *FILES)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a simulated range, and the archive that holds its products."""
    folder = tmp_path_factory.mktemp("simulated")
    looks = [{"date": date, "sensor": sensor, "snow": 0} for date, sensor in DATES.items()]
    write_range(SimulatedRange(name="range", size=96, seed=7, scenes=looks), folder / "range", progress=False)
    make_archive(folder / "archive", sorted((folder / "range").glob("L*")), block=128)
    return folder


def write_study(folder: Path, simulated: Path, server: Server, **changes: Any) -> Path:
    """Write a project of the archive's scenes, none of them fetched, confined by an inventory and a DEM."""
    folder.mkdir(exist_ok=True)
    found = requests.get(f"{server.url}/search", params={"collections": "landsat-c2l1"}, timeout=20).json()["features"]
    scenes = []
    for item in sorted(found, key=lambda each: each["id"]):
        candidate = read_candidate(item, server.url)
        write_item(candidate, folder / "items" / f"{candidate.id}.json")
        year = f"{candidate.time:%Y}"
        period = "first" if year < "2000" else "last"
        files = {"path": f"scenes/{candidate.id}", "item": f"items/{candidate.id}.json"}
        scenes.append({"id": f"S{year}", **files, "period": period})
    west, south, east, north = shapely.union_all([shapely.geometry.shape(item["geometry"]) for item in found]).bounds
    region = shapely.box(west + (east - west) / 4, south, east, north - (north - south) / 4)
    gpd.GeoDataFrame(geometry=[region], crs=4326).to_file(folder / "region.gpkg")
    project = {
        "name": "afar",
        "output": "out",
        "region": "region.gpkg",
        "inventory": str(simulated / "range" / "outlines_19880820.gpkg"),
        "dem": str(simulated / "range" / "dem.tif"),
        "periods": [{"name": "first", "first": 1986, "last": 1990}, {"name": "last", "first": 2016, "last": 2020}],
        "scenes": scenes,
        "methods": [{"name": "ratio", "ratio": 1.8, "blue": 0.05}],
        "map": {"window": 64, "within_m": 600, "minimum_elevation_m": 100},
        **changes,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(project))
    return path


def maps_of(folder: Path) -> dict[str, bytes]:
    """Return the files of all maps in a project's folder."""
    maps = folder / "out" / "maps" / "ratio"
    return {f"{each.name}/{name}": (each / name).read_bytes() for each in sorted(maps.iterdir()) for name in MAPS}


@pytest.mark.slow
def test_workers_that_see_nothing_fetch_and_map_the_same_bytes_though_one_dies(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIMLINE_TEST_TOKEN", SECRET)
    with serve(simulated / "archive") as server:
        here = write_study(tmp_path / "here", simulated, server)
        run_study(load_project(here), until="map")
        there = write_study(tmp_path / "there", simulated, server)
        server.log.clear()
        hidden = [tmp_path / "here", tmp_path / "there", simulated] if can_hide() else []
        server.latency_s = 0.05
        with cluster_in(tmp_path / "cluster", hidden) as cluster:

            def kill_one_half_way() -> None:
                while not server.log.of_files() and cluster.workers[0].poll() is None:
                    time.sleep(0.005)
                cluster.workers[0].kill()

            killer = threading.Thread(target=kill_one_half_way)
            killer.start()
            study = run_study(load_project(there), until="map", scheduler=cluster.address)
            killer.join()
            assert cluster.workers[0].wait(10) != 0
            assert not list(cluster.own_folders[1].rglob("*_B3.TIF")), "what was mapped is removed"
            assert maps_of(tmp_path / "there") == maps_of(tmp_path / "here")
            counts = Counter((each.path, each.range) for each in server.log.of_files())

            # What a worker cannot fetch is said here, and that it was a worker.
            failing = write_study(tmp_path / "failing", simulated, server, map={"scenes": ["S1988"]})
            server.faults = Faults("404", only="_B5.TIF")
            with pytest.raises(RemoteError, match=r"band .* cannot be fetched.*on the worker tcp://127"):
                run_study(load_project(failing), until="map", scheduler=cluster.address)
            server.faults = Faults()
            assert SECRET not in cluster.logs()
        assert not (tmp_path / "there" / "scenes").exists(), "nothing is fetched here"
        assert max(counts.values()) <= 2, "only what the dead worker had begun is fetched twice"
        assert [*study.done["map"].result["maps"]] == [each.id for each in study.project.scenes]

        # What was mapped there stays mapped when the scenes are fetched here, for the stages that read them.
        again = run_study(load_project(there), until="map")
        assert (tmp_path / "there" / "scenes").is_dir()
        for each in study.project.scenes:
            for step in (f"map/{each.id}", f"snow/{each.id}"):
                assert again.ledger.steps[step].skipped
                assert again.ledger.steps[step].result == study.ledger.steps[step].result


def test_one_task_holds_no_secret_and_few_bytes(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is sent to a worker is pickled here as dask pickles it."""
    monkeypatch.setenv("EARTHDATA_TOKEN", SECRET)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with serve(simulated / "archive") as server:
        project = load_project(write_study(tmp_path / "there", simulated, server))
    client = Recorded()
    maps = ClusterMaps(Study(project), client, project.scenes, "none")  # type: ignore[arg-type]
    assert maps.are_whole
    with pytest.raises(LookupError, match="submitted"):
        maps.map(project.scenes[0], tmp_path / "maps")
    assert len(client.pickled) == 3, "a model, a reference, and a task"
    assert not [each for each in client.pickled if SECRET.encode() in each]
    assert len(client.pickled[-1]) < 100_000


class Recorded:
    """A client that keeps what it would send."""

    def __init__(self) -> None:
        self.pickled: list[bytes] = []

    def nthreads(self) -> dict[str, int]:
        return {"one": 1}

    def register_plugin(self, plugin: Any) -> None:
        self.pickled.append(pickle.dumps(plugin))

    def submit(self, *task: Any, **options: Any) -> None:
        self.pickled.append(pickle.dumps((task, options)))
        raise LookupError("submitted")


@pytest.mark.slow
def test_local_products_in_archives_are_mapped_scene_by_scene(simulated: Path, tmp_path: Path) -> None:
    """As many scenes as threads: each is one task, opened and unpacked by its worker."""
    import tarfile

    scenes = []
    for product in sorted((simulated / "range").glob("L*")):
        path = tmp_path / f"{product.name}.tar.gz"
        with tarfile.open(path, "w:gz", compresslevel=1) as packed:
            for each in sorted(product.iterdir()):
                packed.add(each, arcname=each.name)
        scenes.append({"id": f"S{product.name[17:21]}", "path": str(path)})
    known = {"name": "near", "output": "out", "scenes": scenes, "map": {"window": 64}}
    known |= {"methods": [{"name": "ratio", "ratio": 1.8, "blue": 0.05}]}
    with cluster_in(tmp_path / "cluster") as cluster:
        for where, scheduler in (("here", None), ("there", cluster.address)):
            (tmp_path / where).mkdir()
            project = tmp_path / where / "study.yaml"
            project.write_text(yaml.safe_dump(known))
            run_study(load_project(project), until="map", scheduler=scheduler)
    assert maps_of(tmp_path / "here") == maps_of(tmp_path / "there")
    unpacked = {each.parent for each in cluster.folder.glob("tmp*/trimline-*/*_B3.TIF")}
    assert unpacked, "workers unpack for themselves"
