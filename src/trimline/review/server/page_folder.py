"""The built page: where it lies in the package, and how to get it where it does not."""

from __future__ import annotations

from pathlib import Path

from trimline.errors import TrimlineError

_FOLDER = Path(__file__).parents[1] / "static"
_NEEDED = ("index.html", "review.js", "review.css")


def page_folder() -> Path:
    """Return the folder of the built page.

    Raises
    ------
    TrimlineError
        The package was installed without it.
    """
    missing = [name for name in _NEEDED if not (_FOLDER / name).is_file()]
    if missing:
        raise TrimlineError(
            f"the page of the review is not built: there is no {', '.join(missing)}",
            where=_FOLDER,
            remedy="run `make web` in a clone of trimline (it takes node from the environment or fetches it), or "
            "`npm ci --ignore-scripts && npm run types && npm run build` in its folder web/; or install a wheel "
            "that holds the page",
        )
    return _FOLDER
