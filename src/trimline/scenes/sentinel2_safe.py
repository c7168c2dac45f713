"""Sentinel-2 products in ESA's SAFE layout: a folder, one of its metadata files, one granule of it, or a zip archive.

Products of before December 2016 have long file names and several granules each; the granule is chosen by its folder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from trimline.errors import ProductError
from trimline.scenes.calibration import Linear
from trimline.scenes.product_tree import ProductTree, product_tree
from trimline.scenes.sentinel2_metadata import (
    FIRST_WITH_OFFSET,
    MSI,
    GranuleMetadata,
    ProductMetadata,
    no_offset,
    read_granule_metadata,
    read_product_metadata,
)
from trimline.scenes.sentinel2_product import (
    Image,
    PlacedMask,
    Sentinel2Product,
    band_of,
    classes_pixel,
    finest,
    rasters_in,
)

GRANULES = "GRANULE"

_PRODUCT_FILE = re.compile(r"MTD_MSIL\w+\.xml|S2[A-D]_\w{4}_MTD_SAFL\w+\.xml", re.IGNORECASE)
_GRANULE_FILE = re.compile(r"MTD_TL\.xml|S2[A-D]_\w{4}_MTD_L\w\w_TL_\w+\.xml", re.IGNORECASE)
_BASELINE = re.compile(r"_N\d{2}\.\d{2}$")


@dataclass(frozen=True)
class Place:
    """Where a path points in a product on disk."""

    container: Path
    """The folder or archive that holds the whole product."""
    product_file: str | None = None
    """Name of the product's metadata file, where the path is one."""
    granule: str | None = None
    """Folder of a granule, where the path is one or lies in one."""


def place_of(path: Path) -> Place | None:
    """Return the product that a path of a SAFE folder belongs to, by names only; None where it is none.

    Archives are not looked into.
    """
    if path.is_file():
        if _PRODUCT_FILE.fullmatch(path.name):
            return Place(path.parent, product_file=path.name)
        if _GRANULE_FILE.fullmatch(path.name):
            return _granule_place(path.parent)
        return None
    if not path.is_dir():
        return None
    names = [each.name for each in path.iterdir()]
    if path.suffix.upper() == ".SAFE" or any(_PRODUCT_FILE.fullmatch(name) for name in names):
        return Place(path)
    return _granule_place(path) if any(_GRANULE_FILE.fullmatch(name) for name in names) else None


def read_safe(place: Place) -> Sentinel2Product:
    """Read the metadata of a product, or of the one granule of it that is meant, and find its files.

    Raises
    ------
    ProductError
        There is no product in it, or several granules and none is chosen; or an archive is damaged or unsafe.
    MetadataError
        The metadata are damaged.
    """
    tree = product_tree(place.container)
    product_file = _product_file(tree, place)
    root = str(PurePosixPath(product_file).parent) if "/" in product_file else ""
    text = tree.text(product_file)
    product = read_product_metadata(text, tree.where(product_file))
    granule_file, is_one_of_several = _granule_file(tree, root, place.granule)
    granule_text = tree.text(granule_file)
    granule = read_granule_metadata(granule_text, tree.where(granule_file))
    _check_agreement(product, granule, tree.where(granule_file))
    folder = PurePosixPath(granule_file).parent
    files = tree.below(str(folder))
    images, classes = _images(product, files, folder.name)
    offsets = product.offsets or {}
    scale = 1 / product.quantification
    return Sentinel2Product(
        tree=tree,
        layout="Sentinel-2 SAFE",
        id=f"{product.product_id}_{folder.name}" if is_one_of_several else product.product_id,
        level=product.level,
        tile=granule.tile,
        baseline=product.baseline,
        time=granule.time,
        sun_azimuth=granule.sun_azimuth,
        sun_elevation=granule.sun_elevation,
        cloud_cover=product.cloud_cover if granule.cloud_cover is None else granule.cloud_cover,
        images=images,
        calibrations={common: Linear(scale, offsets.get(common, 0.0) * scale) for common in images},
        offset_source=_offset_source(product),
        classes=classes,
        masks=tuple(_placed_masks(granule, files)),
        grids=granule.grids,
        metadata=(text, granule_text),
    )


def _granule_place(folder: Path) -> Place | None:
    return Place(folder.parent.parent, granule=folder.name) if folder.parent.name.upper() == GRANULES else None


