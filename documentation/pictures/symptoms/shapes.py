"""Shapes of outlines: divides, a year that jumps out, tiny polygons, holes, stairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from documentation.pictures.symptoms.before_after import RIGHT, WRONG, Case, MapPanel
from documentation.pictures.symptoms.ground import PLATEAU, TURBID, Ground
from documentation.pictures.symptoms.maps import framed, km2, mapped
from trimline.change.outlying_periods import outlying_periods
from trimline.glaciers.divides import divide
from trimline.inference import ratio_model
from trimline.mapping import MapOptions
from trimline.mapping.options import MINIMUM_AREA_M2
from trimline.outlines import trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLAIN = MapOptions(clouds="keep")


def divides(ground: Ground) -> Case:
    """Split connected ice, which is one outline, into glaciers along the divides of an elevation model."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    ice = mapped(look.scene, ratio_model(2.0, blue=0.1), _PLAIN).outlines
    whole = gpd.GeoDataFrame({"glac_id": [f"complex-{row}" for row in range(len(ice))]}, geometry=ice)
    parts = divide(whole, ground.dem(PLATEAU))
    return Case(
        "divides",
        look.source,
        (
            MapPanel("as mapped: all ice is one", look.scene, whole.geometry),
            MapPanel(f"--divide: {len(parts)} glaciers", look.scene, right=parts.geometry),
        ),
        "largest outline, of all ice",
        float(whole.area.max() / whole.area.sum()),
        float(parts.area.max() / parts.area.sum()),
        {"area before": km2(whole.union_all()), "area after": km2(parts.union_all())},
    )


def area_jump(ground: Ground) -> Case:
    """One year of a series was mapped under snow, and its area jumps out."""
    spring, summer = ground.simulated(PLATEAU, "2018-05-28"), ground.simulated(PLATEAU, "2018-08-23")
    model = ratio_model(2.0, blue=0.1)
    snowy, clear = (mapped(each.scene, model, _PLAIN) for each in (spring, summer))
    years = np.array([1990.6, 1995.6, 2000.6, 2005.6, 2010.6, 2015.6, 2018.4])
    areas = np.array([km2(clear.ice.buffer(4.0 * (2018.6 - year))) for year in years[:-1]] + [km2(snowy.ice)])
    errors = np.full(len(years), 15.0 * clear.ice.length / 1e6)
    table = pd.DataFrame(
        {
            "level": "region",
            "part": "all",
            "period": [f"{year:.0f}" for year in np.floor(years)],
            "src_year": years,
            "area_km2": areas,
            "uncertainty_km2": errors,
        }
    )
    flagged = set(outlying_periods(table)["period"])
    is_outlying = np.array([period in flagged for period in table["period"]])
    return Case(
        "area_jump",
        "Simulated Landsat 8; areas before 2018 by a retreat of 4 m a year",
        (
            SeriesPanel("a year jumps out", years, areas, errors, is_outlying),
            MapPanel("2018: spring and late summer", spring.scene, snowy.outlines, clear.outlines),
        ),
        "area above that of the clear scene, of it",
        km2(snowy.ice) / km2(clear.ice) - 1,
        0.0,
        {"flagged": float(is_outlying.sum()), "the last is flagged": float(is_outlying[-1])},
    )


