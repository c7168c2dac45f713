"""Benchmark of the simulator's spectra: percentiles of simulated pixels beside those of hand-classed points.

Two ranges of each of two environments are seen by Sentinel-2, without cloud and noise, at the top of the atmosphere
and as products of surface reflectance; pixels that are wholly of one class, in the sun or wholly in shadow, are
counted. The points are read from TRIMLINE_DATA where it is set, else their percentiles come from the package's table.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimline.bench.figures import Figure
from trimline.sensors import get_sensor
from trimline.simulate import camera
from trimline.simulate.clouds import scatter
from trimline.simulate.environments import ENVIRONMENTS
from trimline.simulate.ice import glaciers
from trimline.simulate.illumination import direct_light, sky_view
from trimline.simulate.spectra import Level, Surface, percentiles, real_percentiles
from trimline.simulate.spectral_points import CLASSES, FILES, LANDSAT, read_points
from trimline.simulate.surfaces import Ground, lay_out
from trimline.simulate.terrain import mountain_range, reduce

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
SHOWN = (10, 50, 90)
"""Percentiles that are compared."""
THRESHOLDS = np.arange(1.0, 6.01, 0.1)
"""Thresholds of the band ratio red / swir1 among which the best is sought."""
SCORED = (1.5, 2.0, 2.5, 3.1, 4.0, 5.0)
"""Thresholds whose F1 is shown; 3.1 is that of Chen and others (2022)."""

FIGURES: Mapping[str, Figure] = {
    "median_difference": Figure("difference of simulated and measured median reflectance, in the middle", "less"),
    **{
        f"{name} / best threshold": Figure(f"best red / SWIR 1 on a {name} range")
        for name in ("cold-dry", "warm-green")
    },
}

_LEVELS: tuple[Level, ...] = ("toa", "surface")
_ENVIRONMENTS = ("cold-dry", "warm-green")
_SEEDS = (2, 5)
_PIXEL_M, _FINER, _CELLS = 10.0, 2, 8
_SUN_AZIMUTH, _SUN_ELEVATION = 145.0, 50.0
_SUNLIT = 0.25
_FEWEST = 50


@dataclass(frozen=True)
class Scene:
    """A simulated range in the sun, on the grid of the sensor."""

    ground: Ground
    light: camera.Light
    name: str
    """Its environment."""

    def seen(self, band: str, level: Level) -> NDArray[np.float64]:
        """Return the reflectance in a band."""
        clear = scatter(self.ground.elevation_m, self.ground.pixel_m, 0.0, 0.0, 0.0, 45.0, np.random.default_rng(0))
        one = get_sensor("sentinel-2-msi").band(band)
        return camera.reflectance(one, self.ground, self.light, clear, ENVIRONMENTS[self.name].haze, _FINER, level)

    def where(self, kind: str) -> NDArray[np.bool_]:
        """Return the pixels that are wholly of a class of the points."""
        surfaces = {
            "snow": (Surface.SNOW, Surface.FIRN),
            "shadowed snow": (Surface.SNOW, Surface.FIRN),
            "ice": (Surface.ICE,),
            "rock or debris": (Surface.ROCK, Surface.DEBRIS),
            "water": (Surface.TURBID_LAKE,),
        }[kind]
        lit = self.light.direct == 0 if kind == "shadowed snow" else self.light.direct > _SUNLIT
        found: NDArray[np.bool_] = reduce((np.isin(self.ground.surface, surfaces) & lit).astype(float), _FINER) == 1
        return found

    def truth(self) -> NDArray[np.bool_]:
        """Return the pixels that are mostly glacier."""
        ice: NDArray[np.bool_] = reduce(self.ground.is_glacier.astype(float), _FINER) >= 0.5
        return ice


def scenes(size: int = 384) -> Iterator[Scene]:
    """Yield the simulated ranges, `size` pixels of 10 m on a side, a multiple of 16."""
    for name in _ENVIRONMENTS:
        environment = ENVIRONMENTS[name]
        for seed in _SEEDS:
            relief, pattern = (np.random.default_rng([seed, part]) for part in (0, 1))
            bed = mountain_range(
                (size, size),
                _PIXEL_M,
                relief,
                lowest_m=environment.lowest_m,
                highest_m=environment.highest_m,
                roughness_m=environment.roughness_m,
                coarsening=_CELLS // 2,
            )
            ice = next(glaciers(bed, _PIXEL_M, _CELLS, environment.climate, [(0.0, 0.0)]))
            ground = lay_out(bed, ice, _PIXEL_M, _FINER, environment, rise_m=0.0, snow=1.0, generator=pattern)
            light = camera.Light(
                direct_light(ground.elevation_m, ground.pixel_m, _SUN_AZIMUTH, _SUN_ELEVATION),
                sky_view(ground.elevation_m, ground.pixel_m),
            )
            yield Scene(ground, light, name)


def measure(size: int = 384) -> dict[str, float]:
    """Return percentiles by level, class and band, simulated and of the points, and F1 of a band ratio by threshold.

    Parameters
    ----------
    size
        Side of each simulated range [pixels of 10 m]; a multiple of 16.
    """
    pixels: dict[tuple[str, str, str], list[NDArray[np.float64]]] = {}
    ratios: dict[str, list[tuple[NDArray[np.float64], NDArray[np.bool_]]]] = {}
    for scene in scenes(size):
        places = {kind: scene.where(kind) for kind in CLASSES}
        for level in _LEVELS:
            bands = {band: scene.seen(band, level) for band in BANDS}
            for kind, place in places.items():
                for band, values in bands.items():
                    pixels.setdefault((level, kind, band), []).append(values[place])
            if level == "toa":
                seen = ((bands["red"] / bands["swir1"]).ravel(), scene.truth().ravel())
                ratios.setdefault(scene.name, []).append(seen)
    real = _of_points()
    figures: dict[str, float] = {}
    for key, parts in pixels.items():
        values = np.concatenate(parts)
        for number in SHOWN:
            name = f"{' / '.join(key)} / p{number}"
            figures[f"{name} / simulated"] = float(np.percentile(values, number)) if values.size >= _FEWEST else np.nan
            for source in ("sentinel-2", "landsat"):
                if (source, *key, number) in real:
                    figures[f"{name} / {source}"] = real[source, *key, number]
    figures["median_difference"] = _median_difference(figures)
    for name, parts_of in ratios.items():
        ratio, truth = (np.concatenate(each) for each in zip(*parts_of, strict=True))
        figures[f"{name} / best threshold"] = best_threshold(ratio, truth)
        for threshold in SCORED:
            figures[f"{name} / F1 at {threshold}"] = f1(ratio > threshold, truth)
    return figures


def best_threshold(ratio: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """Return the one of `THRESHOLDS` with the highest F1 of glacier."""
    return float(THRESHOLDS[int(np.argmax([f1(ratio > threshold, truth) for threshold in THRESHOLDS]))])


def f1(mapped: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Return F1 of a mask, 0 where nothing is mapped and nothing is true."""
    return 2.0 * float((mapped & truth).sum()) / max(float(mapped.sum() + truth.sum()), 1.0)


