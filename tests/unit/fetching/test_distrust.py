"""What an archive says of its files is not believed: names, sizes, and metadata that cannot be read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.fetching.conftest import Archived, make_landsat, region_of

from trimline.catalogues.candidate import RemoteAsset
from trimline.errors import CatalogueError, ProductError, RemoteError
from trimline.fetching import Fetched, fetch_scene
from trimline.fetching.request import Request
from trimline.fetching.wanted import metadata_wanted, rasters_wanted
from trimline.remote import Transport
from trimline.scenes import open_scene

REGION = region_of(9000, 9000, 3000, 2000)
BANDS = ("green", "nir", "swir1")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    return make_landsat(tmp_path_factory.mktemp("archive"), bands=BANDS)


@pytest.fixture
def own(archive: Archived, tmp_path: Path) -> Archived:
    """Give a scene whose files a test may damage, with metadata in text alone."""
    folder = shutil.copytree(archive.folder, tmp_path / "archive")

    def moved(asset: RemoteAsset) -> RemoteAsset:
        return replace(asset, href=str(folder / asset.name))

    each = archive.candidate
    candidate = replace(
        each,
        bands={name: moved(asset) for name, asset in each.bands.items()},
        quality={name: moved(asset) for name, asset in each.quality.items()},
        metadata=tuple(moved(asset) for asset in each.metadata if asset.name.endswith(".txt")),
    )
    return Archived(candidate, folder)


def fetch(archived: Archived, folder: Path, **options: object) -> Fetched:
    with Transport() as transport:
        return fetch_scene(archived.candidate, REGION, folder, transport, margin_m=0, **options)


def text_of(archived: Archived) -> Path:
    return archived.folder / archived.candidate.metadata[0].name


def name_in_metadata(archived: Archived, band: str, name: str) -> str:
    """Let the metadata file call a band's file otherwise, and return what it said before."""
    path = text_of(archived)
    before = path.read_text()
    path.write_text(before.replace(archived.candidate.bands[band].name, name))
    assert path.read_text() != before
    return before


@pytest.mark.parametrize(
    "name", ["x_B5.vrt", "x_B5.VRT", "x_B5.txt", "x_B5", "item.json", "fetched.json", "x_B5.TIF.aux.xml", ".part"]
)
@pytest.mark.parametrize("whole", [False, True])
def test_band_that_the_metadata_call_anything_but_a_raster_is_refused_and_asked_for_again(
    name: str, whole: bool, own: Archived, tmp_path: Path
) -> None:
    before = name_in_metadata(own, "nir", name)
    with pytest.raises(CatalogueError, match=r"the file of the band nir is called .*, as no such file is"):
        fetch(own, tmp_path / "out", whole=whole)
    assert not (tmp_path / "out" / own.candidate.id).exists()
    text_of(own).write_text(before)
    assert fetch(own, tmp_path / "out", whole=whole).is_new


