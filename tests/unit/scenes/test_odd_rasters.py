"""Rasters that are not what their names or headers say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from trimline.errors import GridError, TrimlineError
from trimline.heights import read_heights
from trimline.rasters import read_onto
from trimline.samples.truth import open_truth
from trimline.scenes import open_scene, product_info
from trimline.scenes.raster_opening import block_bytes, impossible_grid, open_user_raster

GRID = GeoBox((20, 30), Affine(30, 0, 500_000, 0, -30, 3_500_000), "EPSG:32646")
BANDS = ("green", "red", "nir", "swir1")


def _stack(make: Any, **options: Any) -> Path:
    dtype = options.pop("dtype", np.float32)
    path: Path = make.stack("s.tif", np.full((4, 20, 30), 0.3, dtype), descriptions=BANDS, **options)
    return path


def _vrt(source: str, *, band: str = "", around: str = "SimpleSource") -> str:
    crs = "EPSG:32646"
    return (
        f'<VRTDataset rasterXSize="30" rasterYSize="20"><SRS>{crs}</SRS>'
        "<GeoTransform>500000, 30, 0, 3500000, 0, -30</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1"{band}><Description>green</Description><{around}>'
        f'<SourceFilename relativeToVRT="0">{source}</SourceFilename><SourceBand>1</SourceBand>'
        f"</{around}></VRTRasterBand></VRTDataset>"
    )


def _everywhere(path: Path) -> list[Callable[[], Any]]:
    """Return all ways in which a user's raster is read."""

    def read() -> None:
        scene = open_scene(path)
        scene.read(list(scene.bands))

    return [
        read,
        lambda: open_truth(path).mask(GRID),
        lambda: read_onto(path, GRID),
        lambda: read_onto(path, GRID, classes=True),
        lambda: read_heights(path, GRID),
    ]


@pytest.mark.parametrize(
    "text",
    [
        _vrt("/etc/hostname"),
        '<GDAL_WMS><Service name="TMS"><ServerUrl>http://127.0.0.1:9/${z}</ServerUrl></Service></GDAL_WMS>',
        '{"type": "FeatureCollection", "stac_version": "1.0.0", "features": []}',
    ],
)
def test_a_tif_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "B2.tif"
    path.write_text(text)
    for read in [*_everywhere(path), lambda: product_info(path)]:
        with pytest.raises(TrimlineError, match="cannot be opened"):
            read()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (_vrt("/vsicurl/http://127.0.0.1:9/x.tif"), "no file here"),
        (_vrt("/no/such/file.tif"), "no file here"),
        (_vrt("/etc/hostname"), "cannot be opened"),
        (_vrt("/etc/hostname", band=' subClass="VRTRawRasterBand"'), "VRTRawRasterBand"),
        (_vrt("/etc/hostname", around="FancySource"), "FancySource"),
        ("<VRTDataset", "not XML"),
    ],
)
def test_a_mosaic_of_anything_but_rasters_here_is_refused(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "m.vrt"
    path.write_text(text)
    for read in _everywhere(path):
        with pytest.raises(TrimlineError, match=what):
            read()


def test_a_mosaic_of_rasters_here_is_read(make: Any) -> None:
    source = make.stack("a.tif", np.full((1, 20, 30), 4000, np.float32))
    path = make.folder / "m.vrt"
    path.write_text(_vrt(str(source)))
    assert (read_heights(path, GRID) == 4000).all()


@pytest.mark.parametrize("companion", ["s.tif.msk", "s.msk", "s.tif.ovr", "s.tif.msk.ovr", "s.MSK"])
def test_a_companion_that_is_no_raster_is_refused(make: Any, companion: str) -> None:
    path = _stack(make)
    (make.folder / companion).write_text(_vrt("/vsicurl/http://127.0.0.1:9/x.tif"))
    for read in _everywhere(path):
        with pytest.raises(TrimlineError, match="not what its name says"):
            read()


def test_notes_and_tags_that_lead_to_other_files_are_refused(make: Any) -> None:
    path = _stack(make)
    notes = path.with_name("s.tif.aux.xml")
    item = '<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{}</MDI></Metadata></PAMDataset>'
    notes.write_text(item.format("/vsicurl/http://127.0.0.1:9/x"))
    with pytest.raises(TrimlineError, match="not what its name says"):
        open_scene(path)
    notes.unlink()
    with rasterio.open(path, "r+") as target:
        target.update_tags(ns="OVERVIEWS", OVERVIEW_FILE="/vsicurl/http://127.0.0.1:9/x")
    with pytest.raises(TrimlineError, match="overviews lie in another file"):
        open_scene(path)


def test_true_companions_are_read(make: Any) -> None:
    path = _stack(make)
    with rasterio.Env(TIFF_USE_OVR="YES", GDAL_TIFF_INTERNAL_MASK="NO"), rasterio.open(path, "r+") as target:
        target.write_mask(np.arange(600).reshape(20, 30) % 2 == 0)
        target.build_overviews([2])
    assert path.with_name("s.tif.msk").exists()
    assert np.isnan(open_scene(path).read("red").to_numpy()).mean() == 0.5


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_complex_numbers_are_refused_by_name(make: Any, dtype: str) -> None:
    for read in _everywhere(_stack(make, dtype=dtype)):
        with pytest.raises(TrimlineError, match="complex"):
            read()


@pytest.mark.parametrize(("height", "width"), [(200_000, 200_000), (100, 2_000_000), (2_000_000, 100)])
def test_a_sparse_raster_that_claims_too_much_is_refused(tmp_path: Path, height: int, width: int) -> None:
    path = tmp_path / "s.tif"
    options = {"driver": "GTiff", "dtype": "float32", "tiled": True, "blockxsize": 2048, "blockysize": 2048}
    with rasterio.open(
        path, "w", height=height, width=width, count=6, sparse_ok=True, crs=GRID.crs, transform=GRID.affine, **options
    ):
        pass
    for read in [*_everywhere(path), lambda: product_info(path)]:
        with pytest.raises(TrimlineError, match="cannot hold them"):
            read()


@pytest.mark.parametrize(
    ("side", "options", "what"),
    [
        (12_000, {"blockysize": 12_000, "dtype": "uint16"}, "one takes 288 MB"),
        (40_000, {"tiled": True, "blockxsize": 16, "blockysize": 16, "dtype": "uint8"}, "made of 6250000 blocks"),
    ],
)
def test_a_small_file_of_one_block_or_of_millions_is_refused(
    tmp_path: Path, side: int, options: Any, what: str
) -> None:
    """The whole raster fits what its file may hold; it is the decoder that would take too much."""
    path = tmp_path / "s.tif"
    grid = {"crs": GRID.crs, "transform": GRID.affine}
    with rasterio.open(
        path, "w", height=side, width=side, count=1, compress="deflate", sparse_ok=True, **grid, **options
    ):
        pass
    with path.open("ab") as file:
        file.truncate(2 << 20)
    for read in [*_everywhere(path), lambda: product_info(path)]:
        with pytest.raises(TrimlineError, match=what):
            read()


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_a_strip_that_holds_a_whole_scene_is_read(tmp_path: Path, interleave: str) -> None:
    """A Landsat band of 8 000 x 8 000 pixels is 128 MB; two by pixel are as much as a block may be."""
    path = tmp_path / "s.tif"
    options = {
        "driver": "GTiff",
        "dtype": "uint16",
        "compress": "deflate",
        "blockysize": 8000,
        "interleave": interleave,
    }
    with rasterio.open(path, "w", height=8000, width=8000, count=2, sparse_ok=True, **options):
        pass
    with open_user_raster(path, GridError) as source:
        assert block_bytes(source) == 128_000_000 * (2 if interleave == "pixel" else 1)


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "transform",
    [
        Affine(30, 0, NAN, 0, -30, 0),
        Affine(30, 0, 0, 0, INF, 0),
        Affine(1e300, 0, 1e300, 0, -1e300, 0),
        Affine(1e-12, 0, 500_000, 0, -1e-12, 3_500_000),
        Affine(30, 60, 500_000, 15, 30, 3_800_000),
        Affine(30, 0, 1e12, 0, -30, 3_800_000),
    ],
)
def test_a_grid_that_cannot_be_is_refused(make: Any, transform: Affine) -> None:
    path = _stack(make, transform=transform, nodata=-1)
    for read in _everywhere(path):
        with pytest.raises(GridError, match="cannot be placed"):
            read()
    assert not product_info(path).is_complete


