"""Tokens of the Copernicus Data Space: an access token of ten minutes for a login, renewed by its refresh token.

Source: Copernicus Data Space Ecosystem, documentation of "Access token" and "S3".
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from trimline.catalogues.aws import Presigner, bucket_and_key, public_address
from trimline.catalogues.tokens import Token, TokenStore, ask_for_token, may_be_told
from trimline.errors import RemoteError
from trimline.remote.address import shown
from trimline.remote.signing import Signed
from trimline.scenes.metadata_text import float_of

USER, PASSWORD, REFRESH, ONE_TIME = "CDSE_USERNAME", "CDSE_PASSWORD", "CDSE_REFRESH_TOKEN", "CDSE_TOTP"
"""Environment variables of a login, of a refresh token in its place, and of a one-time password."""
S3_KEY, S3_SECRET = "CDSE_S3_ACCESS_KEY", "CDSE_S3_SECRET_KEY"
"""Environment variables of keys of the object store."""
_ENDPOINT = "https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token"
_HOSTS = tuple(f"{name}.dataspace.copernicus.eu" for name in ("download", "zipper", "catalogue"))
_STORE, _BUCKET = "https://eodata.dataspace.copernicus.eu", "eodata"
_MARGIN_S = 60.0
_REMEDY = f"set {USER} and {PASSWORD}, or {REFRESH}, of a valid account, in the environment"
_S3_REMEDY = f"set {S3_KEY} and {S3_SECRET}, keys of the object store, in the environment"


class CopernicusTokens:
    """Signer of files of the Copernicus Data Space.

    Parameters
    ----------
    endpoint
        Address of the tokens.
    hosts
        Hosts to which tokens are sent; none other sees one.
    """

    def __init__(self, endpoint: str = _ENDPOINT, *, hosts: tuple[str, ...] = _HOSTS) -> None:
        self._endpoint, self._hosts = endpoint, hosts
        self._store = TokenStore(_MARGIN_S)
        self._lock = threading.Lock()
        self._refresh: str | None = None
        self._presigner: Presigner | None = None

    def __repr__(self) -> str:
        return f"CopernicusTokens({shown(self._endpoint)!r})"

    def __call__(self, href: str) -> Signed:
        """Return the address with what it needs: a token in a header, or a signature of the object store.

        Raises
        ------
        RemoteError
            There is no login in the environment, or it is refused.
        """
        place = bucket_and_key(href)
        if place is not None and place[0].lower() == _BUCKET:
            return Signed(self._store_keys().url(_BUCKET, place[1]), remedy=_S3_REMEDY)
        if urlsplit(href).hostname not in self._hosts or not may_be_told(href):
            return Signed(public_address(href))
        token = self._store.text("access", self._fetched)
        return Signed(href, {"Authorization": f"Bearer {token}"}, remedy=_REMEDY)

    def renew(self) -> None:
        """Drop the token, so that the next request fetches one."""
        self._store.forget()

    def _store_keys(self) -> Presigner:
        with self._lock:
            if self._presigner is None:
                access, secret = os.environ.get(S3_KEY), os.environ.get(S3_SECRET)
                if not access or not secret:
                    raise RemoteError(
                        "there are no keys of the object store", where=f"s3://{_BUCKET}", remedy=_S3_REMEDY
                    )
                self._presigner = Presigner("default", endpoint=_STORE, keys=(access, secret), remedy=_S3_REMEDY)
            return self._presigner

    def _fetched(self) -> Token:
        content: Mapping[str, Any] | None = None
        if self._refresh is not None:
            try:
                content = self._asked({"grant_type": "refresh_token", "refresh_token": self._refresh})
            except RemoteError:
                self._refresh = None  # it has ended; the login in the environment makes another
        content = self._asked(self._login()) if content is None else content
        token, lifetime, refresh = (content.get(key) for key in ("access_token", "expires_in", "refresh_token"))
        if not isinstance(token, str) or not token:
            raise RemoteError("the server sends no token", where=shown(self._endpoint), remedy="run again later")
        self._refresh = refresh if isinstance(refresh, str) else None
        return Token(token, float_of(lifetime) or _MARGIN_S)

    def _asked(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        return ask_for_token(self._endpoint, form={"client_id": "cdse-public", **form}, remedy=_REMEDY)

    def _login(self) -> dict[str, str]:
        given = {name: os.environ.get(name) for name in (USER, PASSWORD, REFRESH, ONE_TIME)}
        user, password, refresh, one_time = (given[name] for name in (USER, PASSWORD, REFRESH, ONE_TIME))
        if user and password:
            more = {"totp": one_time} if one_time else {}
            return {"grant_type": "password", "username": user, "password": password, **more}
        if refresh:
            return {"grant_type": "refresh_token", "refresh_token": refresh}
        raise RemoteError("there is no login for the archive", where="cdse", remedy=_REMEDY)
