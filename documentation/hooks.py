"""Hooks of ``mkdocs.yml``: tutorials are executed, pages and pictures made, and the built site is checked.

``TRIMLINE_TUTORIALS=without`` leaves the tutorials as they are written; each of them then says so.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import meta

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # mkdocs loads this file by its path

from documentation import made, navigation
from documentation.checking import check_site
from documentation.errors import DocumentationError
from documentation.executing import executed
from documentation.machine_paths import forbidden
from documentation.notebooks import notebook_of
from documentation.places import DOCS
from documentation.tutorial_pages import page_of

_log = get_plugin_logger("documentation")


@dataclass
class Counts:
    """What a build has made."""

    notebooks: int = 0
    cells: int = 0
    seconds: int = 0
    pictures: int = 0
    generated: int = 0


_counts = Counts()


def tutorials() -> list[str]:
    """Return the tutorials, by their path below ``docs/``."""
    paths = [DOCS / "start.md", *sorted((DOCS / "tutorials").glob("*.md"))]
    return [path.relative_to(DOCS).as_posix() for path in paths if path.is_file()]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is made, put executed tutorials into the place of their sources, and complete the navigation."""
    global _counts
    _counts = Counts()
    for path, text in made.reference_pages().items():
        _put(files, config, path, text)
        _counts.generated += 1
    for path, file in made.pictures().items():
        files.append(File.generated(config, path, abs_src_path=str(file)))
        _counts.pictures += 1
    how = os.environ.get("TRIMLINE_TUTORIALS", "executed")
    if how not in ("executed", "without"):
        raise DocumentationError(f"TRIMLINE_TUTORIALS is '{how}'; it may be 'executed' (as without it) or 'without'")
    for path in tutorials():
        _add_tutorial(files, config, path, execute=how == "executed")
    pages = [file.src_uri for file in files.documentation_pages()]
    config.nav = navigation.expanded(config.nav or [], pages)
    return files


def _add_tutorial(files: Files, config: MkDocsConfig, path: str, *, execute: bool) -> None:
    source = DOCS / path
    whole = source.read_text("utf-8")
    text, front = meta.get_data(whole)
    notebook = notebook_of(text, source)
    for cell in notebook.cells:
        if "line" in cell.metadata:  # errors name lines of the file
            cell.metadata["line"] += whole.count("\n") - text.count("\n")
    if execute:
        _log.info("%s: executing, or taking what is kept", path)
        notebook = executed(notebook, path)
        _log.info("%s: %d seconds", path, notebook.metadata["trimline"]["seconds"])
        _counts.seconds += notebook.metadata["trimline"]["seconds"]
    page = page_of(notebook, source, front.pop("ground", None))
    _put(files, config, path, _with_front_matter(front, page.markdown))
    folder = path.rpartition("/")[0]
    beside = f"{folder}/" if folder else ""
    files.append(File.generated(config, f"{beside}{source.stem}.ipynb", content=page.notebook))
    for name, content in page.pictures.items():
        files.append(File.generated(config, beside + name, content=content))
    _counts.notebooks += 1
    _counts.cells += page.cells
    _counts.pictures += len(page.pictures)


def _put(files: Files, config: MkDocsConfig, path: str, text: str) -> None:
    present = files.get_file_from_path(path)
    if present is not None:
        files.remove(present)
    files.append(File.generated(config, path, content=text))


def _with_front_matter(front: dict[str, object], text: str) -> str:
    return f"---\n{yaml.safe_dump(front)}---\n{text}" if front else text


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    """Weigh a page in the search as ``extra.rank`` says, unless its own front matter does."""
    ranks: dict[str, float] = config.extra["rank"]
    address = page.file.src_uri
    folder = f"{address.partition('/')[0]}/"
    if address in ranks or folder in ranks:
        page.meta.setdefault("search", {"boost": ranks.get(address, ranks.get(folder))})


@event_priority(-200)  # after the plugins have written the search index
def on_post_build(config: MkDocsConfig) -> None:
    """Check the built site; each fault is a warning, and so an error of a strict build."""
    check = check_site(Path(config.site_dir), forbidden())
    for fault in check.faults:
        _log.warning(fault)
    _log.info("other hosts that pages link to: %d addresses", len(check.elsewhere))
    for address in check.elsewhere:
        _log.debug(address)
    _log.info(
        "%d pages (%d of them generated), %d notebooks with %d executed cells in %d seconds, %d pictures made, "
        "%d internal links checked, %d faults",
        check.pages,
        _counts.generated,
        _counts.notebooks,
        _counts.cells,
        _counts.seconds,
        _counts.pictures,
        check.links,
        len(check.faults),
    )
