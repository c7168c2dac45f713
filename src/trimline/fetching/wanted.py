"""Which files of a candidate are fetched, and the names under which the readers of products find them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from trimline.catalogues.candidate import Candidate, RemoteAsset
from trimline.errors import CatalogueError
from trimline.fetching.fetched_file import FETCHED, ITEM
from trimline.file_names import safe_name
from trimline.scenes.landsat_metadata import LandsatMetadata
from trimline.sensors import get_sensor

WHOLE_SUFFIXES = (".jp2",)
"""Rasters of which no part can be read without most of the file: JPEG 2000 as agencies write it."""
RASTER_SUFFIXES = (*WHOLE_SUFFIXES, ".tif", ".tiff")
METADATA_SUFFIXES = (".txt", ".json", ".xml", ".gml")
"""Metadata files of agencies: none of them is a raster, or leads GDAL to one."""
LANDSAT = "landsat"
"""Beginning of the ids of Landsat's sensors."""

LANDSAT_METADATA = ("_mtl.txt", "_mtl.json", "_mtl.xml")
"""Ends of the metadata files of Landsat; one of them is enough."""
_RESERVED, _RESERVED_ENDS = (FETCHED, ITEM), (".part", ".part.json", ".aux.xml")
"""Names, and ends of names, of files that trimline and GDAL write themselves."""
_ONLY_IN_LEVEL_1 = ("cirrus", "pan")
"""Bands that Level-2 products lack, by common name."""


@dataclass(frozen=True)
class Wanted:
    """One file that is to be fetched."""

    what: str
    """What it is, for messages and records: `band swir1`, `quality pixel`, `metadata mtl.txt`."""
    asset: RemoteAsset
    name: str
    """Its name in the product's folder."""

    @property
    def is_raster(self) -> bool:
        """Whether it is a raster by what it is wanted for, whatever its name."""
        return self.what.startswith(("band ", "quality "))

    @property
    def suffix(self) -> str:
        """Of its name, in small letters."""
        return PurePosixPath(self.name).suffix.lower()

    @property
    def is_divisible(self) -> bool:
        """Whether a window of it can be read."""
        return self.is_raster and self.suffix not in WHOLE_SUFFIXES


def metadata_wanted(candidate: Candidate) -> list[Wanted]:
    """Return the metadata files of a candidate; of a Landsat product in several spellings the first.

    Raises
    ------
    CatalogueError
        A Landsat scene has no metadata file, without which its bands cannot be calibrated; or a file has the name of
        another kind.
    """
    assets = list(candidate.metadata)
    if candidate.sensor.startswith(LANDSAT):
        spelt = [(end, asset) for end in LANDSAT_METADATA for asset in assets if asset.name.lower().endswith(end)]
        if not spelt:
            raise CatalogueError(
                "the item has no metadata file of Landsat (*_MTL.txt, .json or .xml), and its bands cannot be "
                "calibrated without it",
                where=candidate.id,
                remedy="take the scene from another archive",
            )
        first = spelt[0][1]
        assets = [first, *(asset for asset in assets if not asset.name.lower().endswith(LANDSAT_METADATA))]
    return _named((f"metadata {asset.key}", asset, asset.name) for asset in assets)


def rasters_wanted(
    candidate: Candidate, bands: Sequence[str] | None, landsat: LandsatMetadata | None = None
) -> list[Wanted]:
    """Return the rasters of a candidate that are fetched: bands, and all quality rasters.

    Parameters
    ----------
    candidate
        The scene.
    bands
        Common names; those that its sensor or level has not are passed over. None means all.
    landsat
        The content of a Landsat product's metadata file, which names the files.

    Raises
    ------
    CatalogueError
        The item lacks a band that every such product has, or a file has the name of another kind.
    """
    sensor = get_sensor(candidate.sensor)
    wanted = tuple(candidate.bands) if bands is None else tuple(dict.fromkeys(bands))
    there = [band for band in wanted if band in candidate.bands]
    for band in wanted:
        is_due = band in sensor.by_common_name and not (candidate.level == "L2" and band in _ONLY_IN_LEVEL_1)
        if is_due and band not in candidate.bands:
            raise CatalogueError(
                f"the item has no file of the band {band} ({sensor.band(band).name})",
                where=candidate.id,
                remedy="take the scene from another archive, or another scene",
            )
    if not there:
        raise CatalogueError(
            f"the item has none of the bands {', '.join(wanted)}",
            where=candidate.id,
            remedy=f"it has {', '.join(candidate.bands) or 'no band at all'}: ask for some of them",
        )
    of_bands: Mapping[str, str] = {} if landsat is None else landsat.files
    of_quality: Mapping[str, str] = {} if landsat is None else landsat.quality_files
    listed = [(f"band {band}", asset := candidate.bands[band], of_bands.get(band, asset.name)) for band in there]
    listed += [
        (f"quality {kind}", asset, of_quality.get(kind, asset.name)) for kind, asset in candidate.quality.items()
    ]
    return _named(listed)


def _named(listed: Iterable[tuple[str, RemoteAsset, str]]) -> list[Wanted]:
    """Return files under names that differ also where case does not count; one that stands twice takes its key."""
    found: dict[str, Wanted] = {}
    for what, asset, name in listed:
        plain = safe_name(name, asset.key)
        if plain.casefold() in found:
            # As `product_metadata.xml` beside `metadata.xml`: readers look for such ends.
            plain = safe_name(f"{asset.key.replace('-', '_')}{PurePosixPath(plain).suffix}")
        if plain.casefold() in found:
            raise CatalogueError(
                f"two files of the item have the name {plain}", where=asset.key, remedy="take another scene"
            )
        found[plain.casefold()] = Wanted(what, asset, plain)
    for each in found.values():
        _require_kind(each)
    return list(found.values())


def _require_kind(wanted: Wanted) -> None:
    """Raise where a file has not the name of its kind: readers, and GDAL, go by names."""
    suffixes = RASTER_SUFFIXES if wanted.is_raster else METADATA_SUFFIXES
    name = wanted.name.casefold()
    if wanted.suffix not in suffixes or name in _RESERVED or name.endswith(_RESERVED_ENDS):
        raise CatalogueError(
            f"the file of the {wanted.what} is called {wanted.name}, as no such file is",
            where=wanted.asset.key,
            remedy="do not trust it: take the scene from another archive",
        )
