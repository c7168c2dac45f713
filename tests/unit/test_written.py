"""What is damaged gets no final name, and a full disk is said, whatever library writes."""

from __future__ import annotations

import resource
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely.geometry import box

from trimline.errors import DiskError, TrimlineError
from trimline.files import whole_file, whole_folder
from trimline.outlines import read_outlines, write_outlines
from trimline.rasters import write_raster
from trimline.timeline.drafts import open_draft
from trimline.written import NotWhole, require_whole

GRID = GeoBox.from_bbox((500_000, 4_000_000, 509_000, 4_009_000), crs=32646, resolution=30)
NOISE = np.random.default_rng(0).integers(0, 1 << 10, GRID.shape, dtype=np.uint16)
SQUARES = gpd.GeoDataFrame(
    {"area_km2": np.arange(300.0)}, geometry=[box(x, x, x + 90, x + 90) for x in range(0, 30_000, 100)], crs=32646
)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, which stands for a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def striped(path: Path) -> None:
    write_raster(path, NOISE[:200, :200], GRID[:200, :200])


def tiled(path: Path) -> None:
    write_raster(path, NOISE, GRID)


def cloud_optimized(path: Path) -> None:
    write_raster(path, NOISE, GRID, driver="COG")


def polygons(path: Path) -> None:
    write_outlines(SQUARES, path)


