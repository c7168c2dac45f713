"""Rasters of users are opened in one place, which lists the formats."""

from __future__ import annotations

import ast
from pathlib import Path

import trimline

PACKAGE = Path(trimline.__file__).parent
OPENS_USERS = "scenes/raster_opening.py"
OWN_FILES = {
    "own_files.py",
    "timeline/drafts.py",
    "bench",  # what the benchmarks wrote
    "rasters.py",  # writes
    "fetching/writing.py",  # writes
    "mapping/shadow_file.py",  # writes
    "mapping/shares.py",
    "mapping/snow.py",
    "report/contact_sheet.py",
    "simulate/archive/laid_out.py",  # bands of simulated products
    "simulate/sentinel2_product.py",  # writes
    "review/pictures/hillshade.py",  # writes
    "review/pictures/prepared_picture.py",  # writes
    "study/evaluate_stage.py",
    "study/report_stage.py",
    "terrain/dem_mosaic.py",  # parts of tiles that it fetched
    "timeline/bridging.py",
    "timeline/description.py",
    "timeline/period_maps.py",
    "timeline/place.py",
    "timeline/scene_view.py",
}
"""Files and rooms that open masks, classes and period maps which trimline wrote itself."""


def _opens(source: str) -> bool:
    """Whether some source opens a raster, by `rasterio.open` or a class of rasterio."""
    nodes = list(ast.walk(ast.parse(source)))
    calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    opened_of = {
        node.value.id
        for node in nodes
        if isinstance(node, ast.Attribute) and node.attr == "open" and isinstance(node.value, ast.Name)
    }
    return "rasterio" in opened_of or bool(calls & {"DatasetReader", "MemoryFile"})


def test_no_other_file_opens_a_raster_of_a_user() -> None:
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if _opens(path.read_text())}
    assert OPENS_USERS in found
    others = {each for each in found if each not in OWN_FILES and each.split("/")[0] not in OWN_FILES}
    assert others == {OPENS_USERS}
