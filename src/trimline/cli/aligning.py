"""Scenes of one call of `trimline outline --align`: put where the reference shows that they belong."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)


def aligned(scene: Scene, reference: Scene, inventory: Path | None = None) -> Scene:
    """Return a scene with its grid where a reference shows that it belongs, and say in the log what was done.

    Parameters
    ----------
    scene
        The scene.
    reference
        The one whose place counts.
    inventory
        Outlines of glaciers, which are no stable ground; or None.

    Raises
    ------
    BandError
        The two have no band in common.
    """
    from trimline.coregistration import NoShift, placed, shift_between
    from trimline.mapping.snow_file import inventory_of

    found = shift_between(reference, scene, glaciers=None if inventory is None else inventory_of(inventory))
    if isinstance(found, NoShift):
        _LOG.warning("%s: its shift from %s %s; it is mapped as it lies", scene.id, reference.id, found)
        return scene
    done = "is mapped where it belongs" if found.is_certain else "is mapped as it lies, as that may be chance"
    _LOG.info("%s lies %s off %s, and %s", scene.id, found, reference.id, done)
    return placed(scene, found)
