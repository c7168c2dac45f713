"""Tables of methods: the best is bold, in its own column, among its own block."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

from trimline.report.accuracy_tables import AccuracyRow, accuracy_tables, leak_table, write_accuracy
from trimline.report.sensor_tables import sensor_table
from trimline.report.tables import Best
from trimline.report.threshold_tables import draw_thresholds, threshold_table, write_thresholds

# Chen and others (2022), table III, scene 1 (two methods) and table II (three thresholds).
UNET = {"precision": 0.9527, "recall": 0.9660, "f1": 0.9593, "kappa": 0.9469, "oa": 0.9810}
M_LANDSNET = {"precision": 0.9603, "recall": 0.9599, "f1": 0.9601, "kappa": 0.9481, "oa": 0.9816}
THRESHOLDS = [
    {"threshold": 2.9, "precision": 0.9234, "recall": 0.9521, "f1": 0.9375, "kappa": 0.9183, "oa": 0.9706},
    {"threshold": 3.1, "precision": 0.9282, "recall": 0.9475, "f1": 0.9377, "kappa": 0.9187, "oa": 0.9708},
    {"threshold": 3.3, "precision": 0.9324, "recall": 0.9421, "f1": 0.9372, "kappa": 0.9182, "oa": 0.9707},
]


def row(method: str, scores: dict[str, Any], split: str = "blocks", **changes: Any) -> AccuracyRow:
    full = {"iou": 0.9, "area_bias": -0.01, "boundary_m": 12.34} | scores
    known: dict[str, Any] = {"experiment": split, "group": "", "parameters": 31_040_002, "training_s": 90.0}
    return AccuracyRow(method=method, scores=full, split=split, **(known | changes))


def test_the_best_of_each_column_is_marked_as_the_paper_marks_it() -> None:
    ((title, (columns, lines)),) = accuracy_tables([row("U-Net", UNET), row("M-LandsNet", M_LANDSNET)])
    assert title == "blocks"
    bold = [{c for c, cell in zip(columns, line, strict=True) if isinstance(cell, Best)} for line in lines]
    shared = {"IoU %", "area bias %", "boundary m"}
    assert bold[0] == {"recall %"} | shared
    assert bold[1] == {"precision %", "F1 %", "kappa %", "OA %"} | shared
    assert lines[0][-2:] == ["31 040 002", "1.5"]


def test_the_smallest_bias_and_distance_are_best_and_what_is_undefined_never_is() -> None:
    rows = [
        row("high", UNET | {"area_bias": 0.02, "boundary_m": 9.0}),
        row("low", UNET | {"area_bias": -0.03, "boundary_m": math.nan}),
    ]
    (_, (columns, lines)) = accuracy_tables(rows)[0]
    bias, distance = columns.index("area bias %"), columns.index("boundary m")
    assert lines[0][bias] == "+2.00"
    assert isinstance(lines[0][bias], Best)
    assert not isinstance(lines[1][bias], Best)
    assert isinstance(lines[0][distance], Best)
    assert lines[1][distance] == "–"


def test_a_group_is_a_block_of_its_own() -> None:
    rows = [row("a", UNET, group=group, experiment="Protocol 2") for group in ("Area 1", "Area 2")]
    assert [title for title, _ in accuracy_tables(rows)] == ["Protocol 2: Area 1", "Protocol 2: Area 2"]


def test_the_leak_is_the_random_splits_f1_less_that_by_ground() -> None:
    assert leak_table([row("a", UNET)]) is None
    table = leak_table([row("a", UNET, split="paper"), row("a", UNET | {"f1": 0.94}, split="blocks")])
    assert table is not None
    assert table[1] == [["a", "95.93", "94.00", "+1.93"]]
    on_tiles: dict[str, Any] = UNET | {"f1": 0.94, "tiles": UNET | {"f1": 0.95}}
    table = leak_table([row("a", UNET, split="paper"), row("a", on_tiles, split="blocks")])
    assert table is not None
    assert table[1] == [["a", "95.93", "95.00", "+0.93"]], "tiles are compared with tiles"


def test_files_hold_fractions_and_latex_bold(tmp_path: Path) -> None:
    write_accuracy([row("U-Net", UNET), row("m_landsnet", M_LANDSNET)], tmp_path)
    with (tmp_path / "accuracy.csv").open() as stream:
        (first, second) = csv.DictReader(stream)
    assert (first["f1"], second["method"], second["parameters"]) == ("0.9593", "m_landsnet", "31040002")
    latex = (tmp_path / "accuracy.tex").read_text()
    assert r"\textbf{96.01}" in latex
    assert r"m\_landsnet" in latex
    assert r"F1 \%" in latex
    assert latex.count("{") == latex.count("}")


def test_thresholds_are_tabled_as_in_the_paper(tmp_path: Path) -> None:
    columns, lines = threshold_table(THRESHOLDS, 3.1)
    assert [line[0] for line in lines] == ["2.9", "3.1*", "3.3"]
    bold = {line[0]: {c for c, cell in zip(columns, line, strict=True) if isinstance(cell, Best)} for line in lines}
    assert bold == {"2.9": {"recall %"}, "3.1*": {"F1 %", "kappa %", "OA %"}, "3.3": {"precision %"}}
    write_thresholds(tmp_path, THRESHOLDS, 3.1)
    assert "3.1,0.9282,0.9475,0.9377,0.9187,0.9708,1" in (tmp_path / "thresholds.csv").read_text()
    draw_thresholds(tmp_path / "thresholds.png", THRESHOLDS, 3.1)
    assert (tmp_path / "thresholds.png").stat().st_size > 10_000


def test_sensors_are_compared_zone_by_zone() -> None:
    zones = dict.fromkeys(("all", "near termini", "elsewhere"), UNET | {"iou": 0.92})
    coarse = dict.fromkeys(zones, UNET | {"iou": 0.85})
    _, lines = sensor_table({"fine": zones, "coarse": coarse}, {"fine": "Sentinel-2"})
    assert [line[0] for line in lines[:3]] == ["all: Sentinel-2", "all: coarse", "all: difference, points"]
    assert lines[2][-1] == "+7.00"
    assert len(lines) == 9
