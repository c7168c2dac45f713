"""A scheduler that dies while a study is mapped ends the run in one line, and the next run goes on there."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from rasterio.transform import from_origin
from scipy.ndimage import uniform_filter
from tests.clusters import PATIENCE_S, cluster_in

from trimline.project import load_project
from trimline.study import run_study
from trimline.study.map_stage import FILES

BANDS = ("blue", "green", "red", "nir", "swir1")


def write_study(folder: Path, scenes: int) -> Path:
    """Write a project of stacks that differ, high ones where there is one only."""
    height = 700 if scenes == 1 else 200
    folder.mkdir()
    for number in range(scenes):
        noise = uniform_filter(np.random.default_rng(number).random((5, height, 300)), (0, 25, 25)).astype(np.float32)
        with rasterio.open(
            folder / f"stack{number}.tif", "w", driver="GTiff", count=5, height=height, width=300, dtype="float32",
            crs="EPSG:32646", transform=from_origin(500_010, 3_800_040, 30, 30), nodata=float("nan"),
        ) as dataset:  # fmt: skip
            dataset.write((noise - noise.min()) / np.ptp(noise))
            for i, name in enumerate(BANDS, start=1):
                dataset.set_band_description(i, name)
    known = {"sensor": "landsat-5-tm", "date": "1986-08-12"}
    project: dict[str, Any] = {
        "name": "afar",
        "output": "out",
        "scenes": [{"id": f"S{number}", "path": f"stack{number}.tif", **known} for number in range(scenes)],
        "methods": [{"name": "ratio", "ratio": 1.0, "blue": 0.05}],
        "map": {"window": 64},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(project))
    return folder / "study.yaml"


def has_begun(folder: Path) -> bool:
    """Whether some strips, or a scene, came from the workers."""
    journals = list(folder.glob("out/maps/ratio/*/.map/records.bin"))
    return any(each.stat().st_size >= 3 * 24 for each in journals) or any(folder.glob("out/maps/ratio/*/mask.tif"))


def goes_on_with_rows(caplog: pytest.LogCaptureFixture) -> bool:
    return "S0: going on after row" in caplog.text


def goes_on_with_scenes(caplog: pytest.LogCaptureFixture) -> bool:
    return sum(f"map/S{number}: nothing to do" in caplog.text for number in range(5)) >= 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenes", "goes_on"),
    [(1, goes_on_with_rows), (5, goes_on_with_scenes)],
)
def test_a_scheduler_that_dies_is_said_in_one_line_and_the_next_run_goes_on(
    scenes: int, goes_on: Callable[[Any], bool], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    project, undisturbed = write_study(tmp_path / "there", scenes), write_study(tmp_path / "here", scenes)
    run_study(load_project(undisturbed), until="map")
    with cluster_in(tmp_path / "cluster") as cluster:
        command = [sys.executable, "-c", "from trimline.cli import main; main()", "map", str(project)]
        running = subprocess.Popen([*command, "--scheduler", cluster.address], stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + PATIENCE_S
        while not has_begun(project.parent) and running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        cluster.scheduler.kill()
        said = running.communicate(timeout=PATIENCE_S)[1]
    assert running.returncode == 2, said
    assert "Traceback" not in said
    *_, error, remedy = said.strip().splitlines()
    assert error.startswith("trimline: tcp://127.0.0.1:")
    assert "the scheduler no longer answers" in error
    assert "run again: it goes on there" in remedy

    with caplog.at_level(logging.INFO):
        run_study(load_project(project), until="map")
    assert goes_on(caplog), caplog.text
    for number in range(scenes):
        for name in FILES:
            mine, other = (
                each.parent / "out" / "maps" / "ratio" / f"S{number}" / name for each in (project, undisturbed)
            )
            assert mine.read_bytes() == other.read_bytes()
