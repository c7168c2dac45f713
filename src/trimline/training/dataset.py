"""Samples as a PyTorch data set with TorchGeo's keys, for its trainers and transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import Dataset

from trimline.samples.store import SampleStore
from trimline.sensors import Units


class TileDataset(Dataset[dict[str, Any]]):
    """One part of a sample store, a tile at a time.

    Each sample is a dictionary: ``image`` float32 (bands, h, w); ``mask`` int64 (h, w) with 0 ground, 1 ice and 255
    unknown (give 255 to a trainer as its ``ignore_index``); ``bounds`` float64 (4,): left, bottom, right, top in the
    units of ``crs``; ``crs`` as text; ``scene_id`` and ``date`` as text. All of them pass PyTorch's default collation.

    Parameters
    ----------
    store
        The samples.
    part
        ``train``, ``validation`` or ``test``.
    bands, units
        What the images hold; see `SampleStore.read`.
    transforms
        Called with each sample; its result is returned.
    fill
        Value of pixels without data; their mask is 255.
    """

    def __init__(
        self,
        store: SampleStore,
        part: Literal["train", "validation", "test"],
        *,
        bands: Sequence[str] | None = None,
        units: Units = "reflectance",
        transforms: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        fill: float = 0.0,
    ) -> None:
        self.store = store
        self.rows = store.index[store.index["part"] == part].reset_index(drop=True)
        self.bands = tuple(bands) if bands is not None else store.bands
        self.units = units
        self.transforms = transforms
        self.fill = fill

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, position: int) -> dict[str, Any]:
        rows = self.rows.iloc[[position]]
        samples = self.store.read(rows, bands=self.bands, units=self.units)
        row = rows.iloc[0]
        sample: dict[str, Any] = {
            "image": torch.from_numpy(np.nan_to_num(samples.images[0], nan=self.fill)),
            "mask": torch.from_numpy(samples.masks[0].astype(np.int64)),
            "bounds": torch.tensor([row[side] for side in ("left", "bottom", "right", "top")], dtype=torch.float64),
            "crs": str(row["crs"]),
            "scene_id": str(row["scene_id"]),
            "date": str(row["date"]),
        }
        return self.transforms(sample) if self.transforms else sample
