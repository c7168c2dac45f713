"""The models of a study's methods: trained by the study, from a given file, or a spectral index."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.files import sha256
from trimline.inference import ndsi_model, ratio_model, read_metadata
from trimline.project import Method, Project
from trimline.weights import shipped_weights

if TYPE_CHECKING:
    from trimline.inference import Model, ModelMetadata
    from trimline.inference.engine import EngineName
    from trimline.inference.precision import Precision
    from trimline.mapping import MapOptions

WEIGHTS = "weights.safetensors"


def weights_path(project: Project, method: Method) -> Path:
    """Return where the weights of a method that the study trains lie."""
    return project.output / "training" / method.name / WEIGHTS


def model_file(project: Project, method: Method) -> Path | None:
    """Return the model file of a method: the study's own, the given one, or None where it is a spectral index."""
    if method.is_trained:
        return weights_path(project, method)
    if method.weights is None:
        return None
    return shipped_weights() if isinstance(method.weights, str) else method.weights


def start_file(method: Method) -> Path | None:
    """Return the model file that the training of a method starts from; None where its weights are drawn."""
    return shipped_weights() if isinstance(method.start, str) else method.start


def network_of(method: Method) -> str:
    """Return the network that a trained method has: its own, or that of the weights it starts from.

    Raises
    ------
    WeightsError
        The model file is absent, damaged or of another program.
    """
    start = start_file(method)
    return method.network if start is None else read_metadata(start).network


def bands_of(project: Project, method: Method) -> tuple[str, ...]:
    """Return the input bands of a method: the project says them, or the model file that it has or starts from.

    Raises
    ------
    WeightsError
        The model file is absent, damaged or of another program.
    """
    start = start_file(method)
    if start is not None:
        return read_metadata(start).inputs.bands
    return project.method_bands(method) if method.weights is None else metadata_of(project, method).inputs.bands


def metadata_of(project: Project, method: Method) -> ModelMetadata:
    """Return what is known of a method's model, without loading its weights.

    Raises
    ------
    WeightsError
        The model file is absent, damaged or of another program.
    """
    file = model_file(project, method)
    return _index(method).metadata if file is None else read_metadata(file)


def describe_given(project: Project, method: Method) -> dict[str, Any]:
    """Return what identifies a method that is not trained, as the stage `train` records it.

    Returns
    -------
    dict
        `trained` (false), `sha256` of the model file or of the rule, `parameters` (None), and `rule` in words, or
        `weights`, the name of the file.

    Raises
    ------
    WeightsError
        The model file is absent, damaged or of another program.
    """
    file = model_file(project, method)
    known: dict[str, Any] = {"trained": False, "parameters": None}
    if file is None:
        index = _index(method)
        return {**known, "sha256": index.sha256, "rule": index.rule}
    read_metadata(file)
    return {**known, "sha256": sha256(file), "weights": file.name}


def load_method(project: Project, method: Method, options: MapOptions, digest: str) -> Model:
    """Return the model of a method, computed as options say; the last one is kept.

    Parameters
    ----------
    project
        The project.
    method
        One of its methods.
    options
        Name the engine and the precision.
    digest
        SHA-256 of the model file: tells weights apart that lie at one path one after the other.

    Raises
    ------
    WeightsError
        The model file is absent, damaged or of another program.
    """
    file = model_file(project, method)
    if file is None:
        return _index(method)
    with _LOADING:
        return _loaded(file, digest, options.engine, options.precision)


_LOADING = threading.Lock()
"""Scenes on a cluster are under way in several threads, and a model is read once."""


@lru_cache(maxsize=1)
def _loaded(weights: Path, _sha256: str, engine: EngineName, precision: Precision) -> Model:
    from trimline.inference import load_weights

    return load_weights(weights, engine=engine, precision=precision)


def _index(method: Method) -> Model:
    if method.ratio is not None:
        return ratio_model(method.ratio, numerator=method.numerator, blue=method.blue, filter=method.filter)
    if method.ndsi is not None:
        return ndsi_model(method.ndsi, blue=method.blue, filter=method.filter)
    raise ValueError(f"{method.name} is no spectral index")
