"""Licences of everything that an installation brings, from what the installed packages say of themselves.

The page has a table for the bare installation, one for what each extra adds, and one for the packages of the page of
`trimline review`. Wheels hold compiled libraries of others; their licences are taken from the wheel's licence files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "trimline"
EXTRAS = {
    "train": "what learns: PyTorch and what stands on it",
    "aws": "signed requests to buckets whose requester pays",
    "bench": "what trimline is measured against",
    "dev": "tests and checks",
    "docs": "this documentation",
}
"""The extras, in the order in which the page shows them, and what each is for."""

UNSTATED = "not stated in its metadata"
PAGE_LICENCES = Path(__file__).resolve().parents[2] / "src/trimline/review/static/licences.txt"
"""Written when the page of `trimline review` is built, by web/licences.mjs."""

_LICENCE_FILE = re.compile(r"(?:^|/)(?:licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)
_LICENCE_LINE = re.compile(r"^License: *(\S.*?) *$", re.MULTILINE)
_NPM_HEADING = re.compile(r"^(?P<name>@?[\w./-]+) (?P<version>\d\S*) \((?P<licence>.+)\)$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_SPECIAL = re.compile(r"([|\[\]_*])")
_CLASSIFIER = "License :: "
_LONGEST = 80
"""Characters of a licence's name; the field `License` may hold the whole text of one."""


@dataclass(frozen=True)
class Licensed:
    """One package and its licence."""

    name: str
    version: str
    licence: str
    """As the package states it: an SPDX expression, or the words of its classifiers."""
    bundled: tuple[str, ...] = ()
    """Licences of compiled libraries inside its wheel that the wheel's licence files name."""


def needed(extras: Iterable[str] = ()) -> tuple[dict[str, Distribution], set[str]]:
    """Return what an installation with these extras brings.

    Parameters
    ----------
    extras
        Names of trimline's extras; none is the bare installation.

    Returns
    -------
    tuple of dict and set
        The installed distributions by normalised name, without trimline; names that are needed and not installed here.
    """
    found: dict[str, Distribution] = {}
    missing: set[str] = set()
    open_ends, seen = [(PROJECT, frozenset(extras))], set()
    while open_ends:
        name, wanted = open_ends.pop()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            missing.add(name)
            continue
        found[name] = installed
        for text in installed.requires or ():
            requirement = Requirement(text)
            if _applies(requirement, wanted):
                open_ends.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    found.pop(PROJECT, None)
    return dict(sorted(found.items())), missing


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in (extras or {""}))


def licensed(installed: Distribution) -> Licensed:
    """Return a distribution with its licence."""
    return Licensed(
        installed.metadata["Name"], installed.version, licence_of(installed), tuple(bundled_licences(installed))
    )


def licence_of(installed: Distribution) -> str:
    """Return the licence that a distribution states: its SPDX expression, its classifiers, or its field `License`."""
    metadata = installed.metadata
    if "License-Expression" in metadata:
        return str(metadata["License-Expression"])
    classifiers = [each for each in metadata.get_all("Classifier") or [] if each.startswith(_CLASSIFIER)]
    if classifiers:
        return ", ".join(each.rpartition(" :: ")[2] for each in classifiers)
    stated = metadata["License"] if "License" in metadata else ""  # noqa: SIM401 - it has no method `get`
    lines = [line.strip() for line in str(stated).splitlines() if line.strip()]
    if lines and len(lines[0]) <= _LONGEST:
        return " ".join(lines[:2]) if lines[0] == "Apache License" else lines[0]
    return UNSTATED


def bundled_licences(installed: Distribution) -> list[str]:
    """Return the licences that the licence files of a wheel name for the libraries which it holds, sorted."""
    named: set[str] = set()
    for path in installed.files or ():
        if ".dist-info/" in str(path) and _LICENCE_FILE.search(str(path)):
            text = Path(str(path.locate())).read_text("utf-8", errors="replace")
            named.update(_LINK.sub(r"\1", each) for each in _LICENCE_LINE.findall(text))  # [BSD](address)
    return sorted(named)


def page_packages() -> list[Licensed]:
    """Return the packages that went into the page of `trimline review`; none where the page is not built."""
    if not PAGE_LICENCES.is_file():
        return []
    return [Licensed(each["name"], each["version"], each["licence"]) for each in _headings()]


def _headings() -> list[re.Match[str]]:
    return list(_NPM_HEADING.finditer(PAGE_LICENCES.read_text("utf-8")))


def pages() -> dict[str, str]:
    """Return the page of licences, by its path below the folder of the documentation."""
    parts = [
        "# Licences",
        "*Generated from the metadata of the packages that were installed where this page was made, in the versions of "
        "constraints.txt.*",
        "trimline is under the Apache License 2.0. So are the weights that come along: they are the network of "
        "ukis-csmask (German Aerospace Center), whose licence lies beside them.",
        "Nothing that the bare installation brings is under a licence that forbids to depend on it from software under "
        "the Apache License; a test holds this. Wheels also hold compiled libraries of others. Among them are GEOS, "
        "under the LGPL, which is linked dynamically and may be replaced, and the run-time library of GNU Fortran, "
        "under the GPL with an exception for programs that use it. The last column names what a wheel's own licence "
        "files say of such libraries; where it is empty they name none in a form that a program can read.",
        "## The bare installation",
    ]
    base, missing = needed()
    parts.append(_table(base.values()))
    listed = set(base)
    for extra, purpose in EXTRAS.items():
        with_extra, absent = needed([extra])
        missing |= absent
        more = {name: each for name, each in with_extra.items() if name not in listed}
        listed |= set(more)
        parts += [f"## The extra `{extra}` adds", f"{purpose[0].upper()}{purpose[1:]}.", _table(more.values())]
        if extra == "train":
            parts.append(
                "The wheels of PyTorch for Linux bring libraries of NVIDIA, under NVIDIA's own terms, which are no "
                "open source. PyTorch's builds for CPUs do without them."
            )
    parts += ["## The page of `trimline review`", _page_table()]
    if missing:
        parts += ["## Not installed here", f"Needed, and without a row above: {', '.join(sorted(missing))}."]
    return {"reference/licences.md": "\n\n".join(parts) + "\n"}


def _table(installed: Iterable[Distribution]) -> str:
    rows = [licensed(each) for each in installed]
    if not rows:
        return "Nothing that is not listed above."
    return _markdown(
        ("package", "version", "licence", "libraries inside"),
        [(each.name, each.version, each.licence, "; ".join(each.bundled)) for each in rows],
    )


def _page_table() -> str:
    packages = page_packages()
    if not packages:
        return "The page was not built where this documentation was made (`make web`); its licences lie beside it."
    return "Their texts are served beside the page, as `licences.txt`.\n\n" + _markdown(
        ("package", "version", "licence"), [(each.name, each.version, each.licence) for each in packages]
    )


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *([_SPECIAL.sub(r"\\\1", cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
