"""Scenes and truths become a sample store, in two passes.

The first pass looks only at the truth: which places hold ice, which part of the split each tile belongs to, and which
tiles without ice stay. The second reads the images of the tiles that stay, one at a time, so that memory does not
grow with the scenes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import SampleError
from trimline.files import StrPath
from trimline.project import SampleSettings, SplitSettings
from trimline.samples.grid_assignment import footprint, grids_for, one_sided
from trimline.samples.split import (
    Block,
    Shares,
    keep_some_without_ice,
    split_at_random,
    split_by_blocks,
    split_by_scenes,
)
from trimline.samples.store import GROUND_FILE, INDEX, TileWriter, ice_fraction, seal
from trimline.samples.tile_grid import TileGrid, TilePosition
from trimline.samples.truth import Truth
from trimline.scenes import Scene
from trimline.sensors import Units

PAPER_SYMMETRIES = 4
"""Copies of each tile in the paper's split: as it is, flipped, mirrored, rotated (692 -> 3996 with its dates)."""


@dataclass(frozen=True)
class LabelledScene:
    """A scene with its truth, and its place in the study."""

    scene: Scene
    truth: Truth
    id: str
    date: str
    area: str


@dataclass(frozen=True)
class Sides:
    """The training and test scenes of a split by scenes or dates; unused by other splits."""

    train: frozenset[str]
    test: frozenset[str]


def cut_samples(
    scenes: Sequence[LabelledScene],
    folder: StrPath,
    *,
    bands: Sequence[str],
    units: Sequence[Units],
    settings: SampleSettings,
    split: SplitSettings,
    sides: Sides,
    seed: int,
    track: Callable[[Iterable[int], str], Iterable[int]] = lambda items, _: items,
) -> None:
    """Cut, split and store the tiles of some scenes.

    Parameters
    ----------
    scenes
        What to cut from.
    folder
        Where ``tiles.zarr``, ``index.parquet`` and ``ground.parquet`` (the blocks of each part) are written, and
        ``seal.json``.
    bands, units
        What the images hold.
    settings, split
        How tiles are cut and split.
    sides
        Which scenes are trained on and tested on, for a split by scenes or dates.
    seed
        Seed of every draw.
    track
        Wraps the positions of the tiles that are read, to show progress.

    Raises
    ------
    SampleError
        No tile holds ice, or the split leaves nothing to train on.
    """
    folder = Path(folder)
    grids, serving = grids_for([labelled.scene.geobox for labelled in scenes], settings)
    block = split.block or settings.tile
    tiles = _tile_table(scenes, grids, serving, block)
    if not (tiles["ice_fraction"] > 0).any():
        raise SampleError("no tile holds ice", where="samples", remedy="check that the truth overlaps the scenes")
    tiles, ground = _split(tiles, grids, split, sides, seed)
    keep = keep_some_without_ice(tiles["ice_fraction"], tiles["part"], settings.without_ice, seed)
    tiles = tiles[keep & (tiles["part"] != "unused")].reset_index(drop=True)
    index = _write_tiles(
        tiles, scenes, grids, TileWriter(folder, bands, units, settings.tile), settings, units, bands, track
    )
    if not (index["part"] == "train").any():
        raise SampleError(
            "no tile with enough valid pixels is left to train on",
            where="samples",
            remedy="check the bands of the scenes, or lower samples.minimum_valid",
        )
    index.to_parquet(folder / INDEX)
    blocks = [(position, part) for position, part in sorted(ground.items())]
    gpd.GeoDataFrame(
        {"part": [part for _, part in blocks]},
        geometry=[
            _shown(grids, grids[number].block_geobox((row, column), block)) for (number, row, column), _ in blocks
        ],
        crs=_crs_shown(grids),
    ).to_parquet(folder / GROUND_FILE)
    seal(folder)


def _shown(grids: Sequence[TileGrid], geobox: GeoBox) -> Any:
    """Return the polygon of a tile or block in the CRS of the grid, or in degrees if there are several grids."""
    return geobox.extent.geom if len(grids) == 1 else footprint(geobox)


def _crs_shown(grids: Sequence[TileGrid]) -> str:
    return grids[0].crs if len(grids) == 1 else "EPSG:4326"


