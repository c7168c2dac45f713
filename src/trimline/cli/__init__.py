"""The command line: one file per command, and nothing heavy imported before a command runs."""

from __future__ import annotations

from trimline.cli.app import main

__all__ = ["main"]
