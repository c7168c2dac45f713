"""Identity of a scene: a digest that changes when anything that decides its pixels may have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odc.geo.geobox import GeoBox

from trimline.errors import ProductError
from trimline.file_identity import digest, file_identity
from trimline.files import StrPath
from trimline.scenes.calibration import NoCalibration
from trimline.scenes.product_files import is_archive, member_of
from trimline.scenes.sentinel2_safe import place_of
from trimline.scenes.sidecar import sidecar_of

if TYPE_CHECKING:
    from trimline.scenes.asset import Asset
    from trimline.scenes.calibration import Calibration
    from trimline.scenes.scene import Scene

_METADATA_SUFFIXES = (".txt", ".json", ".xml")
"""Of a metadata file that stands for the product in its folder."""


def scene_identity(scene: Scene) -> str:
    """Return the identity of a scene on this machine, now.

    It covers, of every band and quality band, the file behind it (path, size, time of last change, companions; of an
    archive those of the archive, and the member's name), its position in the file, calibration, nodata value, grid, and
    by how much it was moved; and the content of the metadata file or sidecar, the sensor, the level and the scene's
    grid. The scene's `id`, `time` and `tile` decide no pixel and do not count.

    Returns
    -------
    str
        Hexadecimal SHA-256; equal in every process that sees the same files under the same paths. No pixel is read.

    Raises
    ------
    ProductError
        A file of the scene is not there any more.
    """
    assets = _all_assets(scene)
    behind = {href: _file_behind(href) for href in {asset.href for asset in assets.values()}}
    return digest([_content(scene), {name: behind[asset.href] for name, asset in assets.items()}])


def scene_content(scene: Scene) -> str:
    """Return the identity of a scene without where its files lie and when they were written, for provenance.

    Copies of a product in other places have the same one. Files count by name and size.
    """
    sizes = {_name(asset.href): _size(asset.href) for asset in _all_assets(scene).values()}
    return digest([_content(scene), sizes])


def product_identity(path: StrPath) -> str:
    """Return the identity of the files of a product, without opening it.

    Two states of a product with one identity make the same scene, if they are opened in the same way.

    Raises
    ------
    StageError
        There is no such product.
    """
    path = Path(path)
    place = place_of(path)
    if place is not None:  # a granule or a metadata file of SAFE stands for the whole product
        return file_identity(place.container)
    if path.is_file() and not is_archive(path):
        if path.suffix.lower() in _METADATA_SUFFIXES:
            return file_identity(path.parent)
        sidecar = sidecar_of(path)
        return digest([file_identity(path), file_identity(sidecar) if sidecar.is_file() else None])
    return file_identity(path)


def _content(scene: Scene) -> dict[str, Any]:
    """Return all that decides pixels beside the files themselves."""
    return {
        "bands": {name: _described(asset) for name, asset in _all_assets(scene).items()},
        "metadata": scene.metadata_sha256,
        "sensor": scene.sensor.id,
        "level": scene.level,
        "grid": _grid(scene.geobox),
    }


def _all_assets(scene: Scene) -> Mapping[str, Asset]:
    quality = {f"quality {kind}": asset for kind, asset in scene.quality_assets.items()}
    return {**scene.assets, **quality}


def _described(asset: Asset) -> list[Any]:
    grid = None if asset.geobox is None else _grid(asset.geobox)
    moved = [] if asset.shift is None else [[asset.shift.east_m, asset.shift.north_m, str(asset.shift.crs)]]
    return [_name(asset.href), asset.index, asset.nodata, grid, *_numbers(asset.calibration), *moved]


def _numbers(calibration: Calibration) -> list[Any]:
    """Return the kind of a calibration and its numbers; the text of a `NoCalibration` does not count."""
    if isinstance(calibration, NoCalibration):
        return [NoCalibration.__name__]
    any_kind: Any = calibration
    numbers = asdict(any_kind) if is_dataclass(type(any_kind)) else getattr(any_kind, "__dict__", {})
    # A function has a name of its own, an object that of its class.
    name = getattr(any_kind, "__qualname__", type(any_kind).__qualname__)
    return [f"{any_kind.__module__}.{name}", numbers]


def _grid(geobox: GeoBox) -> list[Any]:
    return [*geobox.shape, *geobox.affine[:6], str(geobox.crs)]


def _file_behind(href: str) -> str:
    """Return the identity of the file that a raster lies in; what is no local file counts by its name alone."""
    path = _local(href)
    if path is None:
        return href
    if not path.exists():
        raise ProductError("the file is not there any more", where=path, remedy="put it back, or open the scene again")
    return file_identity(path)


def _local(href: str) -> Path | None:
    """Return the raster's file or archive."""
    member = member_of(href)
    if member is not None:
        return member.archive
    return None if href.startswith("/vsi") or "://" in href else Path(href)


def _name(href: str) -> str:
    member = member_of(href)
    return member.name if member is not None else Path(href).name


def _size(href: str) -> int | None:
    path = _local(href)
    return path.stat().st_size if path is not None and path.is_file() else None
