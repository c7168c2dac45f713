"""Computing a network tells nobody, and leaves nothing in the home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
sent = []
sys.addaudithook(lambda event, arguments: sent.append(event) if event.startswith("socket.connect") else None)
from trimline.errors import WeightsError
from trimline.inference.engine import OpenVINOEngine
try:
    OpenVINOEngine(b"no graph")
except WeightsError:
    pass
sys.exit(" ".join(sent) or 0)
"""


def test_openvino_sends_no_statistics(tmp_path: Path) -> None:
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
