"""Simulated SAFE products: ESA's names, layout and elements; offsets as the baseline says; clouds in the masks."""

from __future__ import annotations

import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.features import rasterize

from trimline.files import sha256
from trimline.sensors import SENSORS
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.sentinel2_names import OFFSETS, ProductNames, mgrs_square
from trimline.simulate.sentinel2_product import write_safe

SHAPE = (48, 60)
MSI = SENSORS["sentinel-2-msi"]
TIME = datetime(2018, 8, 23, 4, 2, 54, tzinfo=UTC)
BASELINES = tuple(OFFSETS)


def acquire(time: datetime = TIME, reflectance: np.ndarray | None = None, **flags: np.ndarray) -> Acquisition:
    ramp = np.linspace(0.0003, 0.9, SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    seen = ramp if reflectance is None else reflectance
    nothing = np.zeros(SHAPE, bool)
    return Acquisition(
        MSI,
        time,
        GeoBox(SHAPE, Affine(10, 0, 283_200, 0, -10, 4_858_560), "EPSG:32645"),
        140.0,
        54.0,
        "145029",
        {band.common: seen for band in MSI.bands},
        {name: flags.get(name, nothing) for name in ("cloud", "cloud_shadow", "snow", "water", "fill")},
    )


def noise() -> np.random.Generator:
    return np.random.default_rng(7)


def root_of(product: Path, file: str) -> ElementTree.Element:
    (path,) = product.rglob(file)
    return ElementTree.parse(path).getroot()  # noqa: S314  # written by the test, or a reviewed file


def texts(product: Path, file: str, tag: str) -> list[str]:
    return [each.text or "" for each in root_of(product, file).iter(tag)]


def read(product: Path, pattern: str) -> np.ndarray:
    (path,) = product.rglob(pattern)
    with rasterio.open(path) as source:
        values: np.ndarray = source.read()
    return values if len(values) > 1 else values[0]


def reflectance(product: Path, pattern: str) -> np.ndarray:
    """Return reflectance as the product's own metadata define it, NaN for no data."""
    level = "L2A" if "MSIL2A" in product.name else "L1C"
    tag, quantity = {"L1C": ("RADIO_ADD_OFFSET", ""), "L2A": ("BOA_ADD_OFFSET", "BOA_")}[level]
    offsets = {int(text) for text in texts(product, f"MTD_MSI{level}.xml", tag)} or {0}
    (quantification,) = texts(product, f"MTD_MSI{level}.xml", f"{quantity}QUANTIFICATION_VALUE")
    numbers = read(product, pattern).astype(np.float64)
    return np.where(numbers == 0, np.nan, (numbers + offsets.pop()) / float(quantification))


@pytest.mark.parametrize("level", ["L1C", "L2A"])
def test_every_baseline_of_one_acquisition_gives_the_same_reflectance(level: Any, tmp_path: Path) -> None:
    fill = np.zeros(SHAPE, bool)
    fill[:, :12] = True
    dark = np.where(np.arange(SHAPE[1]) < 30, -0.001, 0.2) * np.ones(SHAPE)
    for number, seen in enumerate((None, dark)):
        acquisition = acquire(reflectance=seen, fill=fill)
        products = [
            write_safe(acquisition, tmp_path / str(number), noise(), level=level, baseline=each) for each in BASELINES
        ]
        for band, pixel_m in (("B02", 10), ("B11", 20), ("B09", 60)):
            pattern = f"T*_{band}.jp2" if level == "L1C" else f"T*_{band}_{pixel_m}m.jp2"
            one, *others = (reflectance(product, pattern) for product in products)
            assert np.isnan(one).any()
            assert np.nanmin(one) >= 1e-4 - 1e-12
            for other in others:
                np.testing.assert_allclose(other, one, rtol=0, atol=1e-9)


def test_offsets_are_stated_for_every_band_and_are_in_the_numbers(tmp_path: Path) -> None:
    acquisition = acquire()
    means = {}
    for baseline, offset in OFFSETS.items():
        product = write_safe(acquisition, tmp_path, noise(), baseline=baseline)
        stated = texts(product, "MTD_MSIL1C.xml", "RADIO_ADD_OFFSET")
        assert stated == ([str(offset)] * 13 if offset else [])
        means[baseline] = read(product, "T*_B04.jp2").mean()
    assert means["04.00"] - means["02.08"] == pytest.approx(1000)
    assert means["05.00"] == means["04.00"]


def test_reflectance_survives_to_half_a_number_and_coarser_bands_are_means(tmp_path: Path) -> None:
    truth = np.linspace(0.05, 0.9, SHAPE[0] * SHAPE[1]).reshape(SHAPE)

    class Silent(np.random.Generator):
        def standard_normal(self, size: Any = None, *_: Any, **__: Any) -> Any:
            return np.zeros(() if size is None else size)

    product = write_safe(acquire(reflectance=truth), tmp_path, Silent(np.random.PCG64(0)), baseline="04.00")
    for band, factor in (("B08", 1), ("B8A", 2), ("B10", 6)):
        means = truth.reshape(SHAPE[0] // factor, factor, SHAPE[1] // factor, factor).mean(axis=(1, 3))
        assert np.abs(reflectance(product, f"T*_{band}.jp2") - means).max() <= 0.501e-4, band


@pytest.mark.parametrize(
    ("baseline", "level", "year", "pattern"),
    [
        ("02.08", "L1C", 2018, r"S2A_MSIL1C_20180823T040254_N0208_R\d{3}_T45TTJ_20180823T070254"),
        ("04.00", "L2A", 2022, r"S2A_MSIL2A_20220823T040254_N0400_R\d{3}_T45TTJ_20220823T070254"),
        ("05.00", "L1C", 2018, r"S2A_MSIL1C_20180823T040254_N0500_R\d{3}_T45TTJ_2023\d{4}T\d{6}"),
    ],
)
def test_names_are_product_ids(baseline: str, level: Any, year: int, pattern: str, tmp_path: Path) -> None:
    product = write_safe(acquire(TIME.replace(year=year)), tmp_path, noise(), level=level, baseline=baseline)
    assert re.fullmatch(pattern + r"\.SAFE", product.name)
    assert texts(product, f"MTD_MSI{level}.xml", "PRODUCT_URI") == [product.name]
    assert texts(product, f"MTD_MSI{level}.xml", "PROCESSING_BASELINE") == [baseline]


@pytest.mark.parametrize(
    ("time", "absolute", "relative"),
    [  # as they stand in the names of real products
        (datetime(2020, 7, 17, 22, 19, 41, tzinfo=UTC), 26481, 29),
        (datetime(2021, 9, 8, 4, 37, 14, tzinfo=UTC), 32448, 133),
        (datetime(2018, 6, 29, 0, 2, 41, tzinfo=UTC), 15757, 30),
    ],
)
def test_orbits_are_those_of_sentinel_2a(time: datetime, absolute: int, relative: int) -> None:
    names = ProductNames(acquire(time), "L1C", "02.08")
    assert (names.absolute_orbit, names.relative_orbit) == (absolute, relative)


@pytest.mark.parametrize(
    ("epsg", "left", "top", "tile"),
    [(32646, 499_980, 3_100_020, "46RER"), (32633, 499_980, 8_900_040, "33XWJ"), (32645, 499_980, 4_900_020, "45TWJ")],
)
def test_tiles_are_named_as_real_ones(epsg: int, left: int, top: int, tile: str) -> None:
    assert mgrs_square(GeoBox((10980, 10980), Affine(10, 0, left, 0, -10, top), f"EPSG:{epsg}")) == tile


def test_images_lie_on_the_grid_that_the_metadata_say(tmp_path: Path) -> None:
    product = write_safe(acquire(), tmp_path, noise(), level="L2A", baseline="04.00")
    listed = texts(product, "MTD_MSIL2A.xml", "IMAGE_FILE")
    assert sorted(f"{each}.jp2" for each in listed) == sorted(
        each.relative_to(product).as_posix() for each in product.rglob("IMG_DATA/*/*.jp2")
    )
    geocoding = root_of(product, "MTD_TL.xml").find(".//Tile_Geocoding")
    assert geocoding is not None
    assert geocoding.findtext("HORIZONTAL_CS_CODE") == "EPSG:32645"
    for pixel_m in (10, 20, 60):
        rows = int(geocoding.findtext(f"Size[@resolution='{pixel_m}']/NROWS") or 0)
        columns = int(geocoding.findtext(f"Size[@resolution='{pixel_m}']/NCOLS") or 0)
        for path in product.rglob(f"T*_{pixel_m}m.jp2"):
            with rasterio.open(path) as source:
                assert source.shape == (rows, columns) == (SHAPE[0] * 10 // pixel_m, SHAPE[1] * 10 // pixel_m)
                assert source.transform == Affine(pixel_m, 0, 283_200, 0, -pixel_m, 4_858_560)
                assert source.crs.to_epsg() == 32645


def test_level_2a_has_each_band_where_it_should(tmp_path: Path) -> None:
    product = write_safe(acquire(), tmp_path, noise(), level="L2A", baseline="02.08")
    bands = {
        pixel_m: {path.name.split("_")[2] for path in product.rglob(f"R{pixel_m}m/*_B*.jp2")}
        for pixel_m in (10, 20, 60)
    }
    assert bands[10] == {"B02", "B03", "B04", "B08"}
    assert bands[20] == {"B02", "B03", "B04", "B05", "B06", "B07", "B8A", "B11", "B12"}
    assert bands[60] == bands[20] | {"B01", "B09"}


def test_clouds_are_in_the_masks_of_every_kind(tmp_path: Path) -> None:
    cloud, snow = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    cloud[12:42, 6:36] = True
    cloud[30:36, 24:30] = False
    snow[:, 48:] = True
    acquisition = acquire(cloud=cloud, snow=snow)
    coarse = cloud[3::6, 3::6]
    rasters = write_safe(acquisition, tmp_path, noise(), baseline="04.00")
    opaque, cirrus, white = read(rasters, "MSK_CLASSI_B00.jp2")
    np.testing.assert_array_equal(opaque.astype(bool), coarse)
    np.testing.assert_array_equal(white.astype(bool), snow[3::6, 3::6])
    assert not cirrus.any()
    assert read(rasters, "MSK_QUALIT_B11.jp2").shape == (8, 24, 30)
    vectors = write_safe(acquisition, tmp_path, noise(), baseline="02.08")
    gml = {"gml": "http://www.opengis.net/gml/3.2", "eop": "http://www.opengis.net/eop/2.0"}
    polygons = []
    for each in root_of(vectors, "MSK_CLOUDS_B00.gml").iterfind(".//gml:Polygon", gml):
        rings = [
            np.reshape([float(x) for x in (ring.text or "").split()], (-1, 3))[:, :2].tolist()
            for side in ("exterior", "interior")
            for ring in each.iterfind(f"gml:{side}//gml:posList", gml)
        ]
        polygons.append({"type": "Polygon", "coordinates": rings})
    burnt = rasterize(polygons, coarse.shape, transform=Affine(60, 0, 283_200, 0, -60, 4_858_560))
    np.testing.assert_array_equal(burnt.astype(bool), coarse)
    surface = write_safe(acquisition, tmp_path, noise(), level="L2A", baseline="04.00")
    classes = read(surface, "T*_SCL_20m.jp2")
    np.testing.assert_array_equal(np.isin(classes, (8, 9)), cloud[1::2, 1::2])
    assert (classes[:, 25:] == 11).all()
    assert classes[10, 10] == 9
    assert classes[6, 10] == 8, "the rim is less certain"
    percent = float(texts(surface, "MTD_MSIL2A.xml", "Cloud_Coverage_Assessment")[0])
    assert percent == pytest.approx(100 * np.isin(classes, (8, 9)).mean(), abs=1e-4)


def test_missing_ground_is_zero_and_in_the_masks(tmp_path: Path) -> None:
    fill = np.zeros(SHAPE, bool)
    fill[:, 30:] = True
    product = write_safe(acquire(fill=fill), tmp_path, noise(), level="L2A", baseline="05.00")
    np.testing.assert_array_equal(read(product, "T*_B04_20m.jp2") == 0, fill[::2, ::2])
    np.testing.assert_array_equal(read(product, "MSK_DETFOO_B02.jp2") == 0, fill)
    np.testing.assert_array_equal(read(product, "MSK_QUALIT_B12.jp2")[5], fill[::2, ::2])
    np.testing.assert_array_equal(read(product, "T*_SCL_60m.jp2") == 0, fill[::6, ::6])


def test_the_position_of_the_sun_is_in_the_granule(tmp_path: Path) -> None:
    product = write_safe(acquire(), tmp_path, noise())
    angles = root_of(product, "MTD_TL.xml").find(".//Tile_Angles")
    assert angles is not None
    assert float(angles.findtext("Mean_Sun_Angle/ZENITH_ANGLE") or 0) == pytest.approx(36.0)
    assert float(angles.findtext("Mean_Sun_Angle/AZIMUTH_ANGLE") or 0) == pytest.approx(140.0)
    grid = [row.text for row in angles.iterfind("Sun_Angles_Grid/Zenith/Values_List/VALUES")]
    assert len(grid) == len((grid[0] or "").split()) == 2


def test_an_archive_holds_the_folder_and_is_the_same_every_time(tmp_path: Path) -> None:
    folder = write_safe(acquire(), tmp_path / "a", noise(), baseline="05.00")
    archives = [write_safe(acquire(), tmp_path / each, noise(), baseline="05.00", zipped=True) for each in ("b", "c")]
    assert sha256(archives[0]) == sha256(archives[1])
    assert archives[0].name == f"{folder.stem}.zip"
    with zipfile.ZipFile(archives[0]) as archive:
        archive.extractall(tmp_path / "d")
    assert sha256(tmp_path / "d" / folder.name) == sha256(folder)
    assert [each.name for each in (tmp_path / "b").iterdir()] == [archives[0].name], "nothing is left beside it"


@pytest.mark.parametrize(
    ("level", "baseline", "real"),
    [("L1C", "02.08", "S2A_MSIL1C_20210908*"), ("L2A", "04.00", "S2B_MSIL2A_20220413*")],
)
def test_elements_are_those_of_real_metadata(
    level: Any, baseline: str, real: str, tmp_path: Path, trimline_data: Path
) -> None:
    (known,) = (trimline_data / "sentinel2_metadata").glob(real)
    ours = write_safe(acquire(), tmp_path, noise(), level=level, baseline=baseline)
    for file in (f"MTD_MSI{level}.xml", "MTD_TL.xml"):
        assert elements(ours, file) - elements(known, file) == set(), file


def elements(product: Path, file: str) -> set[tuple[str, ...]]:
    """Return the path of every element, with the names of its attributes."""
    found = set()

    def walk(element: ElementTree.Element, above: tuple[str, ...]) -> None:
        here = (*above, element.tag.split("}")[-1])
        found.add((*here, *sorted(element.attrib)))
        for child in element:
            walk(child, here)

    walk(root_of(product, file), ())
    return found
