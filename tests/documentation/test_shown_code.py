"""What the documentation shows works: its Python runs, and so do its commands.

Each page's Python, and each fence of commands, is carried out in a folder of its own, where small simulated products
stand under the names that the pages use. ``<!-- not run: reason -->`` above a fence is the only way out; of such a
fence it is tried whether it could start. Tutorials are executed when the documentation is built. What takes minutes in
all is slow, and belongs to ``make test-docs``.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
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
import shapely
import typer
import yaml
from typer.testing import CliRunner

import trimline
from trimline.cli.app import app
from trimline.inference.torch_files import load_network, save_weights
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange
from trimline.scenes import Sidecar
from trimline.simulate import write_range
from trimline.weights import shipped_weights

REPOSITORY = Path(__file__).resolve().parents[2]
TUTORIAL = "start.md"
"""The page of docs/ that is executed whole when the documentation is built, as those of docs/tutorials/ are."""
PAGES = [
    REPOSITORY / "README.md",
    *(page for page in sorted((REPOSITORY / "docs").glob("*.md")) if page.name != TUTORIAL),
    *sorted((REPOSITORY / "docs/science").glob("*.md")),
]

NOT_OURS = ("source", "dask", "python3", "pip")
"""Programs of others, and of the shell: only in fences that say why they are not run, but for `source`."""

_FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>.+?) -->\n)?^```(?P<language>\w+)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
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


def commands(fence: Fence) -> list[list[str]]:
    """Return the words of each line of a fence."""
    return [words for line in fence.text.splitlines() if (words := shlex.split(line, comments=True))]


SHELL = [fence for fence in ALL if fence.language == "sh"]
RUN = [fence for fence in SHELL if fence.reason is None]
EXCUSED = [fence for fence in SHELL if fence.reason is not None]


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
    for suffix in (".tif", ".json"):
        copyfile(stack.with_suffix(suffix), folder / f"s2{suffix}")
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
    _write_inventories(series, folder)
    (folder / "projects").symlink_to(REPOSITORY / "projects")
    return folder


def _write_inventories(series: gpd.GeoDataFrame, folder: Path) -> None:
    """Write outlines of several dates as inventories have them, fronts, regions, and a project of the outlines."""
    dates = dict(zip(("1986-1988", "2001-2003", "2019-2021"), (_OLDEST, _MIDDLE, _LATEST), strict=True))
    for period, names in dates.items():
        of_date = series.loc[series["period"] == period, ["glac_id", "geometry"]]
        for name in names:
            of_date.to_file(folder / f"outlines_{name}.gpkg")
            of_date.to_crs("EPSG:4326").to_file(folder / f"outlines_{name}.geojson")
    inventories = folder / "inventories"
    inventories.mkdir()
    for year in ("1973", "2016"):
        copyfile(folder / f"{year}.gpkg", inventories / f"{year}.gpkg")
    years = series["period"].map({"1986-1988": "LIA", "2001-2003": "1966", "2019-2021": "2015"})
    series.assign(Year=years)[["glac_id", "Year", "geometry"]].to_file(folder / "all_dates.gpkg")
    west, south, east, north = series.total_bounds
    halves = [shapely.box(west, south, (west + east) / 2, north), shapely.box((west + east) / 2, south, east, north)]
    gpd.GeoDataFrame({"name": ["west", "east"]}, geometry=halves, crs=series.crs).to_file(folder / "basins.gpkg")
    middle = (south + north) / 2
    lines = {"fronts_2019": (900, 0), "fronts_2021": (870, 0), "centre_lines": (0, 1000)}
    for name, (x, length) in lines.items():
        across = shapely.LineString([(west + x, middle - 200), (west + x, middle + 200)])
        along = shapely.LineString([(west, middle), (west + length, middle)])
        line = gpd.GeoDataFrame({"glac_id": ["g0"]}, geometry=[along if length else across], crs=series.crs)
        line.to_file(folder / f"{name}.gpkg")
    periods = [{"name": year, "first": int(year), "last": int(year), "outlines": f"outlines_{year}.gpkg", "pixel_m": 10}
               for year in ("1966", "2015")]  # fmt: skip
    project = {
        "name": "park",
        "output": "park",
        "dem": "dem.tif",
        "periods": periods,
        "change": {"id_column": "glac_id"},
    }
    (folder / "PROJECT.yaml").write_text(yaml.safe_dump(project), encoding="utf-8")


_OLDEST, _MIDDLE, _LATEST = ("lia", "1966", "1973"), ("1998", "2010"), ("2015", "2016")
"""Names of the files of each date."""


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


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if any(f.language == "python" for f in fences(page))], ids=str)
def test_python_of_a_page_runs_in_order(page: Path, here: Path) -> None:
    names: dict[str, Any] = {}
    for fence in fences(page):
        if fence.language == "python" and fence.reason is None:
            code = compile("\n" * fence.line + fence.text, str(page), "exec")
            exec(code, names)  # noqa: S102 - our own pages


@pytest.mark.slow
@pytest.mark.parametrize("fence", RUN, ids=str)
def test_the_commands_of_a_fence_run_in_order(fence: Fence, request: pytest.FixtureRequest) -> None:
    for program, *arguments in commands(fence):
        if program == "make":
            targets = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
            assert all(re.search(rf"^{target}:", targets, re.MULTILINE) for target in arguments)
        elif program == "trimline":
            request.getfixturevalue("here")
            named = ["PROJECT.yaml" if each == "PROJECT" else each for each in arguments]
            result = CliRunner().invoke(app, named, catch_exceptions=False)
            assert result.exit_code == 0, f"{fence}: trimline {shlex.join(arguments)}\n{result.output}"
        else:
            assert program == "source", f"{fence}: nobody tries whether '{program}' works"


@pytest.mark.parametrize("fence", EXCUSED, ids=str)
def test_a_command_that_is_not_run_is_understood(fence: Fence) -> None:
    for program, *arguments in commands(fence):
        if program == "trimline" and arguments != ["--help"]:
            parse(arguments)
        else:
            assert program in (*NOT_OURS, "trimline"), f"{fence}: nobody tries whether '{program}' works"


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


def test_what_is_not_run_says_why_and_is_counted() -> None:
    excused = [fence for fence in ALL if fence.reason is not None]
    for fence in excused:
        sys.stdout.write(f"{fence} is not run: {fence.reason}\n")
        for test in re.findall(r"tests/\S+\.py|tests/browser", fence.reason or ""):
            assert (REPOSITORY / test).exists(), f"{fence}: {test} is not there"
    of_python = [fence for fence in ALL if fence.language == "python"]
    run = sum(len(commands(fence)) for fence in RUN)
    parsed = sum(len(commands(fence)) for fence in EXCUSED)
    sys.stdout.write(
        f"{run} commands and {len(of_python)} pieces of Python run, {parsed} commands are only understood\n"
    )
    assert all(fence.language == "sh" for fence in excused)
    assert not [fence for fence in ALL if fence.language in ("bash", "shell", "console")], "sh, or nobody runs it"
    assert run >= parsed


def test_the_sidecar_of_the_page_is_one() -> None:
    (shown,) = [fence for fence in ALL if fence.page == "products.md" and fence.language == "json"]
    sidecar = Sidecar.model_validate_json(shown.text)
    assert sidecar.model_fields_set == set(json.loads(shown.text))


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
        if name not in ("__version__", "areas"):
            assert re.search(rf"^\| .*`{name}`.* \| \[", page, re.MULTILINE), name
    assert "`trimline.areas` is `trimline.outlines.area_km2`" in page


@pytest.mark.parametrize("name", ["open_scene", "product_info", "read_outlines", "rasterise", "trace", "areas"])
def test_a_public_function_says_what_it_takes_gives_and_raises(name: str) -> None:
    text = getattr(trimline, name).__doc__ or ""
    assert "Parameters" in text or name == "product_info"
    assert "Raises\n" in text
