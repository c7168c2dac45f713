"""Sentinel-2 in an archive: COGs named by band, or JPEG 2000 with `tileInfo.json`, and the item.

Folders, ids, keys of assets and properties are those of Earth Search: `sentinel-2-c1-l2a` and `sentinel-2-l1c`, whose
JPEG 2000 files lie in the bucket `sentinel-s2-l1c` as ``tiles/<zone>/<band>/<square>/<year>/<month>/<day>/<sequence>``.
The numbers are those of the product: the offset of its baseline is not taken out, and `raster:bands` states it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from trimline.errors import SimulationError
from trimline.files import whole_file
from trimline.scenes.scene import Scene
from trimline.sensors import Band
from trimline.simulate.archive.laid_out import (
    LaidOut,
    Layout,
    cog_asset,
    common_properties,
    extension,
    file_asset,
    up_to,
)
from trimline.simulate.sentinel2_names import OFFSETS, band_file

COLLECTIONS: Mapping[str, str] = {"L2A": "sentinel-2-c1-l2a", "L1C": "sentinel-2-l1c"}

_PRODUCT = re.compile(
    r"(?P<mission>S2[A-D])_MSIL\w\w_(?P<sensed>\d{8}T\d{6})_N(?P<baseline>\d{4})_R(?P<orbit>\d{3})_T(?P<tile>\w{5})_"
    r"(?P<made>\d{8}T\d{6})"
)
_KEYS: Mapping[str, str] = {"swir1": "swir16", "swir2": "swir22"}
_QUANTIFICATION = 10_000


@dataclass(frozen=True)
class _Names:
    """What the name of a product tells."""

    product: str
    mission: str
    tile: str
    orbit: int
    sensed: datetime
    made: datetime
    baseline: str

    @property
    def square(self) -> tuple[str, str, str]:
        """UTM zone without leading zero, latitude band, and square."""
        return str(int(self.tile[:2])), self.tile[2], self.tile[3:]


def lay_sentinel2(scene: Scene, archive: Path, layout: Layout, block: int) -> LaidOut:
    """Write a product into an archive.

    Parameters
    ----------
    scene
        The product, opened from a SAFE folder.
    archive
        The archive's folder.
    layout
        `cogs`, or, for Level-1C, `jp2`.
    block
        Side of a block of the COGs [pixels].

    Raises
    ------
    SimulationError
        The product has not the name of one, or is of Level-2A where JPEG 2000 is asked for.
    """
    names = _names(scene)
    if layout == "jp2" and scene.level != "L1C":
        raise SimulationError(
            f"{scene.id} is of Level-2A, whose archives hold COGs", where="layout", remedy="give `layout='cogs'`"
        )
    granule = next(scene.source.glob("GRANULE/*"))
    day = f"{names.sensed.year}/{names.sensed.month}"
    if layout == "jp2":
        item_id = f"{names.mission}_{names.tile}_{names.sensed:%Y%m%d}_0_L1C"
        folder = f"tiles/{'/'.join(names.square)}/{day}/{names.sensed.day}/0"
    else:
        item_id = f"{names.mission}_T{names.tile}_{names.sensed:%Y%m%dT%H%M%S}_{scene.level}"
        folder = f"{COLLECTIONS[scene.level or 'L2A']}/{'/'.join(names.square)}/{day}/{item_id}"
    assets = _rasters(scene, names, archive, folder, layout, block)
    place = archive / folder
    assets["granule_metadata"] = {
        **file_asset(granule / "MTD_TL.xml", place / "metadata.xml", "./metadata.xml", "application/xml"),
        "roles": ["metadata"],
    }
    with whole_file(place / "tileInfo.json") as temporary:
        temporary.write_text(json.dumps(_tile_info(scene, names, folder), indent=2), encoding="utf-8")
    assets["tileinfo_metadata"] = {"href": "./tileInfo.json", "type": "application/json", "roles": ["metadata"]}
    if layout == "jp2":
        _lay_masks(granule, place)
        product = f"products/{day}/{names.sensed.day}/{names.product}/metadata.xml"
        assets["product_metadata"] = {
            **file_asset(scene.source / "MTD_MSIL1C.xml", archive / product, up_to(folder, product), "application/xml"),
            "roles": ["metadata"],
        }
    return LaidOut(
        collection=COLLECTIONS[scene.level or "L2A"],
        item_id=item_id,
        folder=folder,
        extensions=tuple(
            extension(*each)
            for each in (
                ("eo", "1.1.0"),
                ("view", "1.0.0"),
                ("projection", "1.1.0"),
                ("raster", "1.1.0"),
                ("file", "2.1.0"),
                ("mgrs", "1.0.0"),
                ("grid", "1.1.0"),
                ("processing", "1.1.0"),
            )
        ),
        footprint=scene.footprint,
        properties=_properties(scene, names),
        assets=assets,
    )


def _names(scene: Scene) -> _Names:
    match = _PRODUCT.match(scene.source.name)
    if match is None:
        raise SimulationError(
            "the name is not that of a Sentinel-2 product", where=scene.source, remedy="keep the name it was written by"
        )
    digits = match["baseline"]
    return _Names(
        product=scene.source.name.removesuffix(".SAFE"),
        mission=match["mission"],
        tile=match["tile"],
        orbit=int(match["orbit"]),
        sensed=datetime.strptime(f"{match['sensed']}+0000", "%Y%m%dT%H%M%S%z"),
        made=datetime.strptime(f"{match['made']}+0000", "%Y%m%dT%H%M%S%z"),
        baseline=f"{digits[:2]}.{digits[2:]}",
    )


def _rasters(
    scene: Scene, names: _Names, archive: Path, folder: str, layout: Layout, block: int
) -> dict[str, dict[str, Any]]:
    assets: dict[str, dict[str, Any]] = {}
    offset = OFFSETS.get(names.baseline, 0) / _QUANTIFICATION
    for common, asset in scene.assets.items():
        band = scene.sensor.by_common_name[common]
        name = f"{band_file(band)}.{'jp2' if layout == 'jp2' else 'tif'}"
        if layout == "jp2":
            written = file_asset(Path(asset.href), archive / folder / name, f"./{name}", "image/jp2")
        else:
            written = cog_asset(asset.href, archive / folder / name, f"./{name}", block=block, resampling="average")
        assets[_key(band)] = {
            **written,
            "gsd": band.gsd_m,
            "eo:bands": [{"name": band_file(band), "common_name": _key(band), "center_wavelength": band.centre_um}],
            "raster:bands": [
                {
                    "nodata": 0,
                    "data_type": "uint16",
                    "spatial_resolution": band.gsd_m,
                    "scale": 1 / _QUANTIFICATION,
                    "offset": offset,
                }
            ],
            "roles": ["data", "reflectance"],
        }
    classes = scene.quality_assets.get("classes")
    if classes is not None:
        assets["scl"] = {
            **cog_asset(classes.href, archive / folder / "SCL.tif", "./SCL.tif", block=block, resampling="nearest"),
            "gsd": 20,
            "raster:bands": [{"nodata": 0, "data_type": "uint8", "spatial_resolution": 20}],
            "roles": ["data"],
        }
    return assets


def _key(band: Band) -> str:
    """Return the key of a band's asset, which is its common name in STAC."""
    return _KEYS.get(band.common, band.common)


