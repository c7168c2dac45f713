"""Catalogues by name and by address: known archives, those of other packages, and what is refused."""

from __future__ import annotations

from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from trimline.catalogues import Archive, Holding, archive_names, known_archive, register_archive, transport_for
from trimline.catalogues import registry as rooms_registry
from trimline.catalogues.archives import ARCHIVES
from trimline.catalogues.registry import archive_of, is_remote
from trimline.errors import CatalogueError
from trimline.project import SearchSettings
from trimline.remote import Transport
from trimline.sensors import SENSORS

SECRET = "hunter2-S3CR3T"  # noqa: S105 - it must show up nowhere


def own(name: str = "own", **more: Any) -> Archive:
    holdings = (Holding("landsat", ("TM", "OLI"), "L1"), Holding("s2", ("MSI",), "L2"))
    return Archive(**{"name": name, "title": "Our archive", "address": "https://stac.example.org", "holdings": holdings,
                      "access": "nothing", **more})  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms_registry, "_added", {})


def test_each_known_archive_has_instruments_that_exist_and_a_signer() -> None:
    instruments = {sensor.instrument for sensor in SENSORS.values()}
    for name, archive in ARCHIVES.items():
        assert archive.name == name
        assert archive.address.startswith("https://")
        assert all(set(each.instruments) <= instruments for each in archive.holdings)
        assert callable(archive.signer())
        with transport_for(name) as transport:
            assert isinstance(transport, Transport)
            assert transport.at_once == archive.at_once <= 4


def test_collections_are_those_of_the_sensors_and_the_level() -> None:
    usgs = known_archive("usgs")
    assert usgs.collections(["landsat-5-tm"]) == ("landsat-c2l1", "landsat-c2l2-sr")
    assert usgs.collections(["landsat-5-tm"], "L1") == ("landsat-c2l1",)
    assert usgs.collections(["landsat-1-mss"], "L2") == ()
    assert usgs.collections(["sentinel-2-msi"]) == ()
    assert known_archive("earth-search").collections(["sentinel-2-msi"], "L1") == ("sentinel-2-l1c",)


def test_an_unknown_archive_names_the_nearest() -> None:
    with pytest.raises(CatalogueError, match="no archive 'earthsearch'") as raised:
        known_archive("earthsearch")
    assert raised.value.remedy == "did you mean 'earth-search'?"


def test_an_archive_that_is_registered_is_known_by_name_and_address() -> None:
    register_archive(own())
    register_archive(own())
    assert known_archive("own") is archive_of("own")
    assert archive_of("https://stac.example.org/") == own()
    assert archive_of("https://other.example.org") is None
    assert "own" in archive_names()


@pytest.mark.parametrize("archive", [own("usgs"), own("own", access="an account"), own("https://own")])
def test_an_archive_cannot_take_the_name_of_another(archive: Archive) -> None:
    register_archive(own())
    with pytest.raises(CatalogueError, match=r"already|cannot be an address"):
        register_archive(archive)


PLUGGED = own("plugged")


def made() -> Archive:
    return PLUGGED


def broken() -> Archive:
    raise ValueError(SECRET)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another package bring archives by entry points."""
    entries = {"plugged": "PLUGGED", "made": "made", "broken": "broken", "gone": "gone", "text": "SECRET"}
    points = EntryPoints(
        EntryPoint(name=name, value=f"own_archives:{value}", group=rooms_registry.GROUP)
        for name, value in entries.items()
    )
    values = {f"own_archives:{name}": globals().get(name) for name in entries.values()}
    monkeypatch.setattr(EntryPoint, "load", lambda self: values[self.value] or __import__("own_archives"))
    monkeypatch.setattr(rooms_registry, "entry_points", lambda **given: points.select(**given))


@pytest.mark.usefixtures("plugged")
def test_another_package_adds_archives_by_entry_points() -> None:
    assert known_archive("plugged") == known_archive("made") == PLUGGED
    assert archive_names()[-5:] == ("plugged", "made", "broken", "gone", "text")
    for name in ("broken", "gone", "text"):
        with pytest.raises(CatalogueError) as raised:
            known_archive(name)
        assert SECRET not in str(raised.value)
        assert "own_archives" in str(raised.value)


@pytest.mark.parametrize(
    "address",
    [
        f"https://me:{SECRET}@stac.example.org/v1",
        f"https://{SECRET}@stac.example.org/v1",
        f"https://stac.example.org/v1?token={SECRET}",
        f"https://stac.example.org/v1#{SECRET}",
        f"ftp://stac.example.org/{SECRET}",
        f"https://[{SECRET}/v1",
    ],
)
def test_an_address_that_may_hold_a_secret_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(CatalogueError, match="the address of a catalogue") as raised:
        archive_of(address)
    assert SECRET not in str(raised.value)
    with pytest.raises(ValidationError) as of_settings:
        SearchSettings(catalogues=address)
    assert SECRET not in of_settings.value.errors()[0]["msg"]


def test_a_path_is_taken_for_a_catalogue_of_this_machine(tmp_path: Path) -> None:
    assert not is_remote(str(tmp_path / "catalog.json"))
    assert not is_remote("file:///data/catalog.json")
    assert is_remote("earth-search")
    with pytest.raises(CatalogueError, match="no archive 'nonsense'"):
        is_remote("nonsense")


def test_a_relative_path_starts_at_the_folder_of_the_project_file(tmp_path: Path) -> None:
    given = {"catalogues": ["archive/catalog.json", "earth-search", "https://stac.example.org/v1"]}
    settings = SearchSettings.model_validate(given, context={"folder": tmp_path})
    assert settings.catalogues == (str(tmp_path / "archive" / "catalog.json"), *given["catalogues"][1:])
