"""Rasters on a server are read block by block, exactly, or not at all."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile
from rasterio.windows import Window
from tests.unit.remote.conftest import FileServer, Handler, cog, numbers, times

from trimline.errors import RemoteError
from trimline.remote import Transport, prefetch, remote_raster, remote_rasters
from trimline.remote.left_out import left_out


@pytest.fixture
def transport() -> Transport:
    return Transport(first_wait_s=0.01, retries=2, timeout_s=2)


def test_a_window_is_that_of_the_file(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    ground = numbers()
    server.files["b.tif"] = cog(tmp_path, ground)
    window = Window(200, 100, 500, 300)
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        assert raster.source.shape == (1024, 1024)
        assert len(server.seen) == 1
        np.testing.assert_array_equal(raster.read(window), ground[0, 100:400, 200:700])
        assert len(server.seen) <= 1 + transport.at_once
        np.testing.assert_array_equal(raster.read(), ground[0])


def test_an_overview_is_that_of_the_file(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    content = server.files["b.tif"] = cog(tmp_path, numbers())
    with MemoryFile(content) as file, file.open(overview_level=0) as source:
        expected = source.read(1)
        place = source.transform
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        np.testing.assert_array_equal(raster.read(level=0), expected)
        np.testing.assert_array_equal(raster.read(Window(10, 20, 300, 200), level=0), expected[20:220, 10:310])
        assert raster.dataset(0).transform == place
        with pytest.raises(RemoteError, match="no number 7"):
            raster.read(level=7)


def test_bytes_fetched_are_those_of_the_blocks(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    server.files["b.tif"] = cog(tmp_path, numbers())
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        header = transport.counts.bytes
        window = Window(300, 300, 200, 400)
        raster.read(window)
        assert raster.bytes_of(window) <= transport.counts.bytes - header <= 1.1 * raster.bytes_of(window)


def test_bands_of_a_scene_come_together(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    grounds = [numbers(seed, side=512) for seed in range(6)]
    for seed, ground in enumerate(grounds):
        server.files[f"b{seed}.tif"] = cog(tmp_path, ground)
    window = Window(0, 0, 256, 512)
    with remote_rasters([f"{server.url}/b{seed}.tif" for seed in range(6)], transport) as rasters:
        server.latency_s = 0.05
        prefetch(rasters, [window] * 6)
        made = len(server.seen)
        for raster, ground in zip(rasters, grounds, strict=True):
            np.testing.assert_array_equal(raster.read(window), ground[0, :512, :256])
        assert len(server.seen) == made
    assert server.most_under_way == transport.at_once


def test_blocks_of_one_band_come_while_headers_of_others_do(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    grounds = [numbers(seed, side=512) for seed in range(6)]
    for seed, ground in enumerate(grounds):
        server.files[f"b{seed}.tif"] = cog(tmp_path, ground)
    server.latency_s = 0.03
    window = Window(100, 0, 200, 300)
    hrefs = [f"{server.url}/b{seed}.tif" for seed in range(6)]
    with remote_rasters(hrefs, transport, window_of=lambda raster: window) as rasters:
        made = len(server.seen)
        for raster, ground in zip(rasters, grounds, strict=True):
            np.testing.assert_array_equal(raster.read(window), ground[0, :300, 100:300])
        assert len(server.seen) == made
    with remote_rasters(hrefs[:1], transport, window_of=lambda _: None, level=0) as (raster,):
        made = len(server.seen)
        assert raster.read(level=0).shape == (256, 256)
        assert len(server.seen) == made


def test_one_band_that_is_missing_is_named(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    server.files["b0.tif"] = cog(tmp_path, numbers(side=512))
    hrefs = [f"{server.url}/b0.tif", f"{server.url}/b1.tif"]
    with (
        pytest.raises(RemoteError, match=r"b1\.tif: there is no such file"),
        remote_rasters(hrefs, transport, window_of=lambda _: None),
    ):
        pass


def test_a_block_that_cannot_be_read_is_an_error_and_no_zeros(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    server.files["b.tif"] = cog(tmp_path, numbers())
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        server.fault = lambda handler: handler.answer(500)
        with pytest.raises(RemoteError, match="answers 500"):
            raster.read(Window(0, 0, 600, 600))
        server.fault = None
        assert raster.read(Window(0, 0, 600, 600)).all()


def test_a_file_that_ends_early_is_an_error(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    content = cog(tmp_path, numbers())
    server.files["b.tif"] = content[: len(content) // 2]
    with remote_raster(f"{server.url}/b.tif", transport) as raster, pytest.raises(RemoteError, match="ends early"):
        raster.read()


def test_a_damaged_block_is_an_error(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    content = bytearray(cog(tmp_path, numbers()))
    content[len(content) // 2 : len(content) // 2 + 5000] = bytes(5000)
    server.files["b.tif"] = bytes(content)
    with (
        remote_raster(f"{server.url}/b.tif", transport) as raster,
        pytest.raises(RemoteError, match="block is damaged"),
    ):
        raster.read()


def test_blocks_that_a_file_leaves_out_are_nodata(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    ground = numbers()
    ground[:, :512] = 0
    server.files["b.tif"] = cog(tmp_path, ground, sparse_ok=True)
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        assert raster.bytes_of(Window(0, 0, 1024, 512)) == 0
        np.testing.assert_array_equal(raster.read(), ground[0])


def test_pixels_of_blocks_left_out_are_known_in_any_window(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    """Zeros that are stored, in a block with other numbers, are not left out."""
    ground = numbers()
    ground[0, :512, 256:768] = 0
    ground[0, 0, 0] = 0
    server.files["b.tif"] = cog(tmp_path, ground, sparse_ok=True)
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        for top, bottom, left, right in ((0, 1024, 0, 1024), (500, 520, 700, 800), (0, 1, 0, 300), (600, 700, 0, 9)):
            window = Window.from_slices((top, bottom), (left, right))
            expected = np.zeros((1024, 1024), bool)
            expected[:512, 256:768] = True
            np.testing.assert_array_equal(left_out(raster, window), expected[top:bottom, left:right])


@pytest.mark.parametrize("interleave", ["PIXEL", "BAND"])
def test_several_bands_of_one_file(interleave: str, server: FileServer, transport: Transport, tmp_path: Path) -> None:
    ground = numbers(bands=3, side=600)
    tiled = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
    server.files["b.tif"] = cog(tmp_path, ground, driver="GTiff", interleave=interleave, **tiled)
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        window = Window(100, 200, 300, 256)
        found = raster.read(window, indexes=[1, 2, 3])
        np.testing.assert_array_equal(found, ground[:, 200:456, 100:400])
        np.testing.assert_array_equal(raster.read(window, indexes=2), ground[1, 200:456, 100:400])


def test_strips_of_a_plain_file_with_its_header_at_the_end(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    ground = numbers(side=700)
    server.files["b.tif"] = cog(tmp_path, ground, driver="GTiff", compress="lzw", blockysize=16)
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        np.testing.assert_array_equal(raster.read(), ground[0])


def test_jpeg_2000_is_read(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    ground = numbers(side=512)
    server.files["b.jp2"] = cog(tmp_path, ground, driver="JP2OpenJPEG", quality=100, reversible="YES")
    with remote_raster(f"{server.url}/b.jp2", transport) as raster:
        np.testing.assert_array_equal(raster.read(Window(10, 20, 30, 40)), ground[0, 20:60, 10:40])
        assert raster.source.crs.to_epsg() == 32646
        made = len(server.seen)
        np.testing.assert_array_equal(raster.read(), ground[0])
        assert len(server.seen) == made
        assert raster.bytes_of(Window(0, 0, 1, 1)) == len(server.files["b.jp2"])


@pytest.mark.parametrize("cut", [1, 3000, 100_000])
def test_jpeg_2000_that_ends_early_is_an_error(
    cut: int, server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    content = cog(tmp_path, numbers(side=512), driver="JP2OpenJPEG", quality=100, reversible="YES")
    server.files["b.jp2"] = content[: len(content) - cut]
    with (
        pytest.raises(RemoteError, match=r"ends early|another size"),
        remote_raster(f"{server.url}/b.jp2", transport) as raster,
    ):
        raster.read()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html>log in</html>", "a web page"),
        (b'<?xml version="1.0"?><Error>AccessDenied</Error>', "an XML text"),
        (b"<VRTDataset rasterXSize='1'></VRTDataset>", "an XML text"),
        (b'{"code": "denied"}', "a JSON text"),
        (b"PK\x03\x04 archive", "no GeoTIFF"),
        (b"", "ends early"),
    ],
)
def test_what_says_tiff_and_is_none_is_named(
    content: bytes, words: str, server: FileServer, transport: Transport
) -> None:
    server.files["b.tif"] = content
    with pytest.raises(RemoteError, match=words), remote_raster(f"{server.url}/b.tif", transport):
        pass


def test_a_log_in_in_the_place_of_a_raster_that_passes_is_tried_again_whatever_the_address(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    server.files["Nodes(x)/$value"] = cog(tmp_path, numbers(1, side=300))

    def log_in(handler: Handler) -> bool:
        return handler.answer(200, b"<html>log in</html>", {"Content-Type": "text/html"})

    server.fault = times(1, log_in)
    with remote_raster(f"{server.url}/Nodes(x)/$value", transport) as raster:
        assert np.array_equal(raster.read(), numbers(1, side=300)[0])
    assert transport.counts.retries == 1
    server.fault = log_in
    with (
        pytest.raises(RemoteError, match="sends a web page instead of the file"),
        remote_raster(f"{server.url}/Nodes(x)/$value", transport),
    ):
        pass


def test_jpeg_2000_that_changes_after_its_header_is_never_mixed(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    options = {"driver": "JP2OpenJPEG", "quality": 100, "reversible": "YES"}
    server.files["b.jp2"] = cog(tmp_path, numbers(1, side=300), **options)
    with remote_raster(f"{server.url}/b.jp2", transport) as raster:
        server.files["b.jp2"], server.tags["b.jp2"] = cog(tmp_path, numbers(2, side=200), **options), '"2"'
        with pytest.raises(RemoteError, match="changes on the server"):
            raster.read()


def test_jpeg_2000_of_this_machine(transport: Transport, tmp_path: Path) -> None:
    content = cog(tmp_path, numbers(side=300), driver="JP2OpenJPEG", quality=100, reversible="YES")
    path = tmp_path / "b.jp2"
    path.write_bytes(content)
    with remote_raster(str(path), transport) as raster:
        np.testing.assert_array_equal(raster.read(), numbers(side=300)[0])
    path.write_bytes(content[:-500])
    with remote_raster(str(path), transport) as raster, pytest.raises(RemoteError, match="ends early"):
        raster.read()


def test_a_file_that_changes_between_windows_is_never_mixed(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    server.files["b.tif"] = cog(tmp_path, numbers(1))
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        raster.read(Window(0, 0, 256, 256))
        server.files["b.tif"], server.tags["b.tif"] = cog(tmp_path, numbers(2)), '"2"'
        with pytest.raises(RemoteError, match="changes on the server"):
            raster.read(Window(512, 512, 256, 256))


def test_a_file_of_this_machine_is_read_by_the_same_call(transport: Transport, tmp_path: Path) -> None:
    ground = numbers(side=300)
    path = tmp_path / "b.tif"
    path.write_bytes(cog(tmp_path, ground))
    for href in (str(path), path.as_uri()):
        with remote_raster(href, transport) as raster:
            np.testing.assert_array_equal(raster.read(), ground[0])


def test_a_header_that_claims_too_much_is_refused(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    path = tmp_path / "huge.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=90000, height=90000, count=1, dtype="uint16", sparse_ok=True, tiled=True
    ):
        pass
    server.files["b.tif"] = path.read_bytes()[:1_000_000]
    with pytest.raises(RemoteError), remote_raster(f"{server.url}/b.tif", transport):
        pass


def test_a_mean_server_is_survived(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    ground = numbers()
    server.files["b.tif"] = cog(tmp_path, ground)
    random = np.random.default_rng(4)

    def fault(handler: Handler) -> bool:
        with handler.files.lock:
            kind = random.integers(0, 15)
        if kind == 0:
            return handler.answer(500)
        if kind == 1:
            return handler.answer(206, b"abc", {"Content-Range": "bytes 0-2/9"})
        if kind == 2:
            return handler.answer(206, b"abc", length=5000)
        return False

    server.fault = fault
    patient = Transport(first_wait_s=0.01, retries=8, timeout_s=2)
    with remote_raster(f"{server.url}/b.tif", patient) as raster:
        for row in range(0, 1024, 128):
            np.testing.assert_array_equal(raster.read(Window(0, row, 1024, 128)), ground[0, row : row + 128])
    assert patient.counts.retries > 0


def test_a_block_that_says_it_is_larger_than_its_pixels_is_not_fetched(
    server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    """The table of a file says that its one block, of 128 bytes of pixels, takes 50 MB."""
    ground = np.arange(64, dtype=np.uint16).reshape(1, 8, 8)
    content = bytearray(cog(tmp_path, ground, driver="GTiff"))
    at = content.index(struct.pack("<HHI", 279, 4, 1)) + 8  # StripByteCounts, one number
    content[at : at + 4] = struct.pack("<I", 50_000_000)
    server.files["b.tif"] = bytes(content).ljust(60_000_000, b"\0")
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        before = transport.counts.bytes
        with pytest.raises(RemoteError, match="50000000 bytes are said to hold one block"):
            raster.read()
        assert transport.counts.bytes == before


def test_a_window_beyond_the_memory_is_refused(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    options = {"driver": "GTiff", "dtype": "uint8", "tiled": True, "sparse_ok": True, "compress": "deflate"}
    with rasterio.open(path, "w", height=33_000, width=33_000, count=1, **options):
        pass
    server.files["b.tif"] = path.read_bytes().ljust(1 << 20, b"\0")
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        with pytest.raises(RemoteError, match=r"take 1\.1 GB"):
            raster.read()
        assert not raster.read(Window(0, 0, 300, 300)).any()


def test_a_window_of_countless_blocks_is_refused(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    path = tmp_path / "s.tif"
    options = {"driver": "GTiff", "dtype": "uint8", "tiled": True, "blockxsize": 16, "blockysize": 16}
    with rasterio.open(path, "w", height=11_400, width=11_400, count=1, sparse_ok=True, nodata=7, **options):
        pass
    server.files["b.tif"] = path.read_bytes()
    with remote_raster(f"{server.url}/b.tif", transport) as raster:
        with pytest.raises(RemoteError, match="has 508369 blocks of 16 x 16 pixels"):
            raster.read()
        assert (raster.read(Window(11_000, 11_000, 400, 400)) == 7).all()


def test_a_header_without_end_is_not_fetched(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    """Its notes take 79 MB, as their tag says, in a file of 80 MB."""
    cog(tmp_path, numbers(side=64))
    with rasterio.open(tmp_path / "plain.tif", "r+") as target:
        target.update_tags(note="n" * 100)
    content = bytearray((tmp_path / "plain.tif").read_bytes())
    at = content.index(struct.pack("<HH", 42112, 2)) + 4
    content[at : at + 4] = struct.pack("<I", 79_000_000)
    server.files["b.tif"] = bytes(content).ljust(80_000_000, b"n")
    with (
        pytest.raises(RemoteError, match="header is larger than 64 MB"),
        remote_raster(f"{server.url}/b.tif", transport),
    ):
        pass
    assert transport.counts.bytes < 64 << 20
