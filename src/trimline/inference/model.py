"""A trained network, ready to map: images in, probability of ice out, or of each class that it tells."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from trimline.display import in_html, in_lines
from trimline.errors import BandError, NetworkError, WeightsError
from trimline.extras import require_training
from trimline.files import StrPath, sha256
from trimline.inference.engine import Engine, EngineName, OpenVINOEngine
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import ModelMetadata
from trimline.inference.model_file import is_onnx, read_metadata
from trimline.inference.precision import Arithmetic, Precision, cpu_has_bf16, keeps_outlines
from trimline.inference.symmetries import mean_over_symmetries
from trimline.surfaces import SurfaceName

_PIXELS_AT_ONCE = 1 << 20
"""Pixels of a batch that the network sees at once."""


@dataclass(frozen=True)
class Model:
    """A network with what it is fed with, the engine that computes it, and how its prediction is read.

    Examples
    --------
    >>> import numpy as np
    >>> import trimline
    >>> model = trimline.load_weights()
    >>> model.bands
    ('blue', 'green', 'red', 'nir', 'swir1', 'swir2')
    >>> model.predict(np.full((1, 6, 64, 64), 0.3, np.float32)).shape
    (1, 64, 64)
    """

    metadata: ModelMetadata
    """All that is known of its training."""
    engine: Engine
    """What computes it."""
    sha256: str = ""
    """Of the model file, or of the rule of a spectral index, for provenance; empty where there is neither."""

    @property
    def inputs(self) -> Inputs:
        """Bands, units, indices and normalisation."""
        return self.metadata.inputs

    @property
    def bands(self) -> tuple[str, ...]:
        """Common names of the bands that images must have, in order."""
        return self.inputs.bands

    @property
    def units(self) -> Literal["reflectance", "dn"]:
        """What images must be measured in."""
        return self.inputs.units

    @property
    def sensors(self) -> tuple[str, ...]:
        """Ids of the sensors whose scenes it was trained on; empty where the file does not say."""
        return self.metadata.sensors

    @property
    def stride(self) -> int:
        """Sides of windows are multiples of it, and windows of a large image start at multiples of it [pixels]."""
        return self.metadata.stride or 1

    @property
    def halo(self) -> int | None:
        """Margin around a window within which the window's edge is felt [pixels]; None where it is the whole tile.

        As measured on the weights, where it was, else as far as the network can look.
        """
        return self.metadata.largest_halo if self.metadata.halo is None else self.metadata.halo

    @property
    def tile(self) -> tuple[int, int] | None:
        """Height and width of what it was trained on [pixels]."""
        return self.metadata.tile

    @property
    def threshold(self) -> float:
        """Probability from which on a pixel is ice."""
        return self.metadata.threshold

    @property
    def rule(self) -> str:
        """What it says ice is, in words, where that was given and not learned; empty for a network."""
        return str(self.metadata.data.get("rule", ""))

    @property
    def outputs(self) -> tuple[SurfaceName, ...]:
        """What `probabilities` gives, in order: `ice` alone, or every surface class."""
        return self.metadata.outputs

    @property
    def arithmetic(self) -> Arithmetic:
        """What its convolutions are computed in."""
        return self.engine.arithmetic

    def predict(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of ice, (n, h, w) in [0, 1]; the parameters are those of `probabilities`."""
        return self.probabilities(images)[:, self.outputs.index("ice")]

    def probabilities(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each output.

        Parameters
        ----------
        images
            (n, bands, h, w) float32 of the bands `bands` in `units`, NaN outside valid data; any h and w.

        Returns
        -------
        NDArray[np.float32]
            (n, outputs, h, w) in [0, 1], as `outputs` names them; NaN where any band is not finite.

        Raises
        ------
        BandError
            The images do not have as many bands as the network was trained on.
        """
        if images.ndim != 4 or images.shape[1] != len(self.bands):
            raise BandError(
                f"images of shape {images.shape} do not have the {len(self.bands)} bands that the weights need",
                remedy=f"give (n, bands, h, w) with {', '.join(self.bands)}",
            )
        count, _, height, width = images.shape
        at_once = max(1, _PIXELS_AT_ONCE // max(1, height * width))
        parts = [self._predict(images[start : start + at_once]) for start in range(0, count, at_once)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.outputs), height, width), np.float32)

    def _predict(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        height, width = images.shape[-2:]
        below, right = -height % self.stride, -width % self.stride
        # What is added to reach a multiple of the stride is what lies outside a scene: pixels without data.
        padding = ((0, 0), (0, 0), (0, below), (0, right))
        channels = np.pad(self.inputs(images), padding) if below or right else self.inputs(images)
        channels = np.ascontiguousarray(channels, np.float32)
        predicted = mean_over_symmetries(self.engine, channels) if self.metadata.flips else self.engine(channels)
        # A sum is finite only where all of its terms are: the pixels that `Inputs` takes for valid.
        valid = np.isfinite(images.sum(axis=1, keepdims=True))
        return np.where(valid, predicted[..., :height, :width], np.float32(np.nan))

    def __repr__(self) -> str:
        return in_lines(f"Model {self.metadata.network}, {self.engine}", self._facts())

    def _repr_html_(self) -> str:
        return in_html(f"Model {self.metadata.network}, {self.engine}", self._facts())

    def _facts(self) -> list[tuple[str, str]]:
        halo = "whole tile" if self.halo is None else f"{self.halo} pixels"
        facts = [
            ("bands", f"{', '.join(self.bands)} ({self.units})"),
            ("ice from", f"{self.threshold:.3g} on"),
            ("rule", self.rule),
            ("tells", ", ".join(self.outputs) if len(self.outputs) > 1 else ""),
            ("levels", ", ".join(self.metadata.levels)),
            ("halo", halo),
            ("sensors", ", ".join(self.sensors)),
            ("sha256", self.sha256[:12]),
        ]
        return [(key, value) for key, value in facts if value]


def load_weights(
    path: StrPath | None = None,
    *,
    engine: EngineName = "auto",
    precision: Precision = "auto",
    device: str | None = None,
) -> Model:
    """Return a trained network, ready to map.

    Parameters
    ----------
    path
        A model file: `.safetensors` as training writes it, or `.onnx` as `trimline export` does, which needs no
        PyTorch. None takes the weights that come along with the package.
    engine
        `auto` takes PyTorch where `device` names a CUDA device, or the file is a `.safetensors` and there is one; else
        OpenVINO on the CPU.
    precision
        `auto` computes in bfloat16 where the device does so natively and the model's own record says that its outlines
        keep an IoU of 0.999 to those of single precision; else in single precision. The choice depends on the machine
        and the file, never on how busy the machine is.
    device
        Where to compute, as PyTorch names it: `cpu`, `cuda`, `cuda:1`. None leaves it to the engine; OpenVINO takes the
        CPU only.

    Raises
    ------
    NetworkError
        There is no such device or engine, or the device does not compute in this precision.
    TrimlineError
        The file or the engine needs PyTorch, which is not installed.
    WeightsError
        The file is absent, damaged, pickled, of another program or another format.

    Examples
    --------
    >>> import trimline
    >>> model = trimline.load_weights()
    >>> model = trimline.load_weights("weights.safetensors", engine="torch", precision="fp32")
    """
    for name, asked, known in (("engine", engine, get_args(EngineName)), ("precision", precision, get_args(Precision))):
        if asked not in known:
            raise NetworkError(f"there is no {name} '{asked}'", remedy=f"take {', '.join(known)}")
    if path is None:
        from trimline.weights import shipped_weights

        path = shipped_weights()
    path = Path(path)
    metadata = read_metadata(path)
    if engine == "torch" or (engine == "auto" and _prefers_torch(path, device)):
        return _by_torch(path, precision, device)
    if device not in (None, "cpu"):
        raise NetworkError(
            f"OpenVINO computes on the CPU, not on '{device}'", remedy="take the engine torch, or no device"
        )
    arithmetic = _on_cpu(precision, metadata)
    if is_onnx(path):
        _check_geometry(metadata, path)
        engine_of_file = OpenVINOEngine(path, arithmetic)
        engine_of_file.check_channels(metadata.inputs.channels, len(metadata.outputs))
        return Model(metadata, engine_of_file, sha256(path))
    network, metadata = _torch_module("torch_files").load_network(path)
    graph = _torch_module("torch_export").graph_of(network, metadata.inputs)
    return Model(metadata, OpenVINOEngine(graph, arithmetic), sha256(path))


def _by_torch(path: Path, precision: Precision, device: str | None) -> Model:
    engines: Any = _torch_module("torch_engine")
    files: Any = _torch_module("torch_files")
    where = engines.best_device() if device is None else engines.device_named(device)
    network, metadata = files.load_network(path)
    if where.type == "cpu":
        arithmetic = _on_cpu(precision, metadata)
    elif precision == "auto":
        native = engines.uses_bf16("auto", where) and keeps_outlines(metadata.bf16_iou)
        arithmetic = "bf16" if native else "fp32"
    else:
        arithmetic = precision
    return Model(metadata, engines.TorchEngine(network, where, arithmetic), sha256(path))


def _on_cpu(precision: Precision, metadata: ModelMetadata) -> Arithmetic:
    if precision == "auto":
        return "bf16" if cpu_has_bf16() and keeps_outlines(metadata.bf16_iou) else "fp32"
    return precision


def _prefers_torch(path: Path, device: str | None) -> bool:
    """Whether `auto` is PyTorch: where a CUDA device is named, or weights to train on are given and there is one."""
    if device is not None:
        return device.startswith("cuda")
    if is_onnx(path) or find_spec("torch") is None:
        return False
    return bool(import_module("trimline.inference.torch_engine").best_device().type == "cuda")


def _torch_module(name: str) -> Any:
    require_training("a network that is not exported to .onnx, or computed by PyTorch,")
    return import_module(f"trimline.inference.{name}")


def _check_geometry(metadata: ModelMetadata, path: Path) -> None:
    if metadata.stride is None:
        raise WeightsError(
            "the metadata do not say the network's stride", where=path, remedy="export it anew (`trimline export`)"
        )
