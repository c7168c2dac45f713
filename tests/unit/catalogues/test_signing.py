"""Signers: tokens are fetched once and renewed, logins go to their own host only, and nothing secret is shown."""

from __future__ import annotations

import builtins
import logging
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.catalogues.servers import Answer, Request, answering

from trimline.catalogues import tokens
from trimline.catalogues.aws import RequesterPays, public_address
from trimline.catalogues.login import Login
from trimline.catalogues.oauth import CopernicusTokens
from trimline.catalogues.sas import SasTokens
from trimline.errors import RemoteError

SECRET = "hunter2-S3CR3T"  # noqa: S105 - it must show up nowhere
HERE = ("127.0.0.1",)


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave no login of this machine in reach of a test."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "CDSE_USERNAME",
                 "CDSE_PASSWORD", "CDSE_REFRESH_TOKEN", "CDSE_S3_ACCESS_KEY", "CDSE_S3_SECRET_KEY",
                 "PC_SDK_SUBSCRIPTION_KEY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def expiry(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def sas(lifetime_s: float) -> Callable[[Request], Answer]:
    given = iter(range(100))
    return lambda _: Answer({"msft:expiry": expiry(lifetime_s), "token": f"sv=1&sig=number{next(given)}"})


def shown_of(error: BaseException) -> str:
    """Return all that a traceback shows of an error and its causes."""
    return "".join(traceback.format_exception(error))


def test_a_container_has_one_token_for_all_threads() -> None:
    with answering(sas(3600)) as server:
        sign = SasTokens(f"{server.url}/token", hosts=HERE)
        with ThreadPoolExecutor(8) as pool:
            signed = list(pool.map(sign, [f"{server.url}/one/{i}.tif" for i in range(40)]))
        sign(f"{server.url}/two/a.tif")
        assert [each.path for each in server.requests] == ["/token/127/one", "/token/127/two"]
    assert {each.url.partition("?")[2] for each in signed} == {"sv=1&sig=number0"}
    assert "number0" not in repr(signed)


def test_a_token_that_soon_ends_is_fetched_anew_and_one_that_does_not_is_kept() -> None:
    with answering(sas(tokens.MARGIN_S * 4)) as server:
        sign = SasTokens(f"{server.url}/token", hosts=HERE)
        assert sign(f"{server.url}/c/a.tif").url == sign(f"{server.url}/c/a.tif").url
        assert len(server.requests) == 1
        sign.renew()
        assert sign(f"{server.url}/c/a.tif").url.endswith("number1")
    with answering(sas(0)) as server:
        sign = SasTokens(f"{server.url}/token", hosts=HERE)
        assert sign(f"{server.url}/c/a.tif").url != sign(f"{server.url}/c/a.tif").url


def test_only_files_of_the_store_are_signed() -> None:
    with answering(sas(3600)) as server:
        sign = SasTokens(f"{server.url}/token")
        for href in (
            f"{server.url}/one/a.tif",
            "https://evil.example/blob.core.windows.net/a.tif",
            "http://account.blob.core.windows.net/c/a.tif",
        ):
            assert sign(href).url == href
        assert sign("https://account.blob.core.windows.net/c/a.tif").url.endswith("?sv=1&sig=number0")
        assert [each.path for each in server.requests] == ["/token/account/c"]


def test_a_subscription_key_is_sent_to_the_token_endpoint_in_a_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PC_SDK_SUBSCRIPTION_KEY", SECRET)
    with answering(sas(3600)) as server:
        SasTokens(f"{server.url}/token", hosts=HERE)(f"{server.url}/c/a.tif")
        assert server.requests[0].headers["Ocp-Apim-Subscription-Key"] == SECRET
        assert SECRET not in server.requests[0].path


def test_a_busy_token_endpoint_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_FIRST_WAIT_S", 0.01)
    answers = iter([Answer(status=503), Answer(status=429, headers={"Retry-After": "0"})])
    with answering(lambda request: next(answers, sas(3600)(request))) as server:
        assert SasTokens(f"{server.url}/token", hosts=HERE)(f"{server.url}/c/a.tif").url.endswith("number0")
        assert len(server.requests) == 3


