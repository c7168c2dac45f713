"""Faults put into a running study, from a seed: kills, full and read-only disks, limits, damaged and deleted files.

A study that is done lies in a folder. An injection undoes one of its stages, disturbs the run that does it again, and
checks three things: what the disturbed run said, that no file under a final name differs from the undisturbed one, and
that the next run ends in the same bytes. ``python -m tests.faults.injections --count 300 --seed 1`` prints the counts.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.faults.study import write_study

from trimline.errors import TrimlineError
from trimline.files import sha256
from trimline.study.stages import STAGES, stages_before

KINDS = ("kill", "full", "limit", "readonly", "truncate", "empty", "delete", "garble", "folder")
_OF_THE_RUN = ("kill", "full", "limit", "readonly")
_OF_A_DISK = ("full", "readonly")
"""Kinds that need a disk of their own, which not every user can mount."""
"""Kinds that disturb the run; the others disturb what lies on the disk between two runs."""

PATIENCE_S = 600
"""How long one run of the study may take: a run that takes longer hangs."""
_LEAST_ROOM, _MOST_ROOM = 1 << 10, 1 << 21
"""Room on a disk that is nearly full [bytes]."""
_SIZE_MB = 48
"""Size of the disks that are filled."""
_WITH_TIMES = (
    "timing.json",
    "accuracy.csv",
    "accuracy.tex",
    "tensorboard",
    "history.csv",
    "checkpoint.ckpt",
    "search.csv",
)
"""Outputs that hold how long something took, and the log of a training, which a run that goes on adds to."""


@dataclass(frozen=True)
class Said:
    """How a run ended."""

    error: str | None
    """What it said, or None where it was done."""
    is_known: bool
    """Whether the error is one that a user can correct, or there was none."""


@dataclass
class Counts:
    """What came of many injections."""

    tried: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{sum(self.tried.values())} injections: " + ", ".join(f"{n} {k}" for k, n in self.tried.items())]
        lines += [f"  {count:4d} x {what}" for what, count in self.said.most_common()]
        return "\n".join([*lines, f"{len(self.wrong)} wrong", *(f"  {each}" for each in self.wrong)])


class Injector:
    """A finished study, and what is done to it.

    Parameters
    ----------
    folder
        Where the study lies: on a disk of `_SIZE_MB` where disks are to be filled.
    kept
        A folder elsewhere for the copy of the finished study.
    seed
        Of all that is drawn.
    stages
        Stages that are done, in their order, with those that they need; an undisturbed run does all of them.
    changes
        Keys of the project file, instead of those of `STUDY`.
    """

    def __init__(
        self, folder: Path, kept: Path, seed: int, stages: tuple[str, ...], changes: Mapping[str, Any]
    ) -> None:
        self.folder, self.kept, self.stages = folder, kept, stages
        needed = {each for stage in stages for each in stages_before(stage)}
        self.ends = tuple(stage for stage in stages if stage not in needed)
        self.output = folder / "out"
        self.random = random.Random(seed)  # noqa: S311 - no secret
        self.counts = Counts()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.faults.preloaded"])
        self.project = write_study(folder, **changes)
        self.seconds: dict[str, float] = {}
        self.files_of: dict[str, list[str]] = {}
        for stage in self.stages:
            before, started = set(self.bytes_of()), time.monotonic()
            said = self.run(stage)
            if said.error is not None:
                raise RuntimeError(f"{stage}: {said.error}")
            self.seconds[stage] = time.monotonic() - started
            self.files_of[stage] = sorted(set(self.bytes_of()) - before)
        self.reference = self.bytes_of()
        shutil.copytree(self.output, kept, symlinks=True)

    def bytes_of(self) -> dict[str, str]:
        """Return the digests of what lies under final names, without what holds times."""
        return {
            each.relative_to(self.output).as_posix(): sha256(each)
            for each in sorted(self.output.rglob("*"))
            if each.is_file()
            and not any(part.startswith(".") for part in each.relative_to(self.output).parts)
            and each.relative_to(self.output).parts[0] != "stages"
            and "stages" not in each.parts[-2:-1]
            and not {*each.relative_to(self.output).parts} & {*_WITH_TIMES}
        }

    def restore(self) -> None:
        """Put the finished study back."""
        shutil.rmtree(self.output, ignore_errors=True)
        shutil.copytree(self.kept, self.output, symlinks=True)

    def run(self, *untils: str, kill_after_s: float | None = None, limit: int | None = None) -> Said:
        """Carry out the study up to some stages, one after the other, in a process of its own."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=_carry_out, args=(self.project, untils, limit, theirs))
        process.start()
        theirs.close()
        if kill_after_s is not None:
            process.join(kill_after_s)
            process.kill()
        process.join(PATIENCE_S)
        if process.is_alive():
            process.kill()
            process.join()
            return Said("it hangs", is_known=False)
        try:
            return Said(*ours.recv()) if ours.poll() else Said("it was killed", is_known=kill_after_s is not None)
        except EOFError:
            return Said("it was killed", is_known=kill_after_s is not None)

    def inject(self, kind: str, stage: str) -> None:
        """Disturb a stage, check what is left, and let the study go on."""
        name = f"{kind} in {stage}"
        self.restore()
        if kind in _OF_THE_RUN:
            said, drawn = self._disturbed(kind, stage)
            name = f"{name} ({drawn})"
        else:
            said, damaged = None, self._damage(kind, stage)
            if damaged is None:
                return
            name = f"{name} ({damaged})"
        self.counts.tried[kind] += 1
        if said is not None:
            self.counts.said[f"{kind}: {_without_paths(said.error)}"] += 1
            if not said.is_known:
                self.counts.wrong.append(f"{name}: {said.error}")
            different = [each for each, digest in self.bytes_of().items() if self.reference.get(each) != digest]
            if different:
                self.counts.wrong.append(f"{name}: under a final name, and damaged: {', '.join(different[:3])}")
        after = self.run(*self.ends)
        if kind == "folder" and after.error is not None and after.is_known:
            self.counts.said[f"{kind}: {_without_paths(after.error)}"] += 1
            return
        if after.error is not None:
            self.counts.wrong.append(f"{name}: the next run: {after.error}")
        elif (now := self.bytes_of()) != self.reference:
            differing = sorted(each for each in {*now, *self.reference} if now.get(each) != self.reference.get(each))
            self.counts.wrong.append(f"{name}: the next run ends in other bytes: {', '.join(differing[:3])}")
        elif left := [each for each in self.output.rglob(".*") if each.is_dir()]:
            self.counts.wrong.append(f"{name}: left over: {left[0].name}")

    def _disturbed(self, kind: str, stage: str) -> tuple[Said, str]:
        self._undo(stage)
        if kind == "kill":
            after = self.random.uniform(0, 1.2) * self.seconds[stage]
            return self.run(stage, kill_after_s=after), f"after {after:.2f} s"
        if kind == "readonly":
            return self._on_read_only(stage)
        room = round(_LEAST_ROOM * (_MOST_ROOM / _LEAST_ROOM) ** self.random.random())
        if kind == "limit":
            return self.run(stage, limit=room), f"files of {room} bytes"
        with _filled(self.folder, room):
            return self.run(stage), f"{room} bytes of room"

    def _on_read_only(self, stage: str) -> tuple[Said, str]:
        """Run a stage whose output turns read-only on the way, as a disk does that the system no longer trusts."""
        after = self.random.uniform(0, self.seconds[stage]) if self.random.random() < 0.75 else 0.0
        with _read_only(self.output, after):
            said = self.run(stage)
        if said.error is not None and "read-only" not in said.error:
            said = Said(said.error, is_known=False)
        return said, f"after {after:.2f} s"

    def _undo(self, stage: str) -> None:
        """Remove what a stage left, and its records."""
        for name in self.files_of[stage]:
            (self.output / name).unlink()
        for record in self.output.glob(f"stages/{stage}*.json"):
            record.unlink()

    def _damage(self, kind: str, stage: str) -> str | None:
        """Damage one file that a stage left; return its name."""
        records = sorted((self.output / "stages").glob(f"{stage}*.json"))
        files = [self.output / name for name in self.files_of[stage]] + records
        if not files:
            return None
        path = self.random.choice(files)
        size = path.stat().st_size
        if kind == "delete":
            path.unlink()
        elif kind == "empty":
            os.truncate(path, 0)
        elif kind == "truncate":
            os.truncate(path, self.random.randrange(max(size, 1)))
        elif kind == "folder":
            path.unlink()
            path.mkdir()
        else:
            content = bytearray(path.read_bytes())
            for place in range(len(content)):
                if self.random.random() < 0.1 or place == 0:
                    content[place] ^= self.random.randrange(1, 256)
            path.write_bytes(content)
        return path.relative_to(self.output).as_posix()


