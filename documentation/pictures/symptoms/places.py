"""Outlines in the wrong place, or cut: seams, shifts, mirrored images, gaps of the scan line corrector."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from documentation.pictures.symptoms.before_after import Case, MapPanel
from documentation.pictures.symptoms.ground import PLATEAU, Ground
from documentation.pictures.symptoms.maps import framed, km2, mapped, missed_share
from trimline.coregistration import Shift, inventory_shift, placed, shift_between
from trimline.errors import GridError
from trimline.inference import ratio_model
from trimline.mapping import MapOptions
from trimline.outlines import trace
from trimline.rasters import write_raster
from trimline.report.composite import false_colour
from trimline.scenes import Scene, moved_scene, open_scene
from trimline.timeline.rules import UNSEEN, combine

_PLAIN = MapOptions(clouds="keep")
_BLUE = 0.1
"""Least blue light of ice [reflectance]."""
OLD_OUTLINES_M = (-112.0, -63.0)
"""How far the outlines of an older inventory lie off, east and north [m]."""
OFF_SCENE_M = (45.0, 0.0)
"""How far a scene lies off its reference: one and a half pixels of Landsat."""
_SMALLEST_M2 = 10_000.0


def seam(ground: Ground) -> Case:
    """Two scenes of one period meet in a straight line, where one has snow; ice in both has no seam."""
    spring, summer = ground.simulated(PLATEAU, "2018-05-28"), ground.simulated(PLATEAU, "2018-08-23")
    model = ratio_model(2.0, blue=_BLUE)
    early, late = (mapped(each.scene, model, _PLAIN).mask for each in (spring, summer))
    grid = summer.scene.geobox
    half = grid.width // 2
    west = early.copy()
    west[:, half:] = UNSEEN
    states = np.stack([west, late])
    joined, least = (_traced(combine(rule, states).state, grid) for rule in ("reference", "minimum-snow"))
    line = shapely.LineString([grid.affine * (half, 0), grid.affine * (half, grid.height)])
    snow = joined.union_all().difference(least.union_all())
    picture = false_colour(summer.scene)
    picture[:, :half] = false_colour(spring.scene)[:, :half]
    return Case(
        "seam",
        "Simulated Landsat 8, May in the west, August in the east",
        (
            MapPanel("rule: reference", summer.scene, joined, false=snow, picture=picture),
            MapPanel("rule: minimum-snow", summer.scene, right=least, picture=picture),
        ),
        "outline along the line where the scenes meet [m]",
        _along(joined, line),
        _along(least, line),
    )


def shifted_outlines(ground: Ground) -> Case:
    """Outlines of an older inventory lie off the image; the shift is measured, and they are moved back."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    east, north = OLD_OUTLINES_M
    old = look.truth.assign(geometry=look.truth.translate(east, north))
    found = inventory_shift(old, look.scene)
    if not isinstance(found, Shift):
        raise GridError(str(found), where="shifted_outlines")
    back = old.translate(-found.east_m, -found.north_m)
    window = _window(look.scene, 80, 25, 70)
    moved, belongs = old.geometry.union_all(), back.union_all()
    return Case(
        "shifted_outlines",
        look.source,
        (
            MapPanel(
                "an inventory as it came",
                look.scene,
                old.geometry,
                false=moved.difference(belongs),
                missed=belongs.difference(moved),
                window=window,
            ),
            MapPanel("moved back by what align says", look.scene, right=back, window=window),
        ),
        "distance from where it belongs [m]",
        float(np.hypot(east, north)),
        float(np.hypot(east - found.east_m, north - found.north_m)),
    )


