"""Whether there is a screen on which a page could be opened."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """Return whether a browser window could appear: always on macOS and Windows, with X11 or Wayland elsewhere."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
