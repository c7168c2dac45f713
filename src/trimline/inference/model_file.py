"""Model files on disk: `.safetensors` to train on, `.onnx` to map with. Nothing is ever unpickled.

The metadata lie as one JSON object under one key of the file's header, so that equal weights make equal bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trimline import __version__
from trimline.errors import BandError, WeightsError, shortened
from trimline.foreign import foreign_errors
from trimline.inference.metadata import METADATA_KEY, ModelMetadata

ONNX_SUFFIX = ".onnx"

_DAMAGED = "the metadata of this weights file are damaged"
_REMEDY = "copy it again from where it was trained, or train anew"

_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def is_onnx(path: Path) -> bool:
    """Whether a model file is named as an ONNX file."""
    return path.suffix.lower() == ONNX_SUFFIX


def read_metadata(path: Path | str) -> ModelMetadata:
    """Return the metadata of a model file without loading its weights.

    Parameters
    ----------
    path
        A `.safetensors` file that training wrote, or an `.onnx` file that `trimline export` wrote.

    Raises
    ------
    WeightsError
        The file is absent, damaged, pickled, of another program or another format.
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
    text = _onnx_header(path) if is_onnx(path) else _safetensors_header(path)
    if text is None:
        raise WeightsError(
            f"this {path.suffix[1:]} file was not written by trimline: it does not say which network it belongs to",
            where=path,
            remedy="give the weights.safetensors that `trimline train` wrote, or export them (`trimline export`)",
        )
    with foreign_errors(WeightsError, path, what=_DAMAGED, remedy=_REMEDY):
        content = json.loads(text)
    _check_format(content, path)
    try:
        return ModelMetadata.model_validate(content)
    except (ValidationError, BandError) as error:
        said = error.what if isinstance(error, BandError) else _first_of(error)
        raise WeightsError(f"{_DAMAGED} ({said})", where=path, remedy=_REMEDY) from error


def metadata_text(metadata: ModelMetadata) -> str:
    """Return metadata as they lie in a file's header."""
    return json.dumps(metadata.model_dump(mode="json"), sort_keys=True, allow_nan=False)


def _safetensors_header(path: Path) -> str | None:
    from safetensors import safe_open

    with (
        foreign_errors(WeightsError, path, what="this is not a whole safetensors file", remedy=_REMEDY),
        safe_open(path, framework="np") as stored,
    ):
        header = stored.metadata() or {}
    text: str | None = header.get(METADATA_KEY)
    return text


def _onnx_header(path: Path) -> str | None:
    from trimline.inference.engine import read_graph

    graph = read_graph(path)
    place = ["framework", METADATA_KEY]  # where OpenVINO keeps the metadata of an ONNX file
    with foreign_errors(WeightsError, path, what=_DAMAGED, remedy=_REMEDY):
        return graph.get_rt_info(place).astype(str) if graph.has_rt_info(place) else None


def _first_of(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    return shortened(f"{place}: {first['msg']}" if place else first["msg"], 200)


def _check_format(content: Any, path: Path) -> None:
    found = content.get("format") if isinstance(content, dict) else None
    known = ModelMetadata.model_fields["format"].default
    if found != known:
        raise WeightsError(
            f"these weights have format {found}; this trimline ({__version__}) reads format {known}",
            where=path,
            remedy="train anew, or use the version of trimline that wrote them",
        )
