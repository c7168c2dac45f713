"""A release needs nothing but itself, says how it came about, and has the same bytes wherever it is written."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pystac
import pytest
import shapely
import yaml
from pydantic import ValidationError
from pystac.validation.stac_validator import JsonSchemaSTACValidator

from trimline.change import (
    AREA_COLUMNS,
    CHANGE_COLUMNS,
    COMPARISON_COLUMNS,
    GLACIER_CHANGE_COLUMNS,
    LINEAGE_COLUMNS,
    MATCH_COLUMNS,
    OUTLYING_COLUMNS,
    RATE_CHANGE_COLUMNS,
    RATE_COLUMNS,
    STATE_COLUMNS,
    TOTAL_COLUMNS,
)
from trimline.errors import ReleaseError
from trimline.evaluation.confusion import SCORES
from trimline.evaluation.scores import GROUND
from trimline.outlines import COLUMNS, area_km2, as_edits, no_edits, perimeter_km, read_edits, read_outlines
from trimline.project import Author, Project
from trimline.report.release import Release, ReleasedPeriod
from trimline.report.release_folder import write_release
from trimline.report.release_outlines import short_names
from trimline.report.release_words import cited, require_citable
from trimline.report.table_columns import meaning_of, unit_of

UTM = 32646
SCENES = "LT05_139036_19880820:0.83;LT05_139036_19870818:0.17"


def square(x: float, width: float = 1000.0) -> shapely.Polygon:
    return shapely.box(500_000 + x, 3_800_000, 500_000 + x + width, 3_801_000)


def outlines(period: str, year: float, *shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    count = len(shapes)
    frame = gpd.GeoDataFrame(
        {
            "glac_id": [f"small-{i:04d}" for i in range(count)],
            "period": [period] * count,
            "subregion": ["west"] * count,
            "src_date": [f"{year:.0f}-08-20"] * count,
            "src_year": [year + 0.64] * count,
            "scene_ids": [SCENES] * count,
            "glac_name": ["Große Zunge"] * count,
        },
        geometry=list(shapes),
        crs=UTM,
    )
    frame["area_km2"], frame["perimeter_km"] = area_km2(frame), perimeter_km(frame)
    return frame


@pytest.fixture
def release(tmp_path: Path) -> Release:
    table = tmp_path / "inputs" / "rates.csv"
    table.parent.mkdir()
    table.write_text("period,rate_km2_per_a\n1986-2021,-1.5\n")
    drawn = {"operation": ["add"], "period": ["*"], "glac_id": ["A"], "author": ["Ana"], "time": ["2024-05-31"]}
    return Release(
        name="small",
        version="1.0",
        title="A small range",
        authors=(
            Author(family_names="Chen", given_names="Jia-Li", orcid="0000-0002-1825-0097", affiliation="An Institute"),
            Author(name="The Survey"),
        ),
        license="CC-BY-4.0",
        doi="10.5281/zenodo.123",
        released="2026-02-17",
        periods=(
            ReleasedPeriod(
                "1986-1988",
                1986,
                1988,
                outlines("1986-1988", 1988, square(0), shapely.MultiPolygon([square(3000), square(5000)])),
                gpd.GeoDataFrame(geometry=[square(9000)], crs=UTM),
            ),
            ReleasedPeriod("2019-2021", 2019, 2021, outlines("2019-2021", 2020, square(0, 800)), None),
        ),
        missing=("2004-2006",),
        edits=as_edits(
            gpd.GeoDataFrame({**drawn, "image": ["/home/ana/aerial.tif"]}, geometry=[square(800, 200)], crs=UTM)
        ),
        outcomes={"applied": 1, "not applied": 1},
        tables=(table,),
        method={"network": "m_landsnet", "weights": "SHA-256 ab"},
        scenes=(["scene", "date"], [["LT05|1988", "1988-08-20"]]),
        scores=(["method", "F1 %"], [["m_landsnet", "97.00"]]),
        measures="Ground that was kept from training.",
        provenance={"trimline": "0.1.0"},
    )


@pytest.fixture
def folder(release: Release, tmp_path: Path) -> Path:
    write_release(release, tmp_path / "release" / release.label)
    return tmp_path / "release" / release.label


def test_everything_promised_is_there(folder: Path) -> None:
    found = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert found == {
        "README.md",
        "LICENSE.md",
        "CITATION.cff",
        "SHA256SUMS",
        "columns.csv",
        "edits.gpkg",
        "outlines.parquet",
        "outlines/1986-1988.gpkg",
        "outlines/1986-1988_unseen.gpkg",
        "outlines/2019-2021.gpkg",
        "shapefiles/1986-1988.zip",
        "shapefiles/2019-2021.zip",
        "stac/1986-1988.json",
        "stac/2019-2021.json",
        "stac/collection.json",
        "tables/columns.csv",
        "tables/rates.csv",
    }


def test_project_and_model_are_in_it_and_in_the_checksums(release: Release, tmp_path: Path) -> None:
    model = tmp_path / "inputs" / "landsnet.onnx"
    model.write_bytes(b"weights")
    write_release(replace(release, project="name: small\n", model=model), tmp_path / "whole")
    sums = (tmp_path / "whole" / "SHA256SUMS").read_text()
    assert f"{hashlib.sha256(b'weights').hexdigest()}  model/landsnet.onnx" in sums
    assert (tmp_path / "whole" / "project.yaml").read_text() == "name: small\n"
    assert "  project.yaml\n" in sums
    assets = json.loads((tmp_path / "whole" / "stac" / "collection.json").read_text())["assets"]
    for name in ("project", "model", "licence", "table-columns"):
        assert (tmp_path / "whole" / "stac" / assets[name]["href"]).is_file()


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("CC-BY-4.0", "https://creativecommons.org/licenses/by/4.0/legalcode"),
        ("CC0-1.0", "https://creativecommons.org/publicdomain/zero/1.0/legalcode"),
        ("ODbL-1.0", "https://spdx.org/licenses/ODbL-1.0.html"),
    ],
)
def test_the_licence_is_named_and_its_text_is_linked(
    release: Release, tmp_path: Path, identifier: str, text: str
) -> None:
    write_release(replace(release, license=identifier), tmp_path / "licensed")
    said = (tmp_path / "licensed" / "LICENSE.md").read_text()
    assert f"SPDX-License-Identifier: {identifier}\n" in said
    assert text in said
    assert "by Chen, J. L., The Survey," in said
    assert "A small range. Version 1.0 [data set]" in said


def test_every_column_of_every_table_is_described(folder: Path) -> None:
    columns = pd.read_csv(folder / "tables" / "columns.csv", keep_default_na=False)
    assert columns.to_dict("records") == [
        {
            "table": "rates.csv",
            "name": "period",
            "unit": "",
            "meaning": "period of the study that the outline belongs to",
        },
        {
            "table": "rates.csv",
            "name": "rate_km2_per_a",
            "unit": "km2 per year",
            "meaning": "rate of change; losses are negative",
        },
    ]
    tables = (
        *(AREA_COLUMNS, STATE_COLUMNS, TOTAL_COLUMNS, CHANGE_COLUMNS, GLACIER_CHANGE_COLUMNS, LINEAGE_COLUMNS),
        *(MATCH_COLUMNS, OUTLYING_COLUMNS, COMPARISON_COLUMNS, RATE_COLUMNS, RATE_CHANGE_COLUMNS, SCORES, GROUND),
    )
    for name in [name for table in tables for name in table]:
        assert len(meaning_of(name)) > 5, name
    assert [unit_of(name) for name in ("area_km2", "rate_percent_per_a", "src_year", "iou", "glac_id")] == [
        "km2",
        "% per year",
        "a",
        "1",
        "",
    ]


def test_a_table_with_a_column_that_nobody_described_is_not_released(release: Release, tmp_path: Path) -> None:
    strange = tmp_path / "strange.csv"
    strange.write_text("glac_id,mood\na,good\n")
    with pytest.raises(ReleaseError, match="the column 'mood' is not described"):
        write_release(replace(release, tables=(strange,)), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_words_on_unseen_ground_are_those_of_what_is_done(folder: Path, release: Release, tmp_path: Path) -> None:
    text = (folder / "README.md").read_text()
    assert "is not part of any uncertainty" not in text
    assert "Ground that no scene saw\nis part of it" in text
    assert "maps 27.0 % more ice" not in text
    write_release(replace(release, bias="Where it was judged, x maps 27.0 % more ice."), tmp_path / "biased")
    assert "maps 27.0 % more ice" in (tmp_path / "biased" / "README.md").read_text()


def test_the_checksums_are_those_of_every_file(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    assert len(lines) == sum(each.is_file() for each in folder.rglob("*")) - 1
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True)
    assert checked.returncode == 0


def test_the_same_release_has_the_same_bytes_anywhere(release: Release, folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere" / "other name"
    write_release(release, again)
    assert (again / "SHA256SUMS").read_bytes() == (folder / "SHA256SUMS").read_bytes()


def test_no_file_says_where_it_was_written(folder: Path, tmp_path: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    content = b"".join(archive.read(name) for name in archive.namelist())
            for place in (str(tmp_path), str(Path.home()), "/home/ana"):
                assert place.encode() not in content, path
    assert read_edits(folder / "edits.gpkg")["image"].tolist() == ["aerial.tif"]


def test_a_release_that_fails_leaves_the_old_one(
    release: Release, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "SHA256SUMS").read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trimline.report.release_folder.write_readme", killed)
    with pytest.raises(KeyboardInterrupt):
        write_release(replace(release, version="2.0"), folder)
    assert [each.name for each in folder.parent.iterdir()] == [folder.name]
    assert (folder / "SHA256SUMS").read_bytes() == before


def test_the_three_formats_hold_the_same_outlines(release: Release, folder: Path) -> None:
    together = read_outlines(folder / "outlines.parquet")
    short = pd.read_csv(folder / "columns.csv").set_index("shapefile_name")["name"]
    assert together["period"].tolist() == ["1986-1988"] * 2 + ["2019-2021"]
    for period in release.periods:
        package = read_outlines(folder / "outlines" / f"{period.name}.gpkg")
        shapes = gpd.read_file(folder / "shapefiles" / f"{period.name}.zip")
        of_all = together[together["period"] == period.name].reset_index(drop=True)
        for frame in (package, shapes.rename(columns=short), of_all):
            assert frame.geometry.geom_equals(period.outlines.geometry).all()
            for name in ("glac_id", "glac_name", "scene_ids", "src_date"):
                assert frame[name].tolist() == period.outlines[name].tolist()
            for name in ("area_km2", "perimeter_km", "src_year"):
                assert frame[name].tolist() == pytest.approx(period.outlines[name].tolist(), rel=1e-12)


def test_the_dictionary_explains_every_column(folder: Path) -> None:
    dictionary = pd.read_csv(folder / "columns.csv", keep_default_na=False).set_index("name")
    names = set(read_outlines(folder / "outlines.parquet").columns) - {"geometry"}
    assert set(dictionary.index) == names
    assert dictionary.loc["perimeter_km", ["shapefile_name", "type", "unit"]].tolist() == ["perim_km", "number", "km"]
    assert (dictionary.loc[list(names & set(COLUMNS)), "meaning"].str.len() > 10).all()


def test_texts_that_a_shapefile_cuts_are_counted(release: Release, tmp_path: Path) -> None:
    first = release.periods[0]
    long = first.outlines.assign(scene_ids=["ä" * 300, "short"])
    write_release(replace(release, periods=(replace(first, outlines=long),)), tmp_path / "cut")
    dictionary = pd.read_csv(tmp_path / "cut" / "columns.csv").set_index("name")
    assert dictionary["texts_cut_in_shapefile"].to_dict()["scene_ids"] == 1
    shapes = gpd.read_file(tmp_path / "cut" / "shapefiles" / "1986-1988.zip")
    assert shapes["scene_ids"].tolist() == ["ä" * 127, "short"]


def test_short_names_differ_and_are_short() -> None:
    names = [*COLUMNS, "surge_observed_in", "surge_observed_by", "SURGE_OBSerVER", "area_km2_x"]
    short = short_names(names)
    assert list(short) == names
    assert all(len(each) <= 10 for each in short.values())
    assert len({each.lower() for each in short.values()}) == len(names)


def linked(folder: Path) -> list[tuple[dict[str, Any], str]]:
    found = []
    for path in sorted((folder / "stac").iterdir()):
        content = json.loads(path.read_text())
        found += [(content, each["href"]) for each in (*content["links"], *content["assets"].values())]
    return found


def test_every_link_of_the_catalogue_is_relative_and_leads_to_a_file(folder: Path) -> None:
    hrefs = [href for _, href in linked(folder) if not href.startswith("https://doi.org/")]
    assert len(hrefs) > 15
    for href in hrefs:
        assert re.match(r"\.\.?/", href)
        assert (folder / "stac" / href).is_file()


def test_items_say_when_and_where(folder: Path, release: Release) -> None:
    item = json.loads((folder / "stac" / "1986-1988.json").read_text())
    assert (item["type"], item["stac_version"], item["id"]) == ("Feature", "1.1.0", "1986-1988")
    said = item["properties"]
    assert (said["datetime"], said["start_datetime"]) == (None, "1988-08-20T00:00:00Z")
    assert (said["end_datetime"], said["proj:code"]) == ("1988-08-20T23:59:59Z", f"EPSG:{UTM}")
    assert said["proj:bbox"] == release.periods[0].outlines.total_bounds.tolist()
    west, south, east, north = item["bbox"]
    degrees = release.periods[0].outlines.to_crs(4326).total_bounds
    assert (west <= degrees[0]) & (south <= degrees[1]) & (east >= degrees[2]) & (north >= degrees[3])
    assert shapely.geometry.shape(item["geometry"]).bounds == (west, south, east, north)
    collection = json.loads((folder / "stac" / "collection.json").read_text())
    assert collection["extent"]["temporal"]["interval"] == [["1988-08-20T00:00:00Z", "2020-08-20T23:59:59Z"]]
    assert [each["href"] for each in collection["links"] if each["rel"] == "item"] == [
        "./1986-1988.json",
        "./2019-2021.json",
    ]


def test_the_catalogue_is_one_that_others_read(folder: Path) -> None:
    collection = pystac.Collection.from_file(str(folder / "stac" / "collection.json"))
    assert [each.id for each in collection.get_items()] == ["1986-1988", "2019-2021"]
    assert next(iter(collection.get_items())).get_collection().id == "small-1.0"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("collection", pystac.STACObjectType.COLLECTION),
        ("1986-1988", pystac.STACObjectType.ITEM),
        ("2019-2021", pystac.STACObjectType.ITEM),
    ],
)
def test_the_catalogue_follows_the_schema(folder: Path, name: str, kind: pystac.STACObjectType) -> None:
    content = json.loads((folder / "stac" / f"{name}.json").read_text())
    validator = JsonSchemaSTACValidator()
    assert validator.validate_core(content, kind, "1.1.0") is not None
    with pytest.raises(pystac.STACValidationError):
        validator.validate_core({**content, "id": 7}, kind, "1.1.0")


def test_an_item_names_the_items_of_archives_that_it_is_derived_from(release: Release, tmp_path: Path) -> None:
    address = "https://archive.example/collections/landsat-c2l1/items/LT05_L1TP_139036_19880820"
    first = replace(release.periods[0], sources=(address,))
    write_release(replace(release, periods=(first, *release.periods[1:])), tmp_path / "fetched")
    found = [
        [link["href"] for link in json.loads(path.read_text())["links"] if link["rel"] == "derived_from"]
        for path in sorted((tmp_path / "fetched" / "stac").glob("[12]*.json"))
    ]
    assert found == [[address], []]


def test_a_period_without_ice_is_released_too(release: Release, tmp_path: Path) -> None:
    first, last = release.periods
    bare = replace(last, outlines=last.outlines.iloc[:0])
    write_release(replace(release, periods=(first, bare)), tmp_path / "bare")
    item = json.loads((tmp_path / "bare" / "stac" / "2019-2021.json").read_text())
    assert item["geometry"] is None
    assert "bbox" not in item
    assert item["properties"]["start_datetime"] == "2019-01-01T00:00:00Z"
    assert item["properties"]["end_datetime"] == "2021-12-31T23:59:59Z"
    assert read_outlines(tmp_path / "bare" / "outlines" / "2019-2021.gpkg").empty


def test_a_crs_without_a_code_is_spelled_out(release: Release, tmp_path: Path) -> None:
    first = release.periods[0]
    moved = first.outlines.to_crs("+proj=laea +lat_0=34 +lon_0=93 +units=m")
    write_release(replace(release, periods=(replace(first, outlines=moved),)), tmp_path / "laea")
    said = json.loads((tmp_path / "laea" / "stac" / "1986-1988.json").read_text())["properties"]
    assert said["proj:code"] is None
    assert "Lambert Azimuthal" in said["proj:wkt2"]


def test_the_citation_file_names_authors_version_and_licence(folder: Path) -> None:
    content = yaml.safe_load((folder / "CITATION.cff").read_text())
    assert content == {
        "cff-version": "1.2.0",
        "message": content["message"],
        "type": "dataset",
        "title": "A small range",
        "authors": [
            {
                "family-names": "Chen",
                "given-names": "Jia-Li",
                "orcid": "https://orcid.org/0000-0002-1825-0097",
                "affiliation": "An Institute",
            },
            {"name": "The Survey"},
        ],
        "version": "1.0",
        "license": "CC-BY-4.0",
        "doi": "10.5281/zenodo.123",
        "date-released": content["date-released"],
    }
    assert str(content["date-released"]) == "2026-02-17"


def test_the_readme_tells_it_all(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    for expected in (
        "\n\nVersion 1.0, CC-BY-4.0, https://doi.org/10.5281/zenodo.123\n\n- Chen, J. L. (https://orcid.org/0000-0002-",
        "1825-0097), An Institute\n- The Survey\n\n## What",
        "Chen, J. L. and The Survey (2026). A small range. Version 1.0 [data set]. https://doi.org/10.5281/zenodo.123",
        "| 1986-1988 | 1988.64 | 2 | 3.00",
        "No outlines were made for 2004-2006.",
        "- weights: SHA-256 ab",
        "| LT05\\|1988 | 1988-08-20 |",
        "has 1 rows (1 × add)",
        "1 × applied, 1 × not applied",
        "| m_landsnet | 97.00 |",
        "Ground that was kept from training.",
        "tables/rates.csv",
        "| perimeter_km | perim_km | number | km |",
        "- trimline: 0.1.0",
    ):
        assert expected in text, expected
    assert "\n\n\n" not in text


def test_what_was_not_done_is_said(release: Release, tmp_path: Path) -> None:
    bare = replace(release, tables=(), scores=None, edits=no_edits(), doi=None, released=None)
    write_release(bare, tmp_path / "bare")
    text = (tmp_path / "bare" / "README.md").read_text()
    for expected in (
        "No table of areas and changes",
        "was not judged",
        "None: the outlines are those that were mapped",
    ):
        assert expected in text
    assert cited(bare) == "Chen, J. L. and The Survey. A small range. Version 1.0 [data set]."
    assert not (tmp_path / "bare" / "edits.gpkg").exists()


def project(**more: Any) -> Project:
    return Project.model_validate({"name": "p", "output": "out", "scenes": [{"id": "a", "path": "a.tif"}], **more})


def test_a_release_needs_authors_and_a_licence() -> None:
    with pytest.raises(ReleaseError, match=r"names no authors and no licence(.|\n)*family-names(.|\n)*license: CC"):
        require_citable(project())
    with pytest.raises(ReleaseError, match=r"under which licence(.|\n)*CC-BY-4\.0"):
        require_citable(project(authors=[{"name": "The Survey"}]))
    require_citable(project(authors=[{"name": "The Survey"}], license="CC-BY-4.0"))


@pytest.mark.parametrize(
    ("author", "text"),
    [
        ({}, "family-names"),
        ({"name": "The Survey", "family-names": "Chen"}, "not both"),
        ({"name": "The Survey", "given-names": "Jia"}, "name of a group"),
        ({"family-names": "Chen", "orcid": "0000-0002-1825-0098"}, "last digit"),
        ({"family-names": "Chen", "orcid": "1825"}, "no ORCID iD"),
    ],
)
def test_an_author_is_a_person_or_a_group(author: dict[str, str], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        project(authors=[author])


@pytest.mark.parametrize("orcid", ["0000-0002-1694-233X", "https://orcid.org/0000-0001-5109-3700"])
def test_real_orcid_ids_are_known_by_their_last_digit(orcid: str) -> None:
    known = project(authors=[{"family-names": "Chen", "orcid": orcid}]).authors[0].orcid
    assert known == orcid.removeprefix("https://orcid.org/")


def test_a_doi_loses_its_address_and_a_version_may_be_a_number() -> None:
    known = project(doi="https://doi.org/10.5281/zenodo.123", version=2.0)
    assert (known.doi, known.version) == ("10.5281/zenodo.123", "2.0")
    with pytest.raises(ValidationError):
        project(doi="zenodo.123")
