"""`trimline review` of an installation, as a process that answers."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.package.installed import Installation, clean_environment

_ANSWER_S = 60
_END_S = 30


@contextmanager
def reviewed(installation: Installation, folder: Path, cwd: Path) -> Iterator[str]:
    """Serve a folder until the block ends, and give the address; then the server is ended as by Ctrl-C."""
    command = [installation.trimline, "review", folder, "--no-open", "--port", "0", "--json"]
    with subprocess.Popen(
        command, cwd=cwd, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            printed = "".join(iter(server.stdout.readline, "}\n")) + "}"
            yield json.loads(printed)["url"]
        finally:
            server.send_signal(signal.SIGINT)
            _, said = server.communicate(timeout=_END_S)
        assert "Traceback" not in said, said


def fetched(url: str) -> tuple[str, bytes]:
    """Return the type and the content of what lies at an address of this machine."""
    with urllib.request.urlopen(url, timeout=_ANSWER_S) as answer:  # noqa: S310 - the address is the server's own
        return answer.headers.get_content_type(), answer.read()
