"""Scenes put where the reference image shows that they belong."""

from __future__ import annotations

from trimline.coregistration.shift import NoShift, Shift
from trimline.scenes import Scene, moved_scene


def placed(scene: Scene, shift: Shift | NoShift) -> Scene:
    """Return a scene with its grid moved back by its shift; see `trimline.scenes.moved_scene`.

    Parameters
    ----------
    scene
        The scene.
    shift
        How far it lies off, from `shift_between`. A shift that is not certain, or cannot be told, moves nothing: see
        `Shift.is_certain`.
    """
    if isinstance(shift, NoShift) or not shift.is_certain:
        return scene
    return moved_scene(scene, -shift.east_m, -shift.north_m)
