"""Provenance of a map: its key in the journal, the tags of its files, the columns of its outlines."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import TYPE_CHECKING, Any

import geopandas as gpd

from trimline import __version__
from trimline.mapping.clouds import cloud_model
from trimline.mapping.plan import MapPlan
from trimline.outlines import area_and_perimeter_km
from trimline.reprojecting import in_degrees
from trimline.scenes import scene_content, shift_of

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.scenes import Scene


def journal_key(plan: MapPlan, model: Model, threshold: float) -> str:
    """Return what tells maps apart of which one could go on with the rows of the other, as hexadecimal text."""
    if not model.sha256:
        return uuid.uuid4().hex
    region, within = plan.region, plan.within
    content: dict[str, Any] = {
        "scene": plan.scene.identity,
        "region": [*region.shape, *region.affine, str(region.crs)],
        "windows": [repr(plan.rows), repr(plan.columns)],
        "screen": plan.screen,
        "clouds": [str(plan.clouds), cloud_model().sha256 if plan.clouds.second else None],
        "within": within.digest if within is not None else None,
        "weights": model.sha256,
        "engine": str(model.engine),
        "threshold": threshold,
        "version": __version__,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def tags_of(plan: MapPlan, model: Model, threshold: float) -> dict[str, str]:
    """Return the tags that both rasters and the GeoPackage carry."""
    scene = plan.scene
    moved = shift_of(scene)
    tags = {
        "TIFFTAG_SOFTWARE": f"trimline {__version__}",
        "TRIMLINE_SCENE": scene.id,
        "TRIMLINE_SCENE_IDENTITY": scene_content(scene),
        "TRIMLINE_SENSOR": scene.sensor.id,
        "TRIMLINE_TIME": scene.time.isoformat() if scene.time is not None else scene.date,
        "TRIMLINE_MOVED_M": "" if moved is None else f"{moved[0]:.3f} {moved[1]:.3f}",
        "TRIMLINE_NETWORK": model.metadata.network,
        "TRIMLINE_RULE": model.rule,
        "TRIMLINE_WEIGHTS_SHA256": model.sha256,
        "TRIMLINE_BANDS": ",".join(model.bands),
        "TRIMLINE_UNITS": model.units,
        "TRIMLINE_THRESHOLD": f"{threshold:g}",
        "TRIMLINE_ENGINE": model.engine.name,
        "TRIMLINE_ARITHMETIC": model.arithmetic,
        "TRIMLINE_SCREEN": "on" if plan.screen else "off",
        "TRIMLINE_CLOUDS": str(plan.clouds) or "kept",
        "TRIMLINE_VERSION": __version__,
    }
    return {key: value for key, value in tags.items() if value}


def described(outlines: gpd.GeoDataFrame, scene: Scene, model: Model, threshold: float) -> gpd.GeoDataFrame:
    """Return outlines with the published columns, the largest first."""
    inside = in_degrees(outlines.representative_point())
    area, perimeter = area_and_perimeter_km(outlines)
    outlines = outlines.assign(
        src_date=scene.time.strftime("%Y-%m-%dT%H:%M:%SZ") if scene.time is not None else scene.date,
        cenlon=inside.x,
        cenlat=inside.y,
        utm_zone=((inside.x + 180) // 6 % 60 + 1).astype("int64"),
        area_km2=area,
        perimeter_km=perimeter,
        scene_id=scene.id,
        sensor=scene.sensor.id,
        network=model.metadata.network,
        threshold=threshold,
        weights_sha256=model.sha256,
        trimline_version=__version__,
    )
    return outlines.sort_values("area_km2", ascending=False, kind="stable", ignore_index=True)
