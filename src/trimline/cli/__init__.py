"""The command line: one file per command; heavy imports happen inside the commands."""

from __future__ import annotations

import os

# Read by the OpenMP library when torch is imported. Threads that spin for long while they wait for each other slow down
# whatever else wants the cores; threads that go to sleep at once slow down training by a quarter.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "200000")

from trimline.cli.app import main

__all__ = ["main"]