@pytest.mark.parametrize("content", [b"<html>log in</html>", [], {"token": ""}, {"token": "x", "msft:expiry": "soon"}])
def test_an_endpoint_that_sends_no_token_is_an_error(content: Any) -> None:
    with answering(lambda _: Answer(content)) as server, pytest.raises(RemoteError, match="token"):
        SasTokens(f"{server.url}/token", hosts=HERE)(f"{server.url}/c/a.tif")


def copernicus_answer(request: Request) -> Answer:
    form = {key: values[0] for key, values in parse_qs(request.body).items()}
    is_known = form.get("password") == SECRET or str(form.get("refresh_token", "")).startswith("refresh")
    if not is_known:
        return Answer({"error": "invalid_grant"}, status=401)
    number = len(form)
    return Answer(
        {"access_token": f"access-{form['grant_type']}-{number}", "expires_in": 600, "refresh_token": "refresh-1"}
    )


def test_a_login_gives_a_token_that_its_refresh_token_renews(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDSE_USERNAME", "me@example.org")
    monkeypatch.setenv("CDSE_PASSWORD", SECRET)
    with answering(copernicus_answer) as server:
        sign = CopernicusTokens(f"{server.url}/token", hosts=HERE)
        signed = sign(f"{server.url}/odata/$value")
        assert signed.url == f"{server.url}/odata/$value"
        assert signed.headers == {"Authorization": "Bearer access-password-4"}
        assert sign(f"{server.url}/odata/$value").headers == signed.headers
        sign.renew()
        assert sign(f"{server.url}/x").headers["Authorization"].startswith("Bearer access-refresh_token")
        assert [parse_qs(each.body)["grant_type"] for each in server.requests] == [["password"], ["refresh_token"]]
        assert SECRET not in "".join(each.path + str(each.headers) for each in server.requests)
    assert SECRET not in repr(sign) + repr(signed)
    assert "access" not in repr(signed)


def test_a_refresh_token_that_has_ended_gives_way_to_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDSE_USERNAME", "me")
    monkeypatch.setenv("CDSE_PASSWORD", SECRET)

    def answer(request: Request) -> Answer:
        ended = "grant_type=refresh_token" in request.body
        return Answer({}, status=400) if ended else copernicus_answer(request)

    with answering(answer) as server:
        sign = CopernicusTokens(f"{server.url}/token", hosts=HERE)
        sign(f"{server.url}/x")
        sign.renew()
        assert "password" in sign(f"{server.url}/x").headers["Authorization"]


def test_a_token_goes_to_the_hosts_of_the_archive_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CDSE_REFRESH_TOKEN", "refresh-0")
    with answering(copernicus_answer) as server:
        sign = CopernicusTokens(f"{server.url}/token")
        for href in (f"{server.url}/a", "https://download.dataspace.copernicus.eu.evil.example/a",
                     "http://download.dataspace.copernicus.eu/a"):  # fmt: skip
            assert sign(href).headers == {}
        assert server.requests == []
        assert sign("https://download.dataspace.copernicus.eu/a").headers["Authorization"].startswith("Bearer access")


def test_a_login_that_is_refused_or_absent_names_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(copernicus_answer) as server:
        with pytest.raises(RemoteError, match="there is no login") as absent:
            CopernicusTokens(f"{server.url}/token", hosts=HERE)(f"{server.url}/x")
        monkeypatch.setenv("CDSE_USERNAME", "me")
        monkeypatch.setenv("CDSE_PASSWORD", f"wrong-{SECRET}")
        with pytest.raises(RemoteError, match="the login is refused") as refused:
            CopernicusTokens(f"{server.url}/token", hosts=HERE)(f"{server.url}/x")
    for error in (absent.value, refused.value):
        assert "CDSE_USERNAME and CDSE_PASSWORD" in str(error.remedy)
        assert SECRET not in shown_of(error)


def test_a_server_of_tokens_that_is_away_is_an_error_without_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "_RETRIES", 0)
    monkeypatch.setenv("CDSE_USERNAME", "me")
    monkeypatch.setenv("CDSE_PASSWORD", SECRET)
    with answering(copernicus_answer) as server:
        gone = server.url
    with pytest.raises(RemoteError, match="no token can be fetched") as raised:
        CopernicusTokens(f"{gone}/token?key={SECRET}", hosts=HERE)(f"{gone}/x")
    assert SECRET not in shown_of(raised.value)


