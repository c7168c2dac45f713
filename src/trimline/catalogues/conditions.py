"""Conditions of a search, in their order, and how many scenes each of them removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import shapely

from trimline.catalogues.candidate import Candidate
from trimline.melt_season import is_in_season

Reason = Literal["mission", "bands", "region", "years", "season", "sensor", "level", "tile", "cloud"]


@dataclass(frozen=True)
class Conditions:
    """What a scene must fulfil."""

    region: shapely.Geometry
    """In degrees, cut at the 180th meridian."""
    years: tuple[tuple[int, int], ...]
    """First and last years, in order, none twice."""
    season: tuple[str, str]
    sensors: tuple[str, ...]
    level: str | None
    tiles: tuple[str, ...] | None
    cloud_cover: float
    """[percent]"""

    def removed_by(self, candidate: Candidate) -> Reason | None:
        """Return the first condition that a scene does not fulfil; None where it fulfils all."""
        day = candidate.time.strftime("%m-%d")
        cloud = candidate.cloud_cover
        failures: tuple[tuple[Reason, bool], ...] = (
            ("bands", not candidate.bands.keys() - {"thermal"}),
            ("region", not shapely.intersects(self.region, candidate.footprint)),
            ("years", not any(first <= candidate.time.year <= last for first, last in self.years)),
            ("season", not is_in_season(day, self.season)),
            ("sensor", candidate.sensor not in self.sensors),
            ("level", self.level not in (None, candidate.level)),
            ("tile", self.tiles is not None and candidate.tile not in self.tiles),
            ("cloud", cloud is not None and cloud > self.cloud_cover),
        )
        return next((reason for reason, fails in failures if fails), None)

    def told(self, reasons: Iterable[Reason]) -> str:
        """Return in words how many scenes which condition removed."""
        counts = Counter(reasons)
        left = sum(count for reason, count in counts.items() if reason not in ("region", "years"))
        words: dict[Reason, str] = {
            "mission": "neither of Landsat nor of Sentinel-2",
            "bands": "without a reflective band",
            "season": f"out of season ({' to '.join(self.season)})",
            "sensor": f"not of {', '.join(self.sensors)}",
            "level": f"not of level {self.level}",
            "tile": f"of other tiles than {', '.join(self.tiles or ())}",
            "cloud": f"with more than {self.cloud_cover:g} % cloud",
        }
        parts = [f"{counts[reason]} of them {text}" for reason, text in words.items() if counts[reason]]
        head = f"{left} in the region and years" if left else "none in the region and years"
        return "; ".join([head, *parts])


REMEDIES: dict[Reason, str] = {
    "mission": "name collections of Landsat or Sentinel-2 in search.collections",
    "bands": "name collections of reflectance in search.collections",
    "season": "widen search.season, or set it to all",
    "sensor": "add their sensors to search.sensors",
    "level": "leave search.level out",
    "tile": "correct search.tiles, or leave it out",
    "cloud": "raise search.cloud_cover: the choice goes by cloud over the glaciers",
}
"""What to do where a condition removes all scenes."""
