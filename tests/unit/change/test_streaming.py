"""A file that is read batch by batch gives the table of all outlines at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest
import shapely

from trimline.bench.big_inventory import simulate_inventory
from trimline.change import areas_streamed, glacier_areas
from trimline.errors import ChangeError, OutlineError
from trimline.outlines import write_outlines

SeriesOf = Callable[..., gpd.GeoDataFrame]
TEXT = ["glac_id", "period", "subregion", "size_class"]


def same(streamed: pd.DataFrame, at_once: pd.DataFrame) -> None:
    assert list(streamed.columns) == list(at_once.columns)
    assert streamed[TEXT].astype(str).to_numpy().tolist() == at_once[TEXT].astype(str).to_numpy().tolist()
    numbers = [name for name in at_once.columns if name not in TEXT]
    assert streamed[numbers].to_numpy(float) == pytest.approx(at_once[numbers].to_numpy(float), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("batch", [1, 5, 1000])
def test_the_table_is_that_of_all_outlines_at_once(shrinking: gpd.GeoDataFrame, batch: int, tmp_path: Path) -> None:
    """Two of the glaciers share a border."""
    shuffled = shrinking.sample(frac=1, random_state=2).reset_index(drop=True)
    shuffled = shuffled.assign(uncertain_error_km2=[None, *(0.01 * i for i in range(1, len(shuffled)))])
    write_outlines(shuffled, tmp_path / "all.parquet")
    assert glacier_areas(shuffled)["shared_border_km"].max() > 1
    same(areas_streamed(tmp_path / "all.parquet", batch=batch), glacier_areas(shuffled))


def test_longitudes_and_latitudes_and_pixels_by_period_are_streamed_too(
    shrinking: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    geographic = shrinking.to_crs(4326)
    write_outlines(geographic, tmp_path / "all.parquet")
    pixels = {"1986-1988": 30.0, "2001-2003": 15.0, "2019-2021": 10.0}
    same(areas_streamed(tmp_path / "all.parquet", pixels, batch=4), glacier_areas(geographic, pixels))
    same(areas_streamed(tmp_path / "all.parquet", buffer_m=50, batch=4), glacier_areas(geographic, buffer_m=50))


def test_no_more_than_a_batch_of_lone_glaciers_is_measured_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimline.change import streaming

    outlines = simulate_inventory(glaciers=20, periods=3, vertices=24)
    write_outlines(outlines, tmp_path / "all.parquet")
    sizes = []
    plain = streaming.measured

    def counted(frame: gpd.GeoDataFrame, *arguments: object) -> pd.DataFrame:
        sizes.append(len(frame))
        return plain(frame, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(streaming, "measured", counted)
    same(areas_streamed(tmp_path / "all.parquet", batch=8), glacier_areas(outlines))
    assert sum(sizes) == 60
    assert max(sizes) <= 8


def test_no_outlines_give_an_empty_table(shrinking: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_outlines(shrinking[:0], tmp_path / "none.parquet")
    assert areas_streamed(tmp_path / "none.parquet").empty


def test_what_is_wrong_in_a_file_is_a_named_error(series_of: SeriesOf, tmp_path: Path) -> None:
    box = shapely.box(5e5, 3.8e6, 501_000, 3_801_000)
    path = tmp_path / "all.parquet"
    with pytest.raises(OutlineError, match="does not exist"):
        areas_streamed(path)
    path.write_bytes(b"nothing")
    with pytest.raises(OutlineError, match="no GeoParquet"):
        areas_streamed(path)
    pd.DataFrame({"glac_id": ["a"]}).to_parquet(path)
    with pytest.raises(OutlineError, match="no GeoParquet"):
        areas_streamed(path)
    write_outlines(series_of([box]).drop(columns="subregion"), path)
    with pytest.raises(ChangeError, match="lacks the column 'subregion'"):
        areas_streamed(path)
    write_outlines(series_of([box, shapely.box(6e5, 3.8e6, 601_000, 3_801_000)], ["a", "a"]), path)
    with pytest.raises(ChangeError, match="second outline of the same period: a in 1986-1988"):
        areas_streamed(path, batch=1)
    write_outlines(series_of([box, shapely.box(500_500, 3.8e6, 501_500, 3_801_000)]), path)
    with pytest.raises(ChangeError, match="g0 and g1"):
        areas_streamed(path, batch=1)


def test_a_damaged_crs_or_polygon_of_a_file_is_a_named_error(shrinking: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_outlines(shrinking, tmp_path / "o.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "o.parquet")
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"]["crs"] = {"type": "GeographicCRS"}
    broken = table.replace_schema_metadata({b"geo": json.dumps(geo).encode()})
    pyarrow.parquet.write_table(broken, tmp_path / "crs.parquet")
    cut = [shape.as_py()[:-9] for shape in table["geometry"]]
    place = table.column_names.index("geometry")
    shapes = table.set_column(place, "geometry", pyarrow.array(cut, pyarrow.binary()))
    pyarrow.parquet.write_table(shapes, tmp_path / "shapes.parquet")
    with pytest.raises(OutlineError, match="its CRS cannot be read"):
        areas_streamed(tmp_path / "crs.parquet")
    with pytest.raises(OutlineError, match="a polygon cannot be read"):
        areas_streamed(tmp_path / "shapes.parquet")
