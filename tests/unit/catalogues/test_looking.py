"""Looking at candidates: shares of cloud, snow and image over glaciers whose truth is drawn by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from numpy.typing import NDArray

from trimline.catalogues import overview
from trimline.catalogues.candidate import Candidate, RemoteAsset
from trimline.catalogues.ground import Ground, ground_of
from trimline.catalogues.looking import _is_impossible, looked_at
from trimline.catalogues.overview import level_for
from trimline.errors import OutlineError, ProductError, RemoteError
from trimline.remote import Transport

CRS = "EPSG:32646"
LEFT, TOP, SIDE, PIXEL = 500_000.0, 3_900_000.0, 1024, 30.0
CLEAR, CLOUD, SHADOW, SNOW, FILL = 21824, 22280, 23888, 30048, 1
"""Numbers of QA_PIXEL of Landsat 8 (LSDS-1619, table 6-3)."""
ICE = shapely.box(LEFT + 6000, TOP - 18000, LEFT + 18000, TOP - 12000)
"""A glacier of 400 x 200 pixels, from row 400 and column 200."""


def raster(path: Path, values: NDArray[np.integer], *, overviews: str = "nearest", pixel: float = PIXEL) -> RemoteAsset:
    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": values.dtype,
        "crs": CRS,
        "transform": Affine(pixel, 0, LEFT, 0, -pixel, TOP),
    }
    with rasterio.MemoryFile() as memory:
        with memory.open(**profile) as target:
            target.write(values, 1)
        with memory.open() as source:
            rasterio.shutil.copy(
                source, path, driver="COG", blocksize=128, compress="deflate", overview_resampling=overviews
            )
    return RemoteAsset(path.stem, str(path), path.name)


def candidate(
    quality: Mapping[str, RemoteAsset], bands: Mapping[str, RemoteAsset] | None = None, sensor: str = "landsat-8-oli"
) -> Candidate:
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "scene",
        "collection": "sentinel-2-l1c",
        "properties": {"datetime": "2018-08-23T04:00:00Z", "s2:processing_baseline": "02.06"},
        "assets": {each: {"href": f"{each}.tif"} for each in bands or {}},
    }
    return Candidate(
        id="scene",
        catalogue="archive",
        collection="collection",
        sensor=sensor,
        level="L1" if sensor.startswith("sentinel") else "L2",
        time=datetime(2018, 8, 23, 4, tzinfo=UTC),
        tile="139036",
        footprint=shapely.box(93, 35, 94, 36),
        bands=bands or {},
        quality=quality,
        metadata=(),
        item=item,
        sun_elevation=50.0,
    )


@pytest.fixture(scope="module")
def region() -> shapely.Geometry:
    square = shapely.box(LEFT, TOP - SIDE * PIXEL, LEFT + SIDE * PIXEL, TOP)
    return gpd.GeoSeries([square], crs=CRS).to_crs(4326).iloc[0]


@pytest.fixture(scope="module")
def ground(region: shapely.Geometry) -> Ground:
    return ground_of(gpd.GeoDataFrame(geometry=[ICE], crs=CRS), region)


def scene_bits() -> NDArray[np.uint16]:
    """Return QA_PIXEL: the west half of the ice in cloud, a strip of it in shadow, part of the ring in snow."""
    bits = np.full((SIDE, SIDE), CLEAR, np.uint16)
    bits[:, :400] = CLOUD
    bits[500:520, 400:] = SHADOW
    bits[:400, 500:] = SNOW
    bits[:, 580:] = FILL
    return bits


def test_cloud_shadow_and_fill_are_shares_of_the_glaciers_and_not_of_the_scene(tmp_path: Path, ground: Ground) -> None:
    transport = Transport()
    asset = raster(tmp_path / "qa.tif", scene_bits())
    look = looked_at(candidate({"pixel": asset}), ground, transport)
    assert look.seen == pytest.approx(380 / 400, abs=0.01)
    assert look.cloud_over_ice == pytest.approx(200 / 380, abs=0.01)
    assert look.shadow_over_ice == pytest.approx(180 * 20 / (380 * 200), abs=0.01)
    assert look.clear_ice == pytest.approx(180 * 180 / (400 * 200), abs=0.01)
    assert look.seen_of_region == pytest.approx(580 / SIDE, abs=0.01)
    # Of the ring of 33 pixels, clear columns 400 to 580 above (33 rows, 80 columns of snow) and below the ice.
    assert look.snow_off_ice == pytest.approx(80 / 360, abs=0.02)
    assert look.read_from == "QA_PIXEL, pixels of 120 m"
    assert transport.counts.bytes < 0.5 * Path(asset.href).stat().st_size


def test_overviews_that_are_means_of_bits_are_not_believed(tmp_path: Path, ground: Ground) -> None:
    generator = np.random.default_rng(0)
    bits = generator.choice(np.array([CLEAR, CLOUD, SNOW], np.uint16), (SIDE, SIDE), p=[0.5, 0.3, 0.2])
    looks = []
    for overviews in ("nearest", "average"):
        folder = tmp_path / overviews
        folder.mkdir()
        looks.append(
            looked_at(candidate({"pixel": raster(folder / "qa.tif", bits, overviews=overviews)}), ground, Transport())
        )
    for look in looks:
        assert look.cloud_over_ice == pytest.approx(0.3, abs=0.02)
        assert look.snow_off_ice == pytest.approx(0.2 / 0.7, abs=0.03)
    assert looks[1].read_from == "QA_PIXEL, pixels of 30 m"


def test_numbers_of_a_real_qa_pixel_are_possible_and_their_means_are_not(trimline_data: Path) -> None:
    path = next(trimline_data.glob("landsat_c2/*/LC08_L2SP_005009*_QA_PIXEL.TIF"), None)
    if path is None:
        pytest.skip("the scene is absent")
    with rasterio.open(path) as source:
        bits = source.read(1)
    assert not _is_impossible(bits).any()
    means = (bits[:, ::2].astype(np.uint32) + bits[:, 1::2]) // 2
    mixed = bits[:, ::2] != bits[:, 1::2]
    assert _is_impossible(means.astype(np.uint16))[mixed].mean() > 0.5


def test_the_scene_classification_of_sentinel_2_is_read(tmp_path: Path, ground: Ground) -> None:
    classes = np.full((SIDE, SIDE), 5, np.uint8)
    classes[:, :300] = 9
    classes[:, 300:400] = 10  # thin cirrus, which hides nothing
    classes[:500, 400:] = 11
    classes[500:, 400:500] = 3
    look = looked_at(
        candidate({"classes": raster(tmp_path / "SCL.tif", classes)}, sensor="sentinel-2-msi"), ground, Transport()
    )
    assert look.cloud_over_ice == pytest.approx(0.25, abs=0.01)
    assert look.shadow_over_ice == pytest.approx(0.125, abs=0.01)
    assert look.read_from.startswith("scene classification")


def reflectances(
    folder: Path, values: Mapping[str, NDArray[np.floating]], scale: float, offset: float = 0.0
) -> dict[str, RemoteAsset]:
    return {
        band: raster(folder / f"{band}.tif", np.round((each - offset) / scale).astype(np.uint16), overviews="average")
        for band, each in values.items()
    }


def spectra(where_cloud: NDArray[np.bool_], where_ice: NDArray[np.bool_]) -> dict[str, NDArray[np.floating]]:
    rock = {"green": 0.12, "red": 0.15, "swir1": 0.2}
    cloud = {"green": 0.55, "red": 0.57, "swir1": 0.4}
    ice = {"green": 0.5, "red": 0.47, "swir1": 0.04}
    return {band: np.where(where_cloud, cloud[band], np.where(where_ice, ice[band], rock[band])) for band in rock}


def test_a_product_without_a_quality_band_is_judged_by_its_spectrum(tmp_path: Path, ground: Ground) -> None:
    where_cloud, where_ice = np.zeros((2, SIDE, SIDE), bool)
    where_ice[400:600, 200:600] = True
    where_ice[:300] = where_ice[380:392] = True  # snow in a strip of the ring
    where_cloud[:, :300] = True
    bands = reflectances(tmp_path, spectra(where_cloud, where_ice), 1e-4)
    look = looked_at(candidate({}, bands, sensor="sentinel-2-msi"), ground, Transport())
    assert look.cloud_over_ice == pytest.approx(0.25, abs=0.02)
    assert look.snow_off_ice == pytest.approx(12 * 333 / (33 * (2 * 333 + 200)), abs=0.02)
    assert look.read_from == "spectrum (green, red, SWIR 1)"
    with pytest.raises(ProductError, match="no band swir1"):
        looked_at(candidate({}, {"green": bands["green"], "red": bands["red"]}, "sentinel-2-msi"), ground, Transport())


def test_bright_ice_that_is_flagged_as_cloud_counts_as_seen_and_true_cloud_does_not(
    tmp_path: Path, ground: Ground
) -> None:
    bits = np.full((SIDE, SIDE), CLEAR, np.uint16)
    bits[400:600, 200:600] = CLOUD  # all the ice
    where_cloud, where_ice = np.zeros((2, SIDE, SIDE), bool)
    where_ice[400:600, 200:600] = True
    where_cloud[:, :300] = True
    bands = reflectances(tmp_path, spectra(where_cloud, where_ice), 2.75e-5, -0.2)
    quality = {"pixel": raster(tmp_path / "qa.tif", bits)}
    look = looked_at(candidate(quality, bands), ground, Transport())
    assert look.cloud_over_ice == pytest.approx(0.25, abs=0.02)
    assert look.notes[0].startswith("75% of the ice") or look.notes[0].startswith("74% of the ice")
    unchecked = looked_at(candidate(quality), ground, Transport())
    assert unchecked.cloud_over_ice == 1.0
    assert "not checked (the scene has no band green)" in unchecked.notes[0]


def test_a_raster_that_is_not_there_is_an_error_and_never_clear_ice(tmp_path: Path, ground: Ground) -> None:
    with pytest.raises(RemoteError):
        looked_at(
            candidate({"pixel": RemoteAsset("qa", str(tmp_path / "absent.tif"), "absent.tif")}), ground, Transport()
        )


def test_a_scene_beside_the_region_shows_nothing(tmp_path: Path, region: shapely.Geometry) -> None:
    far = shapely.affinity.translate(region, 3, 0)
    ground = ground_of(None, far)
    look = looked_at(candidate({"pixel": raster(tmp_path / "qa.tif", scene_bits())}), ground, Transport())
    assert look.seen == look.clear_ice == look.seen_of_region == 0


def test_points_stand_for_equal_areas_and_small_glaciers_have_one(region: shapely.Geometry) -> None:
    tiny = shapely.box(LEFT + 1001, TOP - 1010, LEFT + 1010, TOP - 1001)
    ground = ground_of(gpd.GeoDataFrame(geometry=[ICE, tiny], crs=CRS), region)
    pixel_m2 = abs(ground.geobox.resolution.x * ground.geobox.resolution.y)
    points = shapely.points(ground.moved(ground.ice, CRS))
    assert shapely.within(points, ICE).sum() * pixel_m2 == pytest.approx(ICE.area, rel=0.01)
    assert shapely.within(points, tiny).sum() <= 1
    assert shapely.intersects(points, tiny.buffer(PIXEL)).any()
    beside = shapely.points(ground.moved(ground.around, CRS))
    assert not shapely.intersects(beside, shapely.union(ICE, tiny)).any()
    assert shapely.distance(beside, shapely.union(ICE, tiny)).max() < 1100


def test_a_region_on_both_sides_of_the_180th_meridian_is_one_place() -> None:
    halves = shapely.union(shapely.box(179.9, 66, 180, 66.1), shapely.box(-180, 66, -179.9, 66.1))
    ground = ground_of(None, halves)
    assert max(ground.geobox.shape) * abs(ground.geobox.resolution.x) < 20_000
    assert len(ground.region) > 1000


def test_glaciers_far_from_the_region_are_an_error(region: shapely.Geometry) -> None:
    with pytest.raises(OutlineError, match="no glacier of the inventory lies in the region"):
        ground_of(gpd.GeoDataFrame(geometry=[ICE], crs=CRS), shapely.affinity.translate(region, 3, 0))


@pytest.mark.parametrize(
    ("method", "codes", "level"), [("AVERAGE", True, None), ("AVERAGE", False, 1), ("MODE", True, 1), (None, True, 1)]
)
def test_an_overview_is_taken_by_its_pixel_and_one_of_means_only_of_quantities(
    method: str | None, codes: bool, level: int | None
) -> None:
    tags = {} if method is None else {"OVERVIEW_RESAMPLING": method}
    source = SimpleNamespace(
        tags=lambda ns: tags if ns == "IMAGE_STRUCTURE" else {},
        transform=Affine(30, 0, LEFT, 0, -30, TOP),
        crs=rasterio.crs.CRS.from_epsg(32646),
        overviews=lambda _: [2, 4, 8],
    )
    assert level_for(SimpleNamespace(source=source), 120.0, codes=codes) == level  # type: ignore[arg-type]


def test_where_no_glaciers_are_known_the_whole_region_is_looked_at(tmp_path: Path, region: shapely.Geometry) -> None:
    look = looked_at(
        candidate({"pixel": raster(tmp_path / "qa.tif", scene_bits())}), ground_of(None, region), Transport()
    )
    assert not look.of_glaciers
    assert look.seen == pytest.approx(look.seen_of_region, abs=0.01)
    assert look.cloud_over_ice == pytest.approx(400 / 580, abs=0.01)


def test_rasters_that_cannot_be_read_in_parts_are_not_read_and_the_look_says_so(
    tmp_path: Path, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "MOST_BYTES", 10)
    scene = candidate({"pixel": raster(tmp_path / "qa.tif", scene_bits())})
    scene = replace(scene, cloud_cover=30.0, footprint=shapely.box(93, 34, 93.1, 36))
    look = looked_at(scene, ground, Transport())
    assert look.cloud_over_ice == 0.3
    assert np.isnan(look.snow_off_ice)
    assert 0.2 < look.seen == look.clear_ice < 0.8
    assert look.read_from.startswith("the catalogue")
    assert look.notes[0].startswith("not looked at: 0 MB of the raster")
