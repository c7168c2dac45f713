"""A new user who has only the README and the site reaches what they promise.

Each notebook is taken from the built site, as it is downloaded, and executed in an empty folder; afterwards the files
that its page promises are there. The README's commands are carried out by `tests/documentation/test_shown_code.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import nbformat
import pandas as pd
import pytest
from documentation.executing import environment
from nbclient import NotebookClient

from trimline.inference.torch_files import load_network
from trimline.outlines import read_outlines

pytestmark = pytest.mark.slow

LIMIT_S = 1200


def has_outlines_of_a_scene(folder: Path) -> None:
    outlines = read_outlines(folder / "out" / "2019" / "outlines.gpkg")
    assert len(outlines) > 0
    assert outlines.to_crs(outlines.estimate_utm_crs()).area.min() > 0


def has_a_change_table_of_own_outlines(folder: Path) -> None:
    changes = pd.read_csv(folder / "change" / "change" / "glacier_changes.csv")
    assert len(changes) > 0
    assert {"glac_id", "first", "last"} <= set(changes.columns)


def has_a_corrected_outline(folder: Path) -> None:
    mapped, corrected = (read_outlines(folder / "map" / name) for name in ("outlines.gpkg", "corrected.gpkg"))
    projected = mapped.estimate_utm_crs()
    moved = mapped.to_crs(projected).union_all().symmetric_difference(corrected.to_crs(projected).union_all())
    assert moved.area > 100  # m2: ground was added or taken


def has_weights_trained_on_own_labels(folder: Path) -> None:
    weights = sorted((folder / "out" / "training").glob("*/weights.safetensors"))
    assert weights
    network, _ = load_network(weights[0])
    assert sum(parameter.numel() for parameter in network.parameters()) > 0


def has_retreat_of_termini(folder: Path) -> None:
    assert len(gpd.read_file(folder / "out" / "terminus" / "terminus.gpkg")) > 0


def has_scores_of_methods(folder: Path) -> None:
    assert len(pd.read_csv(folder / "unseen" / "evaluation" / "scores.csv")["method"].unique()) > 1


def has_totals_of_a_region(folder: Path) -> None:
    assert len(pd.read_csv(folder / "out" / "change" / "totals.csv")) > 0


def has_outlines_by_the_network(folder: Path) -> None:
    assert len(read_outlines(folder / "network" / "outlines.gpkg")) > 0


PROMISED: dict[str, Callable[[Path], None]] = {
    "start": has_outlines_of_a_scene,
    "tutorials/one-scene": has_outlines_by_the_network,
    "tutorials/own-outlines": has_a_change_table_of_own_outlines,
    "tutorials/correcting": has_a_corrected_outline,
    "tutorials/region-from-archive": has_totals_of_a_region,
    "tutorials/training": has_weights_trained_on_own_labels,
    "tutorials/comparing-methods": has_scores_of_methods,
    "tutorials/terminus-study": has_retreat_of_termini,
}


@pytest.mark.parametrize("name", PROMISED)
def test_a_notebook_runs_elsewhere_and_keeps_its_promise(name: str, site: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(site / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    folder = tmp_path / "a clean folder"
    folder.mkdir()
    client = NotebookClient(
        notebook,
        timeout=LIMIT_S,
        startup_timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=environment() | {"IPYTHONDIR": str(tmp_path / "ipython")})
    executed = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count is not None for cell in executed)
    PROMISED[name](folder)
    sys.stdout.write(f"{name}: {len(executed)} cells\n")


def test_every_notebook_of_the_site_is_tried(site: Path) -> None:
    found = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.ipynb")}
    assert found == set(PROMISED)


def test_the_readme_and_the_home_page_lead_to_the_first_page(site: Path) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert "make docs" in readme
    assert "start.html" in readme
    assert 'href="start.html"' in (site / "index.html").read_text("utf-8")
