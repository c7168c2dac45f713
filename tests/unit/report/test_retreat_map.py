"""Arrows on the map are as long as termini moved, and every glacier is accounted for."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import shapely

from trimline.errors import ChangeError
from trimline.files import sha256
from trimline.report.retreat_map import draw_retreat_map

RED, BLUE = (193, 39, 45), (29, 111, 165)


def changed(moves: dict[str, tuple[str, float]], apart_m: float = 2e4) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return glaciers side by side and the changes of their termini, retreating northward; by result and metres."""
    rows, shapes = [], []
    for number, (name, (status, metres)) in enumerate(moves.items()):
        x, y = 4e5 + apart_m * number, 4.8e6
        shapes.append(shapely.box(x - 500, y, x + 500, y + 2000))
        arrow = shapely.LineString([(x, y), (x, y + metres)]) if np.isfinite(metres) and metres else None
        rows.append({"glac_id": name, "method": "main_axis", "retreat_m": metres, "status": status, "geometry": arrow})
    outlines = gpd.GeoDataFrame({"glac_id": list(moves)}, geometry=shapes, crs=32645)
    columns = ["glac_id", "method", "retreat_m", "status", "geometry"]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=32645), outlines


def heights_of(path: Path, colour: tuple[int, int, int]) -> list[int]:
    """Return the rows that marks of a colour take up, from west to east, in pixels; the key is below the map."""
    picture = np.rint(255 * matplotlib.image.imread(path)[..., :3])
    there = (np.abs(picture - colour).max(axis=-1) < 8)[: int(0.75 * len(picture))]
    columns = np.flatnonzero(there.any(axis=0))
    groups = np.split(columns, np.flatnonzero(np.diff(columns) > 10) + 1)
    return [int(np.ptp(np.flatnonzero(there[:, group].any(axis=1)))) + 1 for group in groups]


def words_of(written: list[Path]) -> str:
    return written[1].read_text(encoding="utf-8")


def test_arrows_are_as_long_as_termini_moved(tmp_path: Path) -> None:
    changes, outlines = changed({"a": ("retreat", 100.0), "b": ("retreat", 200.0), "c": ("retreat", 150.0)}, 5e4)
    written = draw_retreat_map(tmp_path / "map", changes, outlines)
    first, second, third = heights_of(written[0], RED)
    assert second / first == pytest.approx(2.0, abs=0.1)
    assert third / first == pytest.approx(1.5, abs=0.1)
    assert "100 m" in words_of(written), "a key says how long an arrow is"


def test_on_a_map_of_few_kilometres_arrows_have_its_scale(tmp_path: Path) -> None:
    changes, outlines = changed({"a": ("retreat", 1000.0)})
    changes.geometry = changes.geometry.translate(0, 900)
    written = draw_retreat_map(tmp_path / "map", changes, outlines)
    assert "arrows to the scale of the map" in words_of(written)
    (arrow,) = heights_of(written[0], RED)
    picture = matplotlib.image.imread(written[0])[..., :3]
    glacier = (np.abs(np.rint(255 * picture) - (223, 231, 238)).max(axis=-1) < 3)[: int(0.8 * len(picture))]
    whole = np.ptp(np.flatnonzero(glacier.sum(axis=1) > 100))  # the key has patches of this colour too
    assert arrow / whole == pytest.approx(0.5, abs=0.03)


def test_a_single_long_arrow_does_not_make_the_others_vanish(tmp_path: Path) -> None:
    moves = {str(number): ("retreat", 100.0) for number in range(20)} | {"surge": ("advance", 9000.0)}
    written = draw_retreat_map(tmp_path / "map", *changed(moves))
    assert "1 longer than 250 m, cut there" in words_of(written)
    (longest,) = heights_of(written[0], BLUE)
    assert longest / np.median(heights_of(written[0], RED)) == pytest.approx(2.5, abs=0.2)


