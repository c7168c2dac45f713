"""Shared access signatures of the Planetary Computer: a token per container of Azure Blob Storage, for everyone.

Source: Planetary Computer, "How to generate SAS token/sign requests".
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from trimline.catalogues.aws import public_address
from trimline.catalogues.tokens import Token, TokenStore, ask_for_token, may_be_told
from trimline.errors import RemoteError
from trimline.remote.address import shown
from trimline.remote.signing import Signed
from trimline.scenes.metadata_text import parse_moment

KEY_VARIABLE = "PC_SDK_SUBSCRIPTION_KEY"
"""Environment variable of a subscription key, with which tokens hold longer; none is needed."""
_BLOBS = ".blob.core.windows.net"
_REMEDY = f"run again later, or set {KEY_VARIABLE} to a key that is valid"


class SasTokens:
    """Signer of files in Azure Blob Storage.

    Parameters
    ----------
    endpoint
        Address to which ``/ACCOUNT/CONTAINER`` is added to get a token.
    hosts
        Ends of names of hosts whose files are signed; others are read as they are.
    """

    def __init__(self, endpoint: str, *, hosts: tuple[str, ...] = (_BLOBS,)) -> None:
        self._endpoint, self._hosts = endpoint.rstrip("/"), hosts
        self._store = TokenStore()

    def __call__(self, href: str) -> Signed:
        """Return the address with the token of its container; raises `RemoteError` where there is none."""
        parts = urlsplit(href)
        host = parts.hostname or ""
        container = parts.path.lstrip("/").partition("/")[0]
        if not (host.endswith(self._hosts) and container and may_be_told(href)):
            return Signed(public_address(href))
        account = host.partition(".")[0]
        token = self._store.text((account, container), lambda: self._fetched(account, container))
        return Signed(f"{href}{'&' if parts.query else '?'}{token}", remedy=_REMEDY)

    def renew(self) -> None:
        """Drop all tokens."""
        self._store.forget()

    def _fetched(self, account: str, container: str) -> Token:
        url = f"{self._endpoint}/{quote(account, safe='')}/{quote(container, safe='')}"
        key = os.environ.get(KEY_VARIABLE)
        headers = {"Ocp-Apim-Subscription-Key": key} if key and may_be_told(url) else {}
        content = ask_for_token(url, headers=headers, remedy=_REMEDY)
        token, expiry = content.get("token"), content.get("msft:expiry")
        if not isinstance(token, str) or not token or not isinstance(expiry, str):
            raise RemoteError("the server sends no token", where=shown(url), remedy="run again later")
        try:
            lifetime = (parse_moment(expiry) - datetime.now(UTC)).total_seconds()
        except ValueError:
            raise RemoteError("the token has no time at which it ends", where=shown(url)) from None
        return Token(token.lstrip("?"), max(lifetime, 0.0))