def _carry_out(project: Path, untils: Sequence[str], limit: int | None, said: Connection) -> None:
    """Run the study up to some stages and say how it ended; runs in a process of its own."""
    from trimline.project import load_project
    from trimline.study import run_study

    logging.disable(logging.CRITICAL)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        for until in untils:
            run_study(load_project(project), until=until)
        said.send((None, True))
    except TrimlineError as error:
        said.send((str(error), True))
    except BaseException as error:  # whatever it is, it is told
        said.send((f"{type(error).__name__}: {error}", False))


@contextmanager
def _filled(folder: Path, room: int) -> Iterator[None]:
    """Fill the disk of a folder, all but some room."""
    filler = folder / "filler"
    block = bytes(1 << 16)
    try:
        with filler.open("wb", buffering=0) as file:
            while (free := shutil.disk_usage(folder).free - room) > 0:
                if not file.write(block[: min(free, len(block))]):
                    break
    except OSError:
        pass  # full already
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def _read_only(folder: Path, after_s: float) -> Iterator[None]:
    """Mount a folder read-only over itself after some time: what is opened from then on cannot be written."""
    timer = threading.Timer(after_s, _cover, [folder])
    if after_s:
        timer.start()
    else:
        _cover(folder)
    try:
        yield
    finally:
        timer.cancel()
        if timer.is_alive():
            timer.join()
        while _done("umount", "-l", str(folder)):  # fails where nothing is mounted any more
            pass


