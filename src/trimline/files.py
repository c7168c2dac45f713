"""Atomic output: files and folders that are whole or absent.

A file is written under a temporary name in the same folder, flushed to the disk, and renamed: a reader finds the old
bytes or the new ones, never a part of them, even if the writer is killed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

StrPath = str | PathLike[str]
"""What every public function takes where it needs a path."""

_BLOCK_BYTES = 1 << 20


@contextmanager
def whole_file(path: StrPath) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; rename it to `path` when the block ends without an error.

    The temporary name keeps the suffix, because GDAL and pyogrio choose their driver by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        temporary = Path(folder) / path.name
        yield temporary
        _flush(temporary)
        temporary.replace(path)
    _flush(path.parent)


@contextmanager
def whole_folder(path: StrPath) -> Iterator[Path]:
    """Give a temporary folder beside `path`; it takes the place of `path` when the block ends without an error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        for each in sorted(temporary.rglob("*")):
            if each.is_file():
                _flush(each)
        temporary.chmod(0o755)
        if path.exists():
            retired = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
            path.replace(retired / path.name)
            temporary.replace(path)
            shutil.rmtree(retired)
        else:
            temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _flush(path.parent)


def write_json(path: StrPath, content: Any) -> None:
    """Write `content` as indented JSON, keys in their order, whole or not at all; see `json_ready`."""
    path = Path(path)
    text = json.dumps(json_ready(content), indent=2, allow_nan=False)
    with whole_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def json_ready(content: Any) -> Any:
    """Return content for JSON: undefined numbers become null, tuples lists, and other types text."""
    if isinstance(content, Mapping):
        return {str(key): json_ready(value) for key, value in content.items()}
    if isinstance(content, set | frozenset):
        return sorted(json_ready(value) for value in content)
    if isinstance(content, list | tuple):
        return [json_ready(value) for value in content]
    if isinstance(content, float):
        return float(content) if math.isfinite(content) else None
    return content if content is None or isinstance(content, str | int | bool) else str(content)


def sha256(path: StrPath) -> str:
    """Return the hexadecimal SHA-256 of a file, or of a folder's sorted relative names and contents."""
    path = Path(path)
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
    for each in files:
        if each != path:
            digest.update(each.relative_to(path).as_posix().encode())
        with each.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
