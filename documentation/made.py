"""Pages and pictures that are made when the documentation is built, by the modules of two folders.

A module of ``documentation/reference`` has ``pages() -> dict[str, str]``: Markdown by its path below ``docs/``. A
module of ``documentation/pictures`` has ``draw(folder: Path) -> list[Path]``: the files that it wrote into the folder,
which pages show as ``pictures/NAME``.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

from documentation.errors import DocumentationError
from documentation.places import KEPT, digest, sources_of_trimline

_HERE = Path(__file__).parent


def reference_pages() -> dict[str, str]:
    """Return the generated pages, by their path below ``docs/``."""
    pages: dict[str, str] = {}
    for module in _modules("reference", "pages"):
        for path, text in module.pages().items():
            if path in pages:
                raise DocumentationError(f"{module.__name__} makes {path}, which another module has made already")
            pages[path] = text
    return pages


def pictures() -> dict[str, Path]:
    """Return the drawn pictures' files, by their path below ``docs/``; drawn now, or kept from an earlier build."""
    drawn: dict[str, Path] = {}
    sources = [*sources_of_trimline(), *sorted((_HERE / "pictures").rglob("*.py"))]
    for module in _modules("pictures", "draw"):
        name = module.__name__.rpartition(".")[2]
        folder = KEPT / f"pictures-{name}-{digest([name], sources)}"
        if not folder.is_dir():
            _draw(module, name, folder)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            address = f"pictures/{path.relative_to(folder).as_posix()}"
            if address in drawn:
                raise DocumentationError(f"{module.__name__} draws {address}, which another module has drawn already")
            drawn[address] = path
    return drawn


def _draw(module: ModuleType, name: str, folder: Path) -> None:
    KEPT.mkdir(exist_ok=True)
    for older in KEPT.glob(f"pictures-{name}-{'[0-9a-f]' * 16}*"):
        shutil.rmtree(older)
    unfinished = folder.with_name(folder.name + "-part")
    unfinished.mkdir()
    with warnings.catch_warnings():  # mkdocs tells them all, each time
        warnings.simplefilter("ignore", DeprecationWarning)
        written = {path.resolve() for path in module.draw(unfinished)}
    for path in [path for path in unfinished.rglob("*") if path.is_file() and path.resolve() not in written]:
        path.unlink()  # what the module needed on the way
    unfinished.rename(folder)


def _modules(folder: str, function: str) -> Iterator[ModuleType]:
    for path in sorted((_HERE / folder).glob("*.py")):
        module = import_module(f"documentation.{folder}.{path.stem}") if path.stem != "__init__" else None
        if module is not None and hasattr(module, function):
            yield module
