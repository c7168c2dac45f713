"""A scene of an archive becomes a product that readers open: the archive's numbers, whole or not at all."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from filelock import FileLock
from tests.unit.fetching.conftest import SIDE_M, Archived, grid_of, make_landsat, region_of

from trimline.catalogues.candidate import RemoteAsset
from trimline.errors import (
    CatalogueError,
    DiskError,
    GridError,
    ProductError,
    RemoteError,
    StageError,
    TrimlineError,
)
from trimline.fetching import Fetched, Watch, fetch_scene, read_fetched
from trimline.fetching.scene import Stopped
from trimline.fetching.wanted import metadata_wanted, rasters_wanted
from trimline.remote import Transport
from trimline.scenes import open_scene

REGION = region_of(9000, 9000, 3000, 2000)
LARGER = region_of(3000, 9000, 12_000, 2000)
ELSEWHERE = region_of(2 * SIDE_M, 0, 500, 500)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    return make_landsat(tmp_path_factory.mktemp("small"), bands=("green", "nir", "swir1"))


@pytest.fixture
def own(small: Archived, tmp_path: Path) -> Archived:
    """Give a scene whose files a test may damage."""
    folder = shutil.copytree(small.folder, tmp_path / "archive")

    def moved(asset: RemoteAsset) -> RemoteAsset:
        return replace(asset, href=str(folder / asset.name))

    each = small.candidate
    candidate = replace(
        each,
        bands={name: moved(asset) for name, asset in each.bands.items()},
        quality={name: moved(asset) for name, asset in each.quality.items()},
        metadata=tuple(map(moved, each.metadata)),
    )
    return Archived(candidate, folder)


def fetch(archived: Archived, folder: Path, region=REGION, **options) -> Fetched:
    with Transport() as transport:
        return fetch_scene(archived.candidate, region, folder, transport, **{"margin_m": 0, **options})


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def band_file(archived: Archived, band: str) -> Path:
    return archived.folder / archived.candidate.bands[band].name


def test_fetched_landsat_has_the_numbers_of_the_archive_in_the_window_and_nothing_else(
    landsat: Archived, tmp_path: Path
) -> None:
    fetched = fetch(landsat, tmp_path)
    assert fetched.is_new
    whole, part = open_scene(landsat.folder / landsat.candidate.metadata[1].name), open_scene(fetched.path)
    assert (part.id, part.date, part.tile, part.sensor) == (whole.id, whole.date, whole.tile, whole.sensor)
    assert set(part.assets) == set(whole.assets)
    assert part.geobox.shape == (128, 192)
    assert np.array_equal(
        part.read(list(whole.assets), units="dn"), whole.read(list(whole.assets), part.geobox, units="dn"), True
    )
    for name, flag in whole.quality(part.geobox).items():
        assert np.array_equal(part.quality()[name], flag)
    for file in fetched.product.files:
        if file.window is not None:
            column, row, width, height = file.window
            archived = landsat.numbers(file.name)[row : row + height, column : column + width]
            with rasterio.open(fetched.path / file.name) as source:
                assert np.array_equal(source.read(1), archived)
                assert source.nodata == (1 if "QA_" in file.name else 0)
                assert (source.width, source.height) == (width, height) != (768, 768)


def test_fetched_sentinel2_keeps_one_grid_for_all_bands_and_reads_as_the_tile_does(
    sentinel2_cogs: Archived, tmp_path: Path
) -> None:
    write_item = sentinel2_cogs.folder / "item.json"
    write_item.write_text(json.dumps(sentinel2_cogs.candidate.item))
    whole, part = open_scene(sentinel2_cogs.folder), open_scene(fetch(sentinel2_cogs, tmp_path).path)
    write_item.unlink()
    assert (part.id, part.date, part.tile, part.level) == (whole.id, whole.date, whole.tile, whole.level)
    places = set()
    for asset in part.assets.values():
        with rasterio.open(asset.href) as source:
            places.add(tuple(source.bounds))
    assert len(places) == 1
    inner = part.geobox[60:-60, 60:-60]
    bands = list(whole.assets)
    # Bilinear reading of coarser bands looks a pixel beyond.
    assert np.allclose(part.read(bands, inner), whole.read(bands, inner), equal_nan=True)
    assert np.array_equal(part.quality(inner)["cloud"], whole.quality(inner)["cloud"])


def test_jpeg_2000_is_fetched_whole_byte_for_byte(
    sentinel2_jp2: Archived, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    fetched = fetch(sentinel2_jp2, tmp_path)
    assert "JPEG 2000 are fetched whole" in caplog.text
    for name in ("B01.jp2", "B11.jp2", "tileInfo.json"):
        assert (fetched.path / name).read_bytes() == (sentinel2_jp2.folder / name).read_bytes()
    scene = open_scene(fetched.path)
    assert (scene.level, scene.tile, scene.date) == ("L1C", "46RER", "2019-09-07")


def test_whole_product_is_the_archives_own_files(own: Archived, tmp_path: Path) -> None:
    fetched = fetch(own, tmp_path / "out", whole=True)
    assert fetched.extent == "whole"
    for file in fetched.product.files:
        if file.source:
            assert (fetched.path / file.name).read_bytes() == (own.folder / file.name).read_bytes()
    assert not fetch(own, tmp_path / "out").is_new, "a window of it is in it"


def test_two_fetches_give_the_same_bytes(landsat: Archived, tmp_path: Path) -> None:
    first, second = (fetch(landsat, tmp_path / name).path for name in ("one", "two"))
    assert names_in(first) == names_in(second)
    for name in names_in(first):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_what_is_there_and_whole_is_not_fetched_again(own: Archived, tmp_path: Path) -> None:
    first = fetch(own, tmp_path / "out")
    shutil.rmtree(own.folder)  # nothing could come from there
    for smaller in (REGION, region_of(9500, 9500, 100, 100)):
        assert not fetch(own, tmp_path / "out", smaller).is_new
    assert not fetch(own, tmp_path / "out", bands=("green",)).is_new
    assert names_in(tmp_path / "out") == {first.path.name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"region": LARGER}, "larger region or margin"),
        ({"margin_m": 5000}, "larger region or margin"),
        ({"region": None}, "larger region or margin"),
        ({"whole": True}, "whole product"),
        ({"bands": ("green", "nir")}, "lacks band nir"),
    ],
)
def test_more_than_what_is_there_is_fetched_and_said(
    change: dict, said: str, own: Archived, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    first = fetch(own, tmp_path / "out", bands=("green",))
    second = fetch(own, tmp_path / "out", **{"bands": ("green",), **change})
    assert second.is_new
    assert said in caplog.text
    assert second.path == first.path
    assert not fetch(own, tmp_path / "out", **{"bands": ("green",), **change}).is_new
    assert names_in(tmp_path / "out") == {first.path.name}, "nothing is left beside it"


def test_newer_processing_is_fetched(own: Archived, tmp_path: Path) -> None:
    fetch(own, tmp_path / "out")
    newer = replace(own, candidate=replace(own.candidate, processed="20210101"))
    assert fetch(newer, tmp_path / "out").is_new


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-40] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [Path.unlink, _cut_short, _flip_a_byte])
@pytest.mark.parametrize("what", ["band nir", "quality pixel", "metadata mtl.txt", "item"])
def test_product_that_is_no_longer_whole_is_fetched_again(
    damage: Callable[[Path], None], what: str, own: Archived, tmp_path: Path
) -> None:
    fetched = fetch(own, tmp_path / "out")
    (name,) = (file.name for file in fetched.product.files if file.what == what)
    before = (fetched.path / name).read_bytes()
    damage(fetched.path / name)
    assert fetch(own, tmp_path / "out").is_new
    assert (fetched.path / name).read_bytes() == before
    assert not fetch(own, tmp_path / "out").is_new


def test_damaged_record_is_no_record(own: Archived, tmp_path: Path) -> None:
    fetched = fetch(own, tmp_path / "out")
    record = fetched.path / "fetched.json"
    record.write_text(record.read_text().replace('"margin_m": 0.0', '"margin_m": 9.0'))
    assert read_fetched(fetched.path) is None
    assert fetch(own, tmp_path / "out").is_new


def test_band_that_is_missing_in_the_archive_is_named_and_the_product_does_not_appear(
    own: Archived, tmp_path: Path
) -> None:
    band_file(own, "nir").unlink()
    with pytest.raises(RemoteError, match="band nir cannot be fetched") as raised:
        fetch(own, tmp_path / "out")
    assert raised.value.where == own.candidate.id
    assert all(each.name.startswith(".") for each in (tmp_path / "out").iterdir())


def test_what_came_before_an_error_is_not_fetched_again(own: Archived, tmp_path: Path) -> None:
    content = band_file(own, "nir").read_bytes()
    band_file(own, "nir").unlink()
    with pytest.raises(RemoteError):
        fetch(own, tmp_path / "out")
    parts = tmp_path / "out" / f".{own.candidate.id}.part" / "files"
    came = {each.name: each.stat().st_ino for each in parts.glob("*.TIF")}
    band_file(own, "nir").write_bytes(content)
    seen: list[int] = []
    fetched = fetch(own, tmp_path / "out", watch=Watch(planned=seen.append))
    assert len(seen) == 5 - len(came)
    for name, inode in came.items():
        assert (fetched.path / name).stat().st_ino == inode, "the same file"
    assert names_in(tmp_path / "out") == {fetched.path.name}


def test_part_of_another_request_or_a_damaged_one_is_not_taken(own: Archived, tmp_path: Path) -> None:
    undisturbed = fetch(own, tmp_path / "undisturbed")
    content = band_file(own, "nir").read_bytes()
    band_file(own, "nir").unlink()
    for region in (LARGER, REGION):
        with pytest.raises(RemoteError):
            fetch(own, tmp_path / "out", region)
    parts = tmp_path / "out" / f".{own.candidate.id}.part" / "files"
    for each in parts.glob("*B3.TIF"):
        _flip_a_byte(each)
    (parts / "of-nobody.tif").write_bytes(b"?")
    band_file(own, "nir").write_bytes(content)
    fetched = fetch(own, tmp_path / "out")
    assert names_in(fetched.path) == names_in(undisturbed.path)
    for name in names_in(fetched.path):
        assert (fetched.path / name).read_bytes() == (undisturbed.path / name).read_bytes()


def test_web_page_in_place_of_a_band_is_named(own: Archived, tmp_path: Path) -> None:
    band_file(own, "swir1").write_text("<!DOCTYPE html><html><body>Please log in</body></html>")
    with pytest.raises(RemoteError, match=r"band swir1 .*web page"):
        fetch(own, tmp_path / "out")


@pytest.mark.parametrize("whole", [False, True])
def test_block_that_cannot_be_decoded_is_an_error_and_never_missing_data(
    whole: bool, own: Archived, tmp_path: Path
) -> None:
    path = band_file(own, "nir")
    with rasterio.open(path) as source:
        offset = int(source.get_tag_item("BLOCK_OFFSET_2_2", "TIFF", bidx=1))
        length = int(source.get_tag_item("BLOCK_SIZE_2_2", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[offset : offset + length] = bytes(length)
    path.write_bytes(content)
    with pytest.raises(TrimlineError, match="band nir"):
        fetch(own, tmp_path / "out", whole=whole)
    assert all(each.name.startswith(".") for each in (tmp_path / "out").iterdir())


def test_scene_off_the_region_is_named(landsat: Archived, tmp_path: Path) -> None:
    with pytest.raises(GridError, match="does not meet the region"):
        fetch(landsat, tmp_path, ELSEWHERE)


def test_folder_of_the_users_is_never_overwritten(landsat: Archived, tmp_path: Path) -> None:
    mine = tmp_path / landsat.candidate.id / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("a day's work")
    with pytest.raises(ProductError, match="in the way"):
        fetch(landsat, tmp_path)
    assert mine.read_text() == "a day's work"


def test_link_at_the_products_place_is_not_followed(landsat: Archived, tmp_path: Path) -> None:
    (tmp_path / landsat.candidate.id).symlink_to(tmp_path / "nowhere")
    with pytest.raises(ProductError, match="in the way"):
        fetch(landsat, tmp_path)


def test_id_that_leads_out_of_the_folder_stays_in_it(own: Archived, tmp_path: Path) -> None:
    leading_out = replace(own, candidate=replace(own.candidate, id="../../escaped"))
    fetched = fetch(leading_out, tmp_path / "out" / "folder")
    assert fetched.path.parent == tmp_path / "out" / "folder"


def test_full_disk_is_told_before_anything_is_written(
    landsat: Archived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=30_000)
    monkeypatch.setattr("trimline.fetching.scene.shutil.disk_usage", lambda _: usage)
    with pytest.raises(DiskError, match="the disk has 0 MB left"):
        fetch(landsat, tmp_path)
    assert not list(tmp_path.rglob("*.TIF"))


def test_second_run_on_the_same_scene_is_refused(landsat: Archived, tmp_path: Path) -> None:
    place = tmp_path / f".{landsat.candidate.id}.part"
    place.mkdir()
    with FileLock(place / "lock"), pytest.raises(StageError, match="another run"):
        fetch(landsat, tmp_path)


def test_stopped_fetching_goes_on_later(landsat: Archived, tmp_path: Path) -> None:
    stop = threading.Event()

    def seen(_: int) -> None:
        stop.set()

    with pytest.raises(Stopped):
        fetch(landsat, tmp_path / "out", watch=Watch(seen=seen, stop=stop))
    assert not (tmp_path / "out" / landsat.candidate.id).exists()
    fetched = fetch(landsat, tmp_path / "out")
    undisturbed = fetch(landsat, tmp_path / "undisturbed")
    assert fetched.product == undisturbed.product


def test_bytes_told_while_fetching_are_those_planned(landsat: Archived, tmp_path: Path) -> None:
    planned, seen = [], []
    fetch(landsat, tmp_path, watch=Watch(planned=planned.append, seen=seen.append))
    assert sum(planned) == sum(seen) > 100_000


def test_secret_in_the_item_or_an_address_is_written_nowhere(own: Archived, tmp_path: Path) -> None:
    fetched = fetch(own, tmp_path / "out")
    for path in fetched.path.iterdir():
        assert b"THE-SECRET" not in path.read_bytes()
    assert "THE-SECRET" in json.dumps(own.candidate.item)
    assert fetched.product.item_address == f"https://archive.example/items/{own.candidate.id}"


def test_item_beside_the_files_is_the_catalogues(landsat: Archived, tmp_path: Path) -> None:
    item = json.loads((fetch(landsat, tmp_path).path / "item.json").read_text())
    assert item["id"] == landsat.candidate.id
    assert item["assets"] == landsat.candidate.item["assets"]


def test_landsat_without_metadata_is_refused(landsat: Archived) -> None:
    with pytest.raises(CatalogueError, match="MTL"):
        metadata_wanted(replace(landsat.candidate, metadata=()))


def test_of_metadata_in_two_spellings_the_text_is_fetched(landsat: Archived) -> None:
    assert [each.name.rpartition(".")[2] for each in metadata_wanted(landsat.candidate)] == ["txt"]


def test_band_that_the_sensor_has_and_the_item_lacks_is_named(landsat: Archived) -> None:
    with pytest.raises(CatalogueError, match=r"coastal \(B1\)"):
        rasters_wanted(landsat.candidate, ("red", "coastal"))


def test_bands_that_the_sensor_or_level_has_not_are_passed_over(landsat: Archived, sentinel2_cogs: Archived) -> None:
    assert rasters_wanted(landsat.candidate, ("rededge1", "red"))[0].what == "band red"
    found = rasters_wanted(sentinel2_cogs.candidate, ("thermal", "cirrus", "green"))
    assert [each.what for each in found] == ["band green", "quality classes"]
    with pytest.raises(CatalogueError, match="none of the bands"):
        rasters_wanted(landsat.candidate, ("rededge1",))


def test_two_files_of_one_name_keep_apart_by_their_keys(sentinel2_jp2: Archived) -> None:
    both = tuple(
        RemoteAsset(key, f"https://archive.example/{key}/metadata.xml", "metadata.xml")
        for key in ("granule_metadata", "product-metadata")
    )
    names = [each.name for each in metadata_wanted(replace(sentinel2_jp2.candidate, metadata=both))]
    assert names == ["metadata.xml", "product_metadata.xml"]


def test_name_that_is_a_path_is_none(landsat: Archived) -> None:
    escaping = replace(
        landsat.candidate, bands={"red": RemoteAsset("red", "https://archive.example/x.tif", "../../../etc/x.tif")}
    )
    assert "/" not in rasters_wanted(escaping, ("red",))[0].name


def test_grid_of_the_archives_raster_is_in_the_record(landsat: Archived, tmp_path: Path) -> None:
    product = read_fetched(fetch(landsat, tmp_path).path)
    assert product is not None
    (red,) = (file for file in product.files if file.what == "band red")
    assert red.grid == grid_of(30)


@pytest.mark.parametrize(("made", "pixel_m"), [("landsat", 30), ("sentinel2_cogs", 10)])
def test_margin_without_a_number_is_that_of_the_sensor(
    made: str, pixel_m: float, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    archived: Archived = request.getfixturevalue(made)
    wide = fetch(archived, tmp_path / "wide", margin_m=None, bands=("green",))
    narrow = fetch(archived, tmp_path / "narrow", bands=("green",))
    assert wide.product.margin_m == 192 * pixel_m
    assert wide.bytes > narrow.bytes
