"""Number of cores for threads."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Return the number of threads that this process may run at a time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
