"""Every room hands out what its docstring promises, lazily where that is heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import trimline

PACKAGE = Path(trimline.__file__).parent
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
ATTRIBUTES = ("stride", "receptive_field", "halo")
"""What the docstring of `networks` says that every network has."""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_hands_out_every_name_that_its_docstring_mentions(room: str) -> None:
    module = import_module(f"trimline.{room}")
    promised = re.findall(r"(?<!`)`([A-Za-z_]\w*)`", module.__doc__ or "")
    assert [name for name in promised if name not in ATTRIBUTES and not hasattr(module, name)] == []
    assert [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)] == []


@pytest.mark.parametrize(
    ("room", "heavy"),
    [("timeline", ("rasterio", "geopandas", "torch")), ("report", ("matplotlib", "jinja2", "geopandas", "torch"))],
)
def test_a_door_is_light_until_something_heavy_is_taken_through_it(room: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, trimline.{room}; print(sorted({set(heavy)!r} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_an_unknown_name_of_a_lazy_room_is_an_attribute_error() -> None:
    for room in ("timeline", "report"):
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            _ = import_module(f"trimline.{room}").nothing
