"""Mapped ice in terrain shadow: told apart beside a written map, as ``shadow.tif`` and ``shadow.json``.

What a map calls ice in deep shadow rests on the little light of the sky, and is less certain than ice in the sun: clean
ice in shadow is missed, and shaded snow or rock is taken for ice. Nothing is removed from the map.
"""

from __future__ import annotations

import logging
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.windows import Window

from trimline import __version__
from trimline.errors import DiskError, GridError, MetadataError
from trimline.files import StrPath, whole_file, write_json
from trimline.foreign import foreign_errors
from trimline.own_files import own_raster
from trimline.rasters import NOT_WRITTEN, ROOM, bounded_cache, grid_options, write_cog
from trimline.scenes.asset import raster_grid
from trimline.terrain.scene_shadow import shadow_squares
from trimline.workplace import temporary_folder

if TYPE_CHECKING:
    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

SHADOW_RASTER, SHADOW_FILE = "shadow.tif", "shadow.json"
"""Files beside a map. The raster is 0 in light, 1 in cast shadow, 2 in self shadow, and 255 where that is unknown."""
CAST, SELF, UNKNOWN = 1, 2, 255


@dataclass(frozen=True)
class IceInShadow:
    """Mapped ice of one scene by the light it lies in."""

    ice_km2: float
    """All mapped ice, small patches included; NaN where shadow cannot be told."""
    cast_km2: float
    """Of it, in the shadow of other terrain."""
    self_km2: float
    """Of it, on slopes that face away from the sun."""
    unknown_km2: float
    """Of it, where the elevation model does not tell."""
    why: str = ""
    """Why shadow cannot be told; empty where it can."""

    def record(self) -> dict[str, Any]:
        """Return all fields, for files and records."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: dict[str, Any]) -> IceInShadow:
        """Return what `record` gave, also after it was JSON, in which NaN is null."""
        values: dict[str, Any] = {key: math.nan if value is None else value for key, value in record.items()}
        return cls(**values)

    @classmethod
    def untold(cls, why: str) -> IceInShadow:
        """Return that shadow cannot be told, and why."""
        return cls(math.nan, math.nan, math.nan, math.nan, why)

    def __str__(self) -> str:
        if self.why:
            return f"terrain shadow: cannot be told, {self.why}"
        unknown = f", and of {self.unknown_km2:.2f} it is not known" if self.unknown_km2 else ""
        return (
            f"terrain shadow: of {self.ice_km2:.2f} km2 of mapped ice, {self.cast_km2:.2f} lie in cast shadow and "
            f"{self.self_km2:.2f} in self shadow{unknown}"
        )


def measure_shadow(scene: Scene, mask: StrPath, dem: StrPath) -> IceInShadow:
    """Measure the mapped ice in terrain shadow, and write ``shadow.tif`` and ``shadow.json`` beside the map.

    Where shadow cannot be told, because the sun is not known or low, or the elevation model has no heights here, the
    result and ``shadow.json`` say why, and the raster is 255 everywhere.

    Parameters
    ----------
    scene
        The scene.
    mask
        Its map, ``mask.tif`` of `map_scene`: 1 ice, 0 ground, 255 not seen.
    dem
        Elevation model, see `trimline.terrain.terrain_shadow`.

    Raises
    ------
    StageError
        The mask is damaged.
    DiskError
        The files cannot be written.
    """
    mask, dem = Path(mask), Path(dem)
    try:
        found = _written(scene, mask, dem)
    except (MetadataError, GridError) as error:
        _written(scene, mask, None)
        found = IceInShadow.untold(error.what)
    content = {"scene": scene.id, **found.record(), "dem": dem.name, "trimline_version": __version__}
    write_json(mask.with_name(SHADOW_FILE), content)
    return found


def log_shadow(scene_id: str, found: IceInShadow) -> None:
    """Say in the log how much mapped ice of a scene lies in shadow; that it cannot be told is a warning."""
    _LOG.log(logging.WARNING if found.why else logging.INFO, "%s: %s", scene_id, found)


def _written(scene: Scene, mask: Path, dem: Path | None) -> IceInShadow:
    """Write the raster, without a model with nothing in it, and return what it says of the mapped ice."""
    raster = mask.with_name(SHADOW_RASTER)
    with own_raster(mask) as source, temporary_folder() as folder, bounded_cache():
        grid = raster_grid(source)
        plain = folder / SHADOW_RASTER
        options = grid_options(grid) | {"driver": "GTiff", "count": 1, "dtype": "uint8", "nodata": UNKNOWN}
        counts = np.zeros(256, np.int64)
        with (
            foreign_errors(DiskError, raster.name, what=NOT_WRITTEN, remedy=ROOM),
            rasterio.open(plain, "w", tiled=min(grid.shape) >= 256, bigtiff="if_safer", **options) as target,
        ):
            target.update_tags(
                TRIMLINE_SCENE=scene.id, TRIMLINE_VERSION=__version__, TIFFTAG_SOFTWARE=f"trimline {__version__}"
            )
            target.set_band_description(1, "terrain shadow: 0 light, 1 cast, 2 self")
            # What is never written reads as unknown.
            for (rows, columns), shadow in () if dem is None else shadow_squares(scene, dem, grid):
                window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
                kinds = np.zeros(shadow.cast.shape, np.uint8)
                kinds[shadow.cast], kinds[shadow.facing_away], kinds[shadow.unknown] = CAST, SELF, UNKNOWN
                target.write(kinds, 1, window=window)
                counts += np.bincount(kinds[source.read(1, window=window) == 1], minlength=256)
        with whole_file(raster) as temporary:
            write_cog(plain, temporary, overviews="mode")
    pixel_km2 = abs(float(grid.resolution.x) * float(grid.resolution.y)) * 1e-6
    ice, cast, own, unknown = (float(each) * pixel_km2 for each in (counts.sum(), *counts[[CAST, SELF, UNKNOWN]]))
    return IceInShadow(ice, cast, own, unknown)
