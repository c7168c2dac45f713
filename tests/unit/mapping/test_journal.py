"""The journal of a map keeps rows that are as they were written, and is never written through a link."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest

from trimline.errors import MappingError
from trimline.mapping.journal import Journal, open_journal
from trimline.mapping.strip_prediction import NOTHING

WIDTH, STRIPS, ROWS = 7, 4, 3


@pytest.fixture
def interrupted(tmp_path: Path) -> Path:
    """Return the folder of a map that was interrupted after four strips."""
    with pytest.raises(KeyboardInterrupt), open_journal(tmp_path, WIDTH, "key") as journal:
        for number in range(STRIPS):
            rows = np.full((ROWS, WIDTH), number, np.uint8)
            journal.append(rows.astype(np.uint16), rows, rows, NOTHING)
        raise KeyboardInterrupt
    return tmp_path


def opened_again(folder: Path) -> tuple[int, list[int]]:
    """Return how many rows are kept, and the values of their masks."""
    journal = Journal(folder / ".map", WIDTH)
    return journal.rows, [int(value) for mask, _ in journal.finished(ROWS) for value in np.unique(mask)]


def test_what_was_finished_is_kept(interrupted: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert opened_again(interrupted) == (STRIPS * ROWS, [0, 1, 2, 3])
    assert not caplog.messages


@pytest.mark.parametrize("layer", ["probability", "mask", "classes"])
def test_rows_that_are_cut_off_are_not_read_as_ground(interrupted: Path, layer: str) -> None:
    """Rows were filled with 0 to the length that the records gave."""
    path = interrupted / ".map" / f"{layer}.bin"
    os.truncate(path, path.stat().st_size * 5 // 8)
    assert opened_again(interrupted) == (2 * ROWS, [0, 1])


@pytest.mark.parametrize("name", ["probability.bin", "mask.bin", "classes.bin", "records.bin"])
def test_rows_from_a_changed_byte_on_are_mapped_again(
    interrupted: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = interrupted / ".map" / name
    content = bytearray(path.read_bytes())
    content[len(content) * 5 // 8] ^= 1
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING, logger="trimline"):
        assert opened_again(interrupted) == (2 * ROWS, [0, 1])
    assert any("damaged, and mapped again" in each for each in caplog.messages)


@pytest.mark.parametrize("gone", ["records.bin", "mask.bin"])
def test_a_journal_without_one_of_its_files_begins_anew(interrupted: Path, gone: str) -> None:
    (interrupted / ".map" / gone).unlink()
    assert opened_again(interrupted) == (0, [])


@pytest.mark.parametrize("linked", [".map", ".map/mask.bin", ".map/lock"])
def test_a_journal_is_not_written_through_a_link(tmp_path: Path, linked: str) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "mask.bin").write_bytes(b"mine")
    folder = tmp_path / "maps"
    link = folder / linked
    link.parent.mkdir(parents=True)
    link.symlink_to(precious if linked == ".map" else precious / "mask.bin")
    with pytest.raises(MappingError, match="is a link"), open_journal(folder, WIDTH, "key"):
        pass
    assert (precious / "mask.bin").read_bytes() == b"mine"
    assert [each.name for each in precious.iterdir()] == ["mask.bin"]
