"""STAC items as real archives write them: names, keys of assets and properties, shortened."""

from __future__ import annotations

from typing import Any

BOX = [84.0, 43.0, 85.0, 44.0]
"""West, south, east, north [degrees]."""


def polygon(box: list[float]) -> dict[str, Any]:
    west, south, east, north = box
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


def item(name: str, collection: str, properties: dict[str, Any], assets: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": collection,
        "bbox": BOX,
        "geometry": polygon(BOX),
        "properties": properties,
        "assets": assets,
        "links": [],
    }


def usgs(product: str = "LC08_L1TP_144030_20200815_20200920_02_T1", *, level: int = 1, **more: Any) -> dict[str, Any]:
    """LandsatLook: keys are common names, files lie on a web server and in a bucket whose requester pays."""
    sensor = {"LC": "oli-tirs", "LE": "etm", "LT": "tm", "LM": "mss"}[product[:2]]
    numbers = {
        "oli-tirs": {"blue": "B2", "green": "B3", "red": "B4", "nir08": "B5", "swir16": "B6", "swir22": "B7"},
        "etm": {"blue": "B1", "green": "B2", "red": "B3", "nir08": "B4", "swir16": "B5", "swir22": "B7"},
        "tm": {"blue": "B1", "green": "B2", "red": "B3", "nir08": "B4", "swir16": "B5", "swir22": "B7"},
        "mss": {"green": "B4", "red": "B5", "nir08": "B6", "nir09": "B7"},
    }[sensor]
    start = "SR_" if level == 2 else ""
    folder = f"collection02/level-{level}/standard/{sensor}/2020/144/030/{product}"

    def asset(file: str, **fields: Any) -> dict[str, Any]:
        return {
            "href": f"https://landsatlook.usgs.gov/data/{folder}/{product}_{file}",
            "alternate": {
                "s3": {"href": f"s3://usgs-landsat/{folder}/{product}_{file}", "storage:requester_pays": True}
            },
            "file:checksum": "1340" + "ab" * 64,
            **fields,
        }

    tiff = {"type": "image/vnd.stac.geotiff; cloud-optimized=true"}
    assets = {
        "thumbnail": {"href": f"https://landsatlook.usgs.gov/data/{folder}/{product}_thumb_small.jpeg"},
        "index": {"href": f"https://landsatlook.usgs.gov/stac-browser/{folder}", "type": "text/html"},
        **{key: asset(f"{start}{band}.TIF", **tiff, roles=["data"]) for key, band in numbers.items()},
        "ANG.txt": asset("ANG.txt"),
        "MTL.txt": asset("MTL.txt"),
        "MTL.xml": asset("MTL.xml"),
        "MTL.json": asset("MTL.json"),
        "qa_pixel": asset("QA_PIXEL.TIF", **tiff),
        "qa_radsat": asset("QA_RADSAT.TIF", **tiff),
    }
    day = product.split("_")[3]
    properties = {
        "datetime": f"{day[:4]}-{day[4:6]}-{day[6:]}T05:03:11.194486Z",
        "eo:cloud_cover": 12.5,
        "view:sun_azimuth": 141.2,
        "view:sun_elevation": 54.1,
        "platform": f"LANDSAT_{product[3]}",
        "landsat:wrs_path": "144",
        "landsat:wrs_row": "030",
        "landsat:collection_category": product[-2:],
        **more,
    }
    suffix = "_SR" if level == 2 else ""
    return item(f"{product}{suffix}", "landsat-c2l2-sr" if level == 2 else "landsat-c2l1", properties, assets)


