"""Engines: what computes a network. One small interface, and OpenVINO behind it; PyTorch's is `torch_engine`."""

from __future__ import annotations

import sys
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from trimline.cores import available_cores
from trimline.errors import NetworkError, WeightsError
from trimline.foreign import foreign_errors
from trimline.inference.onnx_nodes import lacking
from trimline.inference.precision import Arithmetic

if TYPE_CHECKING:
    import openvino

EngineName = Literal["auto", "openvino", "torch"]
"""What a user may ask for. `auto` is PyTorch on CUDA devices, else OpenVINO; see `load_weights`."""

CHANNELS = "channels"
"""Name, in an exported graph, of the tensor that the network is fed with: between the inputs and the network."""

_NOT_COMPUTED = "the graph of this model file cannot be computed"
_EXPORT = "give a file that `trimline export` wrote"

_SHAPES = 2
"""Input shapes that a network is kept compiled for: each takes the memory of its features."""


class Engine(ABC):
    """A network on one device in one arithmetic.

    Parameters
    ----------
    name
        As in provenance: `openvino`, `torch`, or `numpy` for a spectral index.
    device
        `cpu`, or a CUDA device as PyTorch names it.
    arithmetic
        Of the convolutions.
    """

    def __init__(self, name: str, device: str, arithmetic: Arithmetic) -> None:
        self.name, self.device, self.arithmetic = name, device, arithmetic

    @abstractmethod
    def __call__(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities.

        Parameters
        ----------
        channels
            (n, channels, h, w) float32, finite: what `Inputs` gives. h and w are multiples of the network's stride.

        Returns
        -------
        NDArray[np.float32]
            (n, outputs, h, w) in [0, 1]: of ice alone where the network tells ice from ground, else of each class.
        """

    def __str__(self) -> str:
        where = "" if self.device == "cpu" else f" on {self.device}"
        return f"{self.name} {self.arithmetic}{where}"


class OpenVINOEngine(Engine):
    """A network computed by OpenVINO on the CPU. It may be called from several threads, which take turns.

    Parameters
    ----------
    graph
        An ONNX file, or its bytes, that has a tensor named `CHANNELS`.
    arithmetic
        `fp32` or `bf16`.

    Raises
    ------
    WeightsError
        The graph cannot be read, or has no tensor of that name.
    NetworkError
        The arithmetic is one that CPUs lack.
    """

    def __init__(self, graph: Path | bytes, arithmetic: Arithmetic = "fp32") -> None:
        if arithmetic == "fp16":
            raise NetworkError("networks are not computed in fp16 on the CPU", remedy="take bf16, fp32 or auto")
        super().__init__("openvino", "cpu", arithmetic)
        self._file = graph if isinstance(graph, Path) else None
        with foreign_errors(WeightsError, self._file, what=_NOT_COMPUTED, remedy=_EXPORT):
            self._graph = _from_channels(graph)
        self._compiled: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._turn = threading.Lock()

    def __call__(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return probabilities, (n, outputs, h, w); see `Engine`."""
        with self._turn:
            network = self._for_shape((1, *channels.shape[1:]))
            with foreign_errors(WeightsError, self._file, what=_NOT_COMPUTED, remedy=_EXPORT):
                return np.concatenate([network(image[np.newaxis])[0] for image in channels])

    def check_channels(self, channels: int, outputs: int) -> None:
        """Refuse a graph that takes or gives another number of channels than the metadata beside it say.

        Parameters
        ----------
        channels
            Of the input.
        outputs
            Of the result.

        Raises
        ------
        WeightsError
            It does.
        """
        with foreign_errors(WeightsError, self._file, what=_NOT_COMPUTED, remedy=_EXPORT):
            ends = (self._graph.input(0).get_partial_shape(), self._graph.output(0).get_partial_shape())
            found = [_channels(each) for each in ends]
        if found[0] not in (None, channels) or found[1] not in (None, outputs):
            raise WeightsError(
                f"the graph takes {found[0]} channels and gives {found[1]}, its metadata say {channels} and {outputs}",
                where=self._file,
                remedy=_EXPORT,
            )

    def _for_shape(self, shape: tuple[int, ...]) -> Any:
        """Return the network compiled for images of one shape, which lets OpenVINO plan its memory once."""
        if shape not in self._compiled:
            while len(self._compiled) >= _SHAPES:
                self._compiled.popitem(last=False)
            options = {
                "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[self.arithmetic],
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": available_cores(),
            }
            with foreign_errors(WeightsError, self._file, what=_NOT_COMPUTED, remedy=_EXPORT):
                self._graph.reshape(list(shape))
                self._compiled[shape] = _core().compile_model(self._graph, "CPU", options)
        self._compiled.move_to_end(shape)
        return self._compiled[shape]


def _channels(shape: Any) -> int | None:
    """Return the channels of (n, channels, h, w), None where they are free, -1 where the shape is another one."""
    if shape.rank.is_dynamic:
        return None
    if len(shape) != 4:
        return -1
    return None if shape[1].is_dynamic else int(shape[1].get_length())


def read_graph(graph: Path | bytes) -> openvino.Model:
    """Return the graph of an ONNX file or of its bytes.

    Raises
    ------
    WeightsError
        It is not a whole ONNX file, or a node lacks an input, see `trimline.inference.onnx_nodes`.
    """
    where = graph if isinstance(graph, Path) else None
    with foreign_errors(
        WeightsError, where, what="this is not a whole ONNX file", remedy="copy it again from where it was made"
    ):
        lacks = lacking(graph.read_bytes() if isinstance(graph, Path) else graph)
    if lacks is not None:
        raise WeightsError(
            f"a node '{lacks.operator}' of this ONNX file lacks an input that it needs", where=where, remedy=_EXPORT
        )
    with foreign_errors(
        WeightsError, where, what="this is not a whole ONNX file", remedy="copy it again from where it was made"
    ):
        return _core().read_model(graph)


def _core() -> openvino.Core:
    """Return OpenVINO, imported so that it reports nothing to anybody.

    Its converter, which an import brings along, writes an id into the home folder and sends statistics over the network
    wherever its optional package `openvino_telemetry` can be imported.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # Python's mark of what is not to be had
    import openvino

    return openvino.Core()


def _from_channels(graph: Path | bytes) -> openvino.Model:
    """Return the part of a graph behind its channels: inputs are prepared outside, always in single precision."""
    model = read_graph(graph)
    from openvino import opset13  # after `_core`, which silences it

    found = [output for node in model.get_ops() for output in node.outputs() if CHANNELS in output.get_names()]
    if len(found) != 1:
        raise WeightsError(
            f"the graph has no tensor '{CHANNELS}'",
            where=graph if isinstance(graph, Path) else None,
            remedy=_EXPORT,
        )
    fed = opset13.parameter(found[0].get_partial_shape(), np.float32, name=CHANNELS)
    for consumer in list(found[0].get_target_inputs()):
        consumer.replace_source_output(fed.output(0))
    images = model.get_parameters()
    model.add_parameters([fed])
    for each in images:
        model.remove_parameter(each)
    model.validate_nodes_and_infer_types()
    return model
