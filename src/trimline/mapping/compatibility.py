"""Whether a scene has what weights need, and what is shown in the place of a band that it lacks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from trimline.errors import WeightsError
from trimline.scenes.calibration import IDENTITY, NoCalibration
from trimline.sensors import get_sensor

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.inference.metadata import StandIn
    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)
_LEVELS = {"toa": "at the top of the atmosphere", "surface": "of the surface"}


def stand_ins_for(scene: Scene, model: Model) -> Mapping[str, StandIn]:
    """Return what a model is shown in the place of the bands that a scene lacks, by their names.

    A band whose file is lost has no stand-in: the product is to be fetched again.
    """
    return {
        band: stand_in
        for band, stand_in in model.metadata.stand_ins.items()
        if band not in scene.assets and band not in scene.missing and stand_in.band in scene.assets
    }


def say_what_is_new(scene: Scene, model: Model) -> None:
    """Say in the log where a scene is of a kind that weights never saw: its level, or a band that is stood in for."""
    for band, stand_in in stand_ins_for(scene, model).items():
        _LOG.warning(
            "%s: the scene lacks the band '%s'; the network is shown %g times '%s' in its place",
            scene.id,
            band,
            stand_in.scale,
            stand_in.band,
        )
    levels, level = model.metadata.levels, scene.reflectance_level
    if not levels or model.units == "dn":
        return
    known = " and ".join(_LEVELS[each] for each in levels)
    if level is None:
        _LOG.info("%s: the scene does not say its level; the weights know reflectance %s", scene.id, known)
    elif level not in levels:
        _LOG.warning(
            "%s: its reflectance is that %s, which the weights never saw: they know reflectance %s",
            scene.id,
            _LEVELS[level],
            known,
        )


def check_fits(scene: Scene, model: Model) -> None:
    """Raise `WeightsError` when a scene lacks a band that weights need, or cannot be read in their units.

    Digital numbers of two instruments are two units: those of TM have 8 bits, those of OLI 16 on another scale.
    """
    if model.units == "dn":
        known = {get_sensor(each).instrument for each in model.sensors}
        if known and scene.sensor.instrument not in known:
            raise WeightsError(
                f"the weights know the digital numbers of {', '.join(sorted(known))}, and those of "
                f"{scene.sensor.instrument} are on another scale",
                where=scene.id,
                remedy="train on scenes of this sensor too, or take a recipe with 'units: reflectance'",
            )
    stood_in = stand_ins_for(scene, model)
    for band in model.bands:
        if band in stood_in:
            continue
        if band not in scene.assets:
            lost = scene.missing.get(band)
            raise WeightsError(
                f"the weights need the band '{band}', which the scene lacks",
                where=scene.id,
                remedy=f"its metadata name the file {lost}, which is not there: fetch the product again"
                if lost
                else f"it holds {', '.join(scene.assets)}; take weights trained on these",
            )
        calibration = scene.assets[band].calibration
        if model.units == "reflectance" and isinstance(calibration, NoCalibration):
            raise WeightsError(
                f"the weights need reflectance, and {calibration.reason}",
                where=f"{scene.id}, band {band}",
                remedy=calibration.remedy.partition(";")[0],
            )
        if model.units == "dn" and calibration == IDENTITY:
            raise WeightsError(
                "the weights need digital numbers, and the scene holds reflectance only",
                where=f"{scene.id}, band {band}",
                remedy="take the Level-1 product, or weights trained on reflectance",
            )
