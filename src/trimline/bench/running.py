"""Benchmarks carried out one after the other; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

from trimline.bench.figures import Loss, losses
from trimline.bench.page import PAGE, page
from trimline.bench.recorded import FULL, QUICK, Recorded, read_results, write_results
from trimline.errors import TrimlineError
from trimline.files import made_folder, whole_file


def measured(
    names: Sequence[str], options: Mapping[str, Any]
) -> Iterator[tuple[str, dict[str, float] | TrimlineError]]:
    """Yield each benchmark's name with its figures, or with the error where it cannot be measured here.

    Parameters
    ----------
    names
        Of benchmarks.
    options
        For their `measure`, each of which takes those that it knows.
    """
    for name in names:
        measure = import_module(f"trimline.bench.{name}").measure
        taken = signature(measure).parameters
        try:
            yield name, measure(**{key: value for key, value in options.items() if key in taken})
        except TrimlineError as error:
            yield name, error


def behind(folder: Path, figures: Mapping[str, Mapping[str, float]], *, quick: bool) -> list[Loss]:
    """Return which figures fell behind the results that a folder keeps of the same form."""
    kept = read_results(folder / (QUICK if quick else FULL))
    return [loss for name, now in figures.items() if name in kept for loss in losses(name, kept[name].known(), now)]


def record_results(folder: Path, figures: Mapping[str, Mapping[str, float]], *, quick: bool) -> None:
    """Keep results in a folder, in the place of earlier ones of the same benchmarks and form, and write its page."""
    made_folder(folder)
    path = folder / (QUICK if quick else FULL)
    form = " --quick" if quick else ""
    new = {name: Recorded.now(f"trimline bench {name}{form}", now) for name, now in figures.items()}
    write_results(path, {**read_results(path), **new})
    text = page(read_results(folder / FULL), read_results(folder / QUICK))
    with whole_file(folder / PAGE) as temporary:
        temporary.write_text(text, encoding="utf-8")
