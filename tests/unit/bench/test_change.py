"""The benchmark of change compares two ways to the same table."""

from __future__ import annotations

import shapely

from trimline.bench.big_inventory import simulate_inventory
from trimline.bench.change import largest_difference, measure, row_by_row
from trimline.change import glacier_areas


def test_the_plain_loop_gives_the_same_table() -> None:
    outlines = simulate_inventory(glaciers=6, periods=3, vertices=120)
    ours, theirs = glacier_areas(outlines), row_by_row(outlines)
    assert list(ours.columns) == list(theirs.columns)
    assert largest_difference(ours, theirs) < 2e-5


def test_tables_that_differ_in_their_text_are_infinitely_far_apart() -> None:
    table = glacier_areas(simulate_inventory(glaciers=2, periods=1, vertices=30))
    assert largest_difference(table, table) == 0
    assert largest_difference(table, table.assign(subregion="elsewhere")) == float("inf")


def test_a_simulated_inventory_has_the_glaciers_periods_and_vertices_asked_for() -> None:
    outlines = simulate_inventory(glaciers=9, periods=4, vertices=60, seed=3)
    assert len(outlines) == 36
    assert outlines.groupby("period")["glac_id"].nunique().tolist() == [9] * 4
    assert (shapely.get_num_coordinates(outlines.geometry.to_numpy()) == 61).all()
    assert outlines.geometry.is_valid.all()
    sizes = glacier_areas(outlines).pivot_table(index="glac_id", columns="period", values="area_km2")
    assert (sizes.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None)
    assert outlines.geometry.geom_equals(simulate_inventory(9, 4, 60, seed=3).geometry).all()


def test_figures_are_those_the_command_promises() -> None:
    figures = measure(glaciers=10, periods=2, vertices=50, rounds=1, threads=1)
    assert list(figures)[:4] == ["ratio_of_loop", "seconds", "peer_seconds", "max_relative_difference"]
    assert figures["ratio_of_loop"] == figures["peer_seconds"] / figures["seconds"]
    assert figures["rows"] == 20
