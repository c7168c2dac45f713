"""From the archives: catalogues, tokens and files that are not what they should be."""

from __future__ import annotations

import atexit
import json
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from tests.kinds.kind import Kind

from trimline.project import SimulatedRange
from trimline.simulate import write_range
from trimline.simulate.archive import make_archive, serve

_CHAPTER = "From the archives"
_SIMULATED = {
    "name": "range",
    "environment": "cloudy",
    "size": 96,
    "resolution_m": 10,
    "seed": 3,
    "first_year": 2018,
    "scenes": [{"date": "2018-08-20", "sensor": "landsat-8-oli"}],
}
_OPEN = ExitStack()
atexit.register(_OPEN.close)


@cache
def _made() -> Path:
    """Simulate one scene of Landsat 8, and write its archive and the true outlines, once for all kinds."""
    folder = Path(_OPEN.enter_context(TemporaryDirectory()))
    manifest = write_range(SimulatedRange.model_validate(_SIMULATED), folder / "range", progress=False)
    made = folder / "made"
    make_archive(made / "archive", [manifest.folder / manifest.scenes[0].product])
    (folder / "range" / manifest.scenes[0].outlines).rename(made / "glaciers.gpkg")
    return made


def _archive(folder: Path) -> Path:
    """Lay an archive of one scene of Landsat 8 into a folder, and return its item."""
    copytree(_made(), folder, dirs_exist_ok=True)
    return next(path for path in (folder / "archive").rglob("LC08*.json") if not path.name.endswith("_MTL.json"))


def _written_item(item: Path, address: str, folder: Path) -> str:
    """Write an item as a search does, with addresses that hold anywhere."""
    content = json.loads(item.read_text())
    for asset in content["assets"].values():
        asset["href"] = f"{address}/{asset['href'].removeprefix('./')}"
    (folder / "item.json").write_text(json.dumps(content))
    return "item.json"


def _project(folder: Path, *, first: int = 2018, **more: Any) -> None:
    content = {
        "name": "range",
        "output": "out",
        "inventory": "glaciers.gpkg",
        "periods": [{"name": str(first), "first": first, "last": first}],
        "methods": ["band_ratio"],
        **more,
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def _unknown_collection(folder: Path) -> list[str]:
    _archive(folder)
    _project(folder, search={"catalogues": "archive/catalog.json", "collections": "landsat-c2-l1"})
    return ["search", "study.yaml"]


def _no_result(folder: Path) -> list[str]:
    _archive(folder)
    _project(folder, first=1998, search={"catalogues": "archive/catalog.json"})
    return ["search", "study.yaml"]


def _fetch(folder: Path, item: str, catalogue: str) -> list[str]:
    scene = {"id": "2018", "path": "fetched/2018", "item": item, "period": "2018"}
    _project(folder, scenes=[scene], search={"catalogues": catalogue})
    return ["fetch", "study.yaml"]


def _served(folder: Path, item: Path, **how: Any) -> list[str]:
    """Serve the archive until the end of the process, and fetch a scene of it."""
    server = _OPEN.enter_context(serve(folder / "archive", **how))
    place = item.parent.relative_to(folder / "archive").as_posix()
    return _fetch(folder, _written_item(item, f"{server.url}/{place}", folder), server.url)


def _missing_band(folder: Path) -> list[str]:
    item = _archive(folder)
    next(item.parent.glob("*_B6.TIF")).unlink()
    return _served(folder, item)


def _expired_token(folder: Path) -> list[str]:
    return _served(folder, _archive(folder), token_life=0)


KINDS: tuple[Kind, ...] = (
    Kind(
        title="A collection that the archive does not have",
        chapter=_CHAPTER,
        make=_unknown_collection,
        story="Each archive calls its collections otherwise: Landsat Collection 2 Level-1 is `landsat-c2l1` at USGS.",
        message="archive/catalog.json: there is no collection 'landsat-c2-l1'\ndid you mean 'landsat-c2l1'?",
    ),
    Kind(
        title="A search without any result",
        chapter=_CHAPTER,
        make=_no_result,
        story="No scene fulfils all conditions. What is said counts how many each condition removed.",
        message="archive/catalog.json: no scene fits: none in the region and years\ncheck the region (93.00 to 93.01 "
        "degrees east, 34.33 to 34.34 north) and the years (1998), or name other collections or catalogues",
    ),
    Kind(
        title="A scene of which the archive lacks a band",
        chapter=_CHAPTER,
        make=_missing_band,
        story="The item names a file that is not there. The scene is named and left out, and others are fetched. A "
        "band that could not be read is never taken for one without data.",
        message="1 of 1 scenes could not be fetched: 2018 (band swir1 cannot be fetched: there is no such file on the "
        "server (404))\nsearch again: the catalogue names what its archive no longer holds; then run "
        "`trimline fetch` again, which fetches only what is missing; or take these scenes out of the project "
        "file",
    ),
    Kind(
        title="A token that has expired",
        chapter=_CHAPTER,
        make=_expired_token,
        story="The server refuses a file after the token was renewed once. Nothing of the token or the login is shown.",
        message="1 of 1 scenes could not be fetched: 2018 (metadata MTL.txt cannot be fetched: the server "
        "archive.example refuses access (it answers 403))\nwrite a line into ~/.netrc: machine HOST login "
        "USER password PASSWORD; then run `trimline fetch` again, which fetches only what is missing; or take "
        "these scenes out of the project file",
    ),
)
