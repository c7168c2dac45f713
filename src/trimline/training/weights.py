"""Weights: one `.safetensors` file that says everything about itself. Nothing is ever unpickled.

The metadata lie as one JSON object under one key of the file's header, so that equal weights make equal bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from trimline import __version__
from trimline.errors import NetworkError, WeightsError
from trimline.files import StrPath, whole_file
from trimline.networks import Network, build
from trimline.training.inputs import Inputs

if TYPE_CHECKING:
    from torch import nn

_KEY = "trimline"
_FORMAT = 1
"""Version of the metadata; raised when an older trimline would misread them."""

_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


class WeightsMetadata(BaseModel):
    """What lies in a weights file beside the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    """Version of these metadata."""
    network: str
    """Name in the registry."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """The network's own arguments."""
    classes: int = Field(2, ge=1)
    """Logits per pixel."""
    inputs: Inputs
    """Bands, units, indices and normalisation."""
    threshold: float = Field(0.5, ge=0, le=1)
    """Probability from which on a pixel is ice."""
    flips: bool = False
    """Whether the answer is the mean over the eight symmetries of the square."""
    tile: tuple[int, int] | None = None
    """Height and width of what the network was trained on [pixels]."""
    halo: int | None = Field(None, ge=0)
    """Margin around a window beyond which the window's edge changes no probability by more than 0.001, measured on the
    validation tiles, or on the training tiles where there are no others (`data` says which) [pixels]. None where it
    was not measured, or every answer depends on the whole tile."""
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

    @model_validator(mode="after")
    def _is_of_this_format(self) -> Self:
        if self.format != _FORMAT:
            raise ValueError(f"format {self.format} is not {_FORMAT}")
        return self


def finite_or_none(scores: Mapping[str, float]) -> dict[str, float | None]:
    """Return scores as JSON can hold them: None for NaN."""
    return {name: float(value) if math.isfinite(value) else None for name, value in scores.items()}


def save_weights(path: StrPath, network: nn.Module, metadata: WeightsMetadata) -> Path:
    """Write a network and what there is to know about it, whole or not at all.

    Parameters
    ----------
    path
        Ends in `.safetensors`.
    network
        On any device; stored in its own precision.
    metadata
        Must describe `network`, or the file cannot be read again.
    """
    path = Path(path)
    tensors = {
        name: tensor.detach().to("cpu", memory_format=torch.contiguous_format).contiguous()
        for name, tensor in network.state_dict().items()
    }
    text = json.dumps(metadata.model_dump(mode="json"), sort_keys=True, allow_nan=False)
    with whole_file(path) as temporary:
        temporary.write_bytes(save(tensors, metadata={_KEY: text}))
    return path


def read_metadata(path: StrPath) -> WeightsMetadata:
    """Return the metadata of a weights file without reading its weights.

    Raises
    ------
    WeightsError
        The file is absent, not a safetensors file, not one of ours, or of another format.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError("there is no such weights file", where=path, remedy="train a network first")
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith(_PICKLE_STARTS):
        raise WeightsError(
            "this is a pickled checkpoint, which trimline never opens because opening it runs its code",
            where=path,
            remedy="give the weights.safetensors that `trimline train` wrote",
        )
    try:
        with safe_open(path, framework="pt") as stored:
            header = stored.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"this is not a whole safetensors file ({error})",
            where=path,
            remedy="copy it again from where it was trained, or train anew",
        ) from error
    if _KEY not in header:
        raise WeightsError(
            "this safetensors file was not written by trimline: it does not say which network it belongs to",
            where=path,
            remedy="give the weights.safetensors that `trimline train` wrote",
        )
    try:
        content = json.loads(header[_KEY])
        _check_format(content, path)
        return WeightsMetadata.model_validate(content)
    except (json.JSONDecodeError, ValidationError) as error:
        raise WeightsError(
            f"the metadata of this weights file are damaged ({_in_one_line(error)})",
            where=path,
            remedy="copy it again from where it was trained, or train anew",
        ) from error


def load_network(path: Path) -> tuple[Network, WeightsMetadata]:
    """Return the network of a weights file, in evaluation mode on the CPU, and its metadata.

    Raises
    ------
    WeightsError
        The file is not one of ours, or its weights do not fit the network that it names.
    """
    metadata = read_metadata(path)
    try:
        # On the meta device nothing is allocated or drawn, whatever widths the file claims.
        with torch.device("meta"):
            network = build(metadata.network, metadata.inputs.channels, metadata.classes, **metadata.arguments)
    except NetworkError as error:
        raise WeightsError(
            f"the network of these weights cannot be built: {error.what}", where=path, remedy=error.remedy
        ) from error
    try:
        with safe_open(path, framework="pt") as stored:
            # Copies, because what is read shares its memory with the whole file.
            tensors = {name: stored.get_tensor(name).clone() for name in stored.keys()}  # noqa: SIM118
        network.load_state_dict(tensors, strict=True, assign=True)
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"the weights do not fit the network '{metadata.network}' that they name ({_in_one_line(error)})",
            where=path,
            remedy="the file was changed, or written by another version: train anew",
        ) from error
    if not all(bool(torch.isfinite(each).all()) for each in network.state_dict().values()):
        raise WeightsError("some of the weights are not numbers", where=path, remedy="train anew")
    return network.requires_grad_(False).eval(), metadata


def _check_format(content: Any, path: Path) -> None:
    found = content.get("format") if isinstance(content, dict) else None
    if found != _FORMAT:
        raise WeightsError(
            f"these weights have format {found}; this trimline ({__version__}) reads format {_FORMAT}",
            where=path,
            remedy="train anew, or use the version of trimline that wrote them",
        )


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."
