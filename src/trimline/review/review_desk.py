"""The desk of a review: its live state, scenes, rasters and doubts behind the addresses of the server."""

from __future__ import annotations
