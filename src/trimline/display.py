"""Short descriptions of objects: a few lines on a console, a table in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

Rows = Sequence[tuple[str, str]]
"""Names of what is shown, and what it is."""


def in_lines(title: str, rows: Rows) -> str:
    """Return a description as lines of text, the names in one column."""
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {text}" for name, text in rows]
    return "\n".join([f"<{title}>", *lines])


def in_html(title: str, rows: Rows) -> str:
    """Return a description as an HTML table; all text is escaped, and nothing is fetched."""
    cells = "".join(
        f'<tr><th style="text-align: left">{escape(name)}</th><td style="text-align: left">{escape(text)}</td></tr>'
        for name, text in rows
    )
    return f"<div><strong>{escape(title)}</strong><table>{cells}</table></div>"
