"""The offset of digital numbers where a product does not lie as ESA delivers it.

Since processing baseline 04.00 ESA adds 1000 to the numbers. Public archives that lay out the rasters anew keep it, or
take it out, and what they say of that is sometimes wrong, in either direction. So the offset is taken from what the
product's files state, never from a date, and what they state is compared with the pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from rasterio.errors import RasterioError

from trimline.errors import MetadataError, ProductError
from trimline.scenes.asset import first_line, open_raster
from trimline.scenes.calibration import Linear
from trimline.scenes.given import Given
from trimline.scenes.sentinel2_item import Item
from trimline.scenes.sentinel2_metadata import FIRST_WITH_OFFSET, ProductMetadata

QUANTIFICATION = 10_000
"""Digital numbers per unit of reflectance in all products of all baselines since 02.00."""
BRIGHT_NUMBER = 950
"""Digital numbers with ESA's offset of 1000 in them lie above this, slightly negative reflectance included."""

_GIVE = "give --scale 0.0001 and --offset -1000 where the numbers carry ESA's offset, --offset 0 where they do not"
_MEASURED_SIDE = 512
"""Rows and columns of the reduced image that is compared with the offset."""
DARK_PERCENTILE = 1
"""Of the numbers with data: the darkest of them, without single pixels."""
_IMPOSSIBLE_PERCENTILE = 5
_IMPOSSIBLE_REFLECTANCE = -0.05
"""Reflectance of the darkest twentieth of an image cannot be below this: errors of the atmospheric correction over
water and in shadow reach about -0.02."""
DARK_BANDS = ("swir2", "swir1", "nir", "red")
"""Bands in which water, snow or shadow of nearly every tile are darker than 0.05."""


@dataclass(frozen=True)
class Radiometry:
    """Calibrations of bands, and what they are known from."""

    calibrations: Mapping[str, Linear]
    """By common name."""
    source: str
    """In words."""
    is_given: bool = False
    """Whether the user gave it."""


def radiometry(
    bands: Iterable[str],
    given: Given,
    item: Item | None,
    product: ProductMetadata | None,
    baseline: str | None,
    where: object,
) -> Radiometry:
    """Return the calibration of bands: as given, else as the item, the product's metadata, or the baseline tell.

    Raises
    ------
    ProductError
        Nothing tells whether the numbers carry an offset.
    MetadataError
        What tells contradicts itself.
    """
    bands = tuple(bands)
    if given.scale is not None:
        offset = (given.offset or 0.0) * given.scale
        return Radiometry({band: Linear(given.scale, offset) for band in bands}, "scale and offset as given", True)
    if given.offset is not None:
        raise ProductError(
            "an offset is given without a scale", where=where, remedy="give both: reflectance = (DN + offset) x scale"
        )
    found = _from_item(bands, item) if item is not None else None
    if found is None and product is not None:
        found = _from_product(bands, product)
    if found is None and baseline is not None and baseline < FIRST_WITH_OFFSET:
        found = Radiometry(
            {band: Linear(1 / QUANTIFICATION) for band in bands},
            f"no offset: of processing baseline {baseline}, before {FIRST_WITH_OFFSET}",
        )
    if found is None:
        of_baseline = f" (processing baseline {baseline})" if baseline else ""
        raise ProductError(
            f"nothing tells whether the numbers carry an offset{of_baseline}",
            where=where,
            remedy="lay the product's MTD_MSIL1C.xml or MTD_MSIL2A.xml, or its STAC item, beside the rasters; "
            f"or {_GIVE}",
        )
    return found


def _from_item(bands: tuple[str, ...], item: Item) -> Radiometry | None:
    scales = {band: item.scales.get(band, 1 / QUANTIFICATION) for band in bands}
    if item.offset_applied:
        return Radiometry(
            {band: Linear(scale) for band, scale in scales.items()},
            f"no offset: {item.name} says that it was taken out already",
        )
    if not set(bands) <= item.scaling.keys():
        return None
    found = {band: item.scaling[band] for band in bands}
    has_offset = any(linear.offset != 0 for linear in found.values())
    if item.offset_applied is False and not has_offset and (item.baseline or "") >= FIRST_WITH_OFFSET:
        raise MetadataError(
            f"the item is of processing baseline {item.baseline} and says that the offset was not taken out of the "
            "numbers, but its raster:bands have the offset 0",
            where=item.name,
            remedy=_GIVE,
        )
    distinct = ", ".join(sorted({f"{linear.offset / linear.scale:g}" for linear in found.values()}))
    return Radiometry(found, f"offset {distinct}, stated in raster:bands of {item.name}")


def _from_product(bands: tuple[str, ...], product: ProductMetadata) -> Radiometry:
    scale = 1 / product.quantification
    offsets = product.offsets or {}
    distinct = ", ".join(sorted({f"{offsets.get(band, 0.0):g}" for band in bands}))
    return Radiometry(
        {band: Linear(scale, offsets.get(band, 0.0) * scale) for band in bands},
        f"offset {distinct}, from {product.name}",
    )


def check_against_pixels(found: Radiometry, rasters: Mapping[str, str], where: object) -> str | None:
    """Compare an offset with the darkest pixels of the image.

    Parameters
    ----------
    found
        The calibration of the bands.
    rasters
        Rasters by common name.

    Returns
    -------
    str or None
        A warning where the pixels are so bright everywhere that an offset may have been left in: ground without dark
        pixels looks the same, so this is no error.

    Raises
    ------
    ProductError
        The offset makes a twentieth of a band's pixels darker than -0.05, which no surface is: it was taken out
        of the numbers before.
    """
    measured = [band for band in DARK_BANDS if band in rasters and band in found.calibrations][:2]
    brightest = True
    for band in measured:
        numbers = _reduced(rasters[band])
        if numbers.size == 0:
            return None
        calibration = found.calibrations[band]
        low = float(np.percentile(numbers, _IMPOSSIBLE_PERCENTILE))
        reflectance = low * calibration.scale + calibration.offset
        if calibration.offset < 0 and reflectance < _IMPOSSIBLE_REFLECTANCE:
            raise ProductError(
                f"{found.source}; but then the darkest {_IMPOSSIBLE_PERCENTILE} % of band {band} would have a "
                f"reflectance below {reflectance:.2f}: the offset was taken out of the numbers before",
                where=where,
                remedy=f"give --scale {calibration.scale:g} --offset 0",
            )
        dark = float(np.percentile(numbers, DARK_PERCENTILE))
        brightest &= calibration.offset == 0 and dark > BRIGHT_NUMBER
    if measured and brightest:
        return (
            f"{found.source}; but hardly a number of {' and '.join(measured)} is below {BRIGHT_NUMBER}: "
            f"unless the ground is that bright, the numbers carry ESA's offset: {_GIVE}"
        )
    return None


def _reduced(href: str) -> np.ndarray:
    """Return the valid numbers of a raster, read at a reduced size."""
    with open_raster(href) as source:
        step = max(1, max(source.shape) // _MEASURED_SIDE)
        shape = tuple(max(1, side // step) for side in source.shape)
        try:
            numbers: np.ndarray = source.read(1, out_shape=shape)
        except RasterioError as error:
            raise ProductError(
                f"the raster cannot be read ({first_line(error)})",
                where=href,
                remedy="it is truncated or damaged: fetch the product again",
            ) from error
    return numbers[numbers > 0]
