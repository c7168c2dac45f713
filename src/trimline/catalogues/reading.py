"""Candidates from STAC items: common band names, quality, metadata files, and what tells passes apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trimline.catalogues.candidate import Candidate, RemoteAsset
from trimline.catalogues.item_assets import bands_of, files_of
from trimline.catalogues.item_fields import cloud_of, footprint_of, id_of, sun_of, time_of
from trimline.catalogues.kept_item import without_secrets
from trimline.catalogues.product_names import ProductName, product_name
from trimline.catalogues.registry import alternates_of, is_remote
from trimline.errors import CatalogueError
from trimline.scenes.landsat_metadata import SLC_FAILURE
from trimline.sensors import Sensor, get_sensor

_MTL = re.compile(r"_MTL\.(?P<spelling>txt|json|xml)$", re.IGNORECASE)
_SPELLINGS = ("txt", "json", "xml")
_SENTINEL2_METADATA = ("tileinfo_metadata", "granule_metadata", "product_metadata")
"""Keys of the metadata files of Sentinel-2 that the readers know, with underscores."""


def is_of_known_mission(item: Mapping[str, Any]) -> bool:
    """Whether an item is of Landsat or Sentinel-2."""
    return product_name(item, _file_names(item)) is not None


def read_candidate(item: Mapping[str, Any], catalogue: str) -> Candidate:
    """Return a STAC item of Landsat or Sentinel-2 as a candidate.

    Addresses in the item must be whole, not relative to it. Secrets in them are left out.

    Parameters
    ----------
    item
        The item as its catalogue gave it.
    catalogue
        Name of the known archive, or address of the catalogue.

    Raises
    ------
    CatalogueError
        It is of another mission, has no id, time, footprint, level or assets, or those are impossible; or no asset is
        a band.
    """
    if not isinstance(item, Mapping):
        raise CatalogueError("there is no STAC item", where=catalogue)
    scene = id_of(item)
    files = files_of(item, alternates_of(catalogue), is_remote=is_remote(catalogue))
    known = product_name(item, [file.name for file in files.values()])
    if known is None:
        raise CatalogueError("the item is neither of Landsat nor of Sentinel-2", where=scene)
    if known.level is None:
        raise CatalogueError("the item does not say whether it is of Level 1 or 2", where=scene)
    sensor = get_sensor(known.sensor)
    bands, quality = bands_of(item, files, sensor)
    if not bands:
        raise CatalogueError(f"no asset of the item is a band of {sensor.id}", where=scene)
    time = time_of(item)
    elevation, azimuth = sun_of(item)
    return Candidate(
        id=scene,
        catalogue=catalogue,
        collection=str(item.get("collection") or ""),
        sensor=sensor.id,
        level=known.level,
        time=time,
        tile=known.tile,
        footprint=footprint_of(item),
        bands=bands,
        quality=quality,
        metadata=_metadata(files, bands, sensor, known),
        item=without_secrets(item),
        cloud_cover=cloud_of(item),
        sun_elevation=elevation,
        sun_azimuth=azimuth,
        datatake=known.datatake,
        processed=known.processed,
        is_slc_off=sensor.instrument == "ETM+" and time >= SLC_FAILURE,
    )


def _file_names(item: Mapping[str, Any]) -> list[str]:
    assets = item.get("assets")
    given = assets.values() if isinstance(assets, Mapping) else ()
    return [str(each["href"]) for each in given if isinstance(each, Mapping) and isinstance(each.get("href"), str)]


def _metadata(
    files: Mapping[str, RemoteAsset], bands: Mapping[str, RemoteAsset], sensor: Sensor, known: ProductName
) -> tuple[RemoteAsset, ...]:
    if sensor.instrument == "MSI":
        return _of_sentinel2(files)
    spelled = {match["spelling"].lower(): file for file in files.values() if (match := _MTL.search(file.name))}
    found = next((spelled[each] for each in _SPELLINGS if each in spelled), None) or _beside(bands, known)
    return () if found is None else (found,)


def _beside(bands: Mapping[str, RemoteAsset], known: ProductName) -> RemoteAsset | None:
    """Return the metadata file that lies beside the bands of a Landsat product, though no asset names it."""
    band = next(iter(bands.values()))
    folder, slash, file = band.href.partition("?")[0].rpartition("/")
    if known.stem is None or not file.startswith(known.stem):
        return None
    name = f"{known.stem}_MTL.txt"
    return RemoteAsset("MTL.txt", f"{folder}{slash}{name}", name, "text/plain")


def _of_sentinel2(files: Mapping[str, RemoteAsset]) -> tuple[RemoteAsset, ...]:
    """Return tile, granule and product metadata, under names that differ."""
    found: list[RemoteAsset] = []
    by_key = {key.lower().replace("-", "_"): file for key, file in files.items()}
    for key in _SENTINEL2_METADATA:
        if key in by_key:
            file = by_key[key]
            is_taken = file.name in [each.name for each in found]
            found.append(replace(file, name=f"{key}.xml") if is_taken else file)
    return tuple(found)
