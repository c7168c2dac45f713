"""Files that maps are made with reach workers that do not see them, or are named."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from trimline.errors import ClusterError
from trimline.mapping import GlacierZone, cluster_files
from trimline.mapping.cluster_files import Reference
from trimline.mapping.snow_file import SnowReference
from trimline.outlines import read_outlines


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return the folder of the machine that asks, with an inventory and a DEM."""
    folder = tmp_path / "here"
    folder.mkdir()
    outlines = gpd.GeoDataFrame({"glac_id": ["G1"]}, geometry=[shapely.box(500_000, 0, 501_000, 1_000)], crs=32646)
    outlines.to_file(folder / "inventory.shp")
    outlines.to_file(folder / "inventory.gpkg", layer="glaciers")
    with rasterio.open(
        folder / "dem.tif", "w", driver="GTiff", count=1, height=8, width=8, dtype="float32", crs="EPSG:32646",
        transform=from_origin(500_000, 1_000, 125, 125),
    ) as dataset:  # fmt: skip
        dataset.write(np.full((1, 8, 8), 3000, np.float32))
    return folder


def on_worker(reference: Reference, folder: Path) -> Reference:
    """Return what a worker gets: pickled, and set up in its own folder."""
    folder.mkdir(exist_ok=True)
    arrived: Reference = pickle.loads(pickle.dumps(reference))  # noqa: S301 - our own
    worker: Any = SimpleNamespace(local_directory=str(folder))
    arrived.setup(worker)
    return arrived


@pytest.mark.parametrize("inventory", ["inventory.shp", "inventory.gpkg|layer=glaciers"])
def test_files_are_there_where_the_worker_sees_nothing(here: Path, tmp_path: Path, inventory: str) -> None:
    zone = GlacierZone(dem=here / "dem.tif", minimum_elevation_m=100)
    arrived = on_worker(Reference(zone, SnowReference(here / inventory, here / "dem.tif")), tmp_path / "there")
    here.rename(tmp_path / "gone")
    assert arrived.snow is not None
    assert arrived.snow.inventory is not None
    assert arrived.snow.inventory.name == inventory, "names stand in what is written"
    assert read_outlines(arrived.snow.inventory)["glac_id"].tolist() == ["G1"]
    assert arrived.within is not None
    assert arrived.within.dem is not None
    with rasterio.open(arrived.within.dem) as dem:
        assert (dem.read() == 3000).all()


def test_a_large_file_must_be_seen_unchanged(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_files, "MOST_SENT_BYTES", 10)
    zone = GlacierZone(dem=here / "dem.tif", minimum_elevation_m=100)
    reference = Reference(zone, None)
    assert len(pickle.dumps(reference)) < 2000
    arrived = on_worker(reference, tmp_path / "there")
    assert arrived.within is not None
    assert arrived.within.dem == here / "dem.tif"
    (here / "dem.tif").write_bytes((here / "dem.tif").read_bytes() + b" ")
    with pytest.raises(ClusterError, match="does not see this file as this machine does") as changed:
        _ = arrived.within
    assert changed.value.where == here / "dem.tif"
    (here / "dem.tif").unlink()
    with pytest.raises(ClusterError, match="does not see this file"):
        _ = arrived.within


def test_a_mosaic_of_another_folder_and_a_link_are_not_sent(here: Path, tmp_path: Path) -> None:
    (tmp_path / "link.tif").symlink_to(here / "dem.tif")
    arrived = on_worker(Reference(None, SnowReference(None, tmp_path / "link.tif")), tmp_path / "there")
    assert arrived.snow is not None
    assert arrived.snow.dem == tmp_path / "link.tif", "seen here, it is read where it is"


def test_another_state_of_a_file_has_another_name(here: Path) -> None:
    names = {Reference(None, SnowReference(None, here / "dem.tif")).name}
    (here / "dem.tif").write_bytes((here / "dem.tif").read_bytes() + b" ")
    names |= {Reference(None, SnowReference(None, here / "dem.tif")).name, Reference(None, None).name}
    assert len(names) == 3
