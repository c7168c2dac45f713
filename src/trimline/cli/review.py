"""`trimline review PROJECT`: outlines beside their scenes in the browser, to be looked at and corrected."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trimline.cli.stage_commands import Overrides, Quick

if TYPE_CHECKING:
    from trimline.review.server.serving import Address


def review(
    path: Annotated[
        Path, typer.Argument(metavar="PROJECT|FOLDER", help="The project file (YAML), or the folder of one map.")
    ],
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Where the page is served; 0 for any free port.", show_default="8750, or a free one"
        ),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all of this machine, where a token is required.")
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(
            envvar="TRIMLINE_REVIEW_TOKEN",
            help="What opens the page, 16 characters or more; also on the loopback address, if given.",
            show_default="none on the loopback address, else one made at random",
        ),
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who corrects; the page asks where nobody is given.")] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the page where there is a display.")] = True,
    overrides: Overrides = None,
    quick: Quick = False,
    json: Annotated[bool, typer.Option("--json", help="Print the address as one JSON object.")] = False,
) -> None:
    """Look at outlines beside their scenes in the browser, and correct them; Ctrl-C ends it."""
    from trimline.cli.screen import has_display
    from trimline.project import load_project
    from trimline.review.server.page_folder import page_folder

    if not path.is_dir():  # what is wrong is said before what is slow to import
        load_project(path, overrides or [], quick=quick)
    page_folder()
    from trimline.review.running import run_review

    def told(address: Address) -> None:
        if json:
            from trimline.cli.results import print_json

            print_json({"url": address.url})
        else:
            sys.stdout.write(address.url + "\n")
        sys.stdout.flush()
        if show and has_display():
            typer.launch(address.url)

    run_review(
        path,
        overrides or [],
        quick=quick,
        author=author,
        host=host,
        port=port,
        token=token,
        on_listening=told,
    )
