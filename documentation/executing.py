"""Execution of a tutorial's notebook in an empty folder, and the notebooks that are kept from earlier builds."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from documentation.errors import DocumentationError
from documentation.machine_paths import cleaner
from documentation.places import KEPT, digest, real_data, sources_of_trimline

LIMIT_S = 1200
"""Longest time that one notebook may take, in seconds; `TRIMLINE_TUTORIAL_LIMIT_S` sets another."""

COLUMNS = 100
"""Width of what commands print."""

_TOLD = 30
"""Lines of what a failed cell printed that the error repeats."""

_COLOURS = ("FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")
"""Variables that the kernel itself sets; programs warn of them beside `NO_COLOR`, which `environment` sets."""

_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")


def executed(notebook: NotebookNode, page: str) -> NotebookNode:
    """Return a notebook with its outputs, as kept from an earlier build, or executed now.

    Parameters
    ----------
    notebook : NotebookNode
        As `documentation.notebooks.notebook_of` gives it.
    page : str
        The page's path below ``docs/``; names the kept file and stands in errors.

    Returns
    -------
    NotebookNode
        Outputs hold neither colour codes nor paths of this machine; ``metadata.trimline`` holds ``seconds``, how long
        the run took, and ``data``, whether it was on ``real`` or ``simulated`` ground.

    Raises
    ------
    DocumentationError
        If a cell fails, or the notebook takes longer than its limit.
    """
    here = [Path(__file__), Path(__file__).with_name("notebooks.py"), Path(__file__).with_name("machine_paths.py")]
    digits = digest([page, nbformat.writes(notebook)], [*sources_of_trimline(), *here])
    name = page.removesuffix(".md").replace("/", "-")
    kept = KEPT / f"{name}-{digits}.ipynb"
    if kept.is_file():
        whole: NotebookNode = nbformat.read(kept, as_version=4)
        return whole
    _execute(notebook, page)
    KEPT.mkdir(exist_ok=True)
    for older in KEPT.glob(f"{name}-{'[0-9a-f]' * 16}.ipynb"):
        older.unlink()
    unfinished = kept.with_suffix(".part")
    nbformat.write(notebook, unfinished)
    unfinished.replace(kept)
    return notebook


def environment() -> dict[str, str]:
    """Return the environment of a run: this interpreter's programs first, no colours, data by absolute path."""
    variables = dict(os.environ)
    variables["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    variables |= {"COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb", "PYTHONUNBUFFERED": "1"}
    for name in _COLOURS:
        variables.pop(name, None)
    data = real_data()
    if data is not None:
        variables["TRIMLINE_DATA"] = str(data)
    return variables


def _execute(notebook: NotebookNode, page: str) -> None:
    limit_s = float(os.environ.get("TRIMLINE_TUTORIAL_LIMIT_S", LIMIT_S))
    started = time.monotonic()
    begun: list[NotebookNode] = []
    with tempfile.TemporaryDirectory(prefix="run-") as scratch:
        folder, profile = Path(scratch) / "run", Path(scratch) / "ipython"
        folder.mkdir()
        _without_colours(profile)
        client = NotebookClient(
            notebook,
            timeout_func=lambda _: max(1, int(started + limit_s - time.monotonic())),
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            on_cell_execute=lambda cell, cell_index: begun.append(cell),
            coalesce_streams=True,
            startup_timeout=300,  # a machine may be busy
            extra_arguments=["--log-level=40"],  # it warns of its port on this machine, which asks for a key
        )
        try:
            client.execute(env=environment() | {"IPYTHONDIR": str(profile)})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise DocumentationError(_told(notebook, begun, page, error, limit_s)) from None
        except AssertionError as error:  # nbclient stumbles as it cleans up after a kernel that has died
            if not isinstance(error.__context__, DeadKernelError):
                raise
            raise DocumentationError(_told(notebook, begun, page, error.__context__, limit_s)) from None
        finally:
            _clean(notebook, folder)
    seconds = round(time.monotonic() - started)
    notebook.metadata["trimline"] = {"seconds": seconds, "data": "simulated" if real_data() is None else "real"}


def _without_colours(profile: Path) -> None:
    """Let the kernel, as it starts, take back the colours that it asks programs for; no name is left to the page."""
    startup = profile / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "colours.py").write_text(f"[__import__('os').environ.pop(name, None) for name in {_COLOURS}]\n", "utf-8")


def _told(notebook: NotebookNode, begun: list[NotebookNode], page: str, error: Exception, limit_s: float) -> str:
    """Return what is said of the cell that failed: the page, its line, and the end of what it printed."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    number = max(len(begun) - 1, 0)  # a kernel that dies at once sends nothing of its cell
    why = f"more than {limit_s:.0f} s for the whole page" if isinstance(error, CellTimeoutError) else "an error"
    printed = [
        line
        for output in code[number].outputs
        for text in ([output.text] if output.output_type == "stream" else output.get("traceback", []))
        for line in _ANSI.sub("", text).splitlines()
    ]
    if isinstance(error, DeadKernelError):
        printed.append(f"the kernel died: {error}")
    tail = "\n".join(f"    {line}" for line in printed[-_TOLD:])
    return f"docs/{page}:{code[number].metadata.line}: cell {number + 1} of {len(code)} ended in {why}\n{tail}"


def _clean(notebook: NotebookNode, folder: Path) -> None:
    """Take colour codes, overwritten progress lines and paths of this machine out of all outputs."""
    without_paths = cleaner(folder)

    def plain(text: str) -> str:
        return without_paths(_ANSI.sub("", text))

    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        for output in cell.outputs:
            if output.output_type == "stream":
                output.text = plain(_last_states(output.text))
            for mime, content in output.get("data", {}).items():
                if isinstance(content, str) and not (mime.startswith("image/") and mime != "image/svg+xml"):
                    output.data[mime] = plain(content)
        cell.metadata.pop("execution", None)


def _last_states(text: str) -> str:
    """Return text as a terminal shows it in the end: of a line that was overwritten, its last state."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(next((part for part in reversed(line.split("\r")) if part), "") for line in lines)
