"""A real dask cluster for tests: a scheduler and workers, processes that share nothing but what they are allowed to."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 120


def can_hide() -> bool:
    """Whether a process can be started that does not see a folder: in a mount namespace, as root on Linux."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True)
    return tried.returncode == 0


class Cluster:
    """A scheduler and two workers.

    Parameters
    ----------
    folder
        Gets the logs, and a temporary folder for each process, which no other process uses.
    hidden
        Folders that workers see empty, as on machines without a common disk.
    environment
        Further variables of the workers' environment.
    """

    def __init__(self, folder: Path, hidden: Sequence[Path] = (), environment: Mapping[str, str] | None = None) -> None:
        folder.mkdir()
        self.folder, self.file = folder, folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.own_folders: list[Path] = []
        """Local directories of the workers."""
        self.hidden, self.environment = hidden, dict(environment or {})
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        deadline = time.monotonic() + PATIENCE_S
        while not (self.file.exists() and self.file.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.workers = [self.add_worker() for _ in "12"]

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def add_worker(self) -> subprocess.Popen[bytes]:
        own = self.folder / f"worker{len(self.processes)}"
        own.mkdir()
        self.own_folders.append(own)
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(own))
        return self._start("dask_worker", *options)

    def _start(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--scheduler-file", str(self.file), *options]
        # No process sees another's temporary folder, as on machines of a cluster.
        temporary = self.folder / f"tmp{len(self.processes)}"
        temporary.mkdir()
        environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(temporary)}
        if program == "dask_worker":
            environment |= self.environment
            if self.hidden:
                covers = " && ".join(f"mount -t tmpfs none {shlex.quote(str(each))}" for each in self.hidden)
                command = ["unshare", "-m", "sh", "-c", f"{covers} && exec {shlex.join(command)}"]
        log = (self.folder / f"{program}_{len(self.processes)}.log").open("wb")
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self.folder))
        return self.processes[-1]

    def logs(self) -> str:
        """Return what all processes wrote."""
        return "".join(each.read_text(errors="replace") for each in sorted(self.folder.glob("*.log")))

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@contextmanager
def cluster_in(
    folder: Path, hidden: Sequence[Path] = (), environment: Mapping[str, str] | None = None
) -> Iterator[Cluster]:
    """Give a cluster that is stopped when the block ends."""
    started = Cluster(folder, hidden, environment)
    try:
        yield started
    finally:
        started.stop()
