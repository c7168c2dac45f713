"""Mutated inputs of every kind end in success or in an error that a user can correct: quickly, in bounded memory."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from tests.faults.inputs import INPUTS
from tests.faults.watch import Outcome, Try, Watch

ENDINGS = ("fine", "refused", "wrong", "hung", "too large")


def drawn(count: int, seed: int) -> list[Try]:
    """Return so many mutations, kind by kind; each kind has at least three."""
    numbers = dict.fromkeys(INPUTS, min(3, max(count // len(INPUTS), 1)))
    names = [name for name, kind in INPUTS.items() for _ in range(kind.share)]
    random = Random(seed)  # noqa: S311 - for tests
    for _ in range(count - sum(numbers.values())):
        numbers[random.choice(names)] += 1
    return [Try(name, number) for name, last in numbers.items() for number in range(last)]


def tried(folder: Path, count: int, seed: int) -> Iterator[Outcome]:
    """Yield how so many mutations end."""
    with Watch(folder, seed) as watch:
        yield from watch.tried(drawn(count, seed))


def in_words(outcomes: list[Outcome]) -> str:
    """Return the counts of every kind, and what was found by exception and place."""
    lines = [f"{'':24}" + "".join(f"{ending:>11}" for ending in ENDINGS)]
    for name in [*INPUTS, "all"]:
        counts = Counter(each.ending for each in outcomes if name in (each.kind, "all"))
        lines.append(f"{name:24}" + "".join(f"{counts[ending]:11d}" for ending in ENDINGS))
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for each in outcomes:
        if each.is_bad:
            first = each.what.split(":")[0][:60]
            groups.setdefault((first, each.place or each.kind), []).append(each)
    for (first, place), found in sorted(groups.items(), key=lambda item: -len(item[1])):
        example = found[0]
        lines.append(f"\n{len(found)} x {first} at {place}: {sorted({each.kind for each in found})}")
        lines.append(f"  {example.kind} {example.number}: {example.mutation}\n  {example.what[:400]}")
    return "\n".join(lines)


def check(folder: Path, count: int, seed: int) -> None:
    outcomes = list(tried(folder, count, seed))
    report = in_words(outcomes)
    sys.stdout.write(f"\n{count} mutations of seed {seed}\n{report}\n")
    assert len(outcomes) >= count
    assert not [each for each in outcomes if each.is_bad], report


def test_300_mutations(tmp_path: Path) -> None:
    check(tmp_path, 300, 21)


@pytest.mark.slow
def test_10_000_mutations(tmp_path: Path) -> None:
    check(tmp_path, 10_000, int(os.environ.get("TRIMLINE_FAULT_SEED", "2021")))


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("kind", nargs="?")
    parser.add_argument("numbers", nargs="*", type=int)
    given = parser.parse_args()
    tries = drawn(given.count, given.seed)
    if given.kind is not None:
        tries = [Try(given.kind, each) for each in given.numbers or range(given.count)]
    outcomes = []
    with Watch(given.folder, given.seed) as watch:
        for outcome in watch.tried(tries):
            outcomes.append(outcome)
            if outcome.is_bad:
                sys.stdout.write(f"{outcome}\n")
                sys.stdout.flush()
    sys.stdout.write(in_words(outcomes) + "\n")


if __name__ == "__main__":
    _main()
