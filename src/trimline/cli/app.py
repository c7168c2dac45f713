"""The `trimline` program: its commands, its log and its exit codes."""

from __future__ import annotations

import logging
import platform
import shlex
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from trimline import __version__
from trimline.cli import (
    align,
    bench,
    change,
    demo,
    edits,
    example,
    export,
    fetch,
    glaciers,
    info,
    networks,
    outline,
    review,
    search,
    simulate,
    stage_commands,
    terminus,
)
from trimline.cli.exit_codes import INTERRUPTED, USER_ERROR
from trimline.cli.gdal_words import without_garbled_words
from trimline.errors import TrimlineError
from trimline.foreign import disk_error, forbidden

_DEBUG_FORMAT = "%(relativeCreated)8.0f ms  %(name)s: %(message)s"

app = typer.Typer(
    name="trimline",
    help="Satellite products become glacier outlines, period after period, and numbers that can be defended.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # which would take units, `[m]`, for markup, and draw boxes wider than they need be
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trimline {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Log everything, GDAL too, with times [ms], and show the traceback of any error."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Log warnings and errors only.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Set up logging from the options of all commands."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format=_DEBUG_FORMAT if debug else "%(message)s", force=True
    )
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    log = logging.getLogger("trimline")
    log.setLevel(level)
    if debug:
        logging.getLogger("rasterio").setLevel(logging.DEBUG)  # which hands on what GDAL says
        log.debug("trimline %s, Python %s: %s", __version__, platform.python_version(), shlex.join(sys.argv[1:]))
    else:
        once = _OnceEach()
        for handler in logging.getLogger().handlers:
            handler.addFilter(once)


class _OnceEach(logging.Filter):
    """Lets a warning through that was not said before: several stages open the same scene."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to show a record."""
        if record.levelno != logging.WARNING:
            return True
        message = record.getMessage()
        is_new = message not in self._said
        self._said.add(message)
        return is_new


app.command()(demo.demo)
app.command()(example.example)
app.command()(info.info)
app.command()(outline.outline)
app.command()(align.align)
app.command()(search.search)
app.command()(fetch.fetch)
stage_commands.add_to(app)
app.command()(change.change)
app.command()(glaciers.glaciers)
app.command()(terminus.terminus)
app.command()(edits.edits)
app.command()(review.review)
app.command()(export.export)
app.command()(simulate.simulate)
app.command()(networks.networks)
app.command()(bench.bench)


def _end(error: TrimlineError) -> NoReturn:
    """Say an error in two lines, after its traceback with `--debug`, and end with the code of errors of the user."""
    if "--debug" in sys.argv[1:]:
        traceback.print_exc()
    typer.echo(f"trimline: {error}", err=True)
    sys.exit(USER_ERROR)


def main() -> None:
    """Run the program and end with its exit code."""
    sys.unraisablehook = without_garbled_words
    try:
        app()
    except TrimlineError as error:
        _end(error)
    except OSError as error:
        of_disk = disk_error(error, error.filename) or forbidden(error)
        if of_disk is None:
            raise
        _end(of_disk)
    except SystemExit as leaving:
        # After Ctrl-C, typer exits with an abort or with this code, depending on its version.
        if leaving.code == INTERRUPTED or isinstance(leaving.__context__, typer.Abort):
            typer.echo("trimline: stopped; what was finished is kept, the next run continues", err=True)
            sys.exit(INTERRUPTED)
        raise
