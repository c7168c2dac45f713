"""Whether a scene has what weights need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trimline.errors import WeightsError
from trimline.scenes.calibration import IDENTITY, NoCalibration
from trimline.sensors import get_sensor

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.scenes import Scene


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
    for band in model.bands:
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
