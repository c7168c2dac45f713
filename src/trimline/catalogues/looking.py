"""What a candidate shows of the glaciers: cloud over them and snow beside them, from overviews of its quality band.

A catalogue knows the cloud of a whole scene, and a scene may be half under cloud and clear over all its glaciers, or
clear but for the ridge that they lie on. So some ten kilobytes of each candidate's own quality band are read where the
glaciers are: QA_PIXEL of Landsat, the scene classification (SCL) of Sentinel-2. A product that has neither is judged by
its spectrum (`trimline.catalogues.spectral_look`). Where rasters cannot be read in parts (JPEG 2000), the cloud of the
whole scene by the catalogue has to do. `Look.read_from` says which it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.catalogues.candidate import Candidate
from trimline.catalogues.ground import Ground
from trimline.catalogues.overview import Sampled, TooMuchError, level_for, opened, sampled
from trimline.catalogues.spectral_look import is_cloudy, is_icy, is_surely_icy, reflectance_at
from trimline.coordinate_systems import degrees
from trimline.errors import ProductError
from trimline.scenes.quality import PIXEL_BITS, is_fill, pixel_flags
from trimline.scenes.sentinel2_quality import Flags, cloud_bit_flags, scene_class_flags
from trimline.sensors import SENSORS

if TYPE_CHECKING:
    from trimline.remote import Transport

_CLOUD, _SHADOW, _LOST = ("cloud", "dilated_cloud"), ("cloud_shadow",), ("fill", "occluded", "dropped")
"""Flags of ground that is not seen, as in mapping. Thin cirrus does not count."""

_DOUBTED = 0.05
"""Share of the seen ice under flags of cloud or shadow from which on the flags are compared with the spectrum."""

_MOST_IMPOSSIBLE = 0.002
"""Share of QA_PIXEL numbers that no product has, from which on an overview is taken for one of means."""

_UNKNOWN_CLOUD = 0.5
"""Share of cloud where neither rasters nor the catalogue tell it."""

_CONFIDENCE_BITS = {"cloud": 8, "cloud_shadow": 10, "snow": 12}
"""Lower bits of the two by which QA_PIXEL gives the confidence of a flag."""
_RESERVED, _HIGH = 2, 3


@dataclass(frozen=True, eq=False)
class Look:
    """What a candidate shows of the glaciers; shares are of points, each of which stands for the same area."""

    candidate: Candidate
    seen: float
    """Share of the glaciers that the image holds: not fill, not gaps of Landsat 7, not beyond its edge."""
    cloud_over_ice: float
    """Share of the seen glaciers under cloud; NaN where none are seen."""
    shadow_over_ice: float
    """Share of the seen glaciers in the shadow of clouds; NaN where none are seen."""
    snow_off_ice: float
    """Share of the ground around the glaciers, where it is seen and free of cloud, under snow; NaN where that is
    unknown. Where no glaciers are known, share of the whole region, ice included."""
    seen_of_region: float
    """Share of the region that the image holds."""
    clear: NDArray[np.bool_]
    """(n,) for the points `Ground.ice`: seen, and under neither cloud nor its shadow."""
    read_from: str
    """What tells it, in words."""
    of_glaciers: bool = True
    """Whether the shares are those of glaciers, and not of the whole region because no glaciers are known."""
    notes: tuple[str, ...] = ()
    """What is remarkable, in words."""

    @property
    def clear_ice(self) -> float:
        """Share of all glaciers that is seen clearly."""
        return float(self.clear.mean()) if self.clear.size else 0.0


@dataclass(frozen=True, eq=False)
class _Seen:
    """Flags at points, and what they are read from."""

    fill: NDArray[np.bool_]
    cloud: NDArray[np.bool_]
    shadow: NDArray[np.bool_]
    snow: NDArray[np.bool_] | None
    read_from: str
    has_flags: bool
    notes: tuple[str, ...] = ()
    stated_cloud: float | None = None
    """Share of the whole scene under cloud by the catalogue, where nothing tells it point by point."""


def looked_at(candidate: Candidate, ground: Ground, transport: Transport) -> Look:
    """Return what a candidate shows of the glaciers.

    Parameters
    ----------
    candidate
        The scene, of a sensor with a short-wave infrared band.
    ground
        Where to look, the same for all candidates that are compared; `ground_of` gives it.
    transport
        Reads the rasters, by ranges.

    Raises
    ------
    RemoteError
        A raster that is needed cannot be read.
    ProductError
        The candidate has neither a quality band nor what its spectrum needs.
    """
    told = _told(candidate, ground, transport)
    ice, around, region = ground.parts
    cloud, shadow, notes = told.cloud & ~told.fill, told.shadow & ~told.fill & ~told.cloud, list(told.notes)
    image = ~told.fill
    hidden = (cloud | shadow)[ice]
    if told.has_flags and ground.has_glaciers and _share(hidden, image[ice]) >= _DOUBTED:
        believed, note = _believed(candidate, hidden, ground, transport)
        notes += note
        cloud[ice] &= believed
        shadow[ice] &= believed
    free = image & ~cloud & ~shadow
    if candidate.is_slc_off:
        notes.append("Landsat 7 without its scan line corrector: stripes are missing")
    return Look(
        candidate=candidate,
        seen=_share(image[ice], None),
        cloud_over_ice=_share(cloud[ice], image[ice]) if told.stated_cloud is None else told.stated_cloud,
        shadow_over_ice=_share(shadow[ice], image[ice]),
        snow_off_ice=math.nan if told.snow is None else _share(told.snow[around], free[around]),
        seen_of_region=_share(image[region], None),
        clear=free[ice],
        read_from=told.read_from,
        of_glaciers=ground.has_glaciers,
        notes=tuple(notes),
    )


def _share(of: NDArray[np.bool_], among: NDArray[np.bool_] | None) -> float:
    """Return a share of points, or of those among some; NaN where there are none."""
    chosen = of if among is None else of[among]
    return float(chosen.mean()) if chosen.size else math.nan


def _told(candidate: Candidate, ground: Ground, transport: Transport) -> _Seen:
    try:
        if "pixel" in candidate.quality:
            return _by_bits(candidate, ground, transport)
        if "classes" in candidate.quality:
            return _by_classes(candidate, ground, transport)
        return _by_spectrum(candidate, ground, transport)
    except TooMuchError as error:
        return _by_catalogue(candidate, ground, error.what)


def _by_bits(candidate: Candidate, ground: Ground, transport: Transport) -> _Seen:
    """Read QA_PIXEL; at full resolution where its overviews hold numbers that no product has."""
    notes: tuple[str, ...] = ()
    with opened([candidate.quality["pixel"]], transport) as (raster,):
        level = level_for(raster, ground.look_m, codes=True)
        read = sampled(raster, ground.points_in, level)
        if level is not None and _share(_is_impossible(read.values), read.inside) > _MOST_IMPOSSIBLE:
            read = sampled(raster, ground.points_in, None)
            notes = ("the overviews of QA_PIXEL are means of its bits: its full resolution is read",)
    flags = pixel_flags(read.values.astype(np.uint16), SENSORS[candidate.sensor])
    flags["fill"] = flags["fill"] | ~read.inside
    return _seen(flags, "QA_PIXEL", read, notes)


def _is_impossible(values: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Return which numbers of QA_PIXEL contradict themselves: fill with other bits, or a flag without its confidence.

    Cloud has the confidence 3; shadow and snow have it where they are flagged and nowhere else, and never the
    confidence 2 (LSDS-1618 and LSDS-1619, tables of the pixel quality assessment).
    """
    values = values.astype(np.uint16)

    def confidence(bit: int) -> NDArray[np.uint16]:
        return np.asarray((values >> np.uint16(bit)) & np.uint16(3))

    def flag(name: str) -> NDArray[np.bool_]:
        return np.asarray((values >> np.uint16(PIXEL_BITS[name])) & np.uint16(1), np.bool_)

    wrong = flag("cloud") & (confidence(_CONFIDENCE_BITS["cloud"]) != _HIGH)
    for name in ("cloud_shadow", "snow"):
        sure = confidence(_CONFIDENCE_BITS[name])
        wrong |= (flag(name) != (sure == _HIGH)) | (sure == _RESERVED)
    return np.asarray(np.where(is_fill(values), values != 1, wrong), np.bool_)


