"""`trimline info`, as a user types it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from trimline.cli.info import info
from trimline.errors import ProductError


@pytest.fixture
def app() -> typer.Typer:
    """Give a program with this one command."""
    program = typer.Typer()
    program.command()(info)
    return program


def test_it_prints_a_table(app: typer.Typer, make: Any) -> None:
    result = CliRunner().invoke(app, [str(make.product(without_bands=("6",)))])
    assert result.exit_code == 1  # of an error that `main` ends with exit code 2
    assert isinstance(result.exception, ProductError)
    assert "_B6.TIF" in result.exception.what
    for word in (
        "LC08_L1TP_139036",
        "landsat-8-oli",
        "139036",
        "12.5 %",
        "swir2",
        "_B6.TIF",
        "EPSG:32646",
        "30 x 30 m",
    ):
        assert word in result.stdout


def test_one_product_is_one_json_object(app: typer.Typer, make: Any) -> None:
    result = CliRunner().invoke(app, ["--json", str(make.product())])
    content = json.loads(result.stdout)
    assert content["sensor"] == "landsat-8-oli"
    assert content["time"].startswith("2019-08-09T04:20:31")
    assert content["is_complete"] is False  # no quality bands
    assert content["pixel"] == [30.0, 30.0]


def test_quality_bands_may_be_missing(app: typer.Typer, make: Any) -> None:
    result = CliRunner().invoke(app, [str(make.product())])
    assert result.exit_code == 0
    assert "_QA_PIXEL.TIF" in result.stdout


def test_several_products_are_a_list(app: typer.Typer, make: Any) -> None:
    result = CliRunner().invoke(app, ["--json", str(make.product()), str(make.archive(".tar"))])
    assert [each["kind"] for each in json.loads(result.stdout)] == ["Landsat", "Landsat"]


def test_what_cannot_be_read_is_said_after_the_rest(app: typer.Typer, make: Any, tmp_path: Any) -> None:
    product = make.product()
    (tmp_path / "a.gpkg").write_bytes(b"")
    result = CliRunner().invoke(app, ["--json", str(tmp_path / "a.gpkg"), str(tmp_path / "absent"), str(product)])
    assert "landsat-8-oli" in result.stdout
    assert "GeoPackage" in result.stderr
    assert isinstance(result.exception, ProductError)
    assert result.exception.what == "there is no such file or folder"


def test_bands_and_sensor_of_a_stack_can_be_given(app: typer.Typer, make: Any) -> None:
    path = make.stack("s.tif", make.numbers("1"))
    result = CliRunner().invoke(app, ["--json", "--bands", "B11", "--sensor", "sentinel-2-msi", str(path)])
    content = json.loads(result.stdout)
    assert (content["bands"], content["sensor"]) == (["swir1"], "sentinel-2-msi")


def test_what_a_fetch_left_in_the_archive_is_not_missing_and_what_it_brought_is(app: typer.Typer, make: Any) -> None:
    product = make.product(without_bands=("6", "10"))
    names = {"band red": "B4", "band nir": "B5"}
    files = [{"what": what, "name": f"{make.Tiny().id}_{band}.TIF"} for what, band in names.items()]
    (product / "fetched.json").write_text(json.dumps({"files": files, "whole": False, "region": "digest"}))
    result = CliRunner().invoke(app, [str(product)])
    assert result.exit_code == 0
    assert "part of a product, fetched for a region" in result.stdout
    assert "_B6.TIF" not in result.stdout
    (product / files[1]["name"]).unlink()
    result = CliRunner().invoke(app, ["--json", str(product)])
    said = json.loads(result.stdout)
    assert (said["missing"], said["is_usable"]) == ([files[1]["name"]], False)
    assert isinstance(result.exception, ProductError)
    (product / "fetched.json").write_text("{")
    assert "_B6.TIF" in str(CliRunner().invoke(app, [str(product)]).exception)
