"""The model card of the weights that come along, as a page."""

from __future__ import annotations

import re
from pathlib import Path

from documentation.reference.markdown import fence

PATH = "reference/weights.md"
CARD = "src/trimline/weights/README.md"
SOURCE = f"*Generated from the model card, `{CARD}`, which lies beside the weights in the package.*"

_ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)\s]+)\)")
_LICENCE = "LICENSE-ukis-csmask"


def pages() -> dict[str, str]:
    """Return the page of the weights."""
    title, _, text = (_ROOT / CARD).read_text(encoding="utf-8").partition("\n")
    licence = (_ROOT / CARD).with_name(_LICENCE).read_text(encoding="utf-8")
    name = title.removeprefix("# ")
    parts = (
        f"# The weights that come along: {name}",
        SOURCE,
        _LINK.sub(lambda match: f"]({linked(match[1])})", text).strip(),
        f"## {_LICENCE}",
        fence(licence, "text"),
    )
    return {PATH: "\n\n".join(parts) + "\n"}


def linked(target: str) -> str:
    """Return a link of the card as it must stand on the page.

    Raises
    ------
    ValueError
        It leads to no page of the documentation.
    """
    path, hash_sign, anchor = target.partition("#")
    found = (_ROOT / CARD).parent.joinpath(path).resolve()
    pages_folder = _ROOT / "docs"
    if not found.is_relative_to(pages_folder) or not found.exists():
        raise ValueError(f"{CARD} links to {target}, which is no page of the documentation")
    return f"../{found.relative_to(pages_folder).as_posix()}{hash_sign}{anchor}"
