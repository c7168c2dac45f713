"""Map a whole scene: probability and mask as Cloud Optimized GeoTIFF, outlines as GeoPackage."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window as RasterWindow

from trimline import __version__
from trimline.errors import MappingError
from trimline.files import whole_file
from trimline.mapping.engine import WINDOW, probabilities
from trimline.mapping.rasters import (
    MASK_NODATA,
    PROBABILITY_NODATA,
    bounded_cache,
    create_scratch,
    encode_mask,
    encode_probability,
    write_cog,
)
from trimline.mapping.windows import Window
from trimline.outlines import area_km2, perimeter_km, trace_band, write_outlines

if TYPE_CHECKING:
    from trimline.scenes import Scene
    from trimline.training import Segmenter

MINIMUM_AREA_M2 = 10_000.0
"""Smaller outlines are left out: 0.01 km2, the usual limit of inventories (Paul and others, 2009)."""


@dataclass(frozen=True)
class MapResult:
    """Where a scene's maps lie."""

    probability: Path
    """COG of uint16: probability of ice in counts of 0.0001, 65535 where there are no data."""
    mask: Path
    """COG of uint8: 1 ice, 0 ground, 255 no data; small patches included."""
    outlines: Path
    """GeoPackage of the patches of ice that are large enough, the largest first."""


def map_scene(
    scene: Scene,
    segmenter: Segmenter,
    folder: Path,
    *,
    region: GeoBox | None = None,
    window: int = WINDOW,
    halo: int | None = None,
    threshold: float | None = None,
    minimum_area_m2: float = MINIMUM_AREA_M2,
    progress: bool = True,
) -> MapResult:
    """Map a scene into a folder, in memory that does not grow with the scene.

    Parameters
    ----------
    scene
        What is mapped.
    segmenter
        The network that maps it.
    folder
        Gets ``probability.tif``, ``mask.tif`` and ``outlines.gpkg``, all three whole or none.
    region
        The grid to map onto, projected; None means the scene's own.
    window
        Side of the square that is kept of each window [pixels]; the network sees `halo` more on each side.
    halo
        That margin [pixels]; None means what the network needs for a map that does not depend on the windows.
    threshold
        Probability from which on a pixel is ice; None means that of the weights.
    minimum_area_m2
        Smaller outlines are left out [m2]. The mask keeps them.
    progress
        Whether to show a bar.

    Returns
    -------
    MapResult
        The three files. Each carries the scene, the weights' hash, the threshold and the version.

    Raises
    ------
    WeightsError
        The scene lacks a band that the weights need, or cannot be read in their units.
    MappingError
        The region is not projected, or the threshold, the window or the halo cannot be.
    """
    region = scene.geobox if region is None else region
    threshold = segmenter.threshold if threshold is None else threshold
    if not 0 <= threshold <= 1:
        raise MappingError(f"a probability is never {threshold}", where="threshold", remedy="give one from 0 to 1")
    if region.crs is None or not region.crs.projected:
        raise MappingError("the region must lie in a projected CRS", remedy="give a grid in UTM, for instance")
    result = MapResult(folder / "probability.tif", folder / "mask.tif", folder / "outlines.gpkg")
    tags = _provenance(scene, segmenter, threshold)
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        scratch = _Scratch(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".map.", dir=folder))))
        stack.enter_context(bounded_cache())
        pieces = probabilities(scene, segmenter, region, window=window, halo=halo, progress=progress)
        scratch.fill(region, pieces, threshold)
        outlines = _outlines(scratch.ice, scene, segmenter, threshold, minimum_area_m2)
        # Renamed together at the end of the block, so that the three always belong to one another.
        probability, mask, gpkg = (
            stack.enter_context(whole_file(path)) for path in (result.probability, result.mask, result.outlines)
        )
        write_cog(scratch.probability, probability, description="probability of ice", tags=tags, overviews="average")
        write_cog(scratch.mask, mask, description="ice", tags=tags, overviews="mode")
        write_outlines(outlines, gpkg)
    return result


class _Scratch:
    """Rasters that windows are written to as they come."""

    def __init__(self, folder: Path) -> None:
        self.probability = folder / "probability.tif"
        self.mask = folder / "mask.tif"
        self.ice = folder / "ice.tif"
        """The mask with 0 for no data: what is traced."""

    def fill(self, region: GeoBox, pieces: Iterator[tuple[Window, NDArray[np.float32]]], threshold: float) -> None:
        with (
            create_scratch(self.probability, region, "uint16", PROBABILITY_NODATA) as probability,
            create_scratch(self.mask, region, "uint8", MASK_NODATA) as mask,
            create_scratch(self.ice, region, "uint8", None) as ice,
        ):
            for window, values in pieces:
                place = RasterWindow.from_slices(*window.core)
                said = encode_mask(values, threshold)
                probability.write(encode_probability(values), 1, window=place)
                mask.write(said, 1, window=place)
                ice.write(said * (said != MASK_NODATA), 1, window=place)


def _outlines(
    ice: Path, scene: Scene, segmenter: Segmenter, threshold: float, minimum_area_m2: float
) -> gpd.GeoDataFrame:
    with rasterio.open(ice) as dataset:
        outlines = trace_band(rasterio.band(dataset, 1), minimum_area_m2=minimum_area_m2)
    inside = outlines.representative_point().to_crs(4326)
    outlines = outlines.assign(
        src_date=scene.time.strftime("%Y-%m-%dT%H:%M:%SZ") if scene.time is not None else scene.date,
        cenlon=inside.x,
        cenlat=inside.y,
        utm_zone=((inside.x + 180) // 6 % 60 + 1).astype("int64"),
        area_km2=area_km2(outlines),
        perimeter_km=perimeter_km(outlines),
        scene_id=scene.id,
        sensor=scene.sensor.id,
        network=segmenter.metadata.network,
        threshold=threshold,
        weights_sha256=segmenter.sha256,
        trimline_version=__version__,
    )
    return outlines.sort_values("area_km2", ascending=False, kind="stable", ignore_index=True)


def _provenance(scene: Scene, segmenter: Segmenter, threshold: float) -> dict[str, str]:
    """Return the tags that both rasters carry."""
    said = {
        "TIFFTAG_SOFTWARE": f"trimline {__version__}",
        "TRIMLINE_SCENE": scene.id,
        "TRIMLINE_SENSOR": scene.sensor.id,
        "TRIMLINE_TIME": scene.time.isoformat() if scene.time is not None else scene.date,
        "TRIMLINE_NETWORK": segmenter.metadata.network,
        "TRIMLINE_WEIGHTS_SHA256": segmenter.sha256,
        "TRIMLINE_BANDS": ",".join(segmenter.bands),
        "TRIMLINE_UNITS": segmenter.units,
        "TRIMLINE_THRESHOLD": f"{threshold:g}",
        "TRIMLINE_VERSION": __version__,
    }
    return {key: value for key, value in said.items() if value}
