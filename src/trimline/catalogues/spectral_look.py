"""Snow, ice and cloud by the spectrum of a candidate, from overviews of green, red and SWIR 1.

Two uses: where a product has no quality band (Level-1C of Sentinel-2), and where one calls bright ice cloud, the known
fault of Fmask over ice. Snow and ice are bright in green and dark in SWIR 1 (NDSI; Dozier 1989, Remote Sensing of
Environment 28, 9-22; Hall and others 1995, Remote Sensing of Environment 54, 127-140); cloud is bright in both, and
white. Thin cloud over ice, and cloud of ice crystals, pass for ice: this orders candidates and masks nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from trimline.catalogues.candidate import Candidate, RemoteAsset
from trimline.catalogues.ground import Ground
from trimline.catalogues.overview import level_for, opened, sampled
from trimline.errors import BandError, MetadataError
from trimline.scenes.calibration import Calibration, Linear
from trimline.scenes.given import Given
from trimline.scenes.landsat_metadata import read_landsat_metadata
from trimline.scenes.sentinel2_item import read_item
from trimline.scenes.sentinel2_offset import radiometry

if TYPE_CHECKING:
    from trimline.remote import Transport

_LEAST_NDSI, _LEAST_GREEN = 0.4, 0.11
"""NDSI and green reflectance of snow (Hall and others 1995)."""

_SURE_NDSI, _MOST_SWIR = 0.7, 0.12
"""NDSI above which, and SWIR 1 reflectance below which, a flag of cloud is not believed. Cloud of water is at least
twice as bright in SWIR 1."""

_CLOUD_GREEN, _CLOUD_SWIR, _CLOUD_COLOUR = 0.22, 0.15, 0.25
"""Least green and SWIR 1 reflectance of cloud, and the largest difference of red and green relative to their mean."""

_LANDSAT_SURFACE = Linear(2.75e-5, -0.2)
"""Surface reflectance of all Landsat Collection 2 Level-2 products (LSDS-1618, LSDS-1619)."""

_LARGEST_MTL = 1 << 20
"""[bytes]"""


def reflectance_at(
    candidate: Candidate,
    bands: Sequence[str],
    ground: Ground,
    transport: Transport,
    *,
    among: NDArray[np.intp] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Return reflectance at the points of the ground by band, (n,), NaN where there are no data.

    Parameters
    ----------
    candidate, ground, transport
        As for `looked_at`.
    bands
        Common names.
    among
        Positions of the points that are wanted; None means all.

    Raises
    ------
    RemoteError
        A band cannot be read.
    ProductError
        The candidate lacks a band, or its metadata do not tell how numbers become reflectance.
    """
    missing = [band for band in bands if band not in candidate.bands]
    if missing:
        raise BandError(f"the scene has no band {missing[0]}", where=candidate.id, remedy="try another archive")
    calibrations = _calibrations(candidate, bands, transport)

    def points_in(crs: str) -> NDArray[np.float64]:
        points = ground.points_in(crs)
        return points if among is None else points[among]

    found = {}
    with opened([candidate.bands[band] for band in bands], transport) as rasters:
        for band, raster in zip(bands, rasters, strict=True):
            numbers = sampled(raster, points_in, level_for(raster, ground.look_m, codes=False))
            nodata = raster.source.nodata
            has_data = numbers.inside & (numbers.values != 0) & (numbers.values != (0 if nodata is None else nodata))
            found[band] = calibrations[band](np.where(has_data, numbers.values, np.nan).astype(np.float32))
    return found


def is_icy(green: NDArray[np.float32], swir1: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where reflectance is that of snow or ice; False where there are no data."""
    return np.asarray((_ndsi(green, swir1) > _LEAST_NDSI) & (green > _LEAST_GREEN))


def is_surely_icy(green: NDArray[np.float32], swir1: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where reflectance is that of snow or ice and not of cloud of water; False where there are no data."""
    return np.asarray((_ndsi(green, swir1) > _SURE_NDSI) & (green > _LEAST_GREEN) & (swir1 < _MOST_SWIR))


def is_cloudy(green: NDArray[np.float32], red: NDArray[np.float32], swir1: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return where reflectance is that of cloud, bright and white; False where there are no data."""
    is_white = np.abs(red - green) < _CLOUD_COLOUR * (red + green) / 2
    return np.asarray((green > _CLOUD_GREEN) & (swir1 > _CLOUD_SWIR) & is_white & ~is_icy(green, swir1))


def _ndsi(green: NDArray[np.float32], swir1: NDArray[np.float32]) -> NDArray[np.float32]:
    dark = np.maximum(swir1, 0)
    return np.asarray((green - dark) / np.maximum(green + dark, np.float32(1e-3)))


def _calibrations(candidate: Candidate, bands: Sequence[str], transport: Transport) -> Mapping[str, Calibration]:
    """Return how the numbers of bands become reflectance."""
    if candidate.sensor.startswith("sentinel-2"):
        item = read_item(json.dumps(candidate.item), candidate.id)
        baseline = item.baseline if item is not None else None
        return radiometry(bands, Given(), item, None, baseline, candidate.id).calibrations
    if candidate.level == "L2":
        return dict.fromkeys(bands, _LANDSAT_SURFACE)
    mtl = _mtl_of(candidate)
    text = transport.content(mtl.href, _LARGEST_MTL).decode("ascii", "replace")
    return read_landsat_metadata(text, mtl.name).calibrations


def _mtl_of(candidate: Candidate) -> RemoteAsset:
    for asset in candidate.metadata:
        if asset.name.endswith("_MTL.txt"):
            return asset
    raise MetadataError("the scene has no *_MTL.txt", where=candidate.id, remedy="try another archive")
