"""Which scene speaks for which place and period: the maps of many scenes become one set of outlines per period.

The room hands out `preferred`, the order in which scenes are asked; `combine`, the rules on arrays; `Place`, the grid
of the whole region; `combine_period`, which writes the maps of a period and says what no scene saw; and `identify`,
which tells the glaciers of all periods apart and gives each one name.
"""

from __future__ import annotations

from trimline.timeline.preference import Candidate, preferred
from trimline.timeline.rules import GROUND, ICE, UNSEEN, Combined, combine

__all__ = ["GROUND", "ICE", "UNSEEN", "Candidate", "Combined", "combine", "preferred"]
