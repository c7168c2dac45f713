"""Landsat Collection 2 in an archive: COGs under the names of USGS, their metadata files, and the item.

Folders, keys of assets and properties are those of the collection `landsat-c2l1` of USGS: ``collection02/level-1/
standard/<instrument>/<year>/<path>/<row>/<product>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from trimline.scenes.scene import Scene
from trimline.sensors import Band, Sensor
from trimline.simulate.archive.laid_out import LaidOut, cog_asset, common_properties, extension, file_asset

COLLECTION = "landsat-c2l1"

_FOLDERS: Mapping[str, str] = {"TM": "tm", "ETM+": "etm", "OLI": "oli-tirs"}
_INSTRUMENTS: Mapping[str, tuple[str, ...]] = {"TM": ("TM",), "ETM+": ("ETM",), "OLI": ("OLI", "TIRS")}
_KEYS: Mapping[str, str] = {"nir": "nir08", "swir1": "swir16", "swir2": "swir22"}
_QUALITY: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "pixel": ("qa_pixel", ("cloud", "cloud-shadow", "snow-ice", "water-mask")),
    "saturation": ("qa_radsat", ("saturation",)),
}
_METADATA: Mapping[str, str] = {"txt": "text/plain", "json": "application/json", "xml": "application/xml"}


def lay_landsat(scene: Scene, archive: Path, block: int) -> LaidOut:
    """Write a product into an archive.

    Parameters
    ----------
    scene
        The product, opened.
    archive
        The archive's folder.
    block
        Side of a block of the COGs [pixels].
    """
    product = scene.source if scene.source.is_dir() else scene.source.parent
    instrument, wrs = scene.sensor.instrument, scene.tile or "000000"
    year = f"{scene.time:%Y}" if scene.time is not None else "0000"
    folder = f"collection02/level-1/standard/{_FOLDERS[instrument]}/{year}/{wrs[:3]}/{wrs[3:]}/{scene.id}"
    assets: dict[str, Any] = {}
    for common, asset in scene.assets.items():
        name = PurePosixPath(asset.href).name
        band = scene.sensor.by_common_name[common]
        assets[_key(scene.sensor, band)] = {
            **cog_asset(asset.href, archive / folder / name, f"./{name}", block=block, resampling="average"),
            "eo:bands": [{"name": band.name, "common_name": _key(scene.sensor, band), "gsd": band.gsd_m}],
            "raster:bands": [{"nodata": 0, "data_type": "uint16" if instrument == "OLI" else "uint8"}],
            "roles": ["data"],
        }
    for kind, asset in scene.quality_assets.items():
        name = PurePosixPath(asset.href).name
        key, roles = _QUALITY[kind]
        assets[key] = {
            **cog_asset(asset.href, archive / folder / name, f"./{name}", block=block, resampling="nearest"),
            "raster:bands": [{"data_type": "uint16", "unit": "bit index"}],
            "roles": list(roles),
        }
    for suffix, media_type in _METADATA.items():
        name = f"{scene.id}_MTL.{suffix}"
        assets[f"MTL.{suffix}"] = {
            **file_asset(product / name, archive / folder / name, f"./{name}", media_type),
            "roles": ["metadata"],
        }
    return LaidOut(
        collection=COLLECTION,
        item_id=scene.id,
        folder=folder,
        extensions=tuple(
            extension(*each)
            for each in (
                ("eo", "1.1.0"),
                ("view", "1.0.0"),
                ("projection", "1.1.0"),
                ("raster", "1.1.0"),
                ("file", "2.1.0"),
                ("landsat", "1.1.1"),
            )
        ),
        footprint=scene.footprint,
        properties={
            **common_properties(scene),
            "platform": scene.sensor.platform,
            "instruments": list(_INSTRUMENTS[instrument]),
            "gsd": 30,
            "landsat:cloud_cover_land": scene.cloud_cover,
            "landsat:wrs_type": "2",
            "landsat:wrs_path": wrs[:3],
            "landsat:wrs_row": wrs[3:],
            "landsat:collection_category": scene.id.rpartition("_")[2],
            "landsat:collection_number": "02",
            "landsat:correction": scene.level,
        },
        assets=assets,
    )


def _key(sensor: Sensor, band: Band) -> str:
    """Return the key of a band's asset, which is its common name in STAC."""
    if band.is_thermal:
        return "lwir11" if sensor.instrument == "OLI" else "lwir"
    return _KEYS.get(band.common, band.common)
