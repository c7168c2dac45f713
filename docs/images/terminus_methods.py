"""Draw `terminus_methods.png`: the five terminus methods on a drawn valley glacier with a bend."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
import shapely.affinity

from trimline.glaciers.terminus.drawing import draw_methods


def main() -> None:
    """Draw the glacier and what the methods lay on it."""
    before, after = glacier(1.0, 0.0), glacier(0.86, 0.12)
    draw_methods(Path(__file__).with_suffix(".png"), before, after, "g", directions={"g": 104.0}, count=31)


def glacier(share: float, slant: float) -> gpd.GeoDataFrame:
    """Return a glacier that fills a share of its valley, with a front that is farther back on one side."""
    along = np.linspace(0, 1, 200)
    x, y = 3500 * along + 250 * np.sin(5 * along), 2200 * (1 - along) ** 2
    half_width = 160 + 700 * np.exp(-(((along - 0.12) / 0.2) ** 2))
    ends = np.hypot(*np.gradient(np.array([x, y]), axis=1))
    left = np.array([-np.gradient(y), np.gradient(x)]) / ends
    sides = []
    for side in (1, -1):
        reached = along <= share - slant * (side < 0)
        wave = half_width + 25 * np.sin(37 * along + side)
        sides.append((np.array([x, y]) + side * left * wave).T[reached])
    tip = sides[0][-1] * 0.5 + sides[1][-1] * 0.5 + (sides[0][-1] - sides[0][-4]) * 2
    outline = shapely.affinity.translate(shapely.Polygon([*sides[0], tip, *sides[1][::-1]]).buffer(0), 5e5, 3.8e6)
    return gpd.GeoDataFrame({"glac_id": ["g"]}, geometry=[outline], crs="EPSG:32646")


if __name__ == "__main__":
    main()
