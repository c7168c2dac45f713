"""Snow off the glaciers of a written map: measured, kept beside the map as ``snow.json``, and logged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from trimline import __version__
from trimline.errors import GridError, OutlineError
from trimline.file_identity import file_identity
from trimline.files import StrPath, write_json
from trimline.layer_path import layer_path

if TYPE_CHECKING:
    import geopandas as gpd

    from trimline.mapping.snow import SnowOffGlaciers
    from trimline.scenes import Scene

SNOW_FILE = "snow.json"
"""File beside a map."""


@dataclass(frozen=True)
class SnowReference:
    """What tells the ground off the glaciers, see `trimline.mapping.snow`; the map itself where both are None.

    Raises
    ------
    OutlineError
        There is no such inventory.
    GridError
        There is no such DEM.
    """

    inventory: Path | None = None
    """Outlines of glaciers, of any date."""
    dem: Path | None = None
    """Elevation [m]."""

    def __post_init__(self) -> None:
        if self.inventory is not None and not layer_path(self.inventory).file.exists():
            raise OutlineError("there is no such inventory", where=self.inventory, remedy="check the path")
        if self.dem is not None and not self.dem.exists():
            raise GridError("there is no such DEM", where=self.dem, remedy="check the path")

    def check(self, scene: Scene) -> None:
        """Raise `GridError` where the DEM says nothing of the place of a scene."""
        if self.dem is not None:
            from trimline.heights import check_heights

            check_heights(self.dem, scene.geobox, "the DEM", warn=False)

    def measure(self, scene: Scene, mask: StrPath) -> SnowOffGlaciers:
        """Measure the snow off the glaciers of a scene, and write ``snow.json`` beside its map.

        Parameters
        ----------
        scene
            The scene.
        mask
            Its map, ``mask.tif`` of `map_scene`.

        Raises
        ------
        OutlineError
            The inventory cannot be read.
        GridError
            The DEM cannot be read.
        """
        from trimline.mapping.snow import snow_off_glaciers
        from trimline.scenes import scene_content

        inventory = None if self.inventory is None else inventory_of(self.inventory)
        found = snow_off_glaciers(scene, mask, inventory=inventory, dem=self.dem)
        content = {
            "scene": scene.id,
            "scene_identity": scene_content(scene),
            **found.record(),
            "inventory": None if self.inventory is None else self.inventory.name,
            "dem": None if self.dem is None else self.dem.name,
            "trimline_version": __version__,
        }
        write_json(Path(mask).with_name(SNOW_FILE), content)
        return found


def inventory_of(path: Path) -> gpd.GeoDataFrame:
    """Return an inventory, read once for all scenes while its file is as it is."""
    return _outlines(path, file_identity(path))


@lru_cache(maxsize=1)
def _outlines(path: Path, _identity: str) -> gpd.GeoDataFrame:
    """Return the inventory; the identity tells states of one file apart."""
    from trimline.outlines import read_outlines

    return read_outlines(path)
