"""Digest of an outline, by which one version is told from another."""

from __future__ import annotations

import hashlib

import shapely
from shapely.geometry.base import BaseGeometry

_DIGITS = 16


def outline_digest(geometry: BaseGeometry) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of an outline.

    Parameters
    ----------
    geometry
        A polygon or multipolygon. Where its rings begin, the order of its parts, heights, and whether one part is a
        polygon or a multipolygon do not matter; every coordinate does.
    """
    flat = shapely.force_2d(geometry)
    parts = shapely.get_parts(flat)
    normal = shapely.normalize(parts[0] if len(parts) == 1 else flat)
    return hashlib.sha256(shapely.to_wkb(normal, byte_order=1)).hexdigest()[:_DIGITS]
