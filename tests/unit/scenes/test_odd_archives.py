"""Archives as people make them, and as nobody who means well does."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimline.errors import ProductError, TrimlineError
from trimline.scenes import archive as archive_module
from trimline.scenes import open_scene, product_info
from trimline.scenes.archive import open_archive
from trimline.scenes.asset import open_raster
from trimline.scenes.product_files import readable, size_of


def _tar(
    folder: Path, path: Path, name: Callable[[str], str], *, form: int = tarfile.PAX_FORMAT, folders: bool = True
) -> Path:
    with tarfile.open(path, "w", format=form) as archive:
        if folders and name("x") != "x":
            top = tarfile.TarInfo(name("x")[:-2] or ".")
            top.type = tarfile.DIRTYPE
            archive.addfile(top)
        for each in sorted(folder.iterdir()):
            archive.add(each, arcname=name(each.name))
    return path


NAMES: dict[str, Callable[[str], str]] = {
    "dot": lambda name: f"./{name}",
    "non_ascii": lambda name: f"Gébroulaz 冰川/{name}",
    "long": lambda name: f"{'very-long-folder-name-' * 8}/{name}",
    "long_by_parts": lambda name: f"{'/'.join(['part-of-a-path'] * 12)}/{name}",
}


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@pytest.mark.parametrize("spelling", NAMES)
def test_any_spelling_of_names_in_a_tar_is_read_in_place(make: Any, spelling: str, form: int) -> None:
    folder = make.product()
    expected = open_scene(folder).read(["red"]).to_numpy()
    path = _tar(folder, make.folder / "p.tar", NAMES[spelling], form=form)
    info = product_info(path)
    assert info.notes == product_info(folder).notes
    assert info.is_complete == product_info(folder).is_complete
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(["red"]).to_numpy(), expected)
    assert readable([scene.assets["red"].href])[scene.assets["red"].href].startswith("/vsisubfile/")


@pytest.mark.parametrize("squeeze", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_the_content_tells_the_compression_and_not_the_name(
    make: Any, squeeze: Callable[[bytes], bytes], suffix: str
) -> None:
    folder = make.product()
    path = make.folder / f"p{suffix}"
    path.write_bytes(squeeze(_tar(folder, make.folder / "plain.tar", NAMES["dot"]).read_bytes()))
    np.testing.assert_array_equal(open_scene(path).read(["red"]), open_scene(folder).read(["red"]))
    assert product_info(path).bands == product_info(folder).bands


def test_a_sparse_tar_is_unpacked(make: Any) -> None:
    folder = make.product()
    expected = open_scene(folder).read(["red"]).to_numpy()
    path = make.folder / "p.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for each in sorted(folder.iterdir()):
            content = each.read_bytes()
            member = tarfile.TarInfo(each.name)
            if each.suffix == ".TIF":  # one piece of data from 0 on, as `tar --sparse` writes it
                member.size = len(content)
                member.pax_headers = {
                    "GNU.sparse.major": "0",
                    "GNU.sparse.minor": "1",
                    "GNU.sparse.size": str(len(content)),
                    "GNU.sparse.numblocks": "1",
                    "GNU.sparse.map": f"0,{len(content)}",
                }
            else:
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    red = open_scene(path).assets["red"].href
    assert open_archive(path).entries[Path(red).name].offset is None
    np.testing.assert_array_equal(open_scene(path).read(["red"]).to_numpy(), expected)


def _header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = abs(size), kind
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    if size < 0:
        header[124:136] = bytes([0xFF]) * 4 + size.to_bytes(8, "big", signed=True)
        header[148:156] = b"        "
        header[148:156] = f"{sum(header):06o}\0 ".encode()
    return bytes(header)


HOSTILE = {
    "size_below_zero": _header("A_MTL.txt", -512) + bytes(2048),
    "far_below_zero": _header("A_MTL.txt", -(2**62)) + bytes(2048),
    "huge_size": _header("A_MTL.txt", 2**60) + bytes(2048),
    "pax_below_zero": _header("x", -1024, tarfile.XHDTYPE) + bytes(2048),
    "pax_of_terabytes": _header("x", 2**42, tarfile.XHDTYPE) + bytes(2048),
    "pax_of_megabytes": _header("x", 2**21, tarfile.XHDTYPE) + bytes(2**21 + 1024),
    "long_name_of_terabytes": _header("x", 2**42, tarfile.GNUTYPE_LONGNAME) + bytes(2048),
    "chained_pax": (_header("x", 512, tarfile.XHDTYPE) + b"6 a=b\n" + bytes(506)) * 2000,
    "device": _header("A_MTL.txt", 0, tarfile.CHRTYPE) + bytes(1024),
    "link": _header("A_MTL.txt", 0, tarfile.SYMTYPE) + bytes(1024),
    "upwards": _header("../A_MTL.txt", 0) + bytes(1024),
    "absolute": _header("/tmp/A_MTL.txt", 0) + bytes(1024),  # noqa: S108 - never written
    "noise": bytes(range(256)) * 8,
    "empty": b"",
}


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress])
@pytest.mark.parametrize("how", HOSTILE)
def test_a_hostile_tar_is_refused_in_words(tmp_path: Path, how: str, squeeze: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "p.tar"
    path.write_bytes(squeeze(HOSTILE[how]))
    for read in (product_info, open_scene):
        with pytest.raises(TrimlineError) as raised:
            read(path)
        assert raised.value.remedy


def test_a_tar_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "ALWAYS_ALLOWED_BYTES", 1 << 16)
    monkeypatch.setattr(archive_module, "MOST_GROWTH", 1)
    path = tmp_path / "p.tar.gz"
    path.write_bytes(gzip.compress(_header("a", 1 << 20) + bytes(1 << 20) + _header("b", 512) + bytes(2048)))
    with pytest.raises(ProductError, match=r"can(not)? hold"):
        open_archive(path)


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "MOST_MEMBERS", 5)
    path = tmp_path / "p.tar"
    path.write_bytes(b"".join(_header(f"a{number}", 0) for number in range(10)) + bytes(1024))
    with pytest.raises(ProductError, match="more than 5 files"):
        open_archive(path)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["B03.tif", "Gébroulaz 冰川/B03.tif", "./B03.tif"])
def test_any_name_in_a_zip_is_read(make: Any, name: str, compression: int) -> None:
    values = np.arange(600, dtype=np.uint16).reshape(1, 20, 30)
    raster = make.stack("B03.tif", values)
    path = make.folder / "p.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.write(raster, name)
    (written,) = (each for each in open_archive(path).entries if each.endswith("B03.tif"))
    href = f"/vsizip/{{{path}}}/{written}"
    with open_raster(href) as source:
        np.testing.assert_array_equal(source.read(), values)
    assert size_of(href) == raster.stat().st_size


def test_a_zip_that_claims_more_than_it_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "ALWAYS_ALLOWED_BYTES", 1 << 16)
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MTD_MSIL1C.xml", bytes(1 << 22))
    with pytest.raises(ProductError, match="cannot hold"):
        open_archive(path)
