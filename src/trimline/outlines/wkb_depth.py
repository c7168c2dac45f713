"""How deep the geometries in well-known binary (OGC 06-103r4, 8.2) contain each other, before GEOS reads them.

GEOS reads a collection in a collection by recursion without a bound: 20 000 of them end the process (GEOS 3.13).
"""

from __future__ import annotations

import struct

MOST_DEEP = 8
"""Collections within each other at most; polygons within a multipolygon are one."""

_POINT, _LINE, _POLYGON, _ARC, _TRIANGLE = 1, 2, 3, 8, 17
_WITH_PARTS = frozenset(range(4, 17)) - {_ARC}
_OF_EWKB, _HAS_Z, _HAS_M, _HAS_SRID = 0xE0000000, 0x80000000, 0x40000000, 0x20000000


def require_shallow(wkb: bytes) -> None:
    """Raise an error where geometries contain each other too deeply, or where the bytes end too early.

    Parameters
    ----------
    wkb
        Well-known binary, also the extended one of PostGIS.

    Raises
    ------
    ValueError
        It is no well-known binary, or nested more than `MOST_DEEP`.
    """
    at, waiting = 0, [1]
    try:
        while waiting:
            if waiting[-1] == 0:
                waiting.pop()
                continue
            waiting[-1] -= 1
            at, parts = _passed(wkb, at)
            if parts:
                waiting.append(parts)
            if len(waiting) > MOST_DEEP + 1:
                raise ValueError(f"collections are nested more than {MOST_DEEP} deep")
    except struct.error:
        raise ValueError("its bytes end too early") from None
    if at > len(wkb):
        raise ValueError("its bytes end too early")


def _passed(wkb: bytes, at: int) -> tuple[int, int]:
    """Return where the next geometry begins, and the number of parts of this one that follow."""
    order = "<" if wkb[at : at + 1] == b"\1" else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    kind, axes = code & ~_OF_EWKB & 0xFFFFFFFF, 2 + bool(code & _HAS_Z) + bool(code & _HAS_M)
    if kind >= 1000:
        axes, kind = 4 if kind >= 3000 else 3, kind % 1000
    at += 5 + (4 if code & _HAS_SRID else 0)
    if kind == _POINT:
        return at + 8 * axes, 0
    (count,) = struct.unpack_from(f"{order}I", wkb, at)
    at += 4
    if kind in _WITH_PARTS:
        return at, count
    if kind in (_LINE, _ARC):
        return at + 8 * axes * count, 0
    if kind not in (_POLYGON, _TRIANGLE):
        raise ValueError(f"no such type of geometry: {code}")
    for _ in range(count):
        (vertices,) = struct.unpack_from(f"{order}I", wkb, at)
        at += 4 + 8 * axes * vertices
    return at, 0