def _tile_table(
    scenes: Sequence[LabelledScene], grids: Sequence[TileGrid], serving: Sequence[int], block: int
) -> pd.DataFrame:
    """Return one row per tile of every scene: its position and its share of ice in the truth."""
    fractions: dict[tuple[Path, int, TilePosition], float] = {}
    rows = []
    for position, (labelled, number) in enumerate(zip(scenes, serving, strict=True)):
        grid = grids[number]
        for place in grid.over(labelled.scene.geobox):
            key = (labelled.truth.path, number, place)
            if key not in fractions:
                fractions[key] = ice_fraction(labelled.truth.mask(grid.geobox(place)))
            rows.append(
                {
                    "scene": position,
                    "scene_id": labelled.id,
                    "date": labelled.date,
                    "area": labelled.area,
                    "tile": labelled.scene.tile,
                    "grid": number,
                    "row": place.row,
                    "column": place.column,
                    "blocks": frozenset((number, row, column) for row, column in grid.blocks(place, block)),
                    "ice_fraction": fractions[key],
                }
            )
    return pd.DataFrame(rows)


def _split(
    tiles: pd.DataFrame, grids: Sequence[TileGrid], split: SplitSettings, sides: Sides, seed: int
) -> tuple[pd.DataFrame, dict[Block, str]]:
    """Add the columns ``part`` and ``symmetry``; return the part of each block too, where a split is by blocks."""
    shares = Shares(split.test, split.validation)
    ground: dict[Block, str] = {}
    if split.by == "paper":
        with_ice = tiles[tiles["ice_fraction"] > 0]
        copies = [with_ice.assign(symmetry=symmetry) for symmetry in range(PAPER_SYMMETRIES)]
        tiles = pd.concat(copies, ignore_index=True)
        return tiles.assign(part=split_at_random(len(tiles), shares, seed)), ground
    if split.by == "blocks":
        parts, dealt = split_by_blocks(tiles, shares, seed)
        ground = {position: str(part) for position, part in dealt.items()}
    else:
        parts = split_by_scenes(tiles, sides.train, sides.test, split.validation, seed, same_ground=split.by == "dates")
    if split.by != "dates":
        parts = one_sided(tiles, grids, parts)
    return tiles.assign(part=parts, symmetry=0), ground


def _write_tiles(
    tiles: pd.DataFrame,
    scenes: Sequence[LabelledScene],
    grids: Sequence[TileGrid],
    writer: TileWriter,
    settings: SampleSettings,
    units: Sequence[Units],
    bands: Sequence[str],
    track: Callable[[Iterable[int], str], Iterable[int]],
) -> gpd.GeoDataFrame:
    """Read and append the tiles; return their index."""
    images: dict[tuple[int, TilePosition], tuple[int, float]] = {}
    masks: dict[tuple[Path, int, TilePosition], int] = {}
    rows = []
    for i in track(range(len(tiles)), "cutting tiles"):
        tile = tiles.iloc[i]
        labelled = scenes[tile["scene"]]
        place = TilePosition(int(tile["row"]), int(tile["column"]))
        grid = grids[tile["grid"]]
        geobox = grid.geobox(place)
        image_key = (int(tile["scene"]), place)
        if image_key not in images:
            images[image_key] = _write_image(labelled.scene, geobox, writer, settings, units, bands)
        position, valid = images[image_key]
        if valid < settings.minimum_valid:
            continue
        mask_key = (labelled.truth.path, int(tile["grid"]), place)
        if mask_key not in masks:
            masks[mask_key] = writer.add_mask(labelled.truth.mask(geobox))
        rows.append(
            {
                **tile.drop(["scene", "blocks"]).to_dict(),
                "image": position,
                "mask": masks[mask_key],
                "valid_fraction": valid,
                "crs": grid.crs,
                "resolution_m": grid.resolution_m,
                **dict(zip(("left", "bottom", "right", "top"), geobox.boundingbox, strict=True)),
                "geometry": _shown(grids, geobox),
            }
        )
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=_crs_shown(grids))


def _write_image(
    scene: Scene,
    geobox: GeoBox,
    writer: TileWriter,
    settings: SampleSettings,
    units: Sequence[Units],
    bands: Sequence[str],
) -> tuple[int, float]:
    """Append the image of one tile unless it is too empty; return its position (-1 for none) and valid share."""
    images: dict[Units, NDArray[np.float32]] = {
        unit: scene.read(bands, geobox=geobox, units=unit).to_numpy() for unit in units
    }
    first = next(iter(images.values()))
    valid = float(np.isfinite(first).all(axis=0).mean())
    if valid < settings.minimum_valid:
        return -1, valid
    return writer.add_image(images), valid
