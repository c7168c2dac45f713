"""Metadata of a model file: all that mapping and provenance need to know of a trained network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from trimline import __version__
from trimline.inference.inputs import Inputs
from trimline.sensors import ReflectanceLevel
from trimline.surfaces import SurfaceName

METADATA_KEY = "trimline"
"""Under which the metadata lie, as one JSON object, in the header of a model file."""

_LARGEST_SIDE = 8192
"""Bound of tiles, strides and halos [pixels]: what is fed to a network is padded by them."""

_MOST_CLASSES = 64

_FORMAT = 1
"""Version of the metadata; raised when an older trimline would misread them."""


_Side = Annotated[int, Field(ge=1, le=_LARGEST_SIDE)]
_Margin = Annotated[int, Field(ge=0, le=_LARGEST_SIDE)]


class StandIn(BaseModel):
    """What a network is shown in the place of a band that a scene lacks: a multiple of another band."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    band: str
    """Common name of the band that is there."""
    scale: FiniteFloat
    """What it is multiplied by."""
    offset: FiniteFloat = 0.0
    """What is added then, in the units of the inputs."""


class ModelMetadata(BaseModel):
    """What lies in a model file beside the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    """Version of these metadata."""
    network: str
    """Name in the registry."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """The network's own arguments."""
    classes: int = Field(2, ge=1, le=_MOST_CLASSES)
    """Logits per pixel."""
    class_names: tuple[SurfaceName, ...] = ()
    """What they stand for, where there are more than ground and ice."""
    levels: tuple[ReflectanceLevel, ...] = ()
    """What reflectance it has seen: `toa` (top of atmosphere) or `surface`, or both; empty where that is not known."""
    stand_ins: dict[str, StandIn] = Field(default_factory=dict)
    """By the name of a band that a scene may lack, what is shown in its place."""
    inputs: Inputs
    """Bands, units, indices and normalisation."""
    threshold: float = Field(0.5, ge=0, le=1)
    """Probability from which on a pixel is ice."""
    flips: bool = False
    """Whether a prediction is the mean over the eight symmetries of the square."""
    tile: tuple[_Side, _Side] | None = None
    """Height and width of what the network was trained on [pixels]."""
    stride: _Side | None = None
    """Sides of what the network sees are multiples of it [pixels]; None in files written before it was recorded."""
    receptive_field: _Side | None = None
    """Side of the square of pixels that a prediction depends on; None where it is the whole tile, or not recorded."""
    largest_halo: _Margin | None = None
    """Margin around a window within which the window's edge can be felt at all, by the network's architecture [pixels].
    None where every prediction depends on the whole tile, or where it was not recorded."""
    halo: _Margin | None = None
    """Margin around a window beyond which the window's edge changes no probability by more than 0.001, measured on the
    validation tiles, or on the training tiles where there are no others (`data` says which) [pixels]. None where it
    was not measured, or every prediction depends on the whole tile."""
    bf16_iou: float | None = Field(None, ge=0, le=1)
    """IoU of the masks in bfloat16 and in single precision, on the tiles that the halo was measured on. None where it
    was not measured: the model then maps in single precision."""
    recipe: dict[str, Any] = Field(default_factory=dict)
    """How it was trained, every key."""
    seed: int = 0
    """Of the initial weights, the batches and the augmentation."""
    data: dict[str, Any] = Field(default_factory=dict)
    """What it was trained on: counts, hashes, and the provenance handed in by whoever made the samples."""
    scores: dict[str, float | None] = Field(default_factory=dict)
    """What it reached on the validation samples at `threshold`; None where a score is not defined."""
    run: str = ""
    """Hash of all that decides the result: network, recipe, seed, samples."""
    version: str = __version__
    """Of the trimline that wrote the file."""

    @property
    def sensors(self) -> tuple[str, ...]:
        """Ids of the sensors whose scenes it was trained on; empty where the file does not say."""
        return tuple(self.data.get("provenance", {}).get("sensors", ()))

    @property
    def begun_from(self) -> str | None:
        """SHA-256 of the weights that its training started from; None where they were drawn."""
        started: str | None = self.data.get("start", {}).get("sha256")
        return started

    @property
    def outputs(self) -> tuple[SurfaceName, ...]:
        """What an engine that computes it gives the probabilities of, in order."""
        return self.class_names or ("ice",)

    @model_validator(mode="after")
    def _is_of_this_format(self) -> Self:
        if self.format != _FORMAT:
            raise ValueError(f"format {self.format} is not {_FORMAT}")
        _check_data(self.data)
        if (self.classes > 2 or self.class_names) and len(set(self.class_names)) != self.classes:
            raise ValueError(f"{len(set(self.class_names))} names for {self.classes} classes")
        if "ice" not in self.outputs:
            raise ValueError("no class is ice")
        for band, stand_in in self.stand_ins.items():
            if not {band, stand_in.band} <= set(self.inputs.bands):
                raise ValueError(f"{stand_in.band} cannot stand in for {band}")
        return self


def _check_data(data: Mapping[str, Any]) -> None:
    """Raise `ValueError` where parts of `data` that are read have another form."""
    provenance, start = data.get("provenance", {}), data.get("start", {})
    if not isinstance(provenance, Mapping) or not isinstance(start, Mapping):
        raise ValueError("data.provenance and data.start are no mappings")
    sensors = provenance.get("sensors", ())
    if not isinstance(sensors, list | tuple) or not all(isinstance(each, str) for each in sensors):
        raise ValueError("data.provenance.sensors is no list of names")
    if not isinstance(start.get("sha256", ""), str):
        raise ValueError("data.start.sha256 is no text")


def finite_or_none(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Return scores as JSON can hold them: None for NaN."""
    return {name: float(value) if math.isfinite(value) else None for name, value in scores.items()}
