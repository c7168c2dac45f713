"""The sample store on disk: one Zarr v3 group with a GeoParquet index.

``tiles.zarr`` holds the images, one array per unit (``reflectance``, ``dn``), and the masks; ``index.parquet`` has one
row per sample with its scene, date, place, split and footprint, and the positions of its image and mask in the
arrays. Several dates of one place share one mask where they share one truth.

``seal.json`` holds the SHA-256 of every file. Each is compared with it before it is read: Zarr takes a chunk that is
missing for a tile without data, and a changed one may still decode.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from trimline.errors import SampleError
from trimline.file_identity import digest
from trimline.files import sha256, write_json
from trimline.foreign import foreign_errors
from trimline.samples.samples import GROUND, ICE, IGNORE, Samples
from trimline.sensors import Units

ARRAYS, INDEX, GROUND_FILE, SEAL = "tiles.zarr", "index.parquet", "ground.parquet", "seal.json"

_AGAIN = "cut the samples again: `trimline samples PROJECT --force`"

INDEX_COLUMNS: dict[str, str] = {
    "image": "position in the image arrays",
    "mask": "position in the mask array",
    "symmetry": "orientation the sample is shown in (0: as it is; others only in the paper's split)",
    "scene_id": "the scene the image is cut from",
    "date": "acquisition date of the scene, as precisely as it is known",
    "area": "the part of the study",
    "tile": "WRS-2 path/row or MGRS tile of the scene",
    "grid": "number of the grid, where scenes of several resolutions or regions need several",
    "row": "row of the place in the grid",
    "column": "column of the place in the grid",
    "part": "train, validation or test",
    "ice_fraction": "share of ice among the labelled pixels",
    "valid_fraction": "share of pixels with data in all bands",
    "crs": "CRS of the grid",
    "resolution_m": "side of a pixel [m]",
    "left": "bounds of the tile in the CRS of its grid",
    "bottom": "the same",
    "right": "the same",
    "top": "the same",
    "geometry": "footprint: in the CRS of the grid where there is one, in longitude and latitude where there are more",
}
"""The columns of the index, with their meaning."""


class TileWriter:
    """Appends tiles to a new store; images in one or more units."""

    def __init__(self, folder: Path, bands: Sequence[str], units: Sequence[Units], tile: int) -> None:
        import zarr

        self._group = zarr.open_group(folder / ARRAYS, mode="w", zarr_format=3)
        self._group.attrs.update({"bands": list(bands), "tile": tile})
        self._images = {
            unit: self._group.create_array(
                unit,
                shape=(0, len(bands), tile, tile),
                chunks=(1, len(bands), tile, tile),
                dtype="float32",
                fill_value=float("nan"),
            )
            for unit in units
        }
        self._masks = self._group.create_array(
            "mask", shape=(0, tile, tile), chunks=(1, tile, tile), dtype="uint8", fill_value=IGNORE
        )

    def add_image(self, images: dict[Units, NDArray[np.float32]]) -> int:
        """Append one tile's image, (bands, h, w) per unit, and return its position."""
        for unit, array in self._images.items():
            array.append(images[unit][np.newaxis])
        return int(next(iter(self._images.values())).shape[0]) - 1

    def add_mask(self, mask: NDArray[np.uint8]) -> int:
        """Append one tile's mask, (h, w), and return its position."""
        self._masks.append(mask[np.newaxis])
        return int(self._masks.shape[0]) - 1


