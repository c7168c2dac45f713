"""Pages of benchmarks: `benchmarks/README.md`, which ``make bench`` writes, and the longer accounts beside it."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
_PLACE = "reference/benchmarks"


def pages() -> dict[str, str]:
    """Return the pages, by their path below ``docs/``."""
    accounts = {f"{_PLACE}/{path.name}": path for path in sorted(_FOLDER.glob("*.md")) if path.name != "README.md"}
    files = {f"{_PLACE}/index.md": _FOLDER / "README.md", **accounts}
    return {
        address: path.read_text(encoding="utf-8").replace("](../docs/", "](../../") for address, path in files.items()
    }