def _median_difference(figures: Mapping[str, float]) -> float:
    """Return how far simulated medians lie from measured ones, in the middle of all classes and bands [reflectance]."""
    apart = [
        abs(figures[f"{key.removesuffix(source)}simulated"] - value)
        for key, value in figures.items()
        for source in ("sentinel-2", "landsat")
        if key.endswith(f"p50 / {source}")
    ]
    return float(np.nanmedian(apart))


def table(figures: Mapping[str, float]) -> tuple[list[str], list[list[str]]]:
    """Return columns and rows that show the figures side by side."""
    shown = " / ".join(str(number) for number in SHOWN)
    columns = ["level", "class", "band", *(f"{who} {shown}" for who in ("simulated", "Sentinel-2", "Landsat"))]
    rows = []
    for level in _LEVELS:
        for kind in CLASSES:
            for band in BANDS:
                cells = [
                    " / ".join(_text(figures.get(f"{level} / {kind} / {band} / p{number} / {who}")) for number in SHOWN)
                    for who in ("simulated", "sentinel-2", "landsat")
                ]
                rows.append([level, kind, band, *(cell if any(c.isdigit() for c in cell) else "–" for cell in cells)])
    for name in _ENVIRONMENTS:
        scores = [f"{100 * figures[f'{name} / F1 at {threshold}']:.1f} at {threshold}" for threshold in SCORED]
        best = figures[f"{name} / best threshold"]
        rows.append(["toa", f"glacier, {name}", "red / swir1", f"best at {best:.1f}; F1 % {', '.join(scores)}", "", ""])
    return columns, rows


def _text(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else f"{value:.3f}"


def _of_points() -> dict[tuple[Any, ...], float]:
    """Return percentiles of the points by source, level, class, band and number."""
    folder = os.environ.get("TRIMLINE_DATA")
    found: dict[tuple[Any, ...], float] = {}
    if folder is None:
        for level in _LEVELS:
            for kind in CLASSES:
                for band, values in real_percentiles(level, kind).items():
                    for number in SHOWN:
                        found["sentinel-2", level, kind, band, number] = float(values[percentiles().index(number)])
        return found
    given = [("sentinel-2", level, *FILES[level]) for level in _LEVELS] + [("landsat", "surface", *LANDSAT)]
    for source, level, file, names in given:
        for kind, points in read_points(folder, file, names).groupby("class"):
            for band in points.columns.drop("class"):
                values = points[band].dropna()
                if len(values) >= _FEWEST:
                    for number in SHOWN:
                        found[source, level, kind, band, number] = float(np.percentile(values, number))
    return found
