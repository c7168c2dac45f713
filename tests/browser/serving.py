"""`trimline review` as a process, for tests: started on a free port, stopped or killed."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

START_S = 30
TRIMLINE = (sys.executable, "-c", "from trimline.cli import main; main()")
"""The command line."""
_ADDRESS = re.compile(r"https?://\S+")


class Server:
    """A running server; as a context it is stopped at the end.

    Parameters
    ----------
    reviewed
        Project file, or folder of one map.
    options
        Further options of the command.
    log
        File of what it writes to standard error; None for one beside what is reviewed.
    """

    def __init__(self, reviewed: Path, *options: str, log: Path | None = None) -> None:
        self.reviewed, self.options = reviewed, options
        self.log = reviewed.parent / "server.log" if log is None else log
        self.address = ""
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self, port: int = 0) -> None:
        """Start it on a port, and wait until it says its address."""
        command = [*TRIMLINE, "review", str(self.reviewed), *self.options]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--no-open", "--port", str(port)], stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        said = _ADDRESS.search(line)
        assert said is not None, f"no address in {line!r}; {self.log.read_text()}"
        self.address = said.group()

    def kill(self) -> None:
        """End it as a failing machine would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """End it as Ctrl-C does; return its exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=START_S)

    def get(self, path: str) -> Any:
        """Return the answer of its API, as JSON."""
        answer = requests.get(f"{self.address.rstrip('/')}/api/{path}", timeout=START_S)
        answer.raise_for_status()
        return answer.json()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
