"""A project is carried out: the stages, what each reads and writes, and the record of what is done.

The rooms above know nothing of project files; here their functions are put to work on one. Each stage is one file,
listed in `trimline.study.stages.STAGES`; `Study` carries them out in order and skips what did not change.
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
