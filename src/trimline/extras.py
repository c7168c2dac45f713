"""Optional parts of an installation: what needs them says so where they are missing."""

from __future__ import annotations

from importlib.util import find_spec

from trimline.errors import TrimlineError

_TRAINING = ("torch", "torchvision", "lightning", "torchmetrics", "tensorboard", "onnx", "zarr")
"""What the extra `train` brings."""


def missing_for_training() -> list[str]:
    """Return the packages of the extra `train` that are not installed."""
    return [name for name in _TRAINING if find_spec(name) is None]


def require_training(what: str) -> None:
    """Raise where the extra `train` is not installed.

    Parameters
    ----------
    what
        What needs it, as the subject of a sentence.

    Raises
    ------
    TrimlineError
        A package of the extra is missing; the message names it.
    """
    missing = missing_for_training()
    if missing:
        raise TrimlineError(
            f"{what} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            remedy='install them (pip install "trimline[train]"); to map, a model exported to .onnx needs none of them',
        )