def planetary_landsat() -> dict[str, Any]:
    """Planetary Computer: the id lacks the day of processing, addresses lie in Azure Blob Storage."""
    product = "LE07_L2SP_144030_20050806_20200914_02_T1"
    base = f"https://landsateuwest.blob.core.windows.net/landsat-c2/level-2/standard/etm/2005/144/030/{product}"
    files = {
        "qa": "ST_QA.TIF", "red": "SR_B3.TIF", "blue": "SR_B1.TIF", "green": "SR_B2.TIF", "nir08": "SR_B4.TIF",
        "swir16": "SR_B5.TIF", "swir22": "SR_B7.TIF", "lwir": "ST_B6.TIF", "emis": "ST_EMIS.TIF",
        "mtl.txt": "MTL.txt", "mtl.json": "MTL.json", "qa_pixel": "QA_PIXEL.TIF", "qa_radsat": "QA_RADSAT.TIF",
        "atmos_opacity": "SR_ATMOS_OPACITY.TIF", "cloud_qa": "SR_CLOUD_QA.TIF",
    }  # fmt: skip
    properties = {
        "datetime": "2005-08-06T04:53:20.512Z",
        "platform": "landsat-7",
        "instruments": ["etm+"],
        "eo:cloud_cover": -1,
        "landsat:wrs_path": "144",
        "landsat:wrs_row": "030",
        "view:sun_elevation": 55.0,
    }
    assets: dict[str, Any] = {key: {"href": f"{base}/{product}_{file}"} for key, file in files.items()}
    assets["tilejson"] = {"href": "https://planetarycomputer.microsoft.com/api/data/v1/item/tilejson.json?item=1"}
    return item("LE07_L2SP_144030_20050806_02_T1", "landsat-c2-l2", properties, assets)


def earth_search(
    name: str = "S2A_T45TVJ_20220815T050251_L2A",
    *,
    collection: str = "sentinel-2-c1-l2a",
    datatake: str = "GS2A_20220815T045711_037307_N05.10",
    baseline: str = "05.10",
    made: str = "2024-04-01T10:00:00Z",
    time: str = "2022-08-15T05:02:51Z",
    sequence: str = "0",
) -> dict[str, Any]:
    """Earth Search: COGs named by common name, a picture whose bands are named too."""
    base = f"https://e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com/{collection}/45/T/VJ/2022/8/{name}"
    cogs = {
        "coastal": "B01", "blue": "B02", "green": "B03", "red": "B04", "rededge1": "B05", "rededge2": "B06",
        "rededge3": "B07", "nir": "B08", "nir08": "B8A", "nir09": "B09", "swir16": "B11", "swir22": "B12",
        "scl": "SCL", "aot": "AOT", "wvp": "WVP", "cloud": "CLD_20m", "snow": "SNW_20m",
    }  # fmt: skip
    kind = {"type": "image/tiff; application=geotiff; profile=cloud-optimized"}
    bands = [{"name": "B04", "common_name": "red"}]
    assets: dict[str, Any] = {
        "preview": {"href": f"{base}/L2A_PVI.tif", "roles": ["overview"], "eo:bands": bands, **kind},
        "visual": {"href": f"{base}/TCI.tif", "roles": ["visual"], "eo:bands": bands * 3, **kind},
        **{key: {"href": f"{base}/{file}.tif", "roles": ["data"], **kind} for key, file in cogs.items()},
        "blue-jp2": {"href": "s3://sentinel-s2-l2a/tiles/45/T/VJ/2022/8/15/0/R10m/B02.jp2"},
        "granule_metadata": {"href": f"{base}/metadata.xml"},
        "product_metadata": {"href": f"{base}/product_metadata.xml"},
        "tileinfo_metadata": {"href": f"{base}/tileInfo.json"},
    }
    properties = {
        "datetime": time,
        "platform": "sentinel-2a",
        "constellation": "sentinel-2",
        "grid:code": "MGRS-45TVJ",
        "s2:datatake_id": datatake,
        "s2:processing_baseline": baseline,
        "s2:generation_time": made,
        "s2:product_type": "S2MSI2A",
        "s2:sequence": sequence,
        "view:sun_elevation": 58.0,
        "eo:cloud_cover": 7.25,
    }
    return item(name, collection, properties, assets)


def earth_search_l1c() -> dict[str, Any]:
    """Earth Search, Level-1C: JPEG 2000 in a bucket whose requester pays, two files of the same name."""
    base = "s3://sentinel-s2-l1c/tiles/45/T/VJ/2019/8/21/0"
    keys = {
        "blue": "B02",
        "green": "B03",
        "red": "B04",
        "nir": "B08",
        "cirrus": "B10",
        "swir16": "B11",
        "swir22": "B12",
    }
    assets: dict[str, Any] = {key: {"href": f"{base}/{file}.jp2", "type": "image/jp2"} for key, file in keys.items()}
    product = "S2B_MSIL1C_20190821T045709_N0208_R119_T45TVJ_20190821T080221"
    assets |= {
        "granule_metadata": {"href": f"{base}/metadata.xml"},
        "tileinfo_metadata": {"href": f"{base}/tileInfo.json"},
        "product_metadata": {"href": f"s3://sentinel-s2-l1c/products/2019/8/21/{product}/metadata.xml"},
    }
    properties = {
        "datetime": "2019-08-21T05:02:52Z",
        "platform": "sentinel-2b",
        "mgrs:utm_zone": 45,
        "mgrs:latitude_band": "T",
        "mgrs:grid_square": "VJ",
        "s2:product_uri": f"{product}.SAFE",
        "s2:processing_baseline": "02.08",
        "s2:mean_solar_zenith": 33.5,
        "s2:mean_solar_azimuth": 150.0,
        "eo:cloud_cover": 3,
    }
    return item("S2B_45TVJ_20190821_0_L1C", "sentinel-2-l1c", properties, assets)


