"""Simulation of a range from its settings: terrain, glaciers through the years, acquisitions, and their files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.types import wh_
from rasterio.features import rasterize

from trimline import __version__
from trimline.errors import SimulationError
from trimline.files import StrPath, made_folder, write_json
from trimline.outlines import area_and_perimeter_km, trace, write_outlines
from trimline.progress import track
from trimline.project import SimulatedRange, SimulatedScene
from trimline.rasters import write_raster
from trimline.reprojecting import in_degrees
from trimline.scenes.landsat_metadata import SLC_FAILURE
from trimline.scenes.sun import sun_position
from trimline.sensors import get_sensor
from trimline.simulate import camera
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.clouds import scatter
from trimline.simulate.environments import ENVIRONMENTS, Environment
from trimline.simulate.ice import glaciers
from trimline.simulate.illumination import direct_light, sky_view
from trimline.simulate.limits import check_settings
from trimline.simulate.products import write_product
from trimline.simulate.scan_gaps import scan_gaps
from trimline.simulate.spectra import Level, Surface
from trimline.simulate.surfaces import Ground, lay_out
from trimline.simulate.terrain import Field, mountain_range, reduce

CARVED_M, FLOWING_M = 60.0, 120.0
"""Largest cells of river erosion and of ice flow [m]."""
_BEYOND = 0.125
"""Margin of terrain and ice beyond the scene, on each side, as a share of its side."""
FINER = 2
"""Pixels of the surfaces along the side of a DEM pixel; all sensors sample these surfaces."""
LOCAL_SOLAR_TIME = time(10, 15)
"""Local time of the acquisitions."""
END_OF_MELT, MELTED_DAYS = 237, 10
"""Day of the year with the least snow (25 August), and the days before and after it with as little."""
MANIFEST = "truth.json"


@dataclass(frozen=True)
class SceneRecord:
    """One acquisition on disk."""

    date: str
    sensor: str
    product: str
    """Product folder, archive or GeoTIFF stack, within the range's folder."""
    outlines: str
    """True outlines, within the range's folder."""
    area_km2: float
    """True area of all glaciers, debris-covered ice among them."""
    debris_km2: float
    """Debris-covered ice."""
    equilibrium_line_m: float
    cloud_fraction: float
    shares: dict[str, float]
    """Share of each surface in the scene."""


@dataclass(frozen=True)
class RangeManifest:
    """The files that `write_range` wrote; also stored with the products as `truth.json`."""

    folder: Path
    name: str
    environment: str
    seed: int
    dem: str
    """Surface elevation at the first date, within the folder."""
    scenes: tuple[SceneRecord, ...]


def write_range(settings: SimulatedRange, folder: StrPath, *, progress: bool = True) -> RangeManifest:
    """Simulate a range and write its products, true outlines and DEM.

    The same settings give the same bytes.

    Parameters
    ----------
    settings
        The terrain, the climate and the acquisitions.
    folder
        Gets one product per acquisition, `outlines_<date>.gpkg`, `dem.tif` and `truth.json`.
    progress
        Show a progress bar where standard error is a terminal.

    Raises
    ------
    SimulationError
        The grid does not divide, two acquisitions would have one name, or no glacier grows.
    """
    folder = Path(folder)
    environment = ENVIRONMENTS[settings.environment]
    acquisitions = sorted(settings.scenes, key=lambda acquisition: acquisition.date)
    check_settings(settings, 2 * _coarsening(settings, FLOWING_M), FINER)
    streams = np.random.SeedSequence(settings.seed).spawn(2 + len(acquisitions))
    pixel_m = settings.resolution_m
    cells, margin = _coarsening(settings, FLOWING_M), _margin(settings)
    wide = mountain_range(
        (settings.size + 2 * margin, settings.size + 2 * margin),
        pixel_m,
        np.random.default_rng(streams[0]),
        lowest_m=environment.lowest_m,
        highest_m=environment.highest_m,
        roughness_m=environment.roughness_m,
        coarsening=_coarsening(settings, CARVED_M),
    )
    made_folder(folder)
    seen = np.s_[margin : margin + settings.size, margin : margin + settings.size]
    bed = wide[seen]
    ice = (each[seen] for each in glaciers(wide, pixel_m, cells, environment.climate, _spells(settings, acquisitions)))
    steps: Any = zip(acquisitions, ice, streams[2:], strict=True)
    records: list[SceneRecord] = []
    for acquisition, thickness, stream in track(steps, "simulating") if progress else steps:
        if not (thickness > 0).any():
            raise SimulationError(
                f"no glacier is left on {acquisition.date}",
                where=settings.name,
                remedy="lower rise_m_per_a, or enlarge size",
            )
        if not records:
            surface = (bed + thickness).astype(np.float32)
            write_raster(folder / "dem.tif", surface, _geobox(settings, pixel_m), driver="COG")
        pattern = np.random.default_rng(streams[1])
        records.append(_write_look(settings, environment, acquisition, bed, thickness, folder, pattern, stream))
    manifest = RangeManifest(folder, settings.name, settings.environment, settings.seed, "dem.tif", tuple(records))
    content = asdict(manifest) | {"trimline": __version__, "settings": settings.model_dump(mode="json")}
    del content["folder"]
    write_json(folder / MANIFEST, content)
    return manifest


