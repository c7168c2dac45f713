"""Makes complete Sentinel-2 products, tiny or of flat fields: metadata, bands, masks.

`TinySafe` writes its own metadata in the layouts of all baselines. `complete` lays pixels beside metadata of real
products: ``python tests/sentinel2_products.py METADATA.SAFE OUT`` makes a product of a metadata tree.
"""

from __future__ import annotations

import shutil
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""In the order of ESA's numbers."""
PIXEL_M: Mapping[str, int] = {
    **dict.fromkeys(("B02", "B03", "B04", "B08"), 10),
    **dict.fromkeys(("B05", "B06", "B07", "B8A", "B11", "B12"), 20),
    **dict.fromkeys(("B01", "B09", "B10"), 60),
}
SIDE_M = 240
"""Side of a tiny product: 24, 12 and 4 pixels of 10, 20 and 60 m."""
FILL_M = 60
"""Width of the strip without data at its western edge."""
LEFT, TOP, EPSG = 499_980, 3_100_020, 32646
OFFSET = -1000


def reflectance(band: str) -> float:
    """Return the reflectance of the flat field of a band: 0.06 in B01 to 0.42 in B12, whole numbers of 1e-4."""
    return round(0.06 + 0.03 * BANDS.index(band), 4)


def write_raster(path: Path, values: NDArray[Any], pixel_m: float, epsg: int | None = EPSG) -> Path:
    """Write (h, w) or (bands, h, w) at the tile's corner; JPEG 2000 without loss, or GeoTIFF, by suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    layers = values[np.newaxis] if values.ndim == 2 else values
    is_jp2 = path.suffix == ".jp2"
    options = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"} if is_jp2 else {"driver": "GTiff"}
    if epsg is not None:
        options |= {"crs": f"EPSG:{epsg}", "transform": Affine(pixel_m, 0, LEFT, 0, -pixel_m, TOP)}
    count, height, width = layers.shape
    with rasterio.open(path, "w", count=count, height=height, width=width, dtype=layers.dtype, **options) as target:
        target.write(layers)
    return path


def field_of(
    band: str, pixel_m: int, offset: float = 0, side_m: int = SIDE_M, fill_m: int = FILL_M
) -> NDArray[np.uint16]:
    """Return the numbers of a band's flat field, 0 in the strip without data."""
    side = side_m // pixel_m
    numbers = np.full((side, side), round(reflectance(band) * 10_000 - offset), dtype=np.uint16)
    numbers[:, : fill_m // pixel_m] = 0
    return numbers


def polygon(name: str, kind: str, west: int, south: int, east: int, north: int) -> str:
    """Return a mask feature of a rectangle, in metres from the tile's upper left corner."""
    x, y = (LEFT + west, LEFT + east), (TOP - south, TOP - north)
    ring = f"{x[0]} {y[0]} {x[1]} {y[0]} {x[1]} {y[1]} {x[0]} {y[1]} {x[0]} {y[0]}"
    return (
        f'<eop:MaskFeature gml:id="{name}"><eop:maskType codeSpace="urn:gs2:S2PDGS:maskType">{kind}</eop:maskType>'
        f'<eop:extentOf><gml:Polygon gml:id="{name}_Polygon"><gml:exterior><gml:LinearRing>'
        f'<gml:posList srsDimension="2">{ring}</gml:posList>'
        "</gml:LinearRing></gml:exterior></gml:Polygon></eop:extentOf></eop:MaskFeature>"
    )


def gml(*features: str) -> str:
    """Return a mask file of features; a legal empty one without any."""
    members = f"<eop:maskMembers>{''.join(features)}</eop:maskMembers>" if features else "<eop:maskMembers/>"
    envelope = (
        f'<gml:boundedBy><gml:Envelope srsName="urn:ogc:def:crs:EPSG:8.7:{EPSG}"><gml:lowerCorner>0 0</gml:lowerCorner>'
        "<gml:upperCorner>1 1</gml:upperCorner></gml:Envelope></gml:boundedBy>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<eop:Mask xmlns:eop="http://www.opengis.net/eop/2.0" '
        'xmlns:gml="http://www.opengis.net/gml/3.2" gml:id="MASK">'
        f"{envelope if features else ''}{members}</eop:Mask>"
    )


def _band_id(mask: str) -> str:
    """Return the attribute that names the band of a mask; none for a mask of all bands."""
    return "" if mask.endswith("B00") else f' bandId="{BANDS.index(mask[-3:])}"'


@dataclass(frozen=True)
class TinySafe:
    """What a tiny SAFE product is like."""

    level: str = "1C"
    baseline: str = "03.01"
    stated_baseline: str | None = None
    """What the metadata state, where it is not the baseline."""
    has_offset: bool | None = None
    """Whether the metadata state an offset; None means since baseline 04.00."""
    is_compact: bool = True
    """Whether names are those of since December 2016."""
    granules: int = 1
    suffix: str = ".jp2"
    georeferenced: bool = True
    masks: bool = True
    gml_masks: Mapping[str, str] = field(default_factory=dict)
    """Contents of GML masks by name (`MSK_CLOUDS_B00`), where they are not empty."""
    raster_masks: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    """Values of raster masks by name (`MSK_CLASSI_B00`), where they are not 0; `MSK_DETFOO` is 1 by default."""
    classes: NDArray[np.uint8] | None = None
    """SCL at 20 m."""
    tile: str = "46RER"

    @property
    def is_new(self) -> bool:
        """Whether masks are rasters, and numbers have an offset."""
        return self.baseline >= "04.00"

    @property
    def offset(self) -> int:
        """The number to add, as the metadata state it."""
        return OFFSET if (self.is_new if self.has_offset is None else self.has_offset) else 0

    @property
    def name(self) -> str:
        """The folder's name."""
        if not self.is_compact:
            return f"S2A_OPER_PRD_MSIL{self.level}_PDMC_20160908T070248_R133_V20160908T042702_20160908T042702.SAFE"
        number = self.baseline.replace(".", "")
        return f"S2A_MSIL{self.level}_20210908T042701_N{number}_R133_T{self.tile}_20210908T070248.SAFE"

    def granule(self, index: int = 0) -> str:
        """Return the folder of a granule."""
        tile = f"{self.tile[:4]}{'RSTU'[index]}" if index else self.tile
        if self.is_compact:
            return f"L{self.level}_T{tile}_A032448_20210908T043714"
        return f"S2A_OPER_MSI_L{self.level}_TL_EPA__20160908T070248_A006323_T{tile}_N{self.baseline}"

    def images(self, index: int = 0) -> dict[tuple[str, int], str]:
        """Return the images of a granule by band and pixel size [m]: paths below the product, without suffix."""
        folder = self.granule(index)
        if not self.is_compact:
            stem = folder.removesuffix(f"_N{self.baseline}")
            return {(band, PIXEL_M[band]): f"GRANULE/{folder}/IMG_DATA/{stem}_{band}" for band in BANDS}
        stem = f"{folder.split('_')[1]}_20210908T042701"
        if self.level == "1C":
            return {(band, PIXEL_M[band]): f"GRANULE/{folder}/IMG_DATA/{stem}_{band}" for band in BANDS}
        return {
            (band, pixel): f"GRANULE/{folder}/IMG_DATA/R{pixel}m/{stem}_{band}_{pixel}m"
            for band in (*(each for each in BANDS if each != "B10"), "SCL")
            for pixel in (10, 20, 60)
            if pixel >= PIXEL_M.get(band, 20) and (band, pixel) != ("B08", 20) and (band, pixel) != ("B08", 60)
        }

    def mask_names(self) -> list[tuple[str, str]]:
        """Return the kinds and names of the masks of a granule."""
        if self.is_new:
            each = [(kind, f"{kind}_{band}") for band in BANDS for kind in ("MSK_DETFOO", "MSK_QUALIT")]
            return [*each, ("MSK_CLASSI", "MSK_CLASSI_B00")]
        kinds = ("MSK_DEFECT", "MSK_DETFOO", "MSK_NODATA", "MSK_SATURA", "MSK_TECQUA")
        return [*((kind, f"{kind}_{band}") for band in BANDS for kind in kinds), ("MSK_CLOUDS", "MSK_CLOUDS_B00")]

    def product_xml(self) -> str:
        """Return the content of the product's metadata file."""
        level, is_surface = f"Level-{self.level}", self.level == "2A"
        element, each = ("Granule", "IMAGE_FILE") if self.is_compact else ("Granules", "IMAGE_ID")
        listed = "".join(
            f'<{element} granuleIdentifier="{self.granule(i)}" imageFormat="JPEG2000">'
            + "".join(f"<{each}>{p if self.is_compact else p.split('/')[-1]}</{each}>" for p in self.images(i).values())
            + f"</{element}>"
            for i in range(self.granules)
        )
        quantification = (
            "<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE>10000</BOA_QUANTIFICATION_VALUE>"
            "<AOT_QUANTIFICATION_VALUE>1000.0</AOT_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>"
            if is_surface
            else "<QUANTIFICATION_VALUE>10000</QUANTIFICATION_VALUE>"
        )
        tag = "BOA_ADD_OFFSET" if is_surface else "RADIO_ADD_OFFSET"
        offsets = "".join(f'<{tag} band_id="{i}">{self.offset}</{tag}>' for i in range(13)) if self.offset else ""
        around = "BOA_ADD_OFFSET_VALUES_LIST" if is_surface else "Radiometric_Offset_List"
        psd = f"https://psd-{14 if self.is_compact else 12}.sentinel2.eo.esa.int/PSD/User_Product_{level}.xsd"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<n1:{level}_User_Product xmlns:n1="{psd}">'
            f"<n1:General_Info><Product_Info><PRODUCT_URI>{self.name}</PRODUCT_URI>"
            f"<PROCESSING_LEVEL>{level}</PROCESSING_LEVEL>"
            f"<PROCESSING_BASELINE>{self.stated_baseline or self.baseline}</PROCESSING_BASELINE>"
            f"<Product_Organisation><Granule_List>{listed}</Granule_List></Product_Organisation></Product_Info>"
            f"<Product_Image_Characteristics>{quantification}"
            f"{f'<{around}>{offsets}</{around}>' if offsets else ''}</Product_Image_Characteristics></n1:General_Info>"
            "<n1:Quality_Indicators_Info><Cloud_Coverage_Assessment>12.5</Cloud_Coverage_Assessment>"
            f"</n1:Quality_Indicators_Info></n1:{level}_User_Product>"
        )

    def granule_xml(self, index: int = 0, side_m: int = SIDE_M) -> str:
        """Return the content of a granule's metadata file."""
        folder, level = self.granule(index), f"Level-{self.level}"
        tile = folder.split("_T")[-1][:5]
        tile_id = f"S2A_OPER_MSI_L{self.level}_TL_VGS4_20210908T070248_A032448_T{tile}_N{self.baseline}"
        sizes = "".join(
            f'<Size resolution="{p}"><NROWS>{side_m // p}</NROWS><NCOLS>{side_m // p}</NCOLS></Size>'
            f'<Geoposition resolution="{p}"><ULX>{LEFT}</ULX><ULY>{TOP}</ULY><XDIM>{p}</XDIM><YDIM>-{p}</YDIM>'
            "</Geoposition>"
            for p in (10, 20, 60)
        )
        suffix = self.suffix if self.is_new else ".gml"
        masks = "".join(
            f'<MASK_FILENAME{_band_id(name)} type="{kind}">GRANULE/{folder}/QI_DATA/{name}{suffix}</MASK_FILENAME>'
            for kind, name in self.mask_names()
        )
        psd = f"https://psd-14.sentinel2.eo.esa.int/PSD/S2_PDI_{level}_Tile_Metadata.xsd"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<n1:{level}_Tile_ID xmlns:n1="{psd}"><n1:General_Info>'
            f"<TILE_ID>{tile_id}</TILE_ID><SENSING_TIME>2021-09-08T04:40:48.758475Z</SENSING_TIME></n1:General_Info>"
            f"<n1:Geometric_Info><Tile_Geocoding><HORIZONTAL_CS_CODE>EPSG:{EPSG}</HORIZONTAL_CS_CODE>{sizes}"
            "</Tile_Geocoding><Tile_Angles><Mean_Sun_Angle><ZENITH_ANGLE>26.5</ZENITH_ANGLE>"
            "<AZIMUTH_ANGLE>143.0</AZIMUTH_ANGLE></Mean_Sun_Angle></Tile_Angles></n1:Geometric_Info>"
            "<n1:Quality_Indicators_Info><Image_Content_QI><CLOUDY_PIXEL_PERCENTAGE>88.25</CLOUDY_PIXEL_PERCENTAGE>"
            f"</Image_Content_QI><Pixel_Level_QI>{masks}</Pixel_Level_QI></n1:Quality_Indicators_Info>"
            f"</n1:{level}_Tile_ID>"
        )

    def write(self, parent: Path) -> Path:
        """Write the product below a folder, and return it."""
        root = parent / self.name
        for index in range(self.granules):
            folder = root / "GRANULE" / self.granule(index)
            folder.mkdir(parents=True)
            name = (
                "MTD_TL.xml" if self.is_compact else f"S2A_OPER_MTD_L{self.level}_TL_EPA__20160908T070248_A006323.xml"
            )
            (folder / name).write_text(self.granule_xml(index))
            for (band, pixel), path in self.images(index).items():
                values = self._classes(pixel) if band == "SCL" else field_of(band, pixel, self.offset)
                write_raster(root / f"{path}{self.suffix}", values, pixel, EPSG if self.georeferenced else None)
            if self.masks:
                self._write_masks(folder / "QI_DATA")
        name = f"MTD_MSIL{self.level}.xml"
        if not self.is_compact:
            name = f"S2A_OPER_MTD_SAFL{self.level}_PDMC_20160908T070248_R133_V20160908T042702_20160908T042702.xml"
        (root / name).write_text(self.product_xml())
        return root

    def _classes(self, pixel: int) -> NDArray[np.uint8]:
        side = SIDE_M // pixel
        if self.classes is not None and pixel == 20:
            return self.classes
        values = np.full((side, side), 5, np.uint8)
        values[:, : FILL_M // pixel] = 0
        return values

    def _write_masks(self, folder: Path) -> None:
        folder.mkdir()
        for kind, name in self.mask_names():
            if not self.is_new:
                (folder / f"{name}.gml").write_text(self.gml_masks.get(name, gml()))
                continue
            pixel = PIXEL_M.get(name[-3:], 60)
            layers = {"MSK_DETFOO": 1, "MSK_QUALIT": 8, "MSK_CLASSI": 3}[kind]
            values = np.full((layers, SIDE_M // pixel, SIDE_M // pixel), int(kind == "MSK_DETFOO"), np.uint8)
            write_raster(folder / f"{name}{self.suffix}", self.raster_masks.get(name, values), pixel)


def complete(metadata: Path, out: Path, side_m: int = 109_800, reduction: int = 300) -> Path:
    """Copy the metadata tree of a real product and lay flat fields of known reflectance beside it.

    Parameters
    ----------
    metadata
        A ``.SAFE`` folder without pixels.
    out
        Folder for the product, which keeps its name.
    side_m
        Side of the tile [m].
    reduction
        Pixels are so many times as long as those of the real product.
    """
    root = out / metadata.name
    shutil.copytree(metadata, root)
    product = ElementTree.parse(next(root.glob("MTD_MSIL*.xml"))).getroot()  # noqa: S314 - of our own data
    tile = ElementTree.parse(next(root.glob("GRANULE/*/MTD_TL.xml"))).getroot()  # noqa: S314
    corner = [float(next(tile.iter(name)).text or "") for name in ("ULX", "ULY")]
    crs = next(tile.iter("HORIZONTAL_CS_CODE")).text
    offsets = [float(each.text or "") for name in ("RADIO_ADD_OFFSET", "BOA_ADD_OFFSET") for each in product.iter(name)]
    for element in product.iter("IMAGE_FILE"):
        path = root / f"{element.text}.tif"
        name = next((part for part in path.stem.split("_") if part in (*BANDS, "SCL")), None)
        if name is None:
            continue
        tail = path.stem.rpartition("_")[2]
        pixel = int(tail[:-1]) if tail in ("10m", "20m", "60m") else PIXEL_M[name]
        side = side_m // (pixel * reduction)
        if name == "SCL":
            values = np.full((side, side), 5, np.uint8)
            values[: side // 2] = 11
        else:
            offset = offsets[BANDS.index(name)] if offsets else 0
            values = np.full((side, side), round(reflectance(name) * 10_000 - offset), np.uint16)
        values[:, : side // 4] = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        size = side_m / side
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=1,
            height=side,
            width=side,
            dtype=values.dtype,
            crs=crs,
            transform=Affine(size, 0, corner[0], 0, -size, corner[1]),
        ) as target:
            target.write(values, 1)
    return root


def pack(folder: Path, path: Path) -> Path:
    """Pack a product as a zip archive, with its folder as the archive's root."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            archive.write(each, each.relative_to(folder.parent))
    return path


if __name__ == "__main__":
    print(complete(Path(sys.argv[1]), Path(sys.argv[2])))  # noqa: T201