def tiny_polygons(ground: Ground) -> Case:
    """Single pixels of snow and noise become outlines; a filter and a least area leave glaciers."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    every = mapped(look.scene, ratio_model(2.0, blue=0.1, filter=0), MapOptions(clouds="keep", minimum_area_m2=0))
    kept = mapped(look.scene, ratio_model(2.0, blue=0.1), MapOptions(clouds="keep", minimum_area_m2=50_000))
    return Case(
        "tiny_polygons",
        look.source,
        (
            MapPanel(f"unfiltered: {len(every.outlines)} outlines", look.scene, every.outlines),
            MapPanel(f"filtered, 0.05 km²: {len(kept.outlines)}", look.scene, right=kept.outlines),
        ),
        "outlines smaller than 0.05 km2",
        float((every.outlines.area < 50_000).sum()),
        float((kept.outlines.area < 50_000).sum()),
        {"area before": km2(every.ice), "area after": km2(kept.ice)},
    )


def holes(ground: Ground) -> Case:
    """Holes of a few pixels are mostly noise; small ones are filled, nunataks stay."""
    look = ground.simulated(TURBID, "2022-08-23")
    every = mapped(look.scene, ground.network)
    grid = look.scene.geobox
    filled = trace(every.mask == 1, grid, minimum_area_m2=MINIMUM_AREA_M2, minimum_hole_m2=10_000).geometry
    window = grid[148:288, 0:140]
    return Case(
        "holes",
        look.source,
        (
            MapPanel(
                f"as mapped: {_holes(every.outlines)} holes",
                look.scene,
                every.outlines,
                hidden=every.hidden,
                window=window,
            ),
            MapPanel(
                f"below 0.01 km² filled: {_holes(filled)}",
                look.scene,
                right=filled,
                hidden=every.hidden,
                window=window,
            ),
        ),
        "holes that are no nunatak of the truth",
        float(_holes(every.outlines)),
        float(_holes(filled)),
        {"true ice": km2(framed(look.truth, look.scene))},
    )


def stairs(ground: Ground) -> Case:
    """Outlines follow the pixels; cut corners keep every area."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    model = ratio_model(2.0, blue=0.1, filter=3)
    stepped = mapped(look.scene, model, _PLAIN)
    smooth = mapped(look.scene, model, MapOptions(clouds="keep", smoothing=3))
    window = look.scene.geobox[112:147, 45:80]
    return Case(
        "stairs",
        look.source,
        (
            MapPanel("--smoothing 0", look.scene, stepped.outlines, window=window),
            MapPanel("--smoothing 3", look.scene, right=smooth.outlines, window=window),
        ),
        "corners that are right angles, of all",
        _right_angles(stepped.outlines),
        _right_angles(smooth.outlines),
        {"area before": km2(stepped.ice), "area after": km2(smooth.ice)},
    )


@dataclass(frozen=True)
class SeriesPanel:
    """Areas over the years, with those that jump out."""

    title: str
    years: np.ndarray[tuple[int], np.dtype[np.float64]]
    areas_km2: np.ndarray[tuple[int], np.dtype[np.float64]]
    errors_km2: np.ndarray[tuple[int], np.dtype[np.float64]]
    is_outlying: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def kinds(self) -> frozenset[str]:
        """What of the legend it shows."""
        return frozenset({"wrong", "right"})

    @property
    def aspect(self) -> float:
        """Its height by its width."""
        return 1.0

    def draw(self, axes: Axes) -> None:
        """Draw it."""
        for kind, colour, marker in ((~self.is_outlying, RIGHT, "o"), (self.is_outlying, WRONG, "D")):
            axes.errorbar(
                self.years[kind],
                self.areas_km2[kind],
                self.errors_km2[kind],
                color=colour,
                marker=marker,
                markersize=9,
                linestyle="none",
                capsize=4,
            )
        good = ~self.is_outlying
        axes.plot(self.years[good], self.areas_km2[good], color=RIGHT, linewidth=1.5)
        axes.set_ylabel("area, km²", fontsize=12)
        axes.tick_params(labelsize=12)
        axes.locator_params(axis="x", nbins=4)
        axes.set_box_aspect(1)


def _holes(outlines: gpd.GeoSeries) -> int:
    return int(sum(len(shape.interiors) for shape in outlines.explode()))


def _right_angles(outlines: gpd.GeoSeries) -> float:
    """Return the share of the corners that turn by 90 degrees."""
    turns = []
    for ring in outlines.explode().exterior:
        x, y = np.diff(np.asarray(ring.coords)[:, :2], axis=0).T
        along = np.arctan2(y, x)
        turns.append(np.abs((np.diff(along, append=along[0]) + np.pi) % (2 * np.pi) - np.pi))
    turned = np.concatenate(turns)
    corners = turned[turned > 1e-6]
    return float(np.isclose(corners, np.pi / 2).mean())