def shifted_scene(ground: Ground) -> Case:
    """Map a scene that lies off its reference by a pixel: strips of loss and gain that are no change."""
    first = ground.simulated(PLATEAU, "2010-09-02").scene
    second = ground.simulated(PLATEAU, "2018-08-23").scene
    model = ratio_model(2.0, blue=_BLUE)
    reference = mapped(first, model, _PLAIN)
    off = moved_scene(second, *OFF_SCENE_M)
    found = shift_between(first, off)
    back = placed(off, found)
    if not isinstance(found, Shift):
        raise GridError(str(found), where="shifted_scene")
    wrong, right = mapped(off, model, _PLAIN), mapped(back, model, _PLAIN)
    window = _window(second, 100, 110, 50)
    return Case(
        "shifted_scene",
        "Simulated Landsat 5 and 8; no ice changed",
        (
            MapPanel(
                "as it lies: 1.5 pixels east",
                first,
                wrong.outlines,
                false=wrong.ice.difference(reference.ice),
                missed=reference.ice.difference(wrong.ice),
                window=window,
            ),
            MapPanel(
                "with --align",
                first,
                right=right.outlines,
                false=right.ice.difference(reference.ice),
                missed=reference.ice.difference(right.ice),
                window=window,
            ),
        ),
        "ice that seems to have come or gone [km2]",
        km2(wrong.ice.symmetric_difference(reference.ice)),
        km2(right.ice.symmetric_difference(reference.ice)),
    )


def mirrored(ground: Ground) -> Case:
    """Rows written from south to north under a grid from north to south: the image is upside down."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    bands = ["blue", "green", "red", "nir", "swir1", "swir2"]
    values = look.scene.read(bands).values[:, ::-1]
    path = Path(ground.folder) / "mirrored.tif"
    write_raster(path, np.ascontiguousarray(values, np.float32), look.scene.geobox, names=bands, nodata=float("nan"))
    upside_down = open_scene(path, sensor="landsat-8-oli", scale=1, offset=0)
    model = ratio_model(2.0, blue=_BLUE)
    wrong, right = mapped(upside_down, model, _PLAIN), mapped(look.scene, model, _PLAIN)
    truth = framed(look.truth, look.scene)
    return Case(
        "mirrored",
        look.source,
        (
            MapPanel("rows in the wrong order", look.scene, wrong.outlines),
            MapPanel("rows from north to south", look.scene, right=right.outlines),
        ),
        "true ice that is missed, of all",
        missed_share(wrong.ice, truth),
        missed_share(right.ice, truth),
    )


def stripes(ground: Ground) -> Case:
    """Landsat 7 since June 2003 has gaps; a second scene of the period fills them."""
    striped, whole = ground.simulated(PLATEAU, "2010-08-25"), ground.simulated(PLATEAU, "2010-09-02")
    model = ratio_model(2.0, blue=0.14)
    cut, second = (mapped(each.scene, model, _PLAIN) for each in (striped, whole))
    together = _traced(combine("reference", np.stack([cut.mask, second.mask])).state, striped.scene.geobox)
    truth = framed(whole.truth, whole.scene)
    return Case(
        "stripes",
        "Simulated Landsat 7 and 5, 25 August and 2 September 2010",
        (
            MapPanel("Landsat 7 alone", striped.scene, cut.outlines, hidden=cut.hidden),
            MapPanel("period of two scenes", whole.scene, right=together),
        ),
        "true ice outside the outlines, of all",
        missed_share(cut.ice, truth),
        missed_share(together.union_all(), truth),
        {"outlines before": float(len(cut.outlines)), "outlines after": float(len(together))},
    )


def _traced(state: NDArray[np.uint8], grid: GeoBox) -> gpd.GeoSeries:
    return trace(state == 1, grid, minimum_area_m2=_SMALLEST_M2).geometry


def _along(outlines: gpd.GeoSeries, line: shapely.LineString) -> float:
    """Return how much of the outlines' edges lies on a line [m]."""
    return float(outlines.boundary.intersection(line.buffer(1.0)).length.sum())


def _window(scene: Scene, row: int, column: int, side: int) -> GeoBox:
    return scene.geobox[row : row + side, column : column + side]
