"""A small project, and how to write it down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a project file of one scene and what is given beside it, and return its path."""

    def written(name: str = "project.yaml", /, **content: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "extends" not in content:
            content = {"name": "small", "output": "out", "scenes": [{"id": "a", "path": "a.tif"}], **content}
        path.write_text(yaml.safe_dump(content))
        return path

    return written
