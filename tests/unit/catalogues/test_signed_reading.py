"""Files behind tokens are read whole though tokens expire on the way, and not at all without a login."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trimline.catalogues.login import Login
from trimline.catalogues.oauth import CopernicusTokens
from trimline.catalogues.sas import SasTokens
from trimline.errors import RemoteError
from trimline.remote import Transport
from trimline.remote.signing import Signer
from trimline.simulate.archive import serve

HERE = ("127.0.0.1",)
FILES, PART = 12, 1 << 10
SIGNERS: dict[str, Callable[[str], Signer]] = {
    "SAS": lambda url: SasTokens(f"{url}/token", hosts=HERE),
    "OAuth": lambda url: CopernicusTokens(f"{url}/oauth/token", hosts=HERE),
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    (folder / "catalog.json").write_text(json.dumps({"type": "Catalog", "id": "own", "links": []}))
    (folder / "container").mkdir()
    for number in range(FILES):
        (folder / "container" / f"{number}.bin").write_bytes(bytes([number]) * 4 * PART)
    return folder


@pytest.fixture(autouse=True)
def login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CDSE_USERNAME", "me")
    monkeypatch.setenv("CDSE_PASSWORD", "p")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.mark.parametrize("kind", SIGNERS)
def test_tokens_that_expire_on_the_way_are_renewed(archive: Path, kind: str) -> None:
    with serve(archive, token_life=5) as server, Transport(SIGNERS[kind](server.url), first_wait_s=0.01) as transport:
        for number in range(FILES):
            href = f"{server.url}/container/{number}.bin"
            assert transport.read(href, [(0, 10), (2 * PART, 3 * PART)]) == [
                bytes([number]) * 10,
                bytes([number]) * PART,
            ]
        assert server.tokens.given >= FILES // 5


def test_without_a_token_the_file_is_refused_with_a_remedy(archive: Path) -> None:
    with (
        serve(archive, token_life=5) as server,
        Transport(Login(), first_wait_s=0.01) as transport,
        pytest.raises(RemoteError) as raised,
    ):
        transport.read(f"{server.url}/container/0.bin", [(0, 10)])
    assert raised.value.remedy
