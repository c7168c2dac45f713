"""Buckets of Amazon S3: requests that their reader pays for, signed with the reader's own account; and public ones.

Credentials are found by botocore's own chain (environment, ``~/.aws``, role of the machine). Addresses are signed for
an hour (AWS Signature Version 4, in the query).
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from trimline.errors import RemoteError
from trimline.foreign import foreign_errors
from trimline.remote.signing import Signed

for _name in ("botocore.auth", "botocore.endpoint", "botocore.hooks"):
    # What is signed holds the key's id, and the token of a session.
    logging.getLogger(_name).addFilter(lambda record: record.levelno > logging.DEBUG)

EXTRA = "aws"
"""Extra of the package that brings botocore."""
_LIFETIME_S = 3600
_S3 = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<key>.+)", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PAYER = {"x-amz-request-payer": "requester"}
"""Header by which a reader agrees to pay; it is part of what is signed, and must be sent."""
_REMEDY = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, of an account of AWS that may pay for requests"
)


def bucket_and_key(href: str) -> tuple[str, str] | None:
    """Return bucket and key of an `s3://` address; None of another.

    Raises
    ------
    RemoteError
        The bucket has a name that none can have.
    """
    match = _S3.fullmatch(href)
    if match is None:
        return None
    if _BUCKET.fullmatch(match["bucket"]) is None:
        raise RemoteError("no bucket has such a name", where=href, remedy="do not trust its catalogue")
    return match["bucket"], match["key"]


def public_address(href: str) -> str:
    """Return the HTTPS address of a file in a public bucket; any other address as it is."""
    place = bucket_and_key(href)
    if place is None:
        return href
    bucket, key = place
    # A point in the name of a bucket fits no certificate of a subdomain.
    base = f"https://s3.amazonaws.com/{bucket}" if "." in bucket else f"https://{bucket}.s3.amazonaws.com"
    return f"{base}/{quote(key)}"


class Presigner:
    """Signs addresses of files in buckets.

    Parameters
    ----------
    region
        Region of the buckets.
    endpoint
        Address of the store; None means that of AWS.
    keys
        Access key and secret key; None means what botocore finds.
    requester_pays
        Whether the reader agrees to pay.
    remedy
        What to do where there are no credentials.
    """

    def __init__(
        self,
        region: str,
        *,
        endpoint: str | None = None,
        keys: tuple[str, str] | None = None,
        requester_pays: bool = False,
        remedy: str = _REMEDY,
    ) -> None:
        self._region, self._endpoint, self._keys = region, endpoint, keys
        self._payer = {"RequestPayer": "requester"} if requester_pays else {}
        self._remedy = remedy
        self._client: Any = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Presigner({self._region!r})"

    def url(self, bucket: str, key: str) -> str:
        """Return the signed address of a file.

        Raises
        ------
        RemoteError
            The extra `aws` is not installed, or there are no credentials.
        """
        where = f"s3://{bucket}/{key}"
        exceptions = _exceptions(where)
        try:
            with self._lock:
                if self._client is None:
                    self._client = self._made()
                url: str = self._client.generate_presigned_url(
                    "get_object", Params={"Bucket": bucket, "Key": key, **self._payer}, ExpiresIn=_LIFETIME_S
                )
        except exceptions.BotoCoreError as error:
            raise RemoteError(
                f"there are no credentials to sign with ({type(error).__name__})", where=where, remedy=self._remedy
            ) from None
        return url

    def forget(self) -> None:
        """Drop the credentials, so that they are looked for anew."""
        with self._lock:
            self._client = None

    def _made(self) -> Any:
        import botocore.session
        from botocore.config import Config

        access, secret = self._keys or (None, None)
        with foreign_errors(RemoteError, what="no requests can be signed", remedy=self._remedy):
            return botocore.session.get_session().create_client(
                "s3",
                region_name=self._region,
                endpoint_url=self._endpoint,
                aws_access_key_id=access,
                aws_secret_access_key=secret,
                config=Config(
                    signature_version="s3v4",
                    s3={"addressing_style": "path" if self._endpoint else "virtual"},
                    connect_timeout=10,
                ),
            )


class RequesterPays:
    """Signer of files in buckets whose requester pays; files of other buckets are public.

    Parameters
    ----------
    buckets
        Regions of the buckets whose requester pays, by name. No other is ever paid for.
    """

    def __init__(self, buckets: Mapping[str, str]) -> None:
        self._presigners = {bucket: Presigner(region, requester_pays=True) for bucket, region in buckets.items()}

    def __call__(self, href: str) -> Signed:
        """Return the address with a signature where its bucket needs one; raises as `Presigner.url` does."""
        place = bucket_and_key(href)
        if place is None or place[0] not in self._presigners:
            return Signed(public_address(href))
        return Signed(self._presigners[place[0]].url(*place), _PAYER, remedy=_REMEDY)

    def renew(self) -> None:
        """Drop the credentials."""
        for presigner in self._presigners.values():
            presigner.forget()


def _exceptions(where: str) -> Any:
    try:
        import botocore.exceptions
    except ImportError:
        raise RemoteError(
            "reading it needs botocore, which is not installed",
            where=where,
            remedy=f'install it (pip install "trimline[{EXTRA}]")',
        ) from None
    return botocore.exceptions
