"""Two browsers correct one project while its server is killed: each edit that was acknowledged is kept exactly once."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from tests.kinds.reviewed import EARLY, LATE, as_json, cell, geojson, reviewed

from trimline.outlines import outline_digest, read_edits, read_outlines, replay

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60.0
"""Time in which a killed server must be back, and an edit acknowledged [s]."""
REQUEST_S = 20.0
ACROSS = 4


class Server:
    """The server of a review as a process that can be killed and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "tests.kinds.served_field", str(self._folder), str(self.port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=dict(os.environ), start_new_session=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self, how: int = signal.SIGKILL) -> None:
        """End it without a chance to do anything more, or politely."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE_S)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    reviewed(tmp_path / "review", ACROSS)
    found = Server(tmp_path / "review")
    found.start()
    yield found
    found.kill()


class Browser:
    """What a page does: previews, saves, sends again what was not answered, and draws anew after a conflict."""

    def __init__(self, server: Server, seed: int, edits: int) -> None:
        self._server, self._random, self._edits = server, np.random.default_rng(seed), edits
        self.acknowledged: list[str] = []
        """Identifiers of the drafts and reverts that were answered with success."""
        self.conflicts = 0
        self.sent_again = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Make all edits."""
        try:
            while len(self.acknowledged) < self._edits:
                self._edit()
        except BaseException as error:
            self.failure = error

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the answer to a request, which is sent again until there is one."""
        end = time.monotonic() + PATIENCE_S
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=REQUEST_S)
            try:
                headers = {"Content-Type": "application/json"}
                connection.request(method, path, None if body is None else json.dumps(body), headers)
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                self.sent_again += 1
                time.sleep(0.05)
            finally:
                connection.close()

    def _one_of(self, values: Sequence[Any]) -> Any:
        return values[int(self._random.integers(len(values)))]

    def _edit(self) -> None:
        if self.acknowledged and self._random.random() < 0.1:
            self._revert()
            return
        period = self._one_of([EARLY, LATE])
        _, listed = self.ask("GET", f"/api/glaciers?period={period}&order=area&limit=50")
        glac_id = self._one_of(listed["glaciers"])["glac_id"]
        drafts = [self._draft(period, glac_id)]
        while True:
            status, shown = self.ask("POST", "/api/preview", {"period": period, "drafts": drafts})
            if status != 200 or not all(shown["is_applied"]):
                return  # another browser was faster, and there is nothing left to do
            save = {
                "period": period,
                "drafts": drafts,
                "holds": self._one_of([None, None, "*"]) if drafts[0]["operation"] == "remove" else None,
                "author": threading.current_thread().name,
                "reason": "seen on the image",
                "base": shown["base"],
            }
            status, answer = self.ask("POST", "/api/edits", save)
            if status == 409:
                self.conflicts += 1
                continue
            assert status == 201, answer
            self.acknowledged += [each["edit_id"] for each in drafts]
            return

    def _draft(self, period: str, glac_id: str) -> dict[str, Any]:
        edit_id = self._random.bytes(6).hex()
        about = {"edit_id": edit_id, "glac_id": glac_id}
        kind = self._one_of(["remove", "add", "redraw", "flag", "accept", "copy"])
        ground = cell(self._random.uniform(-0.2, ACROSS), self._random.uniform(-0.2, ACROSS), 0.2)
        if kind in ("remove", "add"):
            glacier = None if kind == "remove" else glac_id
            return {**about, "operation": kind, "geometry": as_json(geojson(ground)), "glac_id": glacier}
        if kind == "copy":
            return {**about, "operation": kind, "value": {"from": LATE if period == EARLY else EARLY}}
        if kind == "redraw":
            _, glacier = self.ask("GET", f"/api/glacier?period={period}&glac_id={glac_id}")
            if "outline" in glacier and glacier["outline"] is not None:
                shape = shapely.geometry.shape(glacier["outline"]["geometry"])
                moved = shapely.affinity.translate(shape, self._random.uniform(-40, 40), self._random.uniform(-40, 40))
                return {**about, "operation": kind, "geometry": as_json(geojson(moved))}
        return {**about, "operation": "flag" if kind == "flag" else "accept"}

    def _revert(self) -> None:
        new = self._random.bytes(6).hex()
        about = {"edit_id": self._one_of(self.acknowledged), "new_edit_id": new}
        status, answer = self.ask("POST", "/api/revert", {**about, "author": "A", "reason": "it was right"})
        if status == 201:
            self.acknowledged.append(new)
        else:
            assert "reverted already" in answer["what"] or "no edit" in answer["what"], answer


def corrected_by_two(server: Server, edits: int, kills: int) -> list[Browser]:
    """Let two browsers make edits while the server is killed and started again."""
    browsers = [Browser(server, seed, edits // 2) for seed in (1, 2)]
    threads = [threading.Thread(target=each.run, name=f"browser-{i}") for i, each in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for number in range(kills):
        wanted = (number + 1) * edits // (kills + 1)
        while sum(len(each.acknowledged) for each in browsers) < wanted and any(each.is_alive() for each in threads):
            time.sleep(0.002)
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    for each in browsers:
        if each.failure is not None:
            raise each.failure
    return browsers


def require_kept_once(server: Server, folder: Path, browsers: Sequence[Browser]) -> None:
    """Check the layer of edits against what was acknowledged, and the outlines that are shown against a replay."""
    edits = read_edits(folder / "edits.gpkg")
    ids = edits["edit_id"].tolist()
    assert len(ids) == len(set(ids))
    acknowledged = [each for browser in browsers for each in browser.acknowledged]
    assert len(acknowledged) == len(set(acknowledged))
    assert {each.removesuffix("-2") for each in ids} == set(acknowledged)
    for period in (EARLY, LATE):
        automatic = read_outlines(folder / period / "automatic.gpkg")
        final, _ = replay(automatic, edits, period, middle=float(period) + 0.5)
        wanted = {name: outline_digest(shape) for name, shape in zip(final["glac_id"], final.geometry, strict=True)}
        _, listed = browsers[0].ask("GET", f"/api/glaciers?period={period}&order=name&limit=1000")
        shown = {}
        for each in listed["glaciers"]:
            _, glacier = browsers[0].ask("GET", f"/api/glacier?period={period}&glac_id={each['glac_id']}")
            shown[each["glac_id"]] = glacier["outline"]["version"]
        assert shown == wanted


def test_each_acknowledged_edit_is_kept_once_when_the_server_is_killed(server: Server, tmp_path: Path) -> None:
    browsers = corrected_by_two(server, 30, 1)
    require_kept_once(server, tmp_path / "review", browsers)


@pytest.mark.slow
def test_two_hundred_edits_of_two_browsers_outlive_three_kills(server: Server, tmp_path: Path) -> None:
    browsers = corrected_by_two(server, 200, 3)
    assert sum(each.sent_again for each in browsers) > 0
    assert sum(each.conflicts for each in browsers) > 0
    require_kept_once(server, tmp_path / "review", browsers)
    server.kill(signal.SIGTERM)
    server.start()
    require_kept_once(server, tmp_path / "review", browsers)