def test_degrees_end_at_the_poles(make: Any) -> None:
    path = _stack(make, transform=GRID.affine, crs="EPSG:4326")
    with pytest.raises(GridError, match="latitudes reach"):
        open_scene(path)


def test_a_rotated_raster_is_still_read(make: Any) -> None:
    path = _stack(make, transform=Affine(30, 5, 500_000, 5, -30, 3_500_000))
    assert np.nanmax(open_scene(path).read("red")) == pytest.approx(0.3)


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.tuples(*[numbers] * 6), st.integers(1, 10**6), st.integers(1, 10**6), st.booleans())
def test_any_header_is_judged(transform: tuple[float, ...], height: int, width: int, degrees: bool) -> None:
    why = impossible_grid((height, width), Affine(*transform), is_geographic=degrees)
    if why is None:
        assert np.isfinite(transform).all()
        assert Affine(*transform).determinant != 0


@given(st.sampled_from([0.5, 10.0, 30.0, 1000.0]), st.floats(-1e7, 1e7), st.floats(-1e7, 1e7), st.floats(0, 359))
def test_any_image_of_the_earth_can_be(pixel: float, x: float, y: float, angle: float) -> None:
    transform = Affine.translation(x, y) * Affine.rotation(angle) * Affine.scale(pixel, -pixel)
    assert impossible_grid((8000, 8000), transform, is_geographic=False) is None


@pytest.mark.parametrize("damage", ["cut", "noise", "emptied", "text"])
def test_a_damaged_stack_ends_in_words(make: Any, damage: str) -> None:
    path = _stack(make, nodata=-1, compress="deflate")
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "noise":
        content[len(content) // 3 : 2 * len(content) // 3] = bytes(range(256)) * (len(content) // 768 + 1)
    elif damage == "emptied":
        content[:] = b""
    else:
        content[:] = b"II*\0 and then nothing"
    path.write_bytes(content)
    for read in _everywhere(path):
        try:
            read()
        except TrimlineError as error:
            assert len(str(error).splitlines()) <= 2
