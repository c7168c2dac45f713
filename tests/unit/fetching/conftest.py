"""Scenes of tiny archives on the disk: Landsat and Sentinel-2, tiled, with numbers that differ from pixel to pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Transformer

from trimline.catalogues.candidate import Candidate, RemoteAsset
from trimline.fetching.wanted import WHOLE_SUFFIXES
from trimline.files import write_json
from trimline.sensors import SENSORS
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.landsat_mtl import as_json, as_odl, file_name, metadata

EPSG = 32646
LEFT, TOP = 499_980.0, 3_100_020.0
SIDE_M = 23_040
"""Of a scene: 768 pixels of Landsat, 2304, 1152 and 384 of Sentinel-2."""
LANDSAT_BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
SENTINEL2_BANDS = {"green": 10, "swir1": 20, "coastal": 60}


@dataclass(frozen=True)
class Archived:
    """A scene in an archive."""

    candidate: Candidate
    folder: Path
    """Its files, by the names of the candidate's assets."""

    def numbers(self, name: str) -> NDArray[Any]:
        with rasterio.open(self.folder / name) as source:
            return source.read(1)

    def item_at(self, address: str) -> dict[str, Any]:
        """Return the item of the scene in an archive that lies at an address."""
        each = self.candidate
        named = {"pixel": "qa_pixel", "saturation": "qa_radsat"}
        files = {**each.bands, **{named[kind]: quality for kind, quality in each.quality.items()}}
        files |= {file.key: file for file in each.metadata}
        return {
            **each.item,
            "geometry": shapely.geometry.mapping(each.footprint),
            "bbox": list(each.footprint.bounds),
            "assets": {key: {"href": f"{address}/{file.name}"} for key, file in files.items()},
            "links": [{"rel": "self", "href": f"{address}/{each.id}.json"}],
        }


def region_of(west_m: float, north_m: float, width_m: float, height_m: float) -> shapely.Geometry:
    """Return a box in degrees, given in metres from a scene's upper left corner."""
    change = Transformer.from_crs(EPSG, 4326, always_xy=True)
    x, y = LEFT + west_m, TOP - north_m
    box = shapely.segmentize(shapely.box(x, y - height_m, x + width_m, y), 100)
    return shapely.transform(box, lambda xy: np.column_stack(change.transform(*xy.T)))


def grid_of(pixel_m: float) -> GeoBox:
    side = int(SIDE_M / pixel_m)
    return GeoBox((side, side), Affine(pixel_m, 0, LEFT, 0, -pixel_m, TOP), EPSG)


def write_tiled(path: Path, pixel_m: float, dtype: str, seed: int, *, high: int, nodata: float | None = 0) -> None:
    """Write noise at the scene's corner: tiled, as archives do, or as JPEG 2000."""
    grid = grid_of(pixel_m)
    numbers = np.random.default_rng(seed).integers(1, high, grid.shape).astype(dtype)
    numbers[:, : int(600 / pixel_m)] = 0
    options: dict[str, Any] = {"driver": "GTiff", "tiled": True, "blockxsize": 128, "blockysize": 128}
    options |= {"compress": "deflate", "zlevel": 1, "nodata": nodata}
    if path.suffix in WHOLE_SUFFIXES:
        options = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
    with rasterio.open(
        path,
        "w",
        height=grid.height,
        width=grid.width,
        count=1,
        dtype=dtype,
        crs=f"EPSG:{EPSG}",
        transform=grid.affine,
        **options,
    ) as target:
        target.write(numbers, 1)


def asset(path: Path, key: str | None = None, **more: Any) -> RemoteAsset:
    return RemoteAsset(key or path.stem, str(path), path.name, **more)


def item_of(item_id: str, assets: Mapping[str, RemoteAsset], properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": item_id,
        "collection": "of-the-test",
        "properties": dict(properties),
        "assets": {key: {"href": each.href, "key": key} for key, each in assets.items()},
        "links": [{"rel": "self", "href": f"https://archive.example/items/{item_id}?sig=THE-SECRET"}],
    }