@pytest.mark.parametrize("whole", [False, True])
def test_mosaic_of_a_file_of_this_machine_gets_into_no_band(whole: bool, own: Archived, tmp_path: Path) -> None:
    secret = shutil.copy(own.folder / own.candidate.bands["green"].name, tmp_path / "secret.tif")
    mosaic = (
        '<VRTDataset rasterXSize="768" rasterYSize="768"><VRTRasterBand dataType="UInt16" band="1"><SimpleSource>'
        f"<SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    # As of OData, whose addresses end in `$value`, and under the name that it has in the metadata.
    odata = own.folder / "$value"
    odata.write_text(mosaic)
    bands = {**own.candidate.bands, "nir": replace(own.candidate.bands["nir"], href=str(odata))}
    with pytest.raises(RemoteError, match="band nir cannot be fetched: the server sends an XML text"):
        fetch(Archived(replace(own.candidate, bands=bands), own.folder), tmp_path / "out", whole=whole)


@pytest.mark.parametrize("name", ["B04.vrt", "x.tif", "item.json", "ITEM.JSON", "fetched.json", "B04.tif.aux.xml"])
def test_metadata_under_the_name_of_a_raster_or_of_our_own_file_are_refused(name: str, sentinel2_jp2: Archived) -> None:
    asset = RemoteAsset("granule_metadata", f"https://archive.example/{name}", name)
    with pytest.raises(CatalogueError, match=f"called {name}, as no such file is"):
        metadata_wanted(replace(sentinel2_jp2.candidate, metadata=(asset,)))


def test_names_of_agencies_are_taken(landsat: Archived, sentinel2_jp2: Archived, sentinel2_cogs: Archived) -> None:
    for each in (landsat, sentinel2_jp2, sentinel2_cogs):
        assert {wanted.is_raster for wanted in rasters_wanted(each.candidate, None)} == {True}
        assert not any(wanted.is_raster for wanted in metadata_wanted(each.candidate))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _log_in(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html>Please log in</html>")


def _empty(path: Path) -> None:
    path.write_text("")


@pytest.mark.parametrize("damage", [_cut, _log_in, _empty])
def test_broken_metadata_do_not_stay(damage: Callable[[Path], None], own: Archived, tmp_path: Path) -> None:
    before = text_of(own).read_bytes()
    damage(text_of(own))
    with pytest.raises(RemoteError, match=r"metadata mtl\.txt cannot be fetched"):
        fetch(own, tmp_path / "out")
    text_of(own).write_bytes(before)
    assert set(open_scene(fetch(own, tmp_path / "out").path).assets) == set(BANDS)


@pytest.mark.parametrize("content", ["<html>log in</html>", '{"utmZone": 46, ', "[1, 2"])
def test_broken_json_of_sentinel2_does_not_stay(content: str, sentinel2_jp2: Archived, tmp_path: Path) -> None:
    path = tmp_path / "tileInfo.json"
    path.write_text(content)
    (asset,) = sentinel2_jp2.candidate.metadata
    changed = Archived(
        replace(sentinel2_jp2.candidate, metadata=(replace(asset, href=str(path)),)), sentinel2_jp2.folder
    )
    with pytest.raises(RemoteError, match="metadata tileInfo cannot be fetched"):
        fetch(changed, tmp_path / "out")
    shutil.copy(asset.href, path)
    assert fetch(changed, tmp_path / "out").is_new


def test_metadata_by_which_a_band_is_not_found_do_not_stay(own: Archived, tmp_path: Path) -> None:
    before = text_of(own).read_text()
    # They are parsed well, but name no file of the band: the readers do not find it.
    text_of(own).write_text(before.replace("FILE_NAME_BAND_5", "FILE_NAME_BAND_15"))
    with pytest.raises(ProductError, match="band nir not found"):
        fetch(own, tmp_path / "out")
    text_of(own).write_text(before)
    assert fetch(own, tmp_path / "out").is_new


@pytest.mark.parametrize("size", [10**15, 10**30])
def test_size_that_no_file_has_is_the_fault_of_the_scene_and_not_of_the_disk(
    size: int, own: Archived, tmp_path: Path
) -> None:
    bands = {**own.candidate.bands, "nir": replace(own.candidate.bands["nir"], size=size)}
    with pytest.raises(RemoteError, match="band nir cannot be fetched: the file has more than 8192 MB"):
        fetch(Archived(replace(own.candidate, bands=bands), own.folder), tmp_path / "out", whole=True)


def test_copied_product_with_a_garbled_file_is_not_whole(own: Archived, tmp_path: Path) -> None:
    product = fetch(own, tmp_path / "out").path
    request = Request.of(own.candidate, REGION, margin_m=0)
    path = product / own.candidate.bands["nir"].name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    # Copied in the order of names, so that `fetched.json` is newer than the bands, or made newer.
    shutil.copytree(product, tmp_path / "copy" / product.name, copy_function=shutil.copy)
    copy = tmp_path / "copy" / product.name
    (copy / "fetched.json").touch()
    assert request.answered_by(copy) is None
    content[len(content) // 2] ^= 255
    (copy / path.name).write_bytes(content)
    assert request.answered_by(copy) is not None