def _properties(scene: Scene, names: _Names) -> dict[str, Any]:
    zone, latitude_band, square = names.square
    offset_applied = {} if scene.level == "L1C" else {"earthsearch:boa_offset_applied": False}
    return {
        **common_properties(scene),
        "created": f"{names.made:%Y-%m-%dT%H:%M:%S}Z",
        "platform": f"sentinel-{names.mission[1:].lower()}",
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "mgrs:utm_zone": int(zone),
        "mgrs:latitude_band": latitude_band,
        "mgrs:grid_square": square,
        "grid:code": f"MGRS-{names.tile}",
        "s2:tile_id": names.tile,
        "s2:product_uri": scene.source.name,
        "s2:product_type": f"S2MSI{'1C' if scene.level == 'L1C' else '2A'}",
        "s2:processing_baseline": names.baseline,
        "s2:generation_time": f"{names.made:%Y-%m-%dT%H:%M:%S}Z",
        "s2:datatake_id": f"G{names.mission}_{names.sensed:%Y%m%dT%H%M%S}_R{names.orbit:03d}_N{names.baseline}",
        "s2:sequence": "0",
        "sat:relative_orbit": names.orbit,
        **offset_applied,
    }


def _tile_info(scene: Scene, names: _Names, folder: str) -> dict[str, Any]:
    """Return the description of a tile as the bucket has it."""
    zone, latitude_band, square = names.square
    return {
        "path": folder,
        "timestamp": f"{names.sensed:%Y-%m-%dT%H:%M:%S}.000Z",
        "utmZone": int(zone),
        "latitudeBand": latitude_band,
        "gridSquare": square,
        "datastrip": {"id": names.product, "path": f"products/{names.product}/datastrip/0"},
        "cloudyPixelPercentage": scene.cloud_cover,
        "productName": names.product,
        "productPath": f"products/{names.product}",
    }


def _lay_masks(granule: Path, place: Path) -> None:
    for path in sorted((granule / "QI_DATA").glob("*")):
        file_asset(path, place / "qi" / path.name, path.name, "application/octet-stream")
