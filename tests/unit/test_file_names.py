"""Names of files made from ids that others wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.cli.outlining import folder_for
from trimline.file_names import LONGEST_NAME_BYTES, safe_name


@given(st.text(st.characters(codec=None), max_size=400))
def test_any_text_gives_a_name_that_stays_in_its_folder(text: str) -> None:
    name = safe_name(text)
    assert name
    assert Path("folder", name).parent == Path("folder")
    assert len(name.encode()) <= LONGEST_NAME_BYTES
    assert name[0] not in ".-"
    assert name not in ("..", ".")
    assert not {"/", "\\", "\0", ":"} & set(name)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("LC08_L1TP_139036_20180823_20200831_02_T1", "LC08_L1TP_139036_20180823_20200831_02_T1"),
        ("/etc/cron.d/x", "_etc_cron.d_x"),
        ("../../x", "_.._x"),
        ("", "unnamed"),
        ("...", "unnamed"),
        ("--out", "out"),
    ],
)
def test_separators_and_leading_points_go(text: str, name: str) -> None:
    assert safe_name(text) == name


@pytest.mark.parametrize("product_id", ["/etc/LC08", "../../LC08", "..", "C:\\LC08", "~/LC08", "a" * 5000, ""])
def test_the_id_of_a_product_does_not_decide_where_it_is_written(product_id: str, tmp_path: Path) -> None:
    assert folder_for(product_id, set(), tmp_path).parent == tmp_path
    assert folder_for(product_id, set(), None).parent == Path()


def test_two_long_names_stay_two() -> None:
    assert safe_name("é" * 300 + "a") != safe_name("é" * 300 + "b")