WRITERS = {
    "striped.tif": striped,
    "tiled.tif": tiled,
    "cog.tif": cloud_optimized,
    "outlines.gpkg": polygons,
    "outlines.parquet": polygons,
    "outlines.geojson": polygons,
    "outlines.shp": polygons,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_said_and_leaves_nothing_under_a_final_name(name: str, tmp_path: Path) -> None:
    write = WRITERS[name]
    (tmp_path / "whole").mkdir()
    write(tmp_path / "whole" / name)
    size = max(each.stat().st_size for each in (tmp_path / "whole").iterdir())
    for share in np.linspace(0.02, 1.01, 12):
        folder = tmp_path / f"{share:.2f}"
        folder.mkdir()
        said = None
        with room_for(int(share * size)):
            try:
                write(folder / name)
            except DiskError as error:
                said = str(error)
        left = {each.name: each.read_bytes() for each in folder.iterdir()}
        if said is None:
            assert left == {each.name: each.read_bytes() for each in (tmp_path / "whole").iterdir()}, share
        else:
            assert "full" in said, said
            assert str(folder) in said or name in said
            assert left == {}, "neither a final name nor a hidden folder"


def test_a_draft_without_all_its_blocks_is_no_draft(tmp_path: Path) -> None:
    """A missing block of a sparse raster would read as one without data."""
    from rasterio.windows import Window

    grid = GRID.pad(400)
    layer = np.ones(grid.shape, np.uint8)
    windows = [(rows, Window(0, rows, grid.width, 100)) for rows in range(0, grid.height - 100, 100)]
    full = 0
    for limit in range(2_000, 1_400_000, 130_000):
        try:
            with room_for(limit), open_draft(tmp_path / f"{limit}.tif", grid, "uint8", 255, {}) as draft:
                for rows, window in windows:
                    draft.write(layer[rows : rows + 100], window)
        except DiskError:
            full += 1
        else:
            with rasterio.open(tmp_path / f"{limit}.tif") as source:
                assert all((source.read(1, window=window) == 1).all() for _, window in windows)
    assert full > 3


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of whole files."""
    folder = tmp_path_factory.mktemp("whole")
    for name, write in WRITERS.items():
        write(folder / name)
    profile = {"driver": "GTiff", "height": 300, "width": 300, "count": 1, "dtype": "uint16"}
    with rasterio.open(folder / "big.tif", "w", bigtiff="yes", sparse_ok=True, compress="deflate", **profile) as target:
        target.write(NOISE[:16, :300], 1, window=((0, 16), (0, 300)))
    return folder


@pytest.mark.parametrize("name", [*(each for each in WRITERS if not each.endswith("json")), "big.tif"])
def test_a_whole_file_passes_and_one_that_ends_early_does_not(whole: Path, name: str) -> None:
    require_whole(whole / name)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(kept=st.floats(0, 0.995))
    def cut(kept: float) -> None:
        content = (whole / name).read_bytes()
        path = whole / f"cut{(whole / name).suffix}"
        path.write_bytes(content[: int(kept * len(content))])
        with pytest.raises(NotWhole):
            require_whole(path)

    cut()


def test_a_block_with_other_bytes_is_found(whole: Path) -> None:
    content = bytearray((whole / "tiled.tif").read_bytes())
    content[len(content) // 2] ^= 0xFF
    path = whole / "other.tif"
    path.write_bytes(content)
    with pytest.raises(NotWhole, match="a block is damaged"):
        require_whole(path)


def test_a_geopackage_with_an_unfinished_transaction_or_without_its_layer_is_not_whole(whole: Path) -> None:
    import sqlite3
    from contextlib import closing

    path = whole / "other.gpkg"
    path.write_bytes((whole / "outlines.gpkg").read_bytes())
    journal = path.with_name("other.gpkg-journal")
    journal.write_bytes(b"half")
    with pytest.raises(NotWhole, match="transaction"):
        require_whole(path)
    journal.unlink()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE outlines")
    with pytest.raises(NotWhole, match="layer"):
        require_whole(path)


def test_a_geopackage_without_its_spatial_index_is_not_whole(whole: Path) -> None:
    """GDAL makes the index last: on a full disk it is missing, and nothing is said."""
    empty = gpd.GeoDataFrame({"area_km2": [1.0, 2.0]}, geometry=[SQUARES.geometry[0], None], crs=32646)
    for frame in (SQUARES, empty, SQUARES[:0]):
        path = whole / "index.gpkg"
        path.unlink(missing_ok=True)
        pyogrio.write_dataframe(frame, path, driver="GPKG", geometry_type="Polygon")
        require_whole(path)
    path.unlink()
    pyogrio.write_dataframe(SQUARES, path, driver="GPKG", layer_options={"SPATIAL_INDEX": "NO"})
    with pytest.raises(NotWhole, match="spatial index"):
        require_whole(path)


def test_what_gdal_leaves_behind_in_a_folder_is_checked_with_the_folder(tmp_path: Path) -> None:
    content = b"II*\0\x08\0\0\0"  # the beginning of a TIFF, as GDAL leaves it where it could not write more
    with (
        pytest.raises(DiskError, match=r"mask\.tif: what was written cannot be read back"),
        whole_folder(tmp_path / "maps") as folder,
    ):
        (folder / "mask.tif").write_bytes(content)
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_our_own_is_no_full_disk(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a.csv"):
        _ = 1 / 0
    with pytest.raises(TrimlineError, match=r"^as it is$"), whole_file(tmp_path / "a.csv"):
        raise TrimlineError("as it is")


def test_rows_that_are_not_on_the_disk_are_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GDAL said nothing, and half of the rows are there."""
    write = pyogrio.write_dataframe
    monkeypatch.setattr(pyogrio, "write_dataframe", lambda frame, *rest, **named: write(frame[:150], *rest, **named))
    with pytest.raises(DiskError, match="150 of 300 rows are on the disk"):
        write_outlines(SQUARES, tmp_path / "a.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_an_output_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    name = "é" * 120 + ".csv"
    with whole_file(tmp_path / name) as temporary:
        pd.DataFrame({"a": [1]}).to_csv(temporary)
    assert [each.name for each in tmp_path.iterdir()] == [name]
    with pytest.raises(DiskError, match="too long"), whole_file(tmp_path / ("x" * 300)) as temporary:
        temporary.write_text("a")


def test_outlines_that_were_read_back_are_those_that_were_written(tmp_path: Path) -> None:
    write_outlines(SQUARES, tmp_path / "a.gpkg")
    assert len(read_outlines(tmp_path / "a.gpkg")) == len(SQUARES)


def test_a_table_of_millions_of_blocks_is_not_read(tmp_path: Path) -> None:
    """The tag says 5 million numbers, and the file is large enough for them."""
    path = tmp_path / "s.tif"
    options = {"driver": "GTiff", "dtype": "uint8", "tiled": True, "blockxsize": 16, "blockysize": 16}
    with rasterio.open(path, "w", height=64, width=64, count=1, **options) as target:
        target.write(np.ones((1, 64, 64), np.uint8))
    require_whole(path)
    content = bytearray(path.read_bytes())
    at = content.index(struct.pack("<HHI", 324, 4, 16)) + 4
    content[at : at + 4] = struct.pack("<I", 5_000_000)
    path.write_bytes(content)
    with path.open("r+b") as file:
        file.truncate(25_000_000)
    with pytest.raises(NotWhole, match="made of 5000000 blocks"):
        require_whole(path)
