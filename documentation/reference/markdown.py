"""Markdown that is safe to generate: text of docstrings and help as text, values as code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(``.+?``|`[^`]+`)")
_SPECIAL = re.compile(r"([\\*_|\[\]])")
_FIELD = re.compile(r":(?:data|class|func|mod|meth|attr):(`[^`]+`)")


def escaped(text: str) -> str:
    """Return text whose signs mean themselves in Markdown, in tables too; what stands in backticks stays code."""
    parts = _CODE.split(_FIELD.sub(r"\1", " ".join(text.split())))
    return "".join(part if place % 2 else _plain(part) for place, part in enumerate(parts))


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def paragraphs(text: str) -> str:
    """Return the paragraphs of a docstring, escaped, with an empty line between them."""
    return "\n\n".join(escaped(each) for each in re.split(r"\n\s*\n", text.strip()))


def code(text: str) -> str:
    """Return text as code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def fence(text: str, language: str = "") -> str:
    """Return a block of code."""
    return f"```{language}\n{text.rstrip()}\n```"


def page(title: str, source: str, *parts: str) -> str:
    """Return a page: its title, what it was generated from (Markdown), and its parts."""
    return "\n\n".join((f"# {title}", f"*{source}*", *(part for part in parts if part))) + "\n"