def _product_file(tree: ProductTree, place: Place) -> str:
    """Return the product's metadata file: the only one of the folders nearest to the root."""
    if place.product_file is not None:
        return place.product_file
    found = [name for name in tree.names if _PRODUCT_FILE.fullmatch(PurePosixPath(name).name)]
    if not found:
        is_sentinel = any(_GRANULE_FILE.fullmatch(PurePosixPath(name).name) for name in tree.names)
        raise ProductError(
            "there is no metadata file of a Sentinel-2 product (MTD_MSIL1C.xml or MTD_MSIL2A.xml)",
            where=tree.path,
            remedy="fetch the product again, with its metadata"
            if is_sentinel
            else "give a SAFE folder, or one as a zip archive",
        )
    depth = min(name.count("/") for name in found)
    nearest = [name for name in found if name.count("/") == depth]
    if len(nearest) > 1:
        raise ProductError(
            f"there are {len(nearest)} products: {', '.join(nearest)}",
            where=tree.path,
            remedy="give the metadata file of the one that is meant; an archive must be unpacked for that",
        )
    return nearest[0]


def _granule_file(tree: ProductTree, root: str, chosen: str | None) -> tuple[str, bool]:
    """Return the metadata file of the granule, and whether the product has several."""
    parts = len(PurePosixPath(root, GRANULES).parts)
    found = {
        PurePosixPath(name).parent.name: name
        for name in tree.below(str(PurePosixPath(root, GRANULES)))
        if _GRANULE_FILE.fullmatch(PurePosixPath(name).name) and len(PurePosixPath(name).parts) == parts + 2
    }
    if chosen in found:
        return found[chosen], len(found) > 1
    if not found:
        raise ProductError(
            "the product holds no granule with metadata (GRANULE/*/MTD_TL.xml)",
            where=tree.path,
            remedy="fetch the product again",
        )
    if len(found) > 1:
        raise ProductError(
            f"the product holds {len(found)} granules: {', '.join(found)}",
            where=tree.path,
            remedy="give the folder of the one that is meant, below GRANULE; an archive must be unpacked for that",
        )
    return next(iter(found.values())), False


def _check_agreement(product: ProductMetadata, granule: GranuleMetadata, where: str) -> None:
    if product.level != granule.level:
        raise ProductError(
            f"the granule is {granule.level}, and its product {product.level}", where=where, remedy="fetch it again"
        )
    if product.offsets is None and granule.baseline is not None and granule.baseline >= FIRST_WITH_OFFSET:
        raise no_offset(granule.baseline, product.name)


def _images(product: ProductMetadata, files: tuple[str, ...], granule: str) -> tuple[dict[str, Image], Image | None]:
    """Return the images that the metadata name for a granule: bands by common name, and the classification."""
    rasters = rasters_in(files)
    bands: list[tuple[str, Image]] = []
    classes: list[tuple[str, Image]] = []
    for written in _named(product, granule):
        stem = PurePosixPath(written).name
        if PurePosixPath(stem).suffix.lower() in (".jp2", ".tif", ".tiff"):
            stem = PurePosixPath(stem).stem
        file = rasters.get(stem.lower())
        band, pixel = band_of(stem), classes_pixel(stem)
        if band is not None:
            bands.append((band[0], Image(file or f"{stem}.jp2", file, band[1])))
        elif pixel is not None:
            classes.append(("classes", Image(file or f"{stem}.jp2", file, pixel)))
    if not bands:
        raise ProductError("the metadata name no band files", where=product.name, remedy="fetch the product again")
    by_name = finest(bands)
    in_order = {band.common: by_name[band.common] for band in MSI.bands if band.common in by_name}
    return in_order, finest(classes).get("classes")


def _named(product: ProductMetadata, granule: str) -> list[str]:
    """Return the files that belong to a granule; all where names do not tell, as in a renamed one."""
    stem = _BASELINE.sub("", granule)
    mine = [
        each
        for each in product.files
        if granule in PurePosixPath(each).parts or PurePosixPath(each).name.startswith(stem)
    ]
    return mine or list(product.files)


def _placed_masks(granule: GranuleMetadata, files: tuple[str, ...]) -> list[PlacedMask]:
    by_name = {PurePosixPath(name).name.lower(): name for name in files}
    return [PlacedMask(mask, by_name.get(PurePosixPath(mask.file).name.lower())) for mask in granule.masks]


def _offset_source(product: ProductMetadata) -> str:
    name = PurePosixPath(product.name).name
    if product.offsets is None:
        return f"no offset: {name} states none, as before processing baseline {FIRST_WITH_OFFSET}"
    distinct = sorted({f"{value:g}" for value in product.offsets.values()})
    return f"offset {', '.join(distinct)}, stated in {name}"
