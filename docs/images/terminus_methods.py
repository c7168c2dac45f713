"""Draw `terminus_methods.png`: the five terminus methods on a simulated glacier that retreats for 30 years."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.features import shapes

from trimline.glaciers.terminus.drawing import draw_methods
from trimline.rasters import write_raster
from trimline.simulate.environments import ENVIRONMENTS
from trimline.simulate.ice import glaciers
from trimline.simulate.terrain import mountain_range

SIDE, PIXEL_M, SEED = 1024, 10.0, 3
AFFINE = Affine(PIXEL_M, 0, 500_000, 0, -PIXEL_M, 3_800_000)


def main() -> None:
    """Simulate the glacier and draw it."""
    environment = ENVIRONMENTS["cold-dry"]
    bed = mountain_range(
        (SIDE, SIDE),
        PIXEL_M,
        np.random.default_rng(SEED),
        lowest_m=environment.lowest_m,
        highest_m=environment.highest_m,
        roughness_m=environment.roughness_m,
        coarsening=4,
    )
    thick = [each.copy() for each in glaciers(bed, PIXEL_M, 8, environment.climate, [(0, 150.0), (30, 250.0)])]
    with TemporaryDirectory() as folder:
        dem = Path(folder) / "dem.tif"
        write_raster(dem, (bed + thick[0]).astype(np.float32), GeoBox((SIDE, SIDE), AFFINE, "EPSG:32646"), driver="COG")
        before, after = (polygons(each > 0) for each in thick)
        inside = shapely.box(500_300, 3_800_000 - SIDE * PIXEL_M + 300, 500_000 + SIDE * PIXEL_M - 300, 3_799_700)
        largest = max((each for each in before if inside.contains(each)), key=lambda each: each.area)
        pair = [frame([largest]), frame([each for each in after if each.intersects(largest)])]
        draw_methods(Path(__file__).with_suffix(".png"), *pair, "g", dem)


def polygons(ice: np.ndarray) -> list[shapely.Polygon]:
    """Return ice as polygons."""
    found = shapes(ice.astype(np.uint8), ice, transform=AFFINE)
    return [shapely.geometry.shape(each) for each, _ in found]


def frame(parts: list[shapely.Polygon]) -> gpd.GeoDataFrame:
    """Return the parts of the one glacier."""
    return gpd.GeoDataFrame({"glac_id": ["g"] * len(parts)}, geometry=parts, crs="EPSG:32646")


if __name__ == "__main__":
    main()
