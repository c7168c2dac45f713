"""A watch on mutated inputs: each is tried in another process whose time, memory, files and network are watched.

``python -m tests.faults.watch`` imports everything once and then forks a child per batch of mutations, so that a child
that hangs or takes too much memory can be ended without those seconds. A child says on its standard output, line by
line, what it begins and how it ended; `Watch` reads that, looks at the child meanwhile, and ends it where it must.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.input_kind import Input, targets_in
from tests.faults.traps import TRAPS

from trimline.cli.gdal_words import without_garbled_words

PROCESSOR_S, CLOCK_S = 10.0, 40.0
"""The longest that one input may take, of a processor and by the clock: others may use the machine at the same time."""

MEMORY_BYTES = 2 * 2**30
"""The most memory that one input may take, beside what the program itself takes."""

LINE_CHARACTERS = 450
"""The longest line of a message."""

STORM = 60
"""Lines of log and warnings after which they are no help any more."""

_REPOSITORY = Path(__file__).resolve().parents[2]
_PAGE = os.sysconf("SC_PAGE_SIZE")


PATIENCE_S = 400
"""The longest that imports and the valid input of a kind may take."""

BATCH = 400
"""Mutations that one process tries before it is replaced."""


@dataclass(frozen=True)
class Try:
    """What is tried: a mutation of a kind, or files that are damaged already in place of valid ones."""

    kind: str
    number: int
    given: Mapping[str, str] = field(default_factory=dict)
    """Paths of damaged files by their places in the folder of the valid input."""


@dataclass(frozen=True)
class Outcome:
    """How one mutated input ended."""

    kind: str
    number: int
    ending: str
    """`fine`, `refused`, `wrong`, `hung` or `too large`."""
    mutation: str = ""
    what: str = ""
    """The exception, or what was wrong."""
    place: str = ""
    """The last line of trimline that the exception went through, or where it hung."""

    @property
    def is_bad(self) -> bool:
        return self.ending not in ("fine", "refused")


class Watch:
    """Tries mutations, a batch at a time.

    Parameters
    ----------
    folder
        For the valid inputs, the mutated ones, and what was found.
    seed
        Seed of all mutations.
    processor_s, memory_bytes
        What one input may take.
    preloads
        Whether trimline is imported before the first child starts.
    """

    def __init__(
        self,
        folder: Path,
        seed: int,
        processor_s: float = PROCESSOR_S,
        memory_bytes: int = MEMORY_BYTES,
        *,
        preloads: bool = True,
    ) -> None:
        self.folder, self.seed = folder, seed
        self._limits, self._preloads = (processor_s, memory_bytes), preloads
        self._waiting = b""

    def __enter__(self) -> Watch:
        self._canary = socket.create_server(("127.0.0.1", 0))
        self._canary.settimeout(0.0)
        proxy = f"http://127.0.0.1:{self._canary.getsockname()[1]}"
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(_REPOSITORY), *filter(None, sys.path)]),
            "OMP_NUM_THREADS": "1", "GDAL_HTTP_MAX_RETRY": "0", "GDAL_HTTP_TIMEOUT": "2",
            "http_proxy": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "no_proxy": "",
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.watch", *(["preloads"] if self._preloads else [])],
            cwd=_REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        self._canary.close()

    def tried(self, tries: Sequence[Try]) -> Iterator[Outcome]:
        """Yield how each of them ended, in their order."""
        left = list(tries)
        while left:
            before = len(left)
            for outcome in self._batch(left[:BATCH]):
                left = left[1:]
                yield self._with_requests(outcome)
            if len(left) == before:
                said = (self.folder / "printed.txt").read_text(errors="replace")
                raise RuntimeError(f"the valid input of '{left[0].kind}' fails: {said[-2000:]}")

    def _with_requests(self, outcome: Outcome) -> Outcome:
        try:
            connection, _ = self._canary.accept()
        except OSError:
            return outcome
        connection.close()
        return Outcome(**asdict(outcome) | {"ending": "wrong", "what": f"a request to the network; {outcome.what}"})

    def _batch(self, tries: Sequence[Try]) -> Iterator[Outcome]:
        """Try mutations in one child, until it ends by itself or must be ended."""
        task = {"tries": [asdict(each) for each in tries], "seed": self.seed, "folder": str(self.folder)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task).encode() + b"\n")
        self._process.stdin.flush()
        child, base, began, processor = 0, 0, time.monotonic(), 0.0
        current: tuple[str, int] | None = None
        mutation = ""
        while True:
            line = self._line(0.05)
            if line is not None:
                message = json.loads(line)
                if "ended" in message:
                    if current is not None:  # it died of what it tried
                        yield Outcome(*current, "wrong", mutation, f"the process died (status {message['ended']})")
                    return
                if "child" in message:
                    child = message["child"]
                elif "begun" in message:
                    current, mutation = (message["kind"], message["begun"]), message["mutation"]
                    began, processor, base = time.monotonic(), _processor_s(child), _resident(child)
                else:
                    current, began = None, time.monotonic()
                    yield Outcome(**message)
                continue
            if current is None:
                if time.monotonic() - began > PATIENCE_S:
                    raise TimeoutError(f"a valid input took {PATIENCE_S} s")
                continue
            ending = ""
            if _resident(child) - base > self._limits[1]:
                ending = "too large"
            elif _processor_s(child) - processor > self._limits[0] or time.monotonic() - began > CLOCK_S:
                ending = "hung"
            if ending:
                place = self._place_of(child)
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                while (line := self._line(1.0)) is None or b'"ended"' not in line:
                    pass
                yield Outcome(*current, ending, mutation, ending, place)
                return

    def _place_of(self, child: int) -> str:
        """Return the innermost line of trimline that a child is at."""
        stacks = self.folder / "stack.txt"
        stacks.write_text("")
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGUSR1)
        time.sleep(0.5)
        lines = [line.strip() for line in stacks.read_text(errors="replace").splitlines() if "/src/trimline/" in line]
        return lines[0].rpartition("/src/trimline/")[2].replace('", line ', ":") if lines else "outside Python"

    def _line(self, patience_s: float) -> bytes | None:
        assert self._process.stdout is not None
        if b"\n" not in self._waiting:
            ready, _, _ = select.select([self._process.stdout], [], [], patience_s)
            if not ready:
                return None
            chunk = os.read(self._process.stdout.fileno(), 65536)
            if not chunk:
                raise EOFError("the watch's own process ended")
            self._waiting += chunk
        if b"\n" not in self._waiting:
            return None
        line, _, self._waiting = self._waiting.partition(b"\n")
        return line


def _resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def _processor_s(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


# What runs in the other process


def _serve() -> None:
    """Fork a child per task that stands on the standard input."""
    sys.unraisablehook = without_garbled_words
    for name in _PRELOADED if "preloads" in sys.argv else ():
        import_module(name)
    for line in sys.stdin:
        task = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _child(task)
                status = 0
            except BaseException:
                traceback.print_exc()  # into the file of what was printed
            finally:
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        _say({"ended": status})


def _say(message: Any) -> None:
    os.write(_OUT, json.dumps(message).encode() + b"\n")


_OUT = 1
_PRELOADED = (
    "trimline.glaciers",
    "trimline.outlines",
    "trimline.scenes",
    "trimline.study.ledger",
    "tests.faults.inputs",
)


def _child(task: dict[str, Any]) -> None:
    global _OUT
    folder = Path(task["folder"])
    # What libraries print goes to a file, so that it is counted and does not mix with the outcomes.
    _OUT = os.dup(1)
    printed = (folder / "printed.txt").open("w+b")
    os.dup2(printed.fileno(), 1)
    os.dup2(printed.fileno(), 2)
    faulthandler.register(signal.SIGUSR1, (folder / "stack.txt").open("w"), all_threads=True)
    _say({"child": os.getpid()})
    for each in task["tries"]:
        _try(_kind(each["kind"]), folder, Try(**each), task["seed"], printed)


def _kind(name: str) -> Input:
    if name in TRAPS:
        return TRAPS[name]
    from tests.faults.inputs import INPUTS

    return INPUTS[name]


def _valid(kind: Input, folder: Path) -> Path:
    """Return the folder of the valid input of a kind, after it was made and run once: what is imported takes time."""
    valid = folder / "valid" / kind.name.replace(" ", "_")
    if kind.name in _warm:
        return valid
    if not valid.exists():
        valid.mkdir(parents=True)
        kind.make(valid)
    case = folder / "nest" / "input"
    shutil.rmtree(case.parent, ignore_errors=True)
    shutil.copytree(valid, case)
    tempfile.tempdir = str(case)
    kind.run(case)
    _warm.add(kind.name)
    return valid


_warm: set[str] = set()


def _try(kind: Input, folder: Path, one: Try, seed: int, printed: Any) -> None:
    """Mutate one input, run it, and say how it ended."""
    from tests.faults.mutations import mutate_file

    from trimline.errors import SeveralProblems, TrimlineError

    valid, nest = _valid(kind, folder), folder / "nest"
    shutil.rmtree(nest, ignore_errors=True)
    case = nest / "input"
    shutil.copytree(valid, case)
    random = Random(f"{seed} {kind.name} {one.number}")  # noqa: S311 - for tests
    if one.given:
        mutation = ", ".join(one.given)
        for place, path in one.given.items():
            mutated = case / place
            mutated.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, mutated)
    else:
        mutated = random.choice(random.choice(targets_in(kind, case)))
        mutation = mutate_file(random, mutated)
    _say({"kind": kind.name, "begun": one.number, "mutation": mutation})
    ending, what, place_of = "fine", "", ""
    printed.truncate(0)
    tempfile.tempdir = str(case)
    os.chdir(case)
    with _heard() as heard, _guarded(nest) as outside:
        try:
            kind.run(case)
        except TrimlineError as error:
            ending, text = "refused", str(error)
            lines = text.split("\n")
            what = f"{type(error).__name__}: {text}"
            # Edits and keys are wrong one by one, and all of them are told.
            most = 2 * len(error.problems) if isinstance(error, SeveralProblems) else 2
            if len(lines) > most or any(len(line) > LINE_CHARACTERS for line in lines):
                ending = "wrong"
                what = f"a message of {len(lines)} lines, the longest of {max(map(len, lines))} characters: {what}"
                place_of = _place(error)
        except BaseException as error:
            ending, what, place_of = "wrong", f"{type(error).__name__}: {error}", _place(error)
    os.chdir(folder)
    printed.flush()
    noise = (folder / "printed.txt").read_text(errors="replace")
    outside += [each.name for each in nest.iterdir() if each.name != "input"]
    if outside:
        ending, what = "wrong", f"wrote outside its folder: {outside[:3]}; {what}"
    elif ending in ("fine", "refused") and "Traceback" in noise:
        ending, what = "wrong", f"printed a traceback: {noise[:300]}"
    elif ending in ("fine", "refused") and len(heard) + noise.count("\n") > STORM:
        ending, what = (
            "wrong",
            f"{len(heard)} warnings and {noise.count(chr(10))} printed lines: {heard[:1]}{noise[:200]}",
        )
    if ending == "wrong" and not one.given:
        _keep(folder, mutated, case, kind.name, seed, one.number, mutation, what)
    _say(
        {
            "kind": kind.name,
            "number": one.number,
            "ending": ending,
            "mutation": mutation,
            "what": what[:600],
            "place": place_of,
        }
    )


def _keep(folder: Path, mutated: Path, case: Path, kind: str, seed: int, number: int, mutation: str, what: str) -> None:
    """Keep the mutated file of a finding, and how it is made again."""
    found = folder / "found" / f"{kind}_{number}".replace(" ", "_").replace(",", "")
    found.mkdir(parents=True, exist_ok=True)
    if mutated.is_file() and mutated.stat().st_size < 2_000_000:
        shutil.copy(mutated, found)
    (found / "how.txt").write_text(
        f"{mutated.relative_to(case)} of the input '{kind}', mutation {number} of seed {seed}: {mutation}\n"
        f"{what[:2000]}\n"
        f"python -m tests.faults.test_mutations --seed {seed} '{kind}' {number}\n",
        errors="replace",
    )


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if "/trimline/" in each.filename.replace(os.sep, "/")]
    if not own:
        return "outside trimline"
    last = own[-1]
    return f"{last.filename.replace(os.sep, '/').rpartition('/trimline/')[2]}:{last.lineno} {last.name}"


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Give the list of what is logged or warned of in the block, kept to a few hundred."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if len(said) < 500:
                said.append(record.getMessage()[:200])

    listener = Listener(logging.INFO)
    root, own = logging.getLogger(), logging.getLogger("trimline")
    root.addHandler(listener)
    level = own.level
    own.setLevel(logging.INFO)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            yield said
            said += [str(each.message)[:200] for each in caught[:500]]
    finally:
        root.removeHandler(listener)
        own.setLevel(level)


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_allowed: list[Path] = []
_outside: list[str] = []
_is_listening = threading.Event()


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _is_listening.is_set():
        return
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        _outside.append(f"{event} {arguments[-1]!r}"[:200])
        return
    if event == "open":
        path, mode, flags = arguments
        if not isinstance(path, str | bytes) or not (flags & _WRITING if isinstance(flags, int) else mode != "r"):
            return
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree"):
        path = arguments[0]
    elif event in ("os.rename", "os.link", "os.symlink"):
        path = arguments[1]
    else:
        return
    if not isinstance(path, str | bytes):
        return
    name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - the file system must not be asked here
    if name.startswith("/dev/") or any(name.startswith(str(each)) for each in _allowed):
        return
    _outside.append(f"{event} {name}"[:200])


@contextmanager
def _guarded(folder: Path) -> Iterator[list[str]]:
    """Give the list of writes outside a folder, and requests, that Python makes in the block."""
    if not _allowed:
        sys.addaudithook(_hook)
    _allowed[:] = [folder / "input"]
    _outside.clear()
    _is_listening.set()
    try:
        yield _outside
    finally:
        _is_listening.clear()


if __name__ == "__main__":
    sys.modules["tests.faults.watch"] = sys.modules["__main__"]
    _serve()
