"""Searches of one archive as a STAC API, as a static catalogue on a server and on the disk find the same scenes."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from tests.unit.catalogues import items

from trimline.catalogues import SearchResult, register_archive, search, stac_api
from trimline.catalogues import registry as rooms_registry
from trimline.catalogues.archive import Archive, Holding
from trimline.errors import CatalogueError
from trimline.melt_season import is_in_season
from trimline.project import SearchSettings
from trimline.remote import Transport
from trimline.simulate.archive import Faults, Server, serve

REGION = shapely.box(84.2, 43.2, 84.4, 43.4)
PERIODS = [("1990", 1990, 1991), ("2020", 2019, 2020)]
SEASON = ("06-15", "09-30")


def landsat_days(year: int) -> list[date]:
    return [date(year, 1, 5) + timedelta(days=32 * i) for i in range(11)]


def all_items() -> dict[str, list[dict[str, Any]]]:
    """Return items by collection: clouds from 0 to 95 percent, one path/row beside the region."""
    landsat = []
    for year in (1988, 1990, 1991, 2019, 2020):
        start = "LT05" if year < 2000 else "LC08"
        for i, day in enumerate(landsat_days(year)):
            product = f"{start}_L1TP_144030_{day:%Y%m%d}_20200920_02_T1"
            landsat.append(items.usgs(product, **{"eo:cloud_cover": 15.0 * (i % 7)}))
    beside = items.usgs("LC08_L1TP_150030_20200720_20200920_02_T1")
    beside["geometry"] = items.polygon([74, 43, 75, 44])
    sentinel2 = [
        items.earth_search(
            f"S2A_T45TVJ_2020{month:02d}15T050251_L2A",
            datatake=f"GS2A_2020{month:02d}15T045711_037307_N05.10",
            time=f"2020-{month:02d}-15T05:02:51Z",
        )
        for month in range(1, 13)
    ]
    return {"landsat-c2l1": [*landsat, beside], "sentinel-2-c1-l2a": sentinel2}


def lay_out(folder: Path, content: dict[str, list[dict[str, Any]]]) -> Path:
    """Write items as a static catalogue that `serve` makes a STAC API of."""
    extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}}
    for name, members in content.items():
        (folder / name).mkdir()
        links = []
        for number, each in enumerate(members):
            (folder / name / f"{number}.json").write_text(json.dumps(each))
            links.append({"rel": "item", "href": f"./{number}.json"})
        made = {"type": "Collection", "stac_version": "1.0.0", "id": name, "description": name, "license": "other",
                "extent": extent, "links": links}  # fmt: skip
        (folder / name / "collection.json").write_text(json.dumps(made))
    children = [{"rel": "child", "href": f"./{name}/collection.json"} for name in content]
    root = {"type": "Catalog", "stac_version": "1.0.0", "id": "root", "description": "root", "links": children}
    (folder / "catalog.json").write_text(json.dumps(root))
    return folder


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("archive"), all_items())


@pytest.fixture
def server(archive: Path) -> Iterator[Server]:
    with serve(archive) as running:
        yield running


@pytest.fixture(params=["api", "static", "disk"])
def catalogue(request: pytest.FixtureRequest, server: Server) -> str:
    """Give the address of the archive, in each of the three ways."""
    return {"api": server.url, "static": server.catalogue, "disk": str(server.folder / "catalog.json")}[request.param]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stac_api, "_FIRST_WAIT_S", 0.01)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def found(catalogue: str, periods: Any = PERIODS, region: shapely.Geometry = REGION, **settings: Any) -> SearchResult:
    return search(SearchSettings(catalogues=catalogue, **settings), region, periods)


def searches_of(server: Server) -> list[Any]:
    """Return the searches that a server got; it writes its log after it has answered."""
    before = -1
    while before != len(server.log.requests):
        before = len(server.log.requests)
        time.sleep(0.1)
    return [each for each in server.log.requests if each.path.startswith("/search")]


def expected(**wanted: Any) -> list[str]:
    """Return the ids that a search must find, from the items themselves."""
    cloud, season, years = (wanted.get(key) for key in ("cloud_cover", "season", "years"))
    ids = []
    for each in [one for members in all_items().values() for one in members]:
        day, properties = each["properties"]["datetime"][:10], each["properties"]
        in_years = int(day[:4]) in (years or (1990, 1991, 2019, 2020))
        in_region = each["geometry"]["coordinates"][0][0][0] == 84.0
        in_season = season == "all" or is_in_season(day[5:], season or SEASON)
        if in_years and in_region and in_season and properties["eo:cloud_cover"] <= (80 if cloud is None else cloud):
            ids.append((properties["datetime"], each["id"]))
    return [name for _, name in sorted(ids)]


def test_each_kind_of_catalogue_gives_the_scenes_of_years_season_and_cloud(catalogue: str) -> None:
    result = found(catalogue)
    assert [each.id for each in result.candidates] == expected()
    assert 10 < len(result.candidates) < 40
    assert result.notes == ()
    assert {each.catalogue for each in result.candidates} == {catalogue}


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"season": "all", "cloud_cover": 100}, {"season": "all", "cloud_cover": 100}),
        ({"season": ("11-15", "02-10")}, {"season": ("11-15", "02-10")}),
        ({"years": (1990, 1990)}, {"years": (1990,)}),
        ({"cloud_cover": 10}, {"cloud_cover": 10}),
    ],
)
def test_each_condition_holds_by_itself(catalogue: str, settings: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert [each.id for each in found(catalogue, **settings).candidates] == expected(**wanted)


def test_sensor_level_tile_and_collection_narrow_the_search(catalogue: str) -> None:
    assert {each.sensor for each in found(catalogue, sensors="landsat-5-tm").candidates} == {"landsat-5-tm"}
    assert {each.level for each in found(catalogue, level="L2").candidates} == {"L2"}
    assert {each.tile for each in found(catalogue, tiles="45TVJ").candidates} == {"45TVJ"}
    of_collection = found(catalogue, collections="sentinel-2-c1-l2a").candidates
    assert {each.collection for each in of_collection} == {"sentinel-2-c1-l2a"}


def test_the_api_is_asked_for_the_season_only_and_page_by_page(server: Server) -> None:
    found(server.url, collections="landsat-c2l1")
    searches = searches_of(server)
    per_year = len([day for day in landsat_days(2020) if is_in_season(f"{day:%m-%d}", SEASON)])
    assert len(searches) == 4 * -(-per_year // server.api.page)
    assert not any("catalog.json" in each.path for each in server.log.requests)


def test_the_melt_season_follows_the_latitude_and_is_said(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "trimline")
    found(server.url)
    assert (
        "the melt season is taken as 06-15 to 09-30, at 43.3 degrees north (search.season sets another)" in caplog.text
    )
    caplog.clear()
    found(server.url, season=SEASON)
    assert "melt season" not in caplog.text


def test_a_search_without_a_result_says_which_condition_removed_how_many(catalogue: str) -> None:
    with pytest.raises(CatalogueError, match="out of season") as raised:
        found(catalogue, periods=[("1990", 1990, 1990)], season=("01-30", "02-01"))
    assert "no scene fits: 11 in the region and years; 11 of them out of season (01-30 to 02-01)" in str(raised.value)
    assert raised.value.remedy == "widen search.season, or set it to all"
    with pytest.raises(CatalogueError, match="no scene fits") as raised:
        found(catalogue, periods=[("2020", 2020, 2020)], sensors="sentinel-2-msi", cloud_cover=1)
    in_season = [day for day in landsat_days(2020) if is_in_season(f"{day:%m-%d}", SEASON)]
    assert raised.value.what == (
        f"no scene fits: 23 in the region and years; {23 - len(in_season) - 4} of them out of season "
        f"(06-15 to 09-30); {len(in_season)} of them not of sentinel-2-msi; 4 of them with more than 1 % cloud"
    )


def test_nothing_in_the_region_or_the_years_says_where_and_when(catalogue: str) -> None:
    with pytest.raises(CatalogueError, match="none in the region and years") as raised:
        found(catalogue, region=shapely.box(10, 46, 11, 47))
    assert "(10.00 to 11.00 degrees east, 46.00 to 47.00 north)" in str(raised.value)
    with pytest.raises(CatalogueError, match="none in the region and years") as raised:
        found(catalogue, periods=[("1950", 1950, 1951)])
    assert "years (1950-1951)" in str(raised.value)


def test_an_unknown_collection_names_the_nearest(catalogue: str) -> None:
    with pytest.raises(CatalogueError, match="there is no collection 'sentinel-2-c1-l2b'") as raised:
        found(catalogue, collections="sentinel-2-c1-l2b")
    assert raised.value.remedy == "did you mean 'sentinel-2-c1-l2a'?"


def test_several_catalogues_are_one_and_a_collection_need_be_in_one_of_them_only(
    server: Server, tmp_path: Path
) -> None:
    other = lay_out(tmp_path, {"other": all_items()["sentinel-2-c1-l2a"]})
    both = [server.url, str(other / "catalog.json")]
    result = search(SearchSettings(catalogues=both), REGION, PERIODS)
    assert [each.id for each in result.candidates] == expected()
    assert {each.catalogue for each in result.candidates} == {server.url}
    of_other = search(SearchSettings(catalogues=both, collections="other"), REGION, PERIODS)
    assert {each.catalogue for each in of_other.candidates} == {both[1]}


def test_an_item_that_cannot_be_read_is_named_and_the_search_goes_on(tmp_path: Path) -> None:
    good, no_assets, no_time, absurd = (items.usgs(f"LC08_L1TP_14403{i}_20200815_20200920_02_T1") for i in range(4))
    no_assets["assets"] = {}
    no_time["properties"]["datetime"] = "2020-13-45"
    absurd["geometry"]["coordinates"] = [[[1, 2], [1e99, 2], [3, 4], [1, 2]]]
    absurd["id"] = "\x1b[31mred\nLC08_L1TP_144033_20200815_20200920_02_T1"
    folder = lay_out(tmp_path, {"landsat-c2l1": [no_assets, absurd, good, no_time]})
    result = found(str(folder / "catalog.json"))
    assert [each.id for each in result.candidates] == [good["id"]]
    assert len(result.notes) == 3
    assert any(no_assets["id"] in note and "no assets" in note for note in result.notes)
    assert all(note.isprintable() for note in result.notes)


def test_scenes_of_other_missions_are_told_apart(tmp_path: Path) -> None:
    other = items.item("MOD09GA.A2020", "modis", {"datetime": "2020-08-01T00:00:00Z"}, {"a": {"href": "a.tif"}})
    folder = lay_out(tmp_path, {"modis": [other]})
    with pytest.raises(CatalogueError, match="1 of them neither of Landsat nor of Sentinel-2"):
        found(str(folder / "catalog.json"))


def test_surface_temperature_alone_is_no_scene(tmp_path: Path) -> None:
    temperature = items.usgs("LC08_L2SP_144030_20200815_20200920_02_T1", level=2)
    temperature["assets"] = {
        "lwir11": {"href": "https://h/LC08_L2SP_144030_20200815_20200920_02_T1_ST_B10.TIF"},
    }
    folder = lay_out(tmp_path, {"landsat-c2l2-st": [temperature]})
    with pytest.raises(CatalogueError, match="without a reflective band"):
        found(str(folder / "catalog.json"))


@pytest.mark.parametrize("fault", ["429", "500", "503", "cut", "html"])
def test_an_api_that_fails_now_and_then_gives_the_same(server: Server, fault: Any) -> None:
    server.faults = Faults(fault, times=3)
    assert [each.id for each in found(server.url).candidates] == expected()
    assert server.faults.times == 0


def test_a_static_catalogue_that_fails_now_and_then_gives_the_same(server: Server) -> None:
    server.faults = Faults("500", "cut", "429", share=0.2, seed=5)
    transport = Transport(first_wait_s=0.01)
    settings = SearchSettings(catalogues=server.catalogue)
    assert [each.id for each in search(settings, REGION, PERIODS, transport=transport).candidates] == expected()
    assert transport.counts.retries > 3


@pytest.mark.parametrize(
    ("fault", "said"), [("401", "wants a login"), ("403", "refuses access"), ("404", "no catalogue at this address")]
)
def test_an_api_that_refuses_is_named_at_once(server: Server, fault: Any, said: str) -> None:
    server.faults = Faults(fault)
    with pytest.raises(CatalogueError, match=said):
        found(server.url)
    assert len(server.log.requests) <= 1


def test_a_server_that_is_away_is_named(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stac_api, "_RETRIES", 1)
    server.stop()
    with pytest.raises(CatalogueError, match="cannot be reached"):
        found(server.url)


def test_a_restart_half_way_goes_unnoticed(server: Server) -> None:
    count = 0

    class Restarting(Faults):
        def next(self, path: str) -> Any:
            nonlocal count
            count += 1
            return "cut" if count == 6 else None

    server.faults = Restarting()
    assert [each.id for each in found(server.url).candidates] == expected()
    assert count > 6


def test_a_registered_archive_is_asked_for_the_collections_that_it_holds(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_registry, "_added", {})
    holdings = (Holding("landsat-c2l1", ("TM", "OLI"), "L1"), Holding("sentinel-2-c1-l2a", ("MSI",), "L2"))
    register_archive(Archive("ours", "Our archive", server.url, holdings, "nothing"))
    assert [each.id for each in found("ours").candidates] == expected()
    only = found("ours", level="L2").candidates
    assert {each.catalogue for each in only} == {"ours"}
    with pytest.raises(CatalogueError, match="no scene fits"):
        found("ours", sensors="landsat-7-etm")
    bodies = [each.path for each in server.log.requests if each.path.startswith("/collections/")]
    assert set(bodies) == {"/collections/landsat-c2l1", "/collections/sentinel-2-c1-l2a"}


def test_years_must_be_given_and_be_in_order(server: Server) -> None:
    with pytest.raises(CatalogueError, match="no years to search"):
        found(server.url, periods=[])
    with pytest.raises(CatalogueError, match="before they begin"):
        found(server.url, years=(2020, 2019))


def test_a_season_across_the_new_year_takes_one_request_per_winter(server: Server) -> None:
    found(server.url, periods=[("1990-1991", 1990, 1991)], season=("12-15", "01-31"), collections="landsat-c2l1")
    assert len(searches_of(server)) == 3


def test_a_leap_day_ends_and_begins_seasons(server: Server) -> None:
    result = found(server.url, periods=[("1990", 1990, 1990)], season=("02-01", "02-29"))
    assert {each.time.month for each in result.candidates} == {2}
    assert found(server.url, periods=[("1990", 1990, 1990)], season=("02-29", "03-31")).candidates


def test_of_several_catalogues_one_that_is_away_is_noted_and_the_others_are_searched(server: Server) -> None:
    away = "http://127.0.0.1:9"
    both = search(SearchSettings(catalogues=(away, server.url)), REGION, PERIODS)
    assert [each.id for each in both.candidates] == [each.id for each in found(server.url).candidates]
    assert [note for note in both.notes if note.startswith(away) and "not searched to its end" in note]
