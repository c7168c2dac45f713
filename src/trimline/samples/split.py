"""Splits of tiles into training, validation and test.

Two tiles whose ground overlaps are never on two sides, whatever their dates, unless the project asks for a split by
date (same ground, other years) or for the papers' random one; `MEASURES` says what the scores of each split measure.
The functions take and return plain tables, so that they can be tested for all inputs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from trimline.errors import SampleError

Part = Literal["train", "validation", "test", "unused"]
Block = tuple[int, ...]
"""Position of a block of ground: its grid, row and column."""

MEASURES: Mapping[str, str] = {
    "blocks": "Ground that was never trained on, in the scenes that were: it measures transfer in space, not to "
    "other regions, sensors or dates.",
    "scenes": "Scenes or areas whose ground was never trained on: it measures transfer to other places.",
    "dates": "The same ground at other dates: it measures transfer in time only. A method may have memorised "
    "the place; its scores elsewhere are not measured.",
    "paper": "Tiles drawn at random after augmentation, as in Chen and others (2022): mirrored copies and other dates "
    "of one place lie on both sides of the split, so these scores flatter every trained method.",
    "none": "No method was trained here: every pixel of the scenes is judged. Weights that were given may have been "
    "trained on this ground elsewhere; their model card says on what.",
}
"""What the scores of each split measure, in words for the reports."""


@dataclass(frozen=True)
class Shares:
    """Shares of the parts."""

    test: float
    """Share of the ground (or tiles) kept for the test."""
    validation: float
    """Share of the rest kept for validation."""


def assign_blocks(ice: Mapping[Block, float], shares: Shares, seed: int) -> dict[Block, Part]:
    """Deal blocks of ground to training, validation and test so that each gets its share of blocks and of ice.

    Blocks are sorted by their ice and drawn from that list at even steps, so that no part gets all the large glaciers;
    those without ice are drawn by themselves. Each part gets at least one block with ice.

    Parameters
    ----------
    ice
        Ice in each block, in any unit.
    shares
        Shares of test and validation.
    seed
        Seed of the random draw.

    Raises
    ------
    SampleError
        There are too few blocks to leave one for training.
    """
    generator = np.random.default_rng(seed)
    rest = sorted(ice, key=lambda block: (-ice[block], block))
    dealt: dict[Block, Part] = {}
    for part, share in (("test", shares.test), ("validation", shares.validation)):
        with_ice = [block for block in rest if ice[block] > 0]
        without = [block for block in rest if ice[block] <= 0]
        drawn = _every_so_many(with_ice, share, generator) + _every_so_many(without, share, generator)
        if share > 0 and with_ice and not any(ice[block] > 0 for block in drawn):
            drawn.append(with_ice[len(with_ice) // 2])
        for block in drawn:
            dealt[block] = part  # type: ignore[assignment]
        rest = [block for block in rest if block not in dealt]
    if not any(ice[block] > 0 for block in rest):
        raise SampleError(
            f"{len(ice)} block(s) of ground leave none with ice to train on",
            where="split",
            remedy="make split.block or samples.tile smaller, or split.test and split.validation",
        )
    return dealt | dict.fromkeys(rest, "train")


def _every_so_many(blocks: Sequence[Block], share: float, generator: np.random.Generator) -> list[Block]:
    """Draw a share of a sorted list at even steps from a random start (systematic sampling)."""
    owed = np.floor(np.arange(len(blocks) + 1) * share + generator.random())
    return [block for block, due in zip(blocks, np.diff(owed) > 0, strict=True) if due]


def part_of_tile(blocks: Sequence[Block] | frozenset[Block], dealt: Mapping[Block, Part]) -> Part:
    """Return the part that all blocks under a tile belong to, or `unused` where they do not agree."""
    parts = {dealt[block] for block in blocks}
    return parts.pop() if len(parts) == 1 else "unused"


def split_by_blocks(tiles: pd.DataFrame, shares: Shares, seed: int) -> tuple[pd.Series, dict[Block, Part]]:
    """Split tiles by blocks of ground.

    Parameters
    ----------
    tiles
        One row per tile with ``blocks`` (the blocks of ground under it) and ``ice_fraction``.
    shares, seed
        See `assign_blocks`.

    Returns
    -------
    The part of each tile, and the part of each block.
    """
    dealt = assign_blocks(_ice_by_block(tiles), shares, seed)
    return tiles["blocks"].map(lambda blocks: part_of_tile(blocks, dealt)).astype(object), dealt


def split_by_scenes(
    tiles: pd.DataFrame,
    train: frozenset[str],
    test: frozenset[str],
    validation: float,
    seed: int,
    *,
    same_ground: bool,
) -> pd.Series:
    """Split tiles by the scene they are cut from; validation is by blocks of ground within training.

    Parameters
    ----------
    tiles
        One row per tile with ``scene_id``, ``blocks`` and ``ice_fraction``.
    train, test
        Scene ids of either side.
    validation
        Share of the training ground kept for validation.
    seed
        Seed of the random draw.
    same_ground
        Whether a place may be on both sides (a split by date); otherwise training tiles over test ground are unused.

    Raises
    ------
    SampleError
        A scene is on both sides, or one side has no tile.
    """
    both = sorted(train & test)
    if both:
        raise SampleError(
            f"scene '{both[0]}' would be trained on and tested on",
            where="split",
            remedy="take it out of split.train or out of evaluate.scenes",
        )
    parts = pd.Series("unused", index=tiles.index, dtype=object)
    parts[tiles["scene_id"].isin(test)] = "test"
    trained = tiles["scene_id"].isin(train)
    if not same_ground:
        tested: set[Block] = set().union(*tiles.loc[parts == "test", "blocks"])
        trained &= tiles["blocks"].map(tested.isdisjoint).astype(bool)
    if not trained.any():
        raise SampleError("no tile is left to train on", where="split", remedy="check split.train and evaluate.scenes")
    if validation > 0:
        chosen, _ = split_by_blocks(tiles[trained], Shares(0.0, validation), seed)
        parts[trained] = chosen
    else:
        parts[trained] = "train"
    return parts


def split_at_random(count: int, shares: Shares, seed: int) -> pd.Series:
    """Split rows at random, as Chen and others (2022) did with their augmented tiles."""
    order = np.random.default_rng(seed).permutation(count)
    tests = round(count * shares.test)
    validations = round((count - tests) * shares.validation)
    parts = np.full(count, "train", dtype=object)
    parts[order[:tests]] = "test"
    parts[order[tests : tests + validations]] = "validation"
    return pd.Series(parts)


def keep_some_without_ice(ice_fraction: pd.Series, parts: pd.Series, largest_share: float, seed: int) -> pd.Series:
    """Return which tiles are kept when those without ice may be at most a given share of each part.

    Parameters
    ----------
    ice_fraction
        Share of ice in each tile.
    parts
        The part of each tile.
    largest_share
        Largest share of tiles without ice among those kept; 0 keeps none, 1 all.
    seed
        Seed of the random draw.

    Returns
    -------
    Boolean per tile.
    """
    keep = ice_fraction > 0
    generator = np.random.default_rng(seed)
    for part in sorted(parts.unique()):
        empty = np.flatnonzero(((parts == part) & (ice_fraction == 0)).to_numpy())
        with_ice = int(((parts == part) & (ice_fraction > 0)).sum())
        allowed = len(empty) if largest_share >= 1 else int(with_ice * largest_share / (1 - largest_share))
        chosen = generator.permutation(empty)[:allowed]
        keep.iloc[chosen] = True
    return keep


def _ice_by_block(tiles: pd.DataFrame) -> dict[Block, float]:
    """Spread each tile's ice evenly over the blocks it touches, averaged over the tiles of a block."""
    spread = tiles[["blocks", "ice_fraction"]].explode("blocks")
    means = spread.groupby("blocks", sort=True)["ice_fraction"].mean()
    return {tuple(block): float(ice) for block, ice in means.items()}
