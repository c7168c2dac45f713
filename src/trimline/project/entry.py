"""One scene of a project file: its product, and metadata that the product lacks."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from pydantic import Field, model_validator

from trimline.errors import ProjectError
from trimline.layer_path import layer_path
from trimline.project.settings import IsoDate, Name, PeriodName, ProjectPath, SensorId, Settings, Tile

ANY = "*"
"""Placeholder in a path for any text without a folder separator."""

_LANDSAT_NAME = re.compile(r"(?P<sensor>L[A-Z]\d{2})_[^_]+_(?P<tile>\d{6})_(?P<date>\d{8})(?!\d)")
_LANDSAT_SENSORS = {
    "LT04": "landsat-4-tm",
    "LT05": "landsat-5-tm",
    "LE07": "landsat-7-etm",
    "LC08": "landsat-8-oli",
    "LC09": "landsat-9-oli",
}


class SceneEntry(Settings):
    """A product, with metadata that it lacks.

    The path/row, date and sensor that the name of a Landsat product holds need not be repeated.
    """

    id: Name
    """Its name in tables, file names and other keys; each once."""
    path: ProjectPath
    """A product folder, archive or GeoTIFF stack. `*` stands for any text; exactly one product must then fit."""
    date: IsoDate | None = None
    """Date of a product that has none, as precisely as it is known: `2019`, `2019-02`, `2019-02-17`."""
    tile: Tile | None = None
    """WRS-2 path/row (`139036`) or MGRS tile (`19FEU`)."""
    area: Name | None = None
    """The part of the study that the scene belongs to; where not given, the one of the project's `areas` that lists
    its tile."""
    period: PeriodName | None = None
    """Name of the period that the scene is used for, one of the project's `periods`."""
    reference: bool = False
    """Whether it is the main reference image of its place and period, whose gaps the others fill."""
    item: ProjectPath | None = None
    """The catalogue's description (STAC item, JSON) of a product that `trimline fetch` brings to `path`."""
    cloud_cover: float | None = Field(None, ge=0, le=100)
    """Cloud cover in the catalogue [percent of the whole scene]."""
    truth: ProjectPath | None = None
    """Outlines (any vector file, `FILE|layer=NAME` for one of several layers) or a raster of 0 and 1; without it the
    project's `inventory` is used. `*` as in `path`."""
    sensor: SensorId | None = None
    """Sensor id, for stacks."""
    bands: tuple[str, ...] | None = None
    """Band names in the order of the file, for stacks without descriptions."""
    scale: float | None = None
    """Reflectance per digital number, for stacks: reflectance = (DN + offset) x scale."""
    offset: float | None = None
    """Added to the digital number before scaling: 0, or -1000 for Sentinel-2 since processing baseline 04.00."""
    nodata: float | None = None
    """Digital number of missing data, for stacks."""

    @model_validator(mode="before")
    @classmethod
    def _read_product_name(cls, given: Any) -> Any:
        name = PurePath(str(given.get("path", ""))).name if isinstance(given, Mapping) else ""
        match = _LANDSAT_NAME.match(name)
        if match is None:
            return given
        from_name: dict[str, Any] = {"tile": match["tile"], "date": "-".join(re.findall(r"^.{4}|..", match["date"]))}
        if match["sensor"] in _LANDSAT_SENSORS:
            from_name["sensor"] = _LANDSAT_SENSORS[match["sensor"]]
        return {**from_name, **given}

    @property
    def product(self) -> Path:
        """The one product that `path` matches.

        Raises
        ------
        ProjectError
            No product or several match a path with `*`.
        """
        return _the_one(self.path, f"scenes.{self.id}.path")

    @property
    def truth_file(self) -> Path | None:
        """The one file that `truth` matches; raises as `product` does."""
        if self.truth is None:
            return None
        given = layer_path(self.truth)
        return Path(f"{_the_one(given.file, f'scenes.{self.id}.truth')}{given.said}")


def _the_one(path: Path, key: str) -> Path:
    if ANY not in str(path):
        return path
    pattern = glob.escape(str(path)).replace(f"[{ANY}]", ANY)
    found = sorted(glob.glob(pattern))  # noqa: PTH207 - `Path.glob` takes no absolute pattern
    if len(found) == 1:
        return Path(found[0])
    if not found:
        raise ProjectError(f"nothing fits {path}", where=key, remedy="put the product there, or correct the path")
    names = [PurePath(each).name for each in found]
    listed = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    raise ProjectError(
        f"{len(found)} products fit {path}: {listed}",
        where=key,
        remedy=f"keep one of them there, or give more of its name in place of '{ANY}'",
    )
