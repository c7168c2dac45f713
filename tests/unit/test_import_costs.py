"""Costs of imports: nothing heavy before the arguments are checked, and PyTorch only where networks are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import trimline

SOURCES = Path(trimline.__file__).parent

HEAVY = ("torch", "lightning", "geopandas", "rasterio", "xarray", "pandas", "scipy", "matplotlib")
"""What takes longer to import than most answers take to give."""

LEARNING = ("torch", "torchvision", "lightning", "torchmetrics", "tensorboard")

MAY_LEARN = {
    "networks": "networks are PyTorch modules",
    "training": "learning is done by PyTorch and Lightning",
    "inference/torch_engine.py": "the engine for GPUs, and the reference",
    "inference/torch_files.py": "weights as PyTorch holds them",
    "inference/torch_export.py": "from PyTorch to ONNX",
    "bench": "what trimline is measured against is PyTorch",
    "cli/networks.py": "shows the layers of a network that is built for it",
}
"""The files and rooms that import PyTorch and what stands on it, and why."""

MAY_IMPORT_TRAINING = {
    "training": "the room itself",
    "bench": "measures it",
    "study": "carries it out",
}
"""The files and rooms that import `trimline.training`, and why."""

CHECK_OF = """
import sys
from trimline.cli import main
try:
    main()
finally:
    print(sorted(set({heavy}) & set(sys.modules)))
"""


def loaded(*arguments: str) -> tuple[list[str], str]:
    """Run the program; return which of the heavy libraries it loaded, and what it printed."""
    command = [sys.executable, "-c", CHECK_OF.format(heavy=HEAVY), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    *printed, modules = result.stdout.strip().splitlines()
    return ast.literal_eval(modules), "\n".join([*printed, result.stderr])


@pytest.fixture
def project(tmp_path: Path) -> dict[str, object]:
    return {"name": "p", "output": str(tmp_path / "out"), "scenes": [{"id": "a", "path": "a.tif"}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sceens": []}, "unknown key 'sceens'"),
        ({"methods": ["unett"]}, "unknown network 'unett'"),
        ({"methods": [{"network": "unet", "arguments": {"width": [8]}}]}, "no argument 'width'"),
        ({"bands": ["grean"]}, "'grean' is no band"),
    ],
)
def test_a_wrong_project_is_answered_before_anything_heavy_is_loaded(
    project: dict[str, object], tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(project | change))
    modules, said = loaded("run", str(path))
    assert message in said
    assert modules == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("info", "absent.tar"), "no such file"),
        (("info", __file__, "--bands", "red,grean"), "'grean' is no band"),
        (("info", __file__, "--sensor", "landsat-8"), "unknown sensor 'landsat-8'"),
        (("networks",), "M-LandsNet"),
        (("networks", "--json"), "31040002"),
        (("networks", "unett"), "did you mean 'unet'"),
        (("outline", "absent.tar"), "no such file"),
        (("outline", __file__, "--bands", "red,grean"), "'grean' is no band"),
        (("outline", __file__, "--threshold", "1.5"), "a probability is never 1.5"),
        (("outline", __file__, "-w", "absent.safetensors"), "no such weights file"),
        (("outline", "absent/*.tar"), "no file or folder matches"),
        (("outline", __file__, "--method", "band_ratio", "--ratio", "-1"), "a ratio of bands is never -1"),
        (("outline", "absent.tar", "--method", "ndsi"), "no such file"),
        (("review", "absent.yaml"), "check the path of the project file"),
        (("simulate", "out", "--environment", "wet"), "environment: "),
        (("simulate", "out", "--sensor", "landsat-8"), "'landsat-8' is no sensor"),
    ],
)
def test_a_wrong_argument_is_answered_before_anything_heavy_is_loaded(arguments: tuple[str, ...], message: str) -> None:
    modules, said = loaded(*arguments)
    assert message in said
    assert modules == []


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import trimline; dir(trimline)", HEAVY),
        ("import trimline.project, trimline.networks, trimline.study", HEAVY),
        ("from trimline import open_scene, load_project, product_info", HEAVY),
        ("import trimline; trimline.ratio_model(2.0)", HEAVY),
        ("from trimline import Scene", ("torch", "lightning", "geopandas", "scipy", "matplotlib")),
        ("from trimline.scenes import READERS", ("torch", "lightning", "geopandas", "scipy", "matplotlib")),
        ("from trimline import rasterise, trace, areas, read_outlines", ("torch", "lightning", "matplotlib")),
    ],
)
def test_names_cost_no_more_than_they_need(code: str, absent: tuple[str, ...]) -> None:
    code = f"{code}\nimport sys; print(sorted(set({absent}) & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def imports() -> Iterator[tuple[str, str]]:
    """Give each file of the package, and each module that it imports anywhere; not what only type checkers see."""
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(SOURCES).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        unseen = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if id(node) in unseen:
                continue
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((name, f"{node.module}.{alias.name}") for alias in node.names)
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                yield from ((name, each.value) for each in node.args if isinstance(each, ast.Constant))
            elif isinstance(node, ast.Constant) and str(node.value).startswith("trimline."):  # in lazy tables
                yield name, str(node.value).partition(":")[0]


def importers(packages: tuple[str, ...]) -> set[str]:
    """Return the files that import one of these packages."""
    return {name for name, module in imports() if any(f"{module}.".startswith(f"{each}.") for each in packages)}


def allowed(name: str, places: dict[str, str]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)


@pytest.mark.parametrize(("packages", "places"), [(LEARNING, MAY_LEARN), (("trimline.training",), MAY_IMPORT_TRAINING)])
def test_learning_is_imported_only_where_there_is_a_reason(packages: tuple[str, ...], places: dict[str, str]) -> None:
    assert {name for name in importers(packages) if not allowed(name, places)} == set()