def _cover(folder: Path) -> None:
    if _done("mount", "--bind", str(folder), str(folder)):
        _done("mount", "-o", "remount,ro,bind", str(folder))


@contextmanager
def small_disk(kind: str, folder: Path) -> Iterator[Path | None]:
    """Mount a small disk, ``tmpfs`` or ``ext4``; None where this user cannot, or has no tools for it."""
    place = folder / kind
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={_SIZE_MB}m", "tmpfs"]
    if kind == "ext4":
        image = folder / "ext4.img"
        with image.open("wb") as file:
            file.truncate(_SIZE_MB << 20)
        if not _done("mkfs.ext4", "-q", "-m", "0", str(image)):
            yield None
            return
        options = ["-o", "loop", str(image)]
    if not _done("mount", *options, str(place)):
        yield None
        return
    try:
        yield place
    finally:
        _done("umount", str(place))


def _done(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _without_paths(said: str | None) -> str:
    """Return the first line of what was said, without the file."""
    if said is None:
        return "done"
    first = said.splitlines()[0]
    return first.partition(": ")[2] if first.startswith("/") else first


def injected(
    folder: Path,
    *,
    count: int,
    seed: int,
    kinds: tuple[str, ...] = KINDS,
    stages: tuple[str, ...] = tuple(STAGES),
    disk: str = "tmpfs",
    changes: Mapping[str, Any] = MappingProxyType({}),
) -> Counts:
    """Inject faults into a study on a small disk, into some stages in turn, and return the counts.

    Where no small disk can be mounted, limits on the size of files stand for full disks.
    """
    with ExitStack() as stack:
        place = stack.enter_context(small_disk(disk, folder))
        here = folder / "study" if place is None else place / "study"
        here.mkdir()
        needed = {*stages, *(each for stage in stages for each in stages_before(stage))}
        injector = Injector(here, folder / "kept", seed, tuple(each for each in STAGES if each in needed), changes)
        for number in range(count):
            # Kinds in turn, and a stage drawn for each: every pair comes up in a long run.
            kind, stage = kinds[number % len(kinds)], injector.random.choice(stages)
            kind = "limit" if kind in _OF_A_DISK and place is None else kind
            injector.inject(kind, stage)
            print(f"{number + 1}/{count}: {kind}, {len(injector.counts.wrong)} wrong", file=sys.stderr)  # noqa: T201
        return injector.counts


def main() -> int:
    """Inject as many faults as are asked for and print the counts; return 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--disk", choices=("tmpfs", "ext4"), default="tmpfs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = injected(Path(folder), count=given.count, seed=given.seed, kinds=tuple(given.kinds), disk=given.disk)
    print(counts)  # noqa: T201
    return bool(counts.wrong)


if __name__ == "__main__":
    sys.exit(main())