def _by_classes(candidate: Candidate, ground: Ground, transport: Transport) -> _Seen:
    with opened([candidate.quality["classes"]], transport) as (raster,):
        read = sampled(raster, ground.points_in, level_for(raster, ground.look_m, codes=True))
    flags = scene_class_flags(read.values.astype(np.uint16))
    flags["fill"] = flags["fill"] | ~read.inside
    return _seen(flags, "scene classification", read, ())


def _seen(flags: Flags, name: str, read: Sampled, notes: tuple[str, ...]) -> _Seen:
    def any_of(names: tuple[str, ...]) -> NDArray[np.bool_]:
        present = [flags[each] for each in names if each in flags]
        return np.logical_or.reduce(present) if present else np.zeros(read.inside.shape, np.bool_)

    return _Seen(
        fill=any_of(_LOST),
        cloud=any_of(_CLOUD),
        shadow=any_of(_SHADOW),
        snow=flags.get("snow"),
        read_from=f"{name}, pixels of {read.pixel_m:.0f} m",
        has_flags=True,
        notes=notes,
    )


def _by_spectrum(candidate: Candidate, ground: Ground, transport: Transport) -> _Seen:
    """Judge by overviews of three bands, and by QA60 where the product has one and it holds anything."""
    green, red, swir1 = reflectance_at(candidate, ("green", "red", "swir1"), ground, transport).values()
    fill = np.isnan(green) | np.isnan(red) | np.isnan(swir1)
    cloud, words = is_cloudy(green, red, swir1), "spectrum (green, red, SWIR 1)"
    if "cloud_bits" in candidate.quality:
        with opened([candidate.quality["cloud_bits"]], transport) as (raster,):
            read = sampled(raster, ground.points_in, level_for(raster, ground.look_m, codes=True))
        flagged = cloud_bit_flags(read.values.astype(np.uint16))["cloud"] & ~is_surely_icy(green, swir1)
        if flagged.any():
            cloud, words = cloud | flagged, f"QA60 and {words}"
    return _Seen(fill, cloud, np.zeros(fill.shape, np.bool_), is_icy(green, swir1), words, has_flags=False)