def make_landsat(folder: Path, *, bands: Sequence[str] = LANDSAT_BANDS, sensor: str = "landsat-8-oli") -> Archived:
    folder.mkdir(parents=True, exist_ok=True)
    time = datetime(2018, 8, 23, 4, 36, 5, tzinfo=UTC)
    nothing = np.zeros((1, 1))
    acquisition = Acquisition(
        SENSORS[sensor], time, grid_of(30), 140.0, 50.0, "139036", dict.fromkeys(bands, nothing), {"cloud": nothing}
    )
    with_common = [band for band in SENSORS[sensor].bands if band.common in bands]
    found = {}
    for seed, band in enumerate(with_common):
        path = folder / file_name(acquisition, band.name)
        write_tiled(path, 30, "uint16", seed, high=30_000)
        found[band.common] = asset(path)
    quality = {}
    for kind, name in (("pixel", "QA_PIXEL"), ("saturation", "QA_RADSAT")):
        path = folder / file_name(acquisition, name)
        write_tiled(path, 30, "uint16", 99, high=2**14, nodata=1)
        quality[kind] = asset(path)
    groups = metadata(acquisition, with_common, dict.fromkeys(bands, False), 1.01)
    texts = {"txt": as_odl(groups), "json": as_json(groups)}
    for suffix, text in texts.items():
        (folder / f"{acquisition.product_id}_MTL.{suffix}").write_text(text, encoding="ascii")
    files = tuple(asset(folder / f"{acquisition.product_id}_MTL.{each}", f"mtl.{each}") for each in ("json", "txt"))
    candidate = Candidate(
        id=acquisition.product_id,
        catalogue="of-the-test",
        collection="landsat-c2l1",
        sensor=sensor,
        level="L1",
        time=time,
        tile="139036",
        footprint=region_of(0, 0, SIDE_M, SIDE_M),
        bands=found,
        quality=quality,
        metadata=files,
        item=item_of(acquisition.product_id, {**found, **quality}, {"datetime": "2018-08-23T04:36:05Z"}),
    )
    return Archived(candidate, folder)


def make_sentinel2(folder: Path, *, suffix: str = ".tif") -> Archived:
    """Return a Level-2A tile as COGs with an item, or a Level-1C tile as JPEG 2000 with `tileInfo.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    is_jp2 = suffix == ".jp2"
    numbers = {band.common: band.name for band in SENSORS["sentinel-2-msi"].bands}
    found = {}
    # JPEG 2000 of 10 m takes seconds to write.
    for seed, (common, pixel) in enumerate((c, p) for c, p in SENTINEL2_BANDS.items() if p > 10 or not is_jp2):
        stem = f"B{int(numbers[common][1:]):02d}" if is_jp2 else common
        write_tiled(folder / f"{stem}{suffix}", pixel, "uint16", seed, high=9_000)
        found[common] = asset(folder / f"{stem}{suffix}", common)
    item_id = f"S2A_46RER_20190907_0_{'L1C' if is_jp2 else 'L2A'}"
    properties = {
        "datetime": "2019-09-07T04:31:00Z",
        "s2:processing_baseline": "02.13",
        "eo:cloud_cover": 12.5,
        "view:sun_azimuth": 140.0,
        "view:sun_elevation": 50.0,
        "grid:code": "MGRS-46RER",
    }
    quality, files = {}, ()
    if is_jp2:
        tile = {"utmZone": 46, "latitudeBand": "R", "gridSquare": "ER", "timestamp": "2019-09-07T04:31:00.000Z"}
        name = "S2A_MSIL1C_20190907T042701_N0208_R133_T46RER_20190907T070248"
        write_json(folder / "tileInfo.json", {**tile, "productName": name})
        files = (asset(folder / "tileInfo.json"),)
    else:
        write_tiled(folder / "SCL.tif", 20, "uint8", 77, high=11)
        quality = {"classes": asset(folder / "SCL.tif", "scl")}
    candidate = Candidate(
        id=item_id,
        catalogue="of-the-test",
        collection="sentinel-s2-l1c" if is_jp2 else "sentinel-2-c1-l2a",
        sensor="sentinel-2-msi",
        level="L1" if is_jp2 else "L2",
        time=datetime(2019, 9, 7, 4, 31, tzinfo=UTC),
        tile="46RER",
        footprint=region_of(0, 0, SIDE_M, SIDE_M),
        bands=found,
        quality=quality,
        metadata=files,
        item=item_of(item_id, {**found, **quality}, properties),
    )
    return Archived(candidate, folder)


@pytest.fixture(scope="session")
def landsat(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    return make_landsat(tmp_path_factory.mktemp("archive") / "landsat")


@pytest.fixture(scope="session")
def sentinel2_cogs(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    return make_sentinel2(tmp_path_factory.mktemp("archive") / "sentinel2")


@pytest.fixture(scope="session")
def sentinel2_jp2(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    return make_sentinel2(tmp_path_factory.mktemp("archive") / "jp2", suffix=".jp2")