def test_only_named_buckets_are_paid_for(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", f"session-{SECRET}")
    caplog.set_level(logging.DEBUG)
    sign = RequesterPays({"usgs-landsat": "us-west-2"})
    signed = sign("s3://usgs-landsat/collection02/a b_B4.TIF")
    parts = urlsplit(signed.url)
    query = parse_qs(parts.query)
    assert parts.scheme == "https"
    assert parts.hostname == "usgs-landsat.s3.us-west-2.amazonaws.com"
    assert parts.path == "/collection02/a%20b_B4.TIF"
    signed_headers = query["X-Amz-SignedHeaders"][0].split(";")
    assert sorted(signed_headers) == sorted(["host", *signed.headers])
    assert signed.headers == {"x-amz-request-payer": "requester"}
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["3600"]
    assert sign("s3://other-bucket/a.tif").url == "https://other-bucket.s3.amazonaws.com/a.tif"
    assert sign("https://host/a.tif").url == "https://host/a.tif"
    assert sign("https://host/a.tif").headers == sign("s3://other-bucket/a.tif").headers == {}
    assert SECRET not in caplog.text
    assert SECRET not in repr(signed) + repr(sign)


def test_without_an_account_of_aws_the_remedy_names_the_variables() -> None:
    with pytest.raises(RemoteError, match="no credentials to sign with") as raised:
        RequesterPays({"usgs-landsat": "us-west-2"})("s3://usgs-landsat/a.tif")
    assert "AWS_ACCESS_KEY_ID" in str(raised.value.remedy)


def test_a_profile_that_does_not_exist_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(RemoteError, match="no credentials to sign with"):
        RequesterPays({"usgs-landsat": "us-west-2"})("s3://usgs-landsat/a.tif")


def test_without_botocore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any, **more: Any) -> Any:
        if name.split(".")[0] == "botocore":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RemoteError, match="botocore, which is not installed") as raised:
        RequesterPays({"usgs-landsat": "us-west-2"})("s3://usgs-landsat/a.tif")
    assert "trimline[aws]" in str(raised.value.remedy)


def test_keys_of_the_copernicus_store_sign_its_bucket_and_need_no_payment(monkeypatch: pytest.MonkeyPatch) -> None:
    href = "s3://eodata/Sentinel-2/MSI/L1C/x.jp2"
    with pytest.raises(RemoteError, match="no keys of the object store"):
        CopernicusTokens()(href)
    monkeypatch.setenv("CDSE_S3_ACCESS_KEY", "KEY")
    monkeypatch.setenv("CDSE_S3_SECRET_KEY", SECRET)
    url = CopernicusTokens()(href).url
    assert url.startswith("https://eodata.dataspace.copernicus.eu/eodata/Sentinel-2/MSI/L1C/x.jp2?")
    assert "request-payer" not in url
    assert SECRET not in url


def test_public_buckets_are_read_by_https() -> None:
    assert public_address("s3://sentinel-cogs/a/B04.tif") == "https://sentinel-cogs.s3.amazonaws.com/a/B04.tif"
    assert public_address("s3://with.point/a.tif") == "https://s3.amazonaws.com/with.point/a.tif"
    assert public_address("/data/a.tif") == "/data/a.tif"
    with pytest.raises(RemoteError, match="no bucket has such a name"):
        public_address("s3://evil@host/a.tif")


def test_a_login_of_netrc_goes_to_its_own_host_and_over_no_open_line(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text(
        f"machine archive.example login me password {SECRET}\nmachine 127.0.0.1 login here password p\n"
        f"default login anyone password {SECRET}\n"
    )
    (tmp_path / "netrc").chmod(0o600)
    sign = Login()
    assert sign("https://archive.example/a.tif").headers["Authorization"].startswith("Basic ")
    assert sign("http://127.0.0.1:8000/a.tif").headers["Authorization"] == "Basic aGVyZTpw"
    for href in ("http://archive.example/a.tif", "https://other.example/a.tif", "https://default/a.tif", "/data/a.tif"):
        assert sign(href).headers == {}
    assert SECRET not in repr(sign) + repr(sign("https://archive.example/a.tif"))


def test_a_broken_file_of_logins_is_named_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text(f"machine archive.example login me {SECRET} {SECRET}\n")
    with pytest.raises(RemoteError, match="the file of logins cannot be read") as raised:
        Login()("https://archive.example/a.tif")
    assert SECRET not in shown_of(raised.value)