def _by_catalogue(candidate: Candidate, ground: Ground, why: str) -> _Seen:
    """Take the footprint for the image, and the cloud of the whole scene for that over each point of it.

    Which points are under cloud is not known: none is flagged, and `Look.cloud_over_ice` is the share of the scene.
    """
    points = ground.points_in(degrees().to_wkt())
    fill = ~shapely.contains_xy(candidate.footprint, points[:, 0], points[:, 1])
    none = np.zeros(fill.shape, np.bool_)
    words = "the catalogue: footprint, and cloud of the whole scene"
    cloud = _UNKNOWN_CLOUD if candidate.cloud_cover is None else candidate.cloud_cover / 100
    return _Seen(fill, none, none, None, words, has_flags=False, notes=(f"not looked at: {why}",), stated_cloud=cloud)


def _believed(
    candidate: Candidate, hidden: NDArray[np.bool_], ground: Ground, transport: Transport
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which points of the glaciers may be under cloud as flagged, and a note where some are not.

    Where the candidate lacks what the spectrum needs, the flags are believed, and the note says why.
    """
    believed = np.ones(hidden.shape, np.bool_)
    try:
        found = reflectance_at(candidate, ("green", "swir1"), ground, transport, among=np.flatnonzero(hidden))
    except (ProductError, TooMuchError) as error:
        return believed, [f"flags of cloud over the ice are not checked ({error.what})"]
    believed[hidden] = ~is_surely_icy(found["green"], found["swir1"])
    overruled = float((~believed).mean())
    if overruled < 0.01:
        return np.ones(hidden.shape, np.bool_), []
    flagged = f"{overruled:.0%} of the ice is flagged as cloud, its edge or shadow"
    return believed, [f"{flagged}, and has the spectrum of ice: counted as seen"]
