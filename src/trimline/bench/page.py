"""The page of benchmarks: what each measures, against what, and what came of it, from the results that are kept."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module

from trimline.bench import BENCHMARKS
from trimline.bench.figures import Figure, figures_of
from trimline.bench.recorded import Recorded

PAGE = "README.md"

_HEAD = """# Benchmarks

`make bench` measures all of them and writes this page; `make bench-quick` takes small forms, of three minutes at most
each. `trimline bench NAME --json` measures one. Contenders take turns in one run on one machine, and medians are
compared: **ratios count, seconds do not**, because machines are shared. Quick forms are smaller, so that what is fixed
(opening files, starting threads) weighs more in them: their column is no second opinion on the first.

A run that falls behind the results kept beside this page by more than 20 % in any compared figure names it and ends
with exit code 1 (`trimline bench all --against benchmarks`). Figures marked ↑ are compared, more being better; those
marked ↓ too, less being better; the others are only shown. Other processors have other ratios: what was measured where
stands below each table, with the load of the machine, which is well above its number of cores where others were at
work on it.

Longer accounts, with what was tried and which goals are missed: [accuracy](accuracy.md), [mapping](mapping.md),
[reading](reading.md), [training](training.md), [change](change.md), [glaciers](glaciers.md), [fetching](fetching.md),
[review](review.md), [the simulator](simulator.md).
"""


def page(full: Mapping[str, Recorded], quick: Mapping[str, Recorded]) -> str:
    """Return the page as Markdown.

    Parameters
    ----------
    full, quick
        Results of the full forms and of the quick ones, by the name of the benchmark.
    """
    sections = ["\n".join(_section(name, full.get(name), quick.get(name))) for name in BENCHMARKS]
    return "\n".join([_HEAD, *sections])


def _section(name: str, full: Recorded | None, quick: Recorded | None) -> Iterator[str]:
    summary, about = _about(name)
    yield f"## {name}\n"
    yield f"{summary}\n"
    if about:
        yield f"{about}\n"
    yield "| figure | | full | quick | goal |"
    yield "|---|---|---|---|---|"
    for key, figure in figures_of(name).items():
        shown = (_number(each, key) for each in (full, quick))
        yield f"| {figure.meaning} | {_arrow(figure)} | {' | '.join(shown)} | {_goal(figure)} |"
    yield ""
    for form, each in (("Full", full), ("Quick", quick)):
        yield f"{form}: {_came_about(each)}\n"


def _about(name: str) -> tuple[str, str]:
    """Return the first line and the rest of what a benchmark's module says of itself."""
    text = inspect.getdoc(import_module(f"trimline.bench.{name}")) or ""
    summary, _, about = text.partition("\n\n")
    return " ".join(summary.split()), about.strip()


def _number(recorded: Recorded | None, key: str) -> str:
    value = None if recorded is None else recorded.figures.get(key)
    if value is None:
        return "–"
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{value:.3g}"


def _arrow(figure: Figure) -> str:
    return {"more": "↑", "less": "↓", None: ""}[figure.better]


def _goal(figure: Figure) -> str:
    return "" if figure.goal is None else f"{figure.goal:g}"


def _came_about(recorded: Recorded | None) -> str:
    if recorded is None:
        return "not measured."
    versions = ", ".join(f"{name} {number}" for name, number in recorded.versions.items())
    return f"`{recorded.command}`; {recorded.machine}; load {recorded.load:g}; {recorded.date}; {versions}."
