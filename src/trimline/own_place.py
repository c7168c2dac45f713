"""Places in the output folder that are no links: what lies behind a link is neither served, written nor removed.

An output folder may come from somebody else, and a link in it may lead anywhere. The output folder itself may be one:
that is the user's own choice.
"""

from __future__ import annotations

from pathlib import Path

from trimline.errors import StageError


def is_own(path: Path, output: Path) -> bool:
    """Return whether a path leads to its place in the output folder, whether anything is there or not.

    Parameters
    ----------
    path
        In the output folder.
    output
        The folder.
    """
    try:
        inside = path.relative_to(output)
        return ".." not in inside.parts and path.resolve() == output.resolve() / inside
    except (ValueError, OSError, RuntimeError):  # lies elsewhere, or its links lead in a circle
        return False


def require_own(path: Path, output: Path) -> Path:
    """Return a path that leads to its place in the output folder.

    Raises
    ------
    StageError
        A link on the way leads elsewhere.
    """
    if not is_own(path, output):
        raise StageError(
            "is reached through a link, and what lies behind links is not served or changed",
            where=path,
            remedy="put a folder or file in the place of the link, or make the whole output folder one",
        )
    return path
