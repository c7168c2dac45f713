"""Metadata of a simulated Sentinel-2 product: of the product and of its granule, as XML.

Elements are those of ESA's Products Specification Document (S2-PDGS-TAS-DI-PSD), version 14. What a simulation does not
know (auxiliary files, spectral responses by the nanometre, views of each detector) is left out; the first
comment of either file states that the product is simulated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Comment, Element, SubElement, indent, tostring

import numpy as np
from pyproj import CRS, Transformer

from trimline.scenes.sun import earth_sun_distance, sun_position
from trimline.sensors import Band
from trimline.simulate.landsat_mtl import ORIGIN
from trimline.simulate.sentinel2_names import OFFSETS, ProductNames

QUANTIFICATION = 10_000
NODATA, SATURATED = 0, 65535

_LONG_LEVEL = {"L1C": "Level-1C", "L2A": "Level-2A"}
_SCHEMAS = "https://psd-14.sentinel2.eo.esa.int/PSD/"
_IRRADIANCE = (
    *(1884.69, 1959.66, 1823.24, 1512.06, 1424.64, 1287.61, 1162.08),
    *(1041.63, 955.32, 812.92, 367.15, 245.59, 85.25),
)
"""Solar irradiance in the bands of Sentinel-2A, in their order [W m-2 µm-1]: ESA COPE-GSEG-EOPG-TN-15-0007."""
_SUN_STEP_M = 5000
_PIXELS_M = (10, 20, 60)
_CHECKS = ("FORMAT_CORRECTNESS", "GENERAL_QUALITY", "GEOMETRIC_QUALITY", "RADIOMETRIC_QUALITY", "SENSOR_QUALITY")


def product_metadata(names: ProductNames, bands: Sequence[Band], images: Sequence[str], cloud_percent: float) -> bytes:
    """Return ``MTD_MSIL1C.xml`` or ``MTD_MSIL2A.xml``.

    Parameters
    ----------
    names
        The product.
    bands
        All bands of the instrument, in their order.
    images
        Paths of the images in the product, without suffix.
    cloud_percent
        Share of cloud [%].
    """
    level = _LONG_LEVEL[names.level]
    root = _root(f"{level}_User_Product", f"User_Product_{level}.xsd")
    general = SubElement(root, "n1:General_Info")
    _product_info(general, names, images)
    _characteristics(SubElement(general, "Product_Image_Characteristics"), names, bands)
    geometric = SubElement(root, "n1:Geometric_Info")
    footprint = SubElement(geometric, "Product_Footprint")
    outline = SubElement(SubElement(footprint, "Product_Footprint"), "Global_Footprint")
    _text(outline, "EXT_POS_LIST", _corners(names))
    _text(footprint, "RASTER_CS_TYPE", "POINT")
    _text(footprint, "PIXEL_ORIGIN", 1)
    system = SubElement(geometric, "Coordinate_Reference_System")
    _text(system, "GEO_TABLES", "EPSG", version="1")
    _text(system, "HORIZONTAL_CS_TYPE", "GEOGRAPHIC")
    quality = SubElement(root, "n1:Quality_Indicators_Info")
    _text(quality, "Cloud_Coverage_Assessment", f"{cloud_percent:.6f}")
    technical = SubElement(quality, "Technical_Quality_Assessment")
    for key in ("DEGRADED_ANC_DATA_PERCENTAGE", "DEGRADED_MSI_DATA_PERCENTAGE"):
        _text(technical, key, "0.0")
    inspections = SubElement(SubElement(quality, "Quality_Control_Checks"), "Quality_Inspections")
    for check in _CHECKS:
        _text(inspections, "quality_check", "PASSED", checkType=check)
    return _bytes(root)


def granule_metadata(
    names: ProductNames, percentages: Mapping[str, float], masks: Sequence[tuple[str, str, int | None]]
) -> bytes:
    """Return ``MTD_TL.xml``.

    Parameters
    ----------
    names
        The product.
    percentages
        Image content by the metadata's key [%].
    masks
        Type, path in the product, and number of the band (None for masks of all bands) of each quality mask.
    """
    level = _LONG_LEVEL[names.level]
    root = _root(f"{level}_Tile_ID", f"S2_PDI_{level}_Tile_Metadata.xsd")
    general = SubElement(root, "n1:General_Info")
    _text(general, "TILE_ID", names.granule_id, metadataLevel="Brief")
    _text(general, "DATASTRIP_ID", names.datastrip_id, metadataLevel="Standard")
    _text(general, "DOWNLINK_PRIORITY", "NOMINAL", metadataLevel="Standard")
    _text(general, "SENSING_TIME", _time(names.acquisition.time), metadataLevel="Standard")
    geometric = SubElement(root, "n1:Geometric_Info")
    _geocoding(SubElement(geometric, "Tile_Geocoding", metadataLevel="Brief"), names)
    _angles(SubElement(geometric, "Tile_Angles", metadataLevel="Standard"), names)
    quality = SubElement(root, "n1:Quality_Indicators_Info", metadataLevel="Standard")
    content = SubElement(quality, "Image_Content_QI")
    for key, percent in percentages.items():
        _text(content, key, f"{percent:.6f}")
    pixels = SubElement(quality, "Pixel_Level_QI", geometry="FULL_RESOLUTION")
    for kind, path, band in masks:
        _text(pixels, "MASK_FILENAME", path, **({} if band is None else {"bandId": str(band)}), type=kind)
    return _bytes(root)


def _product_info(parent: Element, names: ProductNames, images: Sequence[str]) -> None:
    info = SubElement(parent, "Product_Info")
    time = _time(names.acquisition.time)
    for key, value in {
        "PRODUCT_START_TIME": time,
        "PRODUCT_STOP_TIME": time,
        "PRODUCT_URI": f"{names.product_id}.SAFE",
        "PROCESSING_LEVEL": _LONG_LEVEL[names.level],
        "PRODUCT_TYPE": f"S2MSI{names.level.removeprefix('L')}",
        "PROCESSING_BASELINE": names.baseline,
        "GENERATION_TIME": _time(names.generated),
        "PREVIEW_IMAGE_URL": "Not applicable",
        "PREVIEW_GEO_INFO": "Not applicable",
    }.items():
        _text(info, key, value)
    datatake = SubElement(
        info,
        "Datatake",
        datatakeIdentifier=f"GS2A_{names.sensed}_{names.absolute_orbit:06d}_N{names.baseline}",
    )
    for key, value in {
        "SPACECRAFT_NAME": "Sentinel-2A",
        "DATATAKE_TYPE": "INS-NOBS",
        "DATATAKE_SENSING_START": time,
        "SENSING_ORBIT_NUMBER": str(names.relative_orbit),
        "SENSING_ORBIT_DIRECTION": "DESCENDING",
    }.items():
        _text(datatake, key, value)
    _text(SubElement(info, "Query_Options", completeSingleTile="true"), "PRODUCT_FORMAT", "SAFE_COMPACT")
    granule = SubElement(
        SubElement(SubElement(info, "Product_Organisation"), "Granule_List"),
        "Granule",
        datastripIdentifier=names.datastrip_id,
        granuleIdentifier=names.granule_id,
        imageFormat="JPEG2000",
    )
    for image in images:
        _text(granule, "IMAGE_FILE", image)


def _characteristics(parent: Element, names: ProductNames, bands: Sequence[Band]) -> None:
    for text, index in (("NODATA", NODATA), ("SATURATED", SATURATED)):
        special = SubElement(parent, "Special_Values")
        _text(special, "SPECIAL_VALUE_TEXT", text)
        _text(special, "SPECIAL_VALUE_INDEX", index)
    display = SubElement(parent, "Image_Display_Order")
    for channel, number in (("RED", 3), ("GREEN", 2), ("BLUE", 1)):
        _text(display, f"{channel}_CHANNEL", number)
    surface = names.level == "L2A"
    if surface:
        values = SubElement(parent, "QUANTIFICATION_VALUES_LIST")
        _text(values, "BOA_QUANTIFICATION_VALUE", QUANTIFICATION, unit="none")
        _text(values, "AOT_QUANTIFICATION_VALUE", "1000.0", unit="none")
        _text(values, "WVP_QUANTIFICATION_VALUE", "1000.0", unit="cm")
    else:
        _text(parent, "QUANTIFICATION_VALUE", QUANTIFICATION, unit="none")
    if OFFSETS[names.baseline]:
        offsets = SubElement(parent, "BOA_ADD_OFFSET_VALUES_LIST" if surface else "Radiometric_Offset_List")
        for number in range(len(bands)):
            key = "BOA_ADD_OFFSET" if surface else "RADIO_ADD_OFFSET"
            _text(offsets, key, OFFSETS[names.baseline], band_id=str(number))
    conversion = SubElement(parent, "Reflectance_Conversion")
    _text(conversion, "U", round(earth_sun_distance(names.acquisition.time) ** -2, 12))
    irradiances = SubElement(conversion, "Solar_Irradiance_List")
    for number, irradiance in enumerate(_IRRADIANCE):
        _text(irradiances, "SOLAR_IRRADIANCE", irradiance, bandId=str(number), unit="W/m²/µm")
    spectral = SubElement(parent, "Spectral_Information_List")
    for number, band in enumerate(bands):
        one = SubElement(spectral, "Spectral_Information", bandId=str(number), physicalBand=band.name)
        _text(one, "RESOLUTION", round(band.gsd_m))
        wavelength = SubElement(one, "Wavelength")
        for key, micrometres in (("MIN", band.lower_um), ("MAX", band.upper_um), ("CENTRAL", band.centre_um)):
            _text(wavelength, key, f"{1000 * micrometres:.1f}".removesuffix(".0"), unit="nm")


def _geocoding(parent: Element, names: ProductNames) -> None:
    geobox = names.acquisition.geobox
    crs = CRS.from_user_input(str(geobox.crs))
    _text(parent, "HORIZONTAL_CS_NAME", f"WGS84 / UTM zone {crs.utm_zone}")
    _text(parent, "HORIZONTAL_CS_CODE", f"EPSG:{crs.to_epsg()}")
    box = geobox.boundingbox
    for pixel_m in _PIXELS_M:
        size = SubElement(parent, "Size", resolution=str(pixel_m))
        _text(size, "NROWS", round((box.top - box.bottom) / pixel_m))
        _text(size, "NCOLS", round((box.right - box.left) / pixel_m))
    for pixel_m in _PIXELS_M:
        position = SubElement(parent, "Geoposition", resolution=str(pixel_m))
        for key, value in {"ULX": box.left, "ULY": box.top, "XDIM": pixel_m, "YDIM": -pixel_m}.items():
            _text(position, key, f"{value:.3f}".rstrip("0").rstrip("."))


def _angles(parent: Element, names: ProductNames) -> None:
    acquisition, box = names.acquisition, names.acquisition.geobox.boundingbox
    nodes = [np.arange(0, side + _SUN_STEP_M, _SUN_STEP_M) for side in (box.right - box.left, box.top - box.bottom)]
    east, north = np.meshgrid(box.left + nodes[0], box.top - nodes[1])
    longitude, latitude = Transformer.from_crs(str(acquisition.geobox.crs), "EPSG:4326", always_xy=True).transform(
        east, north
    )
    azimuth, elevation = sun_position(acquisition.time, longitude, latitude)
    grid = SubElement(parent, "Sun_Angles_Grid")
    for key, angles in (("Zenith", 90.0 - elevation), ("Azimuth", azimuth)):
        one = SubElement(grid, key)
        for step in ("COL_STEP", "ROW_STEP"):
            _text(one, step, _SUN_STEP_M, unit="m")
        values = SubElement(one, "Values_List")
        for row in angles:
            _text(values, "VALUES", " ".join(f"{angle:.6g}" for angle in row))
    mean = SubElement(parent, "Mean_Sun_Angle")
    _text(mean, "ZENITH_ANGLE", round(90.0 - acquisition.sun_elevation, 10), unit="deg")
    _text(mean, "AZIMUTH_ANGLE", round(acquisition.sun_azimuth, 10), unit="deg")
    views = SubElement(parent, "Mean_Viewing_Incidence_Angle_List")
    for number in range(len(acquisition.sensor.bands)):
        view = SubElement(views, "Mean_Viewing_Incidence_Angle", bandId=str(number))
        for key in ("ZENITH_ANGLE", "AZIMUTH_ANGLE"):
            _text(view, key, "0.0", unit="deg")


def _corners(names: ProductNames) -> str:
    """Return latitude and longitude of the corners, closed."""
    geobox = names.acquisition.geobox
    box = geobox.boundingbox
    to_degrees = Transformer.from_crs(str(geobox.crs), "EPSG:4326")
    ring = ((box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom))
    pairs = [to_degrees.transform(east, north) for east, north in (*ring, ring[0])]
    return " ".join(f"{latitude:.9f} {longitude:.9f}" for latitude, longitude in pairs)


def _root(name: str, schema: str) -> Element:
    root = Element(
        f"n1:{name}",
        {
            "xmlns:n1": f"{_SCHEMAS}{schema}",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:schemaLocation": f"{_SCHEMAS}{schema}",
        },
    )
    root.append(Comment(f" {ORIGIN} "))
    return root


def _text(parent: Element, tag: str, value: Any, /, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = str(value)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _bytes(root: Element) -> bytes:
    indent(root)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
