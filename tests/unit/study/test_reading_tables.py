"""Names in tables stay text when they are read again, also where they look like numbers."""

from __future__ import annotations

from pathlib import Path

from trimline.study.tables_on_disk import read_table


def test_scenes_glaciers_and_dates_that_are_years_are_text(tmp_path: Path) -> None:
    (tmp_path / "scenes.csv").write_text("period,tile,scene_id,date,glac_id,pixels\n2019,,2019,2019,0001,5\n")
    (row,) = read_table(tmp_path / "scenes.csv").to_dict("records")
    assert row == {"period": "2019", "tile": "", "scene_id": "2019", "date": "2019", "glac_id": "0001", "pixels": 5}


def test_a_column_under_its_former_name_is_read_under_the_present_one(tmp_path: Path) -> None:
    (tmp_path / "totals.csv").write_text("period,uncertainty_doubt_km2\n2019,0.25\n")
    assert read_table(tmp_path / "totals.csv")["uncertainty_map_km2"].tolist() == [0.25]