def _coarsening(settings: SimulatedRange, largest_m: float) -> int:
    """Pixels per cell: a power of two, at most `largest_m` on a side."""
    return int(2 ** max(0, math.floor(math.log2(largest_m / settings.resolution_m))))


def _margin(settings: SimulatedRange) -> int:
    """Return the margin beyond the scene [pixels], so that glaciers flow into and out of it."""
    step = 2 * _coarsening(settings, FLOWING_M)
    return math.ceil(_BEYOND * settings.size / step) * step


def _spells(settings: SimulatedRange, acquisitions: list[SimulatedScene]) -> Iterator[tuple[float, float]]:
    """Yield, per acquisition, the years since the last one and the rise of the equilibrium line by then."""
    before = 0.0
    for acquisition in acquisitions:
        now = _years_of_warming(settings, acquisition.date)
        yield now - before, now * settings.rise_m_per_a
        before = now


def _years_of_warming(settings: SimulatedRange, day: date) -> float:
    """Return the time since the first of January of the first year; 0 before it."""
    length = (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    return max(0.0, day.year + (day.timetuple().tm_yday - 1) / length - settings.first_year)


def _geobox(settings: SimulatedRange, pixel_m: float) -> GeoBox:
    side = round(settings.size * settings.resolution_m / pixel_m)
    left, top = settings.upper_left
    return GeoBox(wh_(side, side), Affine(pixel_m, 0.0, left, 0.0, -pixel_m, top), f"EPSG:{settings.epsg}")


def _write_look(
    settings: SimulatedRange,
    environment: Environment,
    scene: SimulatedScene,
    bed: Field,
    thickness: Field,
    folder: Path,
    pattern: np.random.Generator,
    stream: np.random.SeedSequence,
) -> SceneRecord:
    """Simulate one acquisition; write the product and the true outlines."""
    weather, sensor_noise = (np.random.default_rng(each) for each in stream.spawn(2))
    sensor = get_sensor(scene.sensor)
    rise_m = _years_of_warming(settings, scene.date) * settings.rise_m_per_a
    snow = 1.0 if scene.snow is None else scene.snow
    snow *= _season(scene) * float(np.exp(0.15 * weather.standard_normal()))
    ground = lay_out(
        bed,
        thickness,
        settings.resolution_m,
        FINER,
        environment,
        rise_m=rise_m,
        snow=snow,
        generator=pattern,
    )
    geobox = _geobox(settings, sensor.gsd_m)
    moment, azimuth, elevation = _sun(geobox, scene)
    cloud_fraction = environment.cloud_fraction if scene.cloud_fraction is None else scene.cloud_fraction
    clouds = scatter(
        ground.elevation_m, ground.pixel_m, cloud_fraction, environment.thin_cloud, azimuth, elevation, weather
    )
    light = camera.Light(
        direct_light(ground.elevation_m, ground.pixel_m, azimuth, elevation),
        sky_view(ground.elevation_m, ground.pixel_m),
    )
    haze = environment.haze * float(np.exp(0.2 * weather.standard_normal()))
    coarser = round(sensor.gsd_m / ground.pixel_m)
    line_m = environment.climate.equilibrium_line_m + rise_m
    level: Level = "surface" if scene.level == "L2A" else "toa"
    bands = {
        band.common: camera.temperature_k(ground, light, clouds, line_m + 300.0, coarser)
        if band.is_thermal
        else camera.reflectance(band, ground, light, clouds, haze, coarser, level)
        for band in sensor.bands
        if band.common != "pan"
    }
    flags = _flags(ground, clouds.opacity, clouds.shade, coarser)
    broken = sensor.instrument == "ETM+" and moment >= SLC_FAILURE
    flags["fill"] = scan_gaps(geobox) if broken else np.zeros(geobox.shape, bool)
    acquisition = Acquisition(sensor, moment, geobox, azimuth, elevation, settings.wrs2, bands, flags)
    product = write_product(acquisition, scene, folder, sensor_noise)
    outlines = _true_outlines(ground, _geobox(settings, ground.pixel_m), scene)
    path = folder / f"outlines_{scene.date:%Y%m%d}.gpkg"
    write_outlines(outlines, path)
    pixel_km2 = ground.pixel_m**2 / 1e6
    return SceneRecord(
        date=scene.date.isoformat(),
        sensor=sensor.id,
        product=product.name,
        outlines=path.name,
        area_km2=float(outlines["area_km2"].sum()),
        debris_km2=float(np.count_nonzero(ground.is_debris) * pixel_km2),
        equilibrium_line_m=line_m,
        cloud_fraction=float((clouds.opacity > 0).mean()),
        shares={surface.name.lower(): float((ground.surface == surface).mean()) for surface in Surface},
    )


def _season(scene: SimulatedScene) -> float:
    """Return the snow of a day relative to the end of the melt season: twice as much a month away."""
    away = abs(scene.date.timetuple().tm_yday - END_OF_MELT)
    return float(2.0 ** (max(0, away - MELTED_DAYS) / 30.0))


def _sun(geobox: GeoBox, scene: SimulatedScene) -> tuple[datetime, float, float]:
    """Return the time of the acquisition (UTC) and the position of the sun [degrees]."""
    longitude, latitude = geobox.footprint("EPSG:4326").centroid.coords[0]
    noon_shift = timedelta(hours=longitude / 15.0)
    moment = datetime.combine(scene.date, LOCAL_SOLAR_TIME, UTC) - noon_shift
    moment = moment.replace(microsecond=0)
    azimuth, elevation = sun_position(moment, longitude, latitude)
    return moment, float(azimuth), float(elevation)


def _flags(ground: Ground, opacity: Field, shade: Field, coarser: int) -> dict[str, NDArray[np.bool_]]:
    def mostly(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return reduce(where.astype(np.float64), coarser) >= 0.5

    surface = ground.surface
    return {
        "cloud": mostly(opacity > 0.3),
        "cloud_shadow": mostly(shade > 0.3),
        "snow": mostly(np.isin(surface, (Surface.SNOW, Surface.FIRN, Surface.ICE))),
        "water": mostly(np.isin(surface, (Surface.CLEAR_LAKE, Surface.TURBID_LAKE))),
    }


def _true_outlines(ground: Ground, geobox: GeoBox, scene: SimulatedScene) -> gpd.GeoDataFrame:
    """Trace the glaciers; one polygon per body of ice, largest first, with RGI 7.0 names for what is known."""
    outlines = trace(ground.is_glacier.astype(np.uint8), geobox)
    outlines["area_km2"], outlines["perimeter_km"] = area_and_perimeter_km(outlines)
    outlines = outlines.sort_values("area_km2", ascending=False, ignore_index=True)
    outlines["glac_id"] = [f"{scene.date:%Y}-{number:04d}" for number in range(1, len(outlines) + 1)]
    outlines["src_date"] = scene.date.isoformat()
    points = in_degrees(outlines.representative_point())
    outlines["cenlon"], outlines["cenlat"] = points.x, points.y
    outlines[["zmin_m", "zmax_m", "zmed_m"]] = _heights(outlines, ground, geobox)
    return outlines


def _heights(outlines: gpd.GeoDataFrame, ground: Ground, geobox: GeoBox) -> NDArray[np.float64]:
    """Return the lowest, highest and median height of each outline [m]."""
    numbers = rasterize(
        zip(outlines.geometry, range(1, len(outlines) + 1), strict=True),
        out_shape=geobox.shape,
        transform=geobox.transform,
        dtype=np.int32,
    )
    order = np.argsort(numbers, axis=None, kind="stable")
    heights = ground.elevation_m.ravel()[order]
    starts = np.searchsorted(numbers.ravel()[order], np.arange(1, len(outlines) + 2))
    parts = [heights[a:b] for a, b in pairwise(starts)]
    return np.array([(part.min(), part.max(), np.median(part)) for part in parts])