def test_every_glacier_is_counted_in_the_key(tmp_path: Path) -> None:
    moves = {
        "a": ("retreat", 100.0), "b": ("advance", 50.0), "c": ("no change", 3.0), "d": ("vanished", np.nan),
        "e": ("appeared", np.nan), "f": ("no overlap", np.nan), "g": ("not measured", np.nan),
        "h": ("retreat", np.nan),
    }  # fmt: skip
    changes, outlines = changed(moves)
    words = words_of(draw_retreat_map(tmp_path / "map", changes, outlines[outlines["glac_id"] != "g"]))
    for each in ("retreat (1)", "advance (1)", "no change (1)", "vanished (1)", "appeared (1)"):
        assert each in words
    assert "not measured (3, 1 not on the map)" in words, "no overlap, no outline, and a retreat without an arrow"


def test_nothing_measured_is_said_in_words(tmp_path: Path) -> None:
    changes, outlines = changed({"a": ("retreat", 100.0)})
    assert "no terminus was measured" in words_of(draw_retreat_map(tmp_path / "a", changes.iloc[:0], outlines))
    nothing = draw_retreat_map(tmp_path / "b", changes.iloc[:0], outlines.iloc[:0])
    assert "no terminus was measured" in words_of(nothing)
    assert "km" not in words_of(nothing), "a map of nowhere has no coordinates"


def test_one_of_several_methods_is_named(tmp_path: Path) -> None:
    changes, outlines = changed({"a": ("retreat", 100.0)})
    both = gpd.GeoDataFrame(pd.concat([changes, changes.assign(method="centre_line")]), crs=changes.crs)
    with pytest.raises(ChangeError, match="main_axis, centre_line"):
        draw_retreat_map(tmp_path / "map", both, outlines)
    with pytest.raises(ChangeError, match="no method 'box'"):
        draw_retreat_map(tmp_path / "map", both, outlines, method="box")
    assert "retreat (1)" in words_of(draw_retreat_map(tmp_path / "map", both, outlines, method="centre_line"))


def test_an_inventory_of_1749_glaciers_is_one_page(trimline_data: Path, tmp_path: Path) -> None:
    outlines = gpd.GeoDataFrame(
        pd.concat(
            [
                gpd.read_parquet(trimline_data / "swiss_inventory" / f"{year}.parquet")[["sgi_id", "geometry"]].assign(
                    period=str(year), src_year=float(year)
                )
                for year in (1973, 2010)
            ],
            ignore_index=True,
        ),
        crs=2056,
    ).rename(columns={"sgi_id": "glac_id"})
    first = outlines[outlines["period"] == "1973"].drop_duplicates("glac_id")
    later = set(outlines.loc[outlines["period"] == "2010", "glac_id"])
    points = first.representative_point()
    metres = np.random.default_rng(1).gamma(2.0, 100.0, len(first))
    kept = first["glac_id"].isin(later).to_numpy()
    arrows = shapely.linestrings(
        np.stack([np.column_stack([points.x, points.y]), np.column_stack([points.x, points.y + metres])], axis=1)
    )
    changes = gpd.GeoDataFrame(
        {"glac_id": first["glac_id"], "retreat_m": metres, "status": np.where(kept, "retreat", "vanished")},
        geometry=np.where(kept, arrows, None),
        crs=2056,
    )
    written = draw_retreat_map(tmp_path / "map", changes, outlines)
    assert f"retreat ({kept.sum()})" in words_of(written)
    assert f"vanished ({(~kept).sum()})" in words_of(written)
    assert all(path.stat().st_size < 3e6 for path in written)
    height, width, _ = matplotlib.image.imread(written[0]).shape
    assert 0.4 < height / width < 1.2


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    tables = changed({"a": ("retreat", 100.0), "b": ("vanished", np.nan)})
    one, other = (draw_retreat_map(tmp_path / name, *tables) for name in "ab")
    assert [sha256(path) for path in one] == [sha256(path) for path in other]
