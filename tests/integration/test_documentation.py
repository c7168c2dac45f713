"""What the documentation shows works: its Python runs, and its commands are understood.

Each page is carried out in a folder of its own, where small simulated products stand under the names that the pages
use. ``<!-- not run: reason -->`` above a fence is the only way out.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import operator
import re
import shlex
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, copytree
from types import ModuleType
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

import trimline
from trimline.cli.app import app
from trimline.inference.torch_files import load_network, save_weights
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange
from trimline.simulate import write_range
from trimline.weights import shipped_weights

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = "start.md"
"""The page of docs/ that is executed whole when the documentation is built, as those of docs/tutorials/ are."""
PAGES = [
    REPOSITORY / "README.md",
    *(page for page in sorted((REPOSITORY / "docs").glob("*.md")) if page.name != TUTORIAL),
]

CARRIED_OUT = ("info", "outline", "networks")
"""Commands that take seconds; of the others it is tried whether they could start."""

_FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>.+?) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LANDSAT = "LC08_L1TP_139036_20180823_20200831_02_T1.tar"


@dataclass(frozen=True)
class Fence:
    """A piece of code in a page."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None
    """Why it is not run."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def fences(page: Path) -> list[Fence]:
    content = page.read_text(encoding="utf-8")
    return [
        Fence(page.name, content.count("\n", 0, m.start("text")), m["language"], m["text"], m["reason"])
        for m in _FENCE.finditer(content)
    ]


ALL = [fence for page in PAGES for fence in fences(page)]
COMMANDS = [
    pytest.param(fence, words, id=f"{fence}: {' '.join(words)}")
    for fence in ALL
    if fence.language == "sh" and fence.reason is None
    for words in (shlex.split(line, comments=True) for line in fence.text.splitlines())
    if words
]


@pytest.fixture(scope="session")
def products(tmp_path_factory: pytest.TempPathFactory, sentinel2: ModuleType) -> Path:
    """Return a folder with small products under the names that the pages use."""
    folder = tmp_path_factory.mktemp("documentation")
    looks = [
        {"date": "2018-08-23", "sensor": "landsat-8-oli"},
        {"date": "2019-08-23", "sensor": "sentinel-2-msi"},
    ]
    settings = {"name": "range", "size": 288, "resolution_m": 10, "seed": 9001, "scenes": looks}
    manifest = write_range(SimulatedRange.model_validate(settings), folder / "range", progress=False)
    landsat, stack = (manifest.folder / each.product for each in manifest.scenes)
    with tarfile.open(folder / _LANDSAT, "w") as archive:
        for each in sorted(landsat.iterdir()):
            archive.add(each, arcname=each.name)
    copytree(landsat, folder / "PRODUCT")
    safe = sentinel2.TinySafe().write(folder)
    sentinel2.pack(safe, folder / f"{safe.stem}.zip")
    copyfile(stack, folder / "s2.tif")
    copyfile(shipped_weights(), folder / "model.onnx")
    network, metadata = load_network(shipped_weights())
    for name in ("weights.safetensors", "WEIGHTS"):
        save_weights(folder / name, network, metadata)
    outlines = read_outlines(manifest.folder / manifest.scenes[0].outlines)
    outlines.to_file(folder / "outlines.gpkg")
    copyfile(manifest.folder / manifest.dem, folder / "dem.tif")
    series = _of_periods(outlines)
    series.to_parquet(folder / "outlines.parquet")
    for name, period in (("1973", "1986-1988"), ("2016", "2019-2021")):
        of_date = series[series["period"] == period].rename(columns={"glac_id": "sgi_id"})
        of_date[["sgi_id", "geometry"]].to_file(folder / f"{name}.gpkg")
    (folder / "projects").symlink_to(REPOSITORY / "projects")
    return folder


def _of_periods(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the glaciers in three periods, as they retreat by 10 m from one to the next."""
    projected = outlines.to_crs(outlines.estimate_utm_crs())
    periods = {"1986-1988": 1987.6, "2001-2003": 2002.6, "2019-2021": 2020.6}
    tables = [
        gpd.GeoDataFrame(
            {
                "glac_id": [f"g{row}" for row in range(len(projected))],
                "period": name,
                "subregion": "all",
                "src_year": year,
            },
            geometry=projected.buffer(-10.0 * step),
        )
        for step, (name, year) in enumerate(periods.items())
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[~table.geometry.is_empty]


@pytest.fixture
def here(products: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a new folder that holds the products."""
    for each in products.iterdir():
        (tmp_path / each.name).symlink_to(each)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if any(f.language == "python" for f in fences(page))], ids=str)
def test_python_of_a_page_runs_in_order(page: Path, here: Path) -> None:
    names: dict[str, Any] = {}
    for fence in fences(page):
        if fence.language == "python" and fence.reason is None:
            code = compile("\n" * fence.line + fence.text, str(page), "exec")
            exec(code, names)  # noqa: S102 - our own pages


@pytest.mark.parametrize(("fence", "words"), COMMANDS)
def test_a_command_is_understood(fence: Fence, words: list[str], request: pytest.FixtureRequest) -> None:
    program, *arguments = words
    if program == "make":
        targets = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
        assert all(re.search(rf"^{target}:", targets, re.MULTILINE) for target in arguments)
    elif program != "trimline":
        assert program in ("source", "dask"), f"{fence}: nobody tries whether '{program}' works"
    elif arguments[0] in CARRIED_OUT:
        request.getfixturevalue("here")
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    else:
        parse(arguments)


def parse(arguments: Sequence[str]) -> None:
    """Let a command take its arguments, as it would before it starts; raise the error that a user would see."""
    group: Any = typer.main.get_command(app)
    context = group.make_context("trimline", list(arguments))
    _, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
    command.make_context(command.name, rest, parent=context)


@pytest.mark.parametrize(
    "wrong",
    [["map", "PROJECT", "--schedule", "x"], ["mop", "PROJECT"], ["outline"], ["outline", "a", "--cloud", "b"]],
    ids=str,
)
def test_a_wrong_command_would_be_found(wrong: list[str]) -> None:
    with pytest.raises(Exception, match=r"No such|Missing|unexpected extra"):
        parse(wrong)


def test_what_is_not_run_says_why() -> None:
    excused = [fence for fence in ALL if fence.reason is not None]
    for fence in excused:
        sys.stdout.write(f"{fence} is not run: {fence.reason}\n")
    assert len(excused) == 0, "count what is new here"


@pytest.mark.parametrize("name", [*(name for name in trimline.__all__ if name != "__version__"), "Scene.read"])
def test_the_example_of_a_public_name_runs(name: str, here: Path) -> None:
    examples = doctest.DocTestParser().get_examples(operator.attrgetter(name)(trimline).__doc__ or "")
    assert examples, f"trimline.{name} shows no example"
    names: dict[str, Any] = {"scene": trimline.open_scene(_LANDSAT)} if name == "Scene.read" else {}
    with contextlib.redirect_stdout(io.StringIO()):
        for example in examples:
            exec(compile(example.source, name, "single"), names)  # noqa: S102 - our own docstrings


def test_the_api_page_names_all_that_stands_at_the_top() -> None:
    page = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
    assert dir(trimline) == sorted(trimline.__all__)
    for name in trimline.__all__:
        if name not in ("__version__", "areas", "TrimlineError"):
            assert re.search(rf"^::: trimline\.\w+\.{name}$", page, re.MULTILINE), name
    assert "`trimline.areas` is `trimline.outlines.area_km2`" in page
    assert "::: trimline.errors" in page


@pytest.mark.parametrize("name", ["open_scene", "product_info", "read_outlines", "rasterise", "trace", "areas"])
def test_a_public_function_says_what_it_takes_gives_and_raises(name: str) -> None:
    text = getattr(trimline, name).__doc__ or ""
    assert "Parameters" in text or name == "product_info"
    assert "Raises\n" in text
