"""The licence of released data in words: its name, its SPDX identifier, and where its text is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FILE = "LICENSE.md"

_CREATIVE_COMMONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "CC0-1.0": ("Creative Commons Zero 1.0 Universal", "publicdomain/zero/1.0"),
        "CC-BY-3.0": ("Creative Commons Attribution 3.0 Unported", "licenses/by/3.0"),
        "CC-BY-4.0": ("Creative Commons Attribution 4.0 International", "licenses/by/4.0"),
        "CC-BY-SA-4.0": ("Creative Commons Attribution-ShareAlike 4.0 International", "licenses/by-sa/4.0"),
        "CC-BY-NC-4.0": ("Creative Commons Attribution-NonCommercial 4.0 International", "licenses/by-nc/4.0"),
        "CC-BY-NC-SA-4.0": (
            "Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International",
            "licenses/by-nc-sa/4.0",
        ),
        "CC-BY-ND-4.0": ("Creative Commons Attribution-NoDerivatives 4.0 International", "licenses/by-nd/4.0"),
    }
)
"""Name and address of the licences that data are mostly under, by SPDX identifier."""


def licence_text(identifier: str, holders: str, citation: str) -> str:
    """Return the file that says under which licence the data are.

    Parameters
    ----------
    identifier
        SPDX identifier.
    holders
        Whose data they are.
    citation
        How to cite them.
    """
    name, page = _CREATIVE_COMMONS.get(identifier, (identifier, ""))
    text = f"https://creativecommons.org/{page}/legalcode" if page else f"https://spdx.org/licenses/{identifier}.html"
    summary = f"\nIn short: https://creativecommons.org/{page}/\n" if page else ""
    return (
        f"# {name}\n\nSPDX-License-Identifier: {identifier}\n\nThe data in this folder, by {holders}, are released "
        f"under this licence. Its text, which alone is binding: {text}\n{summary}\nWhere the licence asks for "
        f"attribution, cite:\n\n{citation}\n"
    )
