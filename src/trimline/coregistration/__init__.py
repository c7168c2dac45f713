"""How far scenes and outlines lie off a reference image, measured on the images themselves.

The room hands out `shift_between`, which compares two scenes at stable ground; `inventory_shift`, which compares
outlines with the ice in a scene; `Shift`, what both give, or `NoShift` where it cannot be told; and `placed`, which
gives a scene with its grid moved back, and resamples nothing.
"""

from __future__ import annotations

from trimline.coregistration.outlines import inventory_shift
from trimline.coregistration.placing import placed
from trimline.coregistration.scenes import shift_between
from trimline.coregistration.shift import NoShift, Shift

__all__ = ["NoShift", "Shift", "inventory_shift", "placed", "shift_between"]
