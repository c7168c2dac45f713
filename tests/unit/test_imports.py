"""Imports of the package run one way: no circle between modules, and no import against the order of the rooms."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import trimline

PACKAGE = Path(trimline.__file__).parent

ROOMS = (
    "errors",
    "foreign",
    "coordinate_systems",
    "longitudes",
    "reprojecting",
    "cores",
    "graphs",
    "extras",
    "display",
    "layer_path",
    "hidden_characters",
    "workplace",
    "deflated",
    "written",
    "files",
    "file_names",
    "file_identity",
    "progress",
    "sensors",
    "surfaces",
    "weights",
    "networks",
    "project",
    "years",
    "melt_season",
    "scenes",
    "own_place",
    "own_files",
    "rasters",
    "height_unit",
    "heights",
    "outlines",
    "remote",
    "catalogues",
    "fetching",
    "coregistration",
    "terrain",
    "simulate",
    "samples",
    "inference",
    "evaluation",
    "training",
    "mapping",
    "timeline",
    "change",
    "glaciers",
    "examples",
    "report",
    "study",
    "review",
    "bench",
    "cli",
)
"""Rooms and files at the top of the package, in order: each imports from those before it only.

`networks` imports `errors` only, and `project` looks names of networks up in its registry. Two are lower than one might
think. `evaluation` scores arrays, and training validates with it. `timeline` comes after
`mapping`, whose maps it combines, and before `change`, which measures what it drew.
"""

ALLOWED: Mapping[tuple[str, str], str] = {}
"""Imports against the order that must be, with the reason: (importing module, imported module)."""


def modules(package: Path) -> dict[str, Path]:
    """Return the source file of every module of a package, by dotted name."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_in(source: str, known: set[str]) -> set[str]:
    """Return the known modules that some source imports, in functions too, for type checking not."""
    found = set()
    for node in _statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                inside = f"{node.module}.{alias.name}"
                found.add(inside if inside in known else node.module)
    return found & known


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for otherwise in node.orelse:
                yield otherwise
                yield from _statements(otherwise)
            continue
        yield node
        yield from _statements(node)


def graph_of(package: Path) -> dict[str, set[str]]:
    """Return what every module imports; the bare package, which holds the version only, is left out."""
    files = modules(package)
    known = set(files) - {package.name}
    return {name: imports_in(files[name].read_text(encoding="utf-8"), known) for name in sorted(known)}


def circle_in(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the modules of one circle, the first again at the end; none where there is no circle."""
    finished: set[str] = set()
    path: list[str] = []

    def visit(name: str) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in finished:
            return []
        path.append(name)
        for each in sorted(graph.get(name, ())):
            circle = visit(each)
            if circle:
                return circle
        path.pop()
        finished.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := visit(name))), [])


def room_of(module: str) -> str:
    return module.split(".")[1]


def upward_in(graph: Mapping[str, set[str]], rooms: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the imports that run against the order of rooms."""
    rank = {room: position for position, room in enumerate(rooms)}
    return [
        (name, each)
        for name, imported in sorted(graph.items())
        for each in sorted(imported)
        if rank[room_of(each)] > rank[room_of(name)]
    ]


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    return graph_of(PACKAGE)


def test_no_module_imports_itself_by_way_of_others(graph: dict[str, set[str]]) -> None:
    assert " -> ".join(circle_in(graph)) == ""


def test_every_room_has_its_place_in_the_order(graph: dict[str, set[str]]) -> None:
    assert {room_of(name) for name in graph} <= set(ROOMS)


def test_no_room_imports_from_one_after_it(graph: dict[str, set[str]]) -> None:
    upward = set(upward_in(graph, ROOMS))
    assert upward == set(ALLOWED), "neither more than allowed, nor an exception that is needed no longer"


def test_circles_and_upward_imports_are_found_also_inside_functions(tmp_path: Path) -> None:
    package = tmp_path / "trimline"
    for name, source in {
        "__init__": "",
        "low/__init__": "",
        "low/one": "def late():\n    from trimline.high import two\n",
        "high/__init__": "",
        "high/two": "import trimline.low.one\n",
        "high/typed": "if TYPE_CHECKING:\n    from trimline.high.other import x\nelse:\n    import trimline.low.one\n",
        "high/other": "from trimline.high.typed import y\n",
    }.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    found = graph_of(package)
    assert found["trimline.high.typed"] == {"trimline.low.one"}, "imports for type checking make no circle"
    assert circle_in(found) == ["trimline.low.one", "trimline.high.two", "trimline.low.one"]
    assert upward_in(found, ("low", "high")) == [("trimline.low.one", "trimline.high.two")]
