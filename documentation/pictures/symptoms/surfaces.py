"""Surfaces and light that are taken for ice, or hide it: snow, water, cloud, cast shadow, debris."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from documentation.pictures.symptoms.before_after import Case, MapPanel
from documentation.pictures.symptoms.ground import PLATEAU, TURBID, VALLEYS, Ground
from documentation.pictures.symptoms.maps import Map, false_share, framed, km2, mapped, missed_share
from trimline.inference import ratio_model
from trimline.mapping import MapOptions
from trimline.outlines import rasterise
from trimline.scenes import Scene

_PLAIN = MapOptions(clouds="keep")
"""Of clear scenes: nothing is asked about cloud."""
_SMALLEST_NUNATAK_M2 = 20_000.0
_FILLED = MapOptions(minimum_hole_m2=_SMALLEST_NUNATAK_M2)


def snow(ground: Ground) -> Case:
    """Seasonal snow on rock is mapped as ice; a scene without fresh snow shows the glaciers."""
    autumn, summer = ground.khumbu("autumn"), ground.khumbu("summer")
    if autumn is None or summer is None:
        return _simulated_snow(ground)
    early, late = (mapped(each.scene, ground.network, _FILLED) for each in (autumn, summer))
    return Case(
        "snow",
        "Khumbu, Sentinel-2, 2024",
        (
            MapPanel("autumn, after a snowfall", autumn.scene, early.outlines, false=early.ice.difference(late.ice)),
            MapPanel("summer: the ice without snow", summer.scene, right=late.outlines),
        ),
        "ice that is none, of that in the scene without snow",
        false_share(early.ice, late.ice),
        0.0,
    )


def _simulated_snow(ground: Ground) -> Case:
    spring, summer = ground.simulated(PLATEAU, "2018-05-28"), ground.simulated(PLATEAU, "2018-08-23")
    model = ratio_model(2.0, blue=0.1)
    early, late = (mapped(each.scene, model, _PLAIN) for each in (spring, summer))
    truth = framed(summer.truth, summer.scene)
    return Case(
        "snow",
        "Simulated Landsat 8",
        (
            MapPanel("28 May: snow counts as ice", spring.scene, early.outlines, false=early.ice.difference(late.ice)),
            MapPanel("23 August: the same place", summer.scene, right=late.outlines),
        ),
        "ice that is none, of the true ice",
        false_share(early.ice, truth),
        false_share(late.ice, truth),
    )


def water(ground: Ground) -> Case:
    """Map turbid lakes, which a band ratio takes for ice, and the network for water."""
    look = ground.simulated(TURBID, "2022-08-23")
    by_ratio = mapped(look.scene, ratio_model(2.0), _PLAIN)
    by_network = mapped(look.scene, ground.network, _FILLED)
    lakes = by_ratio.outlines[~by_ratio.outlines.intersects(framed(look.truth, look.scene))]
    return Case(
        "water",
        look.source,
        (
            MapPanel("band ratio: lakes are ice", look.scene, by_ratio.outlines, false=lakes.union_all()),
            MapPanel("network: lakes are water", look.scene, right=by_network.outlines, hidden=by_network.hidden),
        ),
        "outlines that lie on no ice [km2]",
        km2(lakes.union_all()),
        km2(by_network.ice.intersection(lakes.union_all())),
    )


def cloud(ground: Ground) -> Case:
    """Where cloud is mapped like ground, ice ends at its edge; told apart, that ground is not seen."""
    look = ground.simulated(PLATEAU, "2018-08-07")
    kept = mapped(look.scene, ground.network, MapOptions(clouds="keep"))
    told = mapped(look.scene, ground.network)
    truth = framed(look.truth, look.scene)
    lost = truth.difference(kept.ice)
    return Case(
        "cloud",
        look.source,
        (
            MapPanel("cloud kept: ice ends at it", look.scene, kept.outlines, missed=lost),
            MapPanel("cloud told: not seen", look.scene, right=told.outlines, hidden=told.hidden),
        ),
        "true ice that counts as ground, of all",
        _counted_as_ground(kept, look.scene, truth),
        _counted_as_ground(told, look.scene, truth),
    )


def shadow(ground: Ground) -> Case:
    """In cast shadow a band ratio is noise; a floor of blue light cuts the shaded rock off."""
    look = ground.simulated(PLATEAU, "2018-12-20")
    plain = mapped(look.scene, ratio_model(2.0), _PLAIN)
    floored = mapped(look.scene, ratio_model(2.0, blue=0.1), _PLAIN)
    truth = framed(look.truth, look.scene)
    return Case(
        "shadow",
        look.source,
        (
            MapPanel("band ratio: shade is ice", look.scene, plain.outlines, false=plain.ice.difference(floored.ice)),
            MapPanel("more than 10 % of blue light", look.scene, right=floored.outlines),
        ),
        "ice that is none, of the true ice",
        false_share(plain.ice, truth),
        false_share(floored.ice, truth),
        {"true ice that is missed, before": missed_share(plain.ice, truth)},
    )


def debris(ground: Ground) -> Case:
    """No spectrum tells debris-covered ice from rock: the tongue is missed, and has to be drawn."""
    real = ground.khumbu("summer")
    look = ground.simulated(VALLEYS, "2018-08-23") if real is None else real
    found = mapped(look.scene, ground.network, _FILLED)
    truth = framed(look.truth, look.scene)
    tongues = truth.difference(found.ice).buffer(-30).buffer(30)
    drawn = gpd.GeoSeries([_without_small_holes(shape) for shape in look.truth.geometry.explode()], crs=look.truth.crs)
    return Case(
        "debris",
        look.source,
        (
            MapPanel("network: bare ice only", look.scene, found.outlines, missed=tongues),
            MapPanel("with the tongues drawn" if real is None else "RGI 6.0, drawn by hand", look.scene, right=drawn),
        ),
        "true ice that is missed, of all",
        missed_share(found.ice, truth),
        missed_share(drawn.union_all(), truth),
    )


def _without_small_holes(shape: shapely.Polygon) -> shapely.Polygon:
    """Return an outline as a hand draws it: around nunataks, and over single pixels of rock."""
    kept = [ring for ring in shape.interiors if shapely.Polygon(ring).area >= _SMALLEST_NUNATAK_M2]
    return shapely.Polygon(shape.exterior, kept)


def _counted_as_ground(found: Map, scene: Scene, truth: shapely.Geometry) -> float:
    """Return the true ice that the mask calls ground, as a share of all; what is not seen is not called so."""
    ice = rasterise(gpd.GeoDataFrame(geometry=[truth], crs=scene.crs), scene.geobox) > 0
    return float(np.count_nonzero((found.mask == 0) & ice) / np.count_nonzero(ice))
