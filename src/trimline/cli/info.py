"""`trimline info`: what is this file, folder or archive, and is it complete."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from trimline.cli.own_options import Nodata, Offset, Scale

if TYPE_CHECKING:
    from trimline.errors import TrimlineError
    from trimline.scenes import ProductInfo


def info(
    products: Annotated[
        list[str],
        typer.Argument(
            metavar="PRODUCT...",
            help="Folders, archives, metadata files or rasters; or patterns, as in 'scenes/*.tar'.",
        ),
    ],
    bands: Annotated[
        str | None, typer.Option(help="Names of a stack's bands in order, as in blue,green,red,nir; - leaves one out.")
    ] = None,
    sensor: Annotated[str | None, typer.Option(help="Sensor of a stack, as in sentinel-2-msi.")] = None,
    scale: Scale = None,
    offset: Offset = None,
    nodata: Nodata = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: one object, or a list where there are several products.")
    ] = False,
) -> None:
    """Say what satellite products are, and whether they are complete.

    Where one of several products cannot be read, the others are shown first. The exit code is 2 where one cannot be
    read or used: a file of it is damaged, a band is missing, or it has no CRS. Quality bands alone may be missing.
    """
    from trimline.cli.outlining import find_scenes
    from trimline.cli.results import print_json
    from trimline.errors import TrimlineError
    from trimline.scenes import product_info

    names = bands.split(",") if bands else None
    found: list[ProductInfo] = []
    unread: list[TrimlineError] = []
    paths, several = find_scenes(products)
    for path in paths:
        try:
            found.append(product_info(path, sensor=sensor, bands=names, scale=scale, offset=offset, nodata=nodata))
        except TrimlineError as error:
            unread.append(error)
    if as_json and found:
        content = [each.to_dict() for each in found]
        print_json(content if several else content[0])
    elif found:
        _print(found)
    unread += filter(None, map(_why_not, found))
    for earlier in unread[:-1]:
        typer.echo(f"trimline: {earlier}", err=True)
    if unread:
        raise unread[-1]


def _why_not(product: ProductInfo) -> TrimlineError | None:
    """Return why a product that was read cannot be used, or None."""
    from trimline.errors import ProductError

    if product.is_usable:
        return None
    if not product.bands:
        return ProductError("no band of it is known", where=product.path, remedy="name its bands with --bands")
    if product.crs is None:
        why = product.notes[0] if product.notes else "it has no CRS"
        return ProductError(why, where=product.path, remedy="write it anew with its CRS and geotransform")
    lacking = ", ".join(product.missing[:3]) + (", ..." if len(product.missing) > 3 else "")
    said = lacking or "; ".join(note for note in product.notes if "damaged" in note)
    return ProductError(f"the product is not complete: {said}", where=product.path, remedy="fetch it again")


def _print(products: list[ProductInfo]) -> None:
    from rich.console import Console
    from rich.table import Table

    from trimline.cli.results import MINIMUM_WIDTH

    console = Console(width=None if sys.stdout.isatty() else MINIMUM_WIDTH)
    for product in products:
        table = Table(title=product.id, title_justify="left", title_style="bold", show_header=False)
        for name, text in _rows(product):
            table.add_row(name, text)
        console.print(table)


def _rows(product: ProductInfo) -> list[list[str]]:
    """Return what is known of a product, in words; what is not known is left out."""
    tier = " ".join(part for part in (product.level, product.category) if part)
    collection = f"collection {product.collection}" if product.collection else None
    baseline = f"processing baseline {product.baseline}" if product.baseline else None
    rows = [
        ("product", ", ".join(part for part in (product.kind, tier, collection, baseline) if part)),
        ("complete", _complete(product)),
        ("sensor", product.sensor or "not recorded"),
        ("time", f"{product.time:%Y-%m-%d %H:%M:%S} UTC" if product.time else None),
        ("tile", product.tile),
        ("cloud cover", None if product.cloud_cover is None else f"{product.cloud_cover:g} %"),
        ("sun", _sun(product)),
        ("bands", ", ".join(product.bands) or "none"),
        ("quality", ", ".join(product.quality)),
        ("missing", "\n".join(product.missing)),
        ("size", f"{product.width} x {product.height} pixels" if product.width else None),
        ("pixel", _pixel(product)),
        ("CRS", _crs(product)),
        ("bounds", _bounds(product)),
        ("path", str(product.path)),
        *(("note", note) for note in product.notes),
    ]
    return [[name, text] for name, text in rows if text]


def _complete(product: ProductInfo) -> str:
    if product.is_complete:
        return "yes"
    if product.fetched is not None and product.is_usable and not product.missing:
        return f"part of a product, fetched {product.fetched}"
    return "no"


def _sun(product: ProductInfo) -> str | None:
    if product.sun_elevation is None or product.sun_azimuth is None:
        return None
    return f"{product.sun_elevation:.1f}° high, from {product.sun_azimuth % 360:.1f}°"


def _pixel(product: ProductInfo) -> str | None:
    if product.pixel is None:
        return None
    unit = {"metre": " m", "degree": "°"}.get(product.pixel_unit or "", f" {product.pixel_unit}")
    return f"{product.pixel[0]:.6g} x {product.pixel[1]:.6g}{unit}"


def _crs(product: ProductInfo) -> str:
    if product.crs is None:
        return "none"
    spelled_out = re.match(r'\w+\["(?P<name>[^"]*)"', product.crs)
    return f"{spelled_out['name']} (without an EPSG code)" if spelled_out else product.crs


def _bounds(product: ProductInfo) -> str | None:
    if product.bounds is None:
        return None
    west, south, east, north = product.bounds
    return f"{west:.3f} to {east:.3f}° E, {south:.3f} to {north:.3f}° N"
