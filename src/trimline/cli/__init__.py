"""The command line: one file per command, and nothing heavy imported before a command runs."""

from __future__ import annotations

import os

# Read by the OpenMP library when torch is imported. Threads that spin while they wait for each other slow training
# down where another process wants the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from trimline.cli.app import main

__all__ = ["main"]