@dataclass(frozen=True)
class SampleStore:
    """Samples on disk."""

    folder: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        for name in (ARRAYS, INDEX, SEAL):
            if not (self.folder / name).exists():
                raise SampleError(f"there is no {name}", where=self.folder, remedy="run `trimline samples` first")

    @cached_property
    def index(self) -> gpd.GeoDataFrame:
        """One row per sample; see `INDEX_COLUMNS`."""
        self._require_unchanged(INDEX)
        with self._reading():
            index = gpd.read_parquet(self.folder / INDEX)
        missing = [each for each in INDEX_COLUMNS if each not in index.columns]
        if missing:
            raise SampleError(f"its index has no column '{missing[0]}'", where=self.folder, remedy=_AGAIN)
        return index

    @cached_property
    def ground(self) -> gpd.GeoDataFrame:
        """The blocks of ground of each part; none where the split is not by blocks."""
        self._require_unchanged(GROUND_FILE)
        with self._reading():
            return gpd.read_parquet(self.folder / GROUND_FILE)

    @cached_property
    def bands(self) -> tuple[str, ...]:
        """Common names of the bands, in the order of the arrays."""
        with self._reading():
            return tuple(str(each) for each in self._group.attrs["bands"])

    @cached_property
    def _group(self) -> Any:
        import zarr

        for name in self._seal:
            if name.startswith(f"{ARRAYS}/") and name.endswith("/zarr.json"):
                self._require_unchanged(name)
        with self._reading():
            return zarr.open_group(self.folder / ARRAYS, mode="r")

    @cached_property
    def _seal(self) -> dict[str, str]:
        with self._reading():
            seal = json.loads((self.folder / SEAL).read_text(encoding="utf-8"))
            if seal.pop("digest") != digest(seal):
                raise ValueError(f"{SEAL} was changed")
            return {str(name): str(known) for name, known in seal["files"].items()}

    def _require_unchanged(self, name: str) -> None:
        """Raise `SampleError` where a file is not as it was when the samples were cut."""
        path, known = self.folder / name, self._seal.get(name)
        if known is None and not path.exists():
            return  # a tile without data has no chunk
        if not path.is_file():
            raise SampleError(f"{name} is missing", where=self.folder, remedy=_AGAIN)
        with self._reading():
            found = sha256(path)
        if found != known:
            raise SampleError(f"{name} was changed since the samples were cut", where=self.folder, remedy=_AGAIN)

    def _reading(self) -> AbstractContextManager[None]:
        return foreign_errors(SampleError, self.folder, what="the samples cannot be read", remedy=_AGAIN)

    def load(
        self,
        part: Literal["train", "validation", "test"],
        *,
        bands: Sequence[str] | None = None,
        units: Units = "reflectance",
    ) -> Samples:
        """Read all samples of one part into memory.

        Raises
        ------
        SampleError
            A band or the unit is not in the store, or a file of it is missing or was changed.
        """
        rows = self.index[self.index["part"] == part]
        return self.read(rows, bands=bands, units=units)

    def read(
        self, rows: gpd.GeoDataFrame, *, bands: Sequence[str] | None = None, units: Units = "reflectance"
    ) -> Samples:
        """Read the samples of some rows of the index into memory, in their order."""
        wanted = tuple(bands) if bands is not None else self.bands
        missing = [band for band in wanted if band not in self.bands]
        if missing:
            raise SampleError(
                f"band '{missing[0]}' is not among the samples' {', '.join(self.bands)}",
                where=self.folder,
                remedy="add it to the project's bands and cut the samples again",
            )
        if units not in self._group:
            raise SampleError(
                f"the samples are not stored as '{units}'", where=self.folder, remedy="cut the samples again"
            )
        positions = [self.bands.index(band) for band in wanted]
        with self._reading():
            side = int(self._group["mask"].shape[-1])
        images = np.empty((len(rows), len(wanted), side, side), np.float32)
        masks = np.empty((len(rows), side, side), np.uint8)
        for i, (image, mask, symmetry) in enumerate(zip(rows["image"], rows["mask"], rows["symmetry"], strict=True)):
            images[i] = turned(self._tile(units, image)[positions], int(symmetry))
            masks[i] = turned(self._tile("mask", mask), int(symmetry))
        masks[np.isnan(images).any(axis=1)] = IGNORE
        return Samples(images, masks, wanted, units)

    def _tile(self, array: str, position: Any) -> NDArray[Any]:
        """Return one tile of an array, whose chunk is compared with the seal."""
        with self._reading():
            held = self._group[array]
            chunk = held.metadata.encode_chunk_key((int(position), *(0 for _ in held.shape[1:])))
        self._require_unchanged(f"{ARRAYS}/{array}/{chunk}")
        with self._reading():
            tile: NDArray[Any] = held[int(position)]
        return tile

    def summary(self) -> dict[str, dict[str, float]]:
        """Return the number of samples and places and the mean share of ice, by part."""
        parts = self.index.groupby("part", sort=True)
        return {
            str(part): {
                "samples": len(rows),
                "places": len(rows[["grid", "row", "column"]].drop_duplicates()),
                "scenes": int(rows["scene_id"].nunique()),
                "ice_fraction": float(rows["ice_fraction"].mean()),
            }
            for part, rows in parts
        }


def seal(folder: Path) -> None:
    """Write down the SHA-256 of every file of a store that is whole."""
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.name != SEAL)
    content = {"files": {each.relative_to(folder).as_posix(): sha256(each) for each in files}}
    write_json(folder / SEAL, {**content, "digest": digest(content)})


def turned(array: NDArray[Any], symmetry: int) -> NDArray[Any]:
    """Return an array (..., h, w) in one of the four orientations of Chen and others (2022).

    0: as it is; 1: flipped top to bottom; 2: mirrored left to right; 3: rotated by a quarter turn.
    """
    if symmetry == 0:
        return array
    if symmetry == 1:
        return array[..., ::-1, :]
    if symmetry == 2:
        return array[..., :, ::-1]
    return np.rot90(array, axes=(-2, -1))


def ice_fraction(mask: NDArray[np.uint8]) -> float:
    """Return the share of ice among the labelled pixels of a mask; 0 where none is labelled."""
    labelled = np.count_nonzero((mask == ICE) | (mask == GROUND))
    return float(np.count_nonzero(mask == ICE) / labelled) if labelled else 0.0
