"""Pages made of files at the top of the repository: CONTRIBUTING and CHANGELOG."""

from __future__ import annotations

import re
from pathlib import Path

_REPOSITORY = Path(__file__).resolve().parents[2]
_PAGES = {"maintainers/contributing.md": "CONTRIBUTING.md", "maintainers/changelog.md": "CHANGELOG.md"}


def pages() -> dict[str, str]:
    """Return the pages, by their path below ``docs/``."""
    return {path: _linked((_REPOSITORY / name).read_text(encoding="utf-8")) for path, name in _PAGES.items()}


def _linked(text: str) -> str:
    """Return a text whose links lead to the pages of the site; what is not on the site keeps its words only."""
    text = (
        text.replace("](docs/", "](../")
        .replace("](../maintainers/", "](")
        .replace("](CHANGELOG.md)", "](changelog.md)")
    )
    return re.sub(r"\[([^\]]+)\]\(benchmarks/[^)]*\)", r"\1", text)
