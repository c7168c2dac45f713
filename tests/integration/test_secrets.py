"""A secret that is put into every place a user could put one appears in no output, log, report, file or error.

Every place is tried against a server on this machine that gives tokens, refuses, and fails; then every byte that was
written or printed is searched for each secret, as it is and as it would be encoded.
"""

from __future__ import annotations

import base64
import json
import logging
import traceback
from pathlib import Path
from shutil import copytree
from urllib.parse import quote

import pytest
import yaml
from tests.candidates import Candidates
from tests.integration.conftest import LATEST
from tests.integration.test_from_the_archive import project_file
from typer.testing import CliRunner

from trimline.catalogues import Archive, Holding, registry
from trimline.catalogues.aws import RequesterPays
from trimline.catalogues.oauth import CopernicusTokens
from trimline.catalogues.sas import SasTokens
from trimline.cli.app import app
from trimline.remote.signing import Signer
from trimline.simulate.archive import Faults, Server, serve

ENVIRONMENT = {
    name: f"Geheim{number:02d}{name.title().replace('_', '')}/+xyz="
    for number, name in enumerate(
        (
            "PC_SDK_SUBSCRIPTION_KEY",
            "CDSE_USERNAME",
            "CDSE_PASSWORD",
            "CDSE_TOTP",
            "CDSE_S3_ACCESS_KEY",
            "CDSE_S3_SECRET_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        )
    )
}
"""Environment variables of every signer, each with a secret of its own."""
IN_FILE = {"login": "GeheimNetrcLogin", "password": "GeheimNetrcPassword"}
IN_ADDRESS = "GeheimAddress"
HOLDINGS = (
    Holding("landsat-c2l1", ("TM", "ETM+", "OLI"), "L1"),
    Holding("sentinel-2-c1-l2a", ("MSI",), "L2"),
)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Put a secret into every place outside the project, and return all of them."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    logins = tmp_path / "logins" / "netrc"
    logins.parent.mkdir()
    logins.write_text(f"machine 127.0.0.1\n  login {IN_FILE['login']}\n  password {IN_FILE['password']}\n")
    logins.chmod(0o600)
    monkeypatch.setenv("NETRC", str(logins))
    return {*ENVIRONMENT.values(), *IN_FILE.values(), IN_ADDRESS}


class Said:
    """All that was printed and logged, at every level."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._log, self._printed = caplog, ""

    def run(self, *arguments: object, fails: bool = False) -> None:
        """Carry a command out with `--debug`."""
        result = CliRunner().invoke(app, ["--debug", *(str(each) for each in arguments)])
        error = result.exception
        self._printed += result.output
        if error is not None:  # what `--debug` prints of it, with the errors behind it
            self._printed += "".join(traceback.format_exception(error)) + f"{error!r} {vars(error)}"
        assert (result.exit_code != 0) == fails, result.output

    @property
    def text(self) -> str:
        """Printed, raised and logged text."""
        records = [f"{each.getMessage()} {each.args} {each.exc_text}" for each in self._log.records]
        return "\n".join([self._printed, self._log.text, *records])


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "botocore", "requests", "rasterio", "trimline"):
        caplog.set_level(logging.DEBUG, logger=name)
    return Said(caplog)


def spellings(secret: str) -> set[bytes]:
    """Return a secret as it is, and as requests, tokens and dumps would write it."""
    plain = secret.encode()
    pair = f"{IN_FILE['login']}:{IN_FILE['password']}".encode()
    return {
        plain,
        quote(secret, safe="").encode(),
        base64.b64encode(plain),
        base64.b64encode(plain).rstrip(b"="),
        json.dumps(secret).strip('"').encode(),
        base64.b64encode(pair),
    }


def betrayed(folder: Path, text: str, secrets: set[str]) -> list[str]:
    """Return where a secret stands: in the text, or in a file of the folder, names of files included."""
    found = []
    contents = {"what was printed": text.encode()}
    for path in folder.rglob("*"):
        contents[f"name {path}"] = str(path).encode()
        if path.is_file() and "logins" not in path.parts:
            contents[str(path)] = path.read_bytes()
    for place, content in contents.items():
        found += [f"{secret} in {place}" for secret in secrets if any(each in content for each in spellings(secret))]
    return found


@pytest.mark.parametrize("way", ["sas", "oauth", "requester-pays", "login"])
@pytest.mark.parametrize("end", ["well", "refused", "broken"])
def test_no_secret_of_a_signer_is_ever_written(
    latest: Candidates,
    secrets: set[str],
    said: Said,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    end: str,
) -> None:
    with serve(archive_of(latest, way, tmp_path), token_life=1000 if way in ("sas", "oauth") else None) as server:
        if way != "login":
            monkeypatch.setattr(registry, "_added", {"tried": archive_with(server, way)})
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        home = tmp_path / "study"
        home.mkdir()
        project = project_file(home, latest, "tried" if way != "login" else server.url, LATEST)
        if end == "well":
            said.run("search", project)
            said.run("fetch", project)
            if way == "sas":
                said.run("run", project, "--until", "timeline")
            assert was_used(server, way)
        else:
            said.run("search", project, "--no-pictures")
            server.tokens.life = 0
            server.tokens.expire()
            server.faults = Faults("403" if end == "refused" else "html", only=".t")
            said.run("fetch", project, fails=True)
        secrets |= {secret_token(each.query) for each in server.log.requests if secret_token(each.query)}
        secrets |= {(each.authorization or "").rpartition(" ")[2] for each in server.log.requests if each.authorization}
    assert len(secrets) > 10
    assert betrayed(home, said.text, secrets) == []


def archive_of(candidates: Candidates, way: str, folder: Path) -> Path:
    """Return the archive; its files in a bucket where the requester pays, or with a signature in their addresses."""
    if way not in ("requester-pays", "login"):
        return candidates.archive
    copy = folder / "archive"
    copytree(candidates.archive, copy)
    for path in (path for path in copy.rglob("*.json") if not path.name.endswith("_MTL.json")):
        item = json.loads(path.read_text())
        for asset in item.get("assets", {}).values():
            if way == "login":
                asset["href"] += f"?X-Amz-Signature={IN_ADDRESS}"
            elif "collection02" in path.parts:
                place = path.parent.relative_to(copy).as_posix()
                asset["href"] = f"s3://usgs-landsat/{place}/{asset['href'].removeprefix('./')}"
        path.write_text(json.dumps(item))
    (copy / "usgs-landsat").symlink_to(copy)
    return copy


def archive_with(server: Server, way: str) -> Archive:
    """Return an archive that is signed as a known one is, its tokens given by the server on this machine."""
    here = ("127.0.0.1",)

    def signer() -> Signer:
        if way == "sas":
            return SasTokens(f"{server.url}/token", hosts=here)
        if way == "oauth":
            return CopernicusTokens(f"{server.url}/oauth/token", hosts=here)
        return RequesterPays({"usgs-landsat": "us-west-2"})

    return Archive("tried", "Tried", server.url, HOLDINGS, "nothing", signing=signer)


def was_used(server: Server, way: str) -> bool:
    """Whether the server saw the credentials: otherwise nothing was tried."""
    requests = server.log.requests
    if way == "sas":
        return any("sig=" in each.query for each in requests)
    if way == "requester-pays":
        return any("X-Amz-Signature=" in each.query for each in requests)
    kind = "Bearer " if way == "oauth" else "Basic "
    return any((each.authorization or "").startswith(kind) for each in requests)


def secret_token(query: str) -> str:
    """Return the signature in a query."""
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in ("sig", "X-Amz-Signature", "X-Amz-Security-Token"):
            return value
    return ""


@pytest.mark.parametrize(
    "address",
    [
        "http://{0}:{0}@127.0.0.1:9/",
        "https://archive.example/?token={0}",
        "https://archive.example/#{0}",
        "s3://{0}@b/c",
    ],
)
def test_an_address_with_a_secret_is_refused_without_repeating_it(
    latest: Candidates, secrets: set[str], said: Said, tmp_path: Path, address: str
) -> None:
    home = tmp_path / "study"
    home.mkdir()
    project = project_file(home, latest, address.format(IN_ADDRESS), LATEST)
    said.run("search", project, fails=True)
    project.unlink()
    assert betrayed(home, said.text, secrets) == []


def test_a_proxy_with_a_password_is_not_named(
    latest: Candidates, secrets: set[str], said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://{IN_ADDRESS}:{IN_ADDRESS}@127.0.0.1:9")
    monkeypatch.setattr("trimline.remote.repeating.pause", lambda *_: None)
    home = tmp_path / "study"
    home.mkdir()
    item = next(path for path in latest.archive.rglob("LC08*.json") if not path.name.endswith("_MTL.json"))
    content = json.loads(item.read_text())
    for asset in content["assets"].values():
        asset["href"] = f"http://archive.example/{asset['href'].removeprefix('./')}"
    (home / "item.json").write_text(json.dumps(content))
    project = project_file(home, latest, "http://archive.example", LATEST)
    scenes = [{"id": "scene", "path": "scene", "item": "item.json"}]
    project.write_text(yaml.safe_dump({**yaml.safe_load(project.read_text()), "scenes": scenes}))
    said.run("fetch", project, fails=True)
    assert betrayed(home, said.text, secrets) == []


def test_a_secret_that_stood_somewhere_would_be_found(tmp_path: Path) -> None:
    pair = base64.b64encode(f"{IN_FILE['login']}:{IN_FILE['password']}".encode())
    (tmp_path / "file.bin").write_bytes(b"\x00" + pair)
    assert betrayed(tmp_path, "", {IN_FILE["password"]})
    assert betrayed(tmp_path / "none", quote(ENVIRONMENT["CDSE_PASSWORD"], safe=""), set(ENVIRONMENT.values()))
