"""An archive of simulated products: files, items, collections and the catalogue at the root.

The catalogue is a static one, with relative links; `trimline.simulate.archive.serving` makes a STAC API of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from trimline.errors import SimulationError
from trimline.files import StrPath, made_folder, write_json
from trimline.scenes import open_scene
from trimline.scenes.scene import Scene
from trimline.simulate.archive.laid_out import LaidOut, Layout
from trimline.simulate.archive.landsat_items import lay_landsat
from trimline.simulate.archive.sentinel2_items import lay_sentinel2

STAC_VERSION = "1.0.0"
CATALOGUE = "catalog.json"
COLLECTION = "collection.json"
BLOCK = 256
"""Side of a block of the archive's COGs [pixels]."""


def make_archive(
    folder: StrPath,
    products: Iterable[StrPath],
    *,
    layout: Layout = "cogs",
    block: int = BLOCK,
    stated: Mapping[str, Mapping[str, Any]] | None = None,
) -> Path:
    """Write simulated products as an archive, and return its catalogue (`catalog.json`).

    Landsat products become a folder of COGs with their metadata files, as in the collection `landsat-c2l1` of USGS.
    Sentinel-2 products become COGs named by band, as in `sentinel-2-c1-l2a` of Earth Search, or, with the layout
    `jp2`, Level-1C products become JPEG 2000 files with `tileInfo.json`, as in `sentinel-s2-l1c`.

    Parameters
    ----------
    folder
        Gets the archive. What an earlier call wrote there stays in the catalogue.
    products
        Product folders that `trimline.simulate` wrote: of Landsat, or SAFE folders.
    layout
        Layout of Sentinel-2 products.
    block
        Side of a block of the COGs [pixels], a multiple of 16 and at least 128.
    stated
        Properties that items state in place of the true ones, by product id: a cloud cover that misleads.

    Raises
    ------
    SimulationError
        A product cannot be laid out so.
    """
    folder = made_folder(Path(folder))
    stated = {} if stated is None else stated
    collections: dict[str, list[dict[str, Any]]] = {}
    for product in products:
        scene = open_scene(product)
        laid = _laid_out(scene, folder, layout, block)
        item = _item(laid, stated.get(scene.id, {}))
        write_json(folder / laid.folder / f"{laid.item_id}.json", item)
        collections.setdefault(laid.collection, []).append(item)
    for name in collections:
        _write_collection(folder, name)
    return _write_catalogue(folder)


def _laid_out(scene: Scene, folder: Path, layout: Layout, block: int) -> LaidOut:
    if scene.sensor.id.startswith("landsat"):
        return lay_landsat(scene, folder, block)
    if scene.level in ("L1C", "L2A") and scene.source.is_dir():
        return lay_sentinel2(scene, folder, layout, block)
    raise SimulationError(
        "no archive lays such a product out", where=scene.source, remedy="simulate it with `format: SAFE`"
    )


def _item(laid: LaidOut, stated: Mapping[str, Any]) -> dict[str, Any]:
    up = "../" * len(Path(laid.folder).parts)
    collection = f"{up}{laid.collection}/{COLLECTION}"
    west, south, east, north = laid.footprint.boundingbox.bbox
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": list(laid.extensions),
        "id": laid.item_id,
        "geometry": laid.footprint.geojson()["geometry"],
        "bbox": [west, south, east, north],
        "properties": {**laid.properties, **stated},
        "links": [
            {"rel": "root", "href": f"{up}{CATALOGUE}", "type": "application/json"},
            {"rel": "parent", "href": collection, "type": "application/json"},
            {"rel": "collection", "href": collection, "type": "application/json"},
        ],
        "assets": laid.assets,
        "collection": laid.collection,
    }


def _write_collection(folder: Path, name: str) -> None:
    items = {
        path: content
        for path in sorted(folder.rglob("*.json"))
        if path.name not in (COLLECTION, CATALOGUE)
        and (content := json.loads(path.read_text(encoding="utf-8"))).get("collection") == name
    }
    boxes = [content["bbox"] for content in items.values()]
    times = sorted(content["properties"]["datetime"] for content in items.values())
    write_json(
        folder / name / COLLECTION,
        {
            "type": "Collection",
            "stac_version": STAC_VERSION,
            "id": name,
            "description": f"Simulated by trimline, in the layout of {name}; not images of the Earth",
            "license": "proprietary",
            "extent": {
                "spatial": {
                    "bbox": [
                        [
                            min(box[0] for box in boxes),
                            min(box[1] for box in boxes),
                            max(box[2] for box in boxes),
                            max(box[3] for box in boxes),
                        ]
                    ]
                },
                "temporal": {"interval": [[times[0], times[-1]]]},
            },
            "links": [
                {"rel": "root", "href": f"../{CATALOGUE}", "type": "application/json"},
                {"rel": "parent", "href": f"../{CATALOGUE}", "type": "application/json"},
                *(
                    {"rel": "item", "href": f"../{path.relative_to(folder).as_posix()}", "type": "application/geo+json"}
                    for path in items
                ),
            ],
        },
    )


def _write_catalogue(folder: Path) -> Path:
    names = sorted(path.parent.name for path in folder.glob(f"*/{COLLECTION}"))
    write_json(
        folder / CATALOGUE,
        {
            "type": "Catalog",
            "stac_version": STAC_VERSION,
            "id": "simulated",
            "description": "Products simulated by trimline, laid out as in public archives",
            "links": [
                {"rel": "root", "href": CATALOGUE, "type": "application/json"},
                *({"rel": "child", "href": f"{name}/{COLLECTION}", "type": "application/json"} for name in names),
            ],
        },
    )
    return folder / CATALOGUE
