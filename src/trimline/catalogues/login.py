"""Logins in ``~/.netrc``, for servers that want a user name and a password (HTTP Basic, RFC 7617)."""

from __future__ import annotations

import base64
import netrc
import os
import threading
from pathlib import Path
from urllib.parse import urlsplit

from trimline.catalogues.aws import public_address
from trimline.catalogues.tokens import may_be_told
from trimline.errors import RemoteError
from trimline.foreign import forbidden
from trimline.remote.signing import Signed

VARIABLE = "NETRC"
"""Environment variable of the file of logins, in place of ``~/.netrc``."""
_REMEDY = "write a line into ~/.netrc: machine HOST login USER password PASSWORD"


class Login:
    """Signer of files on servers for which ``~/.netrc`` has a login.

    Its `default` entry is not used: it would send one login to every server that a catalogue names.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, str] | None = None

    def __repr__(self) -> str:
        return "Login()"

    def __call__(self, href: str) -> Signed:
        """Return the address with the login of its host, if there is one.

        Raises
        ------
        RemoteError
            The file of logins cannot be read.
        """
        host = urlsplit(href).hostname or "" if "://" in href else ""
        value = self._logins().get(host) if host and may_be_told(href) else None
        headers = {} if value is None else {"Authorization": value}
        return Signed(public_address(href), headers, remedy=_REMEDY)

    def renew(self) -> None:
        """Read the file of logins anew."""
        with self._lock:
            self._known = None

    def _logins(self) -> dict[str, str]:
        with self._lock:
            if self._known is None:
                self._known = _read()
            return self._known


def _read() -> dict[str, str]:
    path = Path(os.environ.get(VARIABLE) or Path.home() / ".netrc")
    if not path.is_file():
        return {}
    try:
        hosts = netrc.netrc(str(path)).hosts
    except netrc.NetrcParseError as error:
        line = f" in line {error.lineno}" if error.lineno else ""
        raise RemoteError(f"the file of logins cannot be read{line}", where=path, remedy=_REMEDY) from None
    except UnicodeDecodeError:
        raise RemoteError("the file of logins is no text", where=path, remedy=_REMEDY) from None
    except OSError as error:
        raise (forbidden(error, path) or RemoteError("the file of logins cannot be read", where=path)) from None
    return {
        host: "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
        for host, (login, _, password) in hosts.items()
        if host != "default"
    }
