"""A project carried out: its stages, what each reads and writes, and the record of finished steps.

The earlier rooms do not depend on project files; here their functions are applied to one. Each stage is one file,
listed in `trimline.study.stages.STAGES`. `run_study` carries them out in order and skips what is up to date; `Study` is
a project under way.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FILE_OF = {"STAGES": "stages", "Stage": "stages", "Study": "study", "run_study": "study"}

__all__ = list(_FILE_OF)


def __getattr__(name: str) -> Any:
    """Import a name on first use: the command line lists the stages without loading what carries them out."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.study' has no attribute {name!r}")
    return getattr(import_module(f"trimline.study.{_FILE_OF[name]}"), name)
