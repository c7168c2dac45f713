"""Real products of every kind, against other programs' results and the agencies' own words."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.warp import transform

from trimline.errors import BandError, GridError, ProductError
from trimline.scenes import Scene, earth_sun_distance, open_scene, product_info, read_landsat_metadata, sun_position
from trimline.scenes.band_names import common_name

CHIP_BANDS = ("blue", "green", "red", "nir", "swir1", "thermal")
MINIMUM_CHIPS = 56


def bundles(data: Path) -> list[Path]:
    return sorted((data / "landsat_c2" / "bundles").glob("*.tar.gz"))


def metadata_files(data: Path) -> list[Path]:
    return sorted(path for path in (data / "landsat_c2").rglob("*_MTL.*"))


class TestReferenceReflectance:
    """Top-of-atmosphere reflectance against rasters made by rio-toa.

    It computed with the sun's elevation at the scene's centre, multiplied by 55 000 for storage, and clipped at 1.
    """

    STORED_PER_UNIT = 55_000
    BELOW_RANGE = 1

    @pytest.fixture(params=[("LC80460282016177LGN00", "B2", "blue"), ("LC81390452014295LGN00", "B5", "nir")])
    def case(
        self, request: pytest.FixtureRequest, trimline_data: Path, tmp_path: Path
    ) -> tuple[Scene, str, np.ndarray]:
        """Lay the decimated band beside its metadata under the name they give it; return scene, band and reference."""
        product, number, band = request.param
        folder = trimline_data / "toa_reference"
        (tmp_path / f"{product}_MTL.json").symlink_to(folder / f"{product}_MTL.json")
        (tmp_path / f"{product}_{number}.TIF").symlink_to(folder / f"tiny_{product}_{number}.TIF")
        with rasterio.open(folder / f"tiny_{product}_{number}_refl.TIF") as reference:
            return open_scene(tmp_path), band, reference.read(1).astype(np.float64)

    def test_it_is_equal_to_1e_4(self, case: tuple[Scene, str, np.ndarray]) -> None:
        scene, band, stored = case
        ours = scene.read([band])[0].to_numpy()
        compared = np.isfinite(ours) & (stored > self.BELOW_RANGE)
        assert compared.mean() > 0.6
        assert np.abs(ours - stored / self.STORED_PER_UNIT)[compared].max() < 1e-4

    def test_the_reference_calls_invalid_what_we_call_invalid(self, case: tuple[Scene, str, np.ndarray]) -> None:
        scene, band, stored = case
        np.testing.assert_array_equal(np.isnan(scene.read([band])[0]), stored == self.BELOW_RANGE)


class TestLandsatBundles:
    """Crops of Collection 2 products, compressed, whose rasters carry no grid."""

    @pytest.fixture(params=range(4))
    def bundle(self, request: pytest.FixtureRequest, trimline_data: Path) -> Path:
        """Give each bundle in turn."""
        return bundles(trimline_data)[request.param]

    def test_they_open_and_read(self, bundle: Path) -> None:
        scene = open_scene(bundle)
        values = scene.read(["blue", "green", "red", "nir", "swir1", "swir2"])
        assert values.odc.geobox == scene.geobox
        assert abs(scene.geobox.resolution.x) == 30
        assert float(np.isfinite(values).mean()) > 0.99
        assert -0.2 < float(values.min()) < float(values.max()) < 1.7

    def test_their_centre_lies_within_the_scene_the_metadata_describe(self, bundle: Path) -> None:
        """The geographic corners of the metadata are those of the whole scene, as the crop left them."""
        info = product_info(bundle)
        scene = open_scene(bundle)
        west, south, east, north = info.bounds
        centre_x, centre_y = scene.footprint.centroid.coords[0]
        assert west < centre_x < east
        assert south < centre_y < north

    def test_they_are_reported_as_incomplete_and_their_absent_bands_as_missing(self, bundle: Path) -> None:
        info = product_info(bundle)
        assert not info.is_complete
        assert any(name.endswith("_QA_PIXEL.TIF") for name in info.missing)
        with pytest.raises(BandError, match=r"lacks band 'coastal'\n.*_B1\.TIF"):
            open_scene(bundle).read(["coastal"])

    def test_the_same_ground_has_the_same_grid_at_both_levels(self, trimline_data: Path) -> None:
        level_1, level_2 = (
            open_scene(next(b for b in bundles(trimline_data) if b.name.startswith(f"LC08_{level}_017051")))
            for level in ("L1TP", "L2SP")
        )
        whole = level_2.geobox
        surface = level_2.read(["nir"])[0].to_numpy()[2:-2, 2:-2]
        likeness = {}
        for rows, columns in itertools.product((-1, 0, 1), repeat=2):
            moved = level_1.read(
                ["nir"], GeoBox(whole.shape, whole.affine * Affine.translation(columns, rows), whole.crs)
            )
            likeness[rows, columns] = np.corrcoef(moved[0].to_numpy()[2:-2, 2:-2].ravel(), surface.ravel())[0, 1]
        assert max(likeness, key=likeness.__getitem__) == (0, 0)
        assert likeness[0, 0] > 0.99

    def test_a_panchromatic_band_that_the_metadata_do_not_fit_is_refused(self, trimline_data: Path) -> None:
        scene = open_scene(next(b for b in bundles(trimline_data) if b.name.startswith("LC08_L1TP_017051")))
        with pytest.raises(GridError, match="935 x 668 pixels are not the 15161 x 15481"):
            scene.read(["pan"])

    def test_nothing_is_written_beside_them(self, trimline_data: Path) -> None:
        before = set((trimline_data / "landsat_c2" / "bundles").iterdir())
        for bundle in bundles(trimline_data):
            open_scene(bundle).read(["red"])
        assert set((trimline_data / "landsat_c2" / "bundles").iterdir()) == before


class TestGreenland:
    """One whole Level-2 product, decimated; its rasters keep their own grid."""

    @pytest.fixture
    def scene(self, trimline_data: Path) -> Scene:
        """Open it."""
        return open_scene(trimline_data / "landsat_c2" / "greenland_l2_decimated")

    def test_it_is_complete(self, trimline_data: Path) -> None:
        info = product_info(trimline_data / "landsat_c2" / "greenland_l2_decimated")
        assert info.is_complete
        assert info.missing == ()
        assert info.quality == ("pixel", "saturation")
        assert (info.level, info.collection, info.category, info.tile) == ("L2SP", "02", "T2", "005009")

    def test_ice_is_bright_in_the_visible_and_dark_in_the_short_wave_infrared(self, scene: Scene) -> None:
        values = scene.read(["green", "swir1"])
        flags = scene.quality()
        snow = (flags.snow & flags.clear).to_numpy()
        green, swir1 = (values.sel(band=b).to_numpy()[snow] for b in ("green", "swir1"))
        assert np.nanmedian(green) > 0.7
        assert np.nanmedian(swir1) < 0.2

    def test_the_surface_is_about_as_cold_as_ice(self, scene: Scene) -> None:
        kelvin = scene.read(["thermal"])[0].to_numpy()
        assert 230 < np.nanmin(kelvin) < np.nanmax(kelvin) < 300

    def test_the_flags_agree_with_each_other_and_with_the_metadata(self, scene: Scene) -> None:
        flags = scene.quality()
        assert set(flags) == {
            *("fill", "cloud", "cloud_shadow", "dilated_cloud", "cirrus", "snow", "water", "clear"),
            *("saturated", "occluded"),
        }
        image = ~flags.fill
        assert not bool((flags.fill & flags.clear).any())
        assert not bool((flags.cloud & flags.clear).any())
        share = float(flags.cloud.sum() / image.sum()) * 100
        assert share == pytest.approx(scene.cloud_cover, abs=5)
        valid = np.isfinite(scene.read(["red"])[0].to_numpy())
        # Bands and flags were decimated by different rules, so they differ along the rim of the image.
        assert (valid & flags.fill.to_numpy()).mean() < 0.005

    def test_every_spelling_of_its_metadata_says_the_same(self, trimline_data: Path) -> None:
        folder = trimline_data / "landsat_c2" / "greenland_l2_decimated"
        files = sorted(folder.glob("*_MTL.*"))
        first, second, third = (read_landsat_metadata(path.read_text(), path.name) for path in files)
        assert first == second == third


class TestThematicMapper:
    """Seven bands with metadata of 2014."""

    def test_reflectance_is_that_of_the_textbook_formula(self, trimline_data: Path) -> None:
        scene = open_scene(trimline_data / "landsat5_tm")
        assert (scene.sensor.id, scene.tile, scene.date) == ("landsat-5-tm", "224063", "1988-08-14")
        numbers = scene.read(["red"], units="dn")[0].to_numpy().astype(np.float64)
        # Chander and others (2009), with the radiance range that the metadata print for band 3.
        radiance = (264.0 + 1.17) / 254 * (numbers - 1) - 1.17
        sine = math.sin(math.radians(49.75588889))
        expected = math.pi * radiance * earth_sun_distance(scene.time) ** 2 / (1536 * sine)
        np.testing.assert_allclose(scene.read(["red"])[0], expected, atol=1e-6)

    def test_forest_is_green_and_warm(self, trimline_data: Path) -> None:
        scene = open_scene(trimline_data / "landsat5_tm")
        values = scene.read(["red", "nir", "thermal"])
        medians = dict(zip(values.band.to_numpy(), np.nanmedian(values, axis=(1, 2)), strict=True))
        assert medians["nir"] > 3 * medians["red"]
        assert 290 < medians["thermal"] < 303

    def test_it_has_no_quality_band(self, trimline_data: Path) -> None:
        with pytest.raises(BandError, match="no quality band"):
            open_scene(trimline_data / "landsat5_tm").quality()


class TestMetadataFiles:
    """Every metadata file of the collection."""

    def test_all_are_read(self, trimline_data: Path) -> None:
        files = metadata_files(trimline_data)
        assert len(files) >= 20
        sensors = {read_landsat_metadata(path.read_text(), path.name).sensor.id for path in files}
        assert sensors >= {
            f"landsat-{s}" for s in ("1-mss", "2-mss", "3-mss", "4-mss", "5-mss", "4-tm", "5-tm", "7-etm")
        }
        assert sensors >= {"landsat-8-oli", "landsat-9-oli"}

    def test_they_agree_with_the_stac_items_beside_them(self, trimline_data: Path) -> None:
        compared = grids = bands = 0
        for path in metadata_files(trimline_data):
            metadata = read_landsat_metadata(path.read_text(), path.name)
            for item_path in path.parent.glob(f"{metadata.product_id}*_stac.json"):
                said = json.loads(item_path.read_text())["properties"]
                # Items of before 2021 put the sun and the platform into another extension.
                sun_elevation = said.get("view:sun_elevation", said.get("eo:sun_elevation"))
                assert sun_elevation == pytest.approx(metadata.sun_elevation), item_path.name
                assert said.get("platform", said.get("eo:platform")) == metadata.sensor.platform
                assert (int(said["landsat:wrs_path"]), int(said["landsat:wrs_row"])) == (metadata.path, metadata.row)
                assert said["landsat:collection_category"] == metadata.category
                assert said["datetime"][:10] == metadata.time.date().isoformat()
                compared += 1
                grid = next(iter(metadata.grids.values()))
                if "proj:transform" in said:
                    assert said["proj:epsg"] == metadata.crs.epsg
                    assert tuple(said["proj:shape"]) == tuple(grid.shape)
                    assert said["proj:transform"] == pytest.approx(list(grid.affine)[:6])
                    grids += 1
                for band in said.get("eo:bands", ()):
                    common = common_name(band["common_name"], metadata.sensor)
                    assert common is not None
                    assert metadata.files[common].endswith(f"_{band['name']}.TIF")
                    bands += 1
        assert compared >= 15
        assert grids >= 3
        assert bands >= 20

    def test_the_sun_stands_where_usgs_says(self, trimline_data: Path) -> None:
        compared = 0
        for path in metadata_files(trimline_data):
            metadata = read_landsat_metadata(path.read_text(), path.name)
            centre = next(iter(metadata.grids.values())).extent.centroid.coords[0]
            longitude, latitude = transform(str(metadata.crs), "EPSG:4326", [centre[0]], [centre[1]])
            azimuth, elevation = sun_position(metadata.time, longitude[0], latitude[0])
            # The stated moments and centres of MSS scenes are less certain.
            tolerance = 0.35 if metadata.sensor.instrument == "MSS" else 0.02
            assert float(elevation) == pytest.approx(metadata.sun_elevation, abs=tolerance), path.name
            assert float(azimuth) == pytest.approx(metadata.sun_azimuth % 360, abs=tolerance), path.name
            compared += 1
        assert compared >= 20

    def test_the_earth_is_as_far_from_the_sun_as_usgs_says(self, trimline_data: Path) -> None:
        for path in metadata_files(trimline_data):
            text = path.read_text()
            if path.suffix != ".txt" or "EARTH_SUN_DISTANCE" not in text:
                continue
            metadata = read_landsat_metadata(text, path.name)
            (line,) = (each for each in text.splitlines() if "EARTH_SUN_DISTANCE" in each)
            assert earth_sun_distance(metadata.time) == pytest.approx(float(line.split("=")[1]), abs=2e-4)

    def test_metadata_alone_can_be_described_but_not_opened(self, trimline_data: Path) -> None:
        path = next((trimline_data / "landsat_c2" / "mtl" / "etm").glob("*_MTL.xml"))
        info = product_info(path)
        assert not info.is_complete
        assert any("SLC-off" in note for note in info.notes)
        with pytest.raises(ProductError, match="none of the product's band files"):
            open_scene(path)


class TestStacks:
    """GeoTIFF stacks of other people's making."""

    def test_all_chips_open_and_read_in_metres(self, trimline_data: Path) -> None:
        paths = sorted((trimline_data / "landsat_chips").glob("*.tif"))
        assert len(paths) >= MINIMUM_CHIPS
        for path in paths:
            scene = open_scene(path, bands=CHIP_BANDS)
            assert scene.geobox.crs.projected
            assert 20 < scene.geobox.resolution.x < 60
            values = scene.read(("green", "thermal"))
            assert float(np.isfinite(values[0]).mean()) > 0.2, path.name
            assert 200 < np.nanmedian(values[1]) < 320, path.name

    @pytest.mark.parametrize(("year", "offset"), [(2019, 0), (2020, 0), (2022, -1000)])
    def test_vinciguerra_is_read_by_its_descriptions(self, trimline_data: Path, year: int, offset: float) -> None:
        scene = open_scene(
            trimline_data / "vinciguerra" / f"{year}.tif",
            sensor="sentinel-2-msi",
            scale=1e-4,
            offset=offset,
            nodata=0,
            date=str(year),
        )
        assert len(scene.assets) == 13
        assert scene.geobox.crs.epsg == 32719
        with rasterio.open(trimline_data / "vinciguerra" / f"{year}.tif") as raster:
            number = raster.descriptions.index("B11") + 1
            stored = raster.read(number).astype(np.float64)
        expected = np.where(stored == 0, np.nan, (stored + offset) * 1e-4)
        np.testing.assert_allclose(scene.read(["swir1"])[0], expected, atol=1e-6)
        with rasterio.open(trimline_data / "vinciguerra" / f"{year}_label.tif") as label:
            ice = label.read(1) == 1
        red, swir1 = scene.read(["red", "swir1"]).to_numpy()
        assert np.nanmedian((red / swir1)[ice]) > 2

    def test_khumbu_needs_its_sensor_and_is_warped_from_degrees(self, trimline_data: Path) -> None:
        path = trimline_data / "khumbu" / "khumbu_s2_autumn_2024.tif"
        with pytest.raises(BandError, match="say which sensor"):
            open_scene(path)
        scene = open_scene(path, sensor="sentinel-2-msi")
        assert list(scene.assets) == ["blue", "green", "red", "nir", "swir1", "swir2"]
        assert scene.geobox.crs.epsg == 32645
        assert 22 < scene.geobox.resolution.x < 27

    def test_a_dem_in_a_local_projection_keeps_it(self, trimline_data: Path) -> None:
        info = product_info(trimline_data / "chhota_shigri" / "dem_chhota_shigri.tif")
        assert info.pixel == (94.0, 94.0)
        assert info.bands == ()

    def test_vector_files_are_named_as_such(self, trimline_data: Path) -> None:
        with pytest.raises(ProductError, match=r"a vector file \(GeoPackage\), not a satellite product"):
            product_info(trimline_data / "landsat_chips" / "outlines.gpkg")