def planetary_sentinel2() -> dict[str, Any]:
    """Planetary Computer: the agency's band names, hyphens in keys, no baseline in the id."""
    base = "https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/45/T/VJ/2022/08/15/S2A_MSIL2A.SAFE/GRANULE/L2A"
    bands = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
    pixels = {"B02": 10, "B03": 10, "B04": 10, "B08": 10, "B01": 60, "B09": 60}
    assets: dict[str, Any] = {
        band: {"href": f"{base}/IMG_DATA/T45TVJ_20220815T045711_{band}_{pixels.get(band, 20)}m.tif"} for band in bands
    }
    assets |= {
        "SCL": {"href": f"{base}/IMG_DATA/T45TVJ_20220815T045711_SCL_20m.tif"},
        "visual": {"href": f"{base}/IMG_DATA/T45TVJ_20220815T045711_TCI_10m.tif"},
        "granule-metadata": {"href": f"{base}/MTD_TL.xml"},
        "product-metadata": {"href": f"{base}/MTD_MSIL2A.xml"},
    }
    properties = {
        "datetime": "2022-08-15T04:57:11.024000Z",
        "platform": "Sentinel-2A",
        "s2:mgrs_tile": "45TVJ",
        "s2:datatake_id": "GS2A_20220815T045711_037307_N04.00",
        "s2:processing_baseline": "04.00",
        "s2:generation_time": "2022-08-15T11:20:00Z",
        "s2:product_type": "S2MSI2A",
        "s2:mean_solar_zenith": 32.0,
    }
    return item("S2A_MSIL2A_20220815T045711_R119_T45TVJ_20220815T112000", "sentinel-2-l2a", properties, assets)


def copernicus() -> dict[str, Any]:
    """Copernicus Data Space: bands at several pixel sizes, in a bucket and by OData."""
    product = "S2A_MSIL2A_20220815T045711_N0510_R119_T45TVJ_20240620T101112"
    granule = f"{product}.SAFE/GRANULE/L2A_T45TVJ_A037307_20220815T050251"
    odata = "https://download.dataspace.copernicus.eu/odata/v1/Products(0f3a)/" + "/".join(
        f"Nodes({part})" for part in granule.split("/")
    )

    def asset(pixel: int, band: str) -> dict[str, Any]:
        file = f"T45TVJ_20220815T045711_{band}_{pixel}m.jp2"
        return {
            "href": f"s3://eodata/Sentinel-2/MSI/L2A_N0500/2022/08/15/{granule}/IMG_DATA/R{pixel}m/{file}",
            "type": "image/jp2",
            "alternate": {"https": {"href": f"{odata}/Nodes(IMG_DATA)/Nodes(R{pixel}m)/Nodes({file})/$value"}},
            "file:size": 1234,
            "file:checksum": "d50110" + "0F" * 16,
        }

    sizes = {"B02": (60, 20, 10), "B04": (60, 20, 10), "B08": (10,), "B11": (60, 20), "B8A": (60, 20), "SCL": (60, 20)}
    assets = {f"{band}_{pixel}m": asset(pixel, band) for band, pixels in sizes.items() for pixel in pixels}
    properties = {
        "datetime": "2022-08-15T04:57:11.024Z",
        "platform": "sentinel-2a",
        "grid:code": "MGRS-45TVJ",
        "processing:level": "L2",
        "processing:version": "05.10",
        "product:type": "S2MSI2A",
        "eopf:datatake_id": "GS2A_20220815T045711_037307_N05.10",
        "view:sun_elevation": 57.9,
    }
    return item(product, "sentinel-2-l2a", properties, assets)
