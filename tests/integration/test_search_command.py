"""A project with a region, years and a search becomes one with scenes: 40 candidates, of which 12 are good.

The archive is drawn here: scenes of two path/rows in three periods. Good scenes have their clouds off the ice, so that
their cloud cover is high; of the others some have little cloud, all of it over the ice, some fresh snow, and some
show half of the ice only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy import ndimage
from typer.testing import CliRunner

from trimline.catalogues.choosing import Choice, Ranked
from trimline.cli.app import app
from trimline.errors import CatalogueError, ProjectError, TrimlineError
from trimline.project import load_project
from trimline.project.yaml_text import read_yaml
from trimline.simulate.archive import Faults, serve
from trimline.study.searching import SearchOutcome, search_project

CRS, PIXEL, HEIGHT, WIDTH = "EPSG:32646", 30.0, 320, 320
LEFT, TOP = 500_000.0, 3_900_000.0
TILES = ("139036", "139037")
PERIODS = {"1990": (1989, 1991), "2005": (2004, 2006), "2020": (2019, 2021)}
PER_PLACE = {("1990", "139036"): 6, ("2020", "139037"): 6}
"""Candidates of a period and path/row; 7 where not said: 40 together."""
GOOD = 2
"""Good scenes of each period and path/row."""
CLEAR, CLOUD, SNOW, FILL = 21824, 22280, 30048, 1
OF_CLOUD, OF_ICE, OF_ROCK = {"B3": 0.6, "B4": 0.6, "B5": 0.6, "B6": 0.45}, {"B3": 0.5, "B6": 0.05}, 0.15
KEYS = {"B3": "green", "B4": "red", "B5": "nir08", "B6": "swir16"}


def glaciers_of(tile: str) -> shapely.Geometry:
    """Return two glaciers in the west (139036) or in the east."""
    east = 0 if tile == "139036" else 4800
    return shapely.union(
        shapely.Point(LEFT + 1900 + east, TOP - 3000).buffer(1100),
        shapely.Point(LEFT + 2500 + east, TOP - 6600).buffer(900),
    )


def mask_of(shape: shapely.Geometry) -> NDArray[np.bool_]:
    transform = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
    return ~rasterio.features.geometry_mask([shape], (HEIGHT, WIDTH), transform)


def blobs(generator: np.random.Generator, where: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """Return clouds over a share of some ground, and nowhere else."""
    field = ndimage.gaussian_filter(generator.standard_normal((HEIGHT, WIDTH)), 6)
    return where & (field > np.quantile(field[where], 1 - share))


@dataclass
class Drawn:
    id: str
    tile: str
    period: str
    is_good: bool
    cloud_cover: float


@dataclass
class Archive:
    catalogue: Path | str
    scenes: dict[str, Drawn]


def draw(
    folder: Path, number: int, period: str, tile: str, kind: str, generator: np.random.Generator
) -> tuple[Drawn, dict[str, Any]]:
    ice = mask_of(glaciers_of(tile))
    near = ndimage.binary_dilation(ice, iterations=3)
    columns = np.arange(WIDTH)
    seen = np.broadcast_to(columns < 170 if tile == "139036" else columns >= 150, ice.shape).copy()
    if kind == "half":
        seen[125:] = False
    cloud = np.zeros_like(ice)
    if kind in ("good", "snow", "half"):
        share = {"good": generator.uniform(0.45, 0.7), "snow": 0.1, "half": 0.1}[kind]
        cloud = blobs(generator, seen & ~near, share)
    elif kind == "cloud":
        cloud = blobs(generator, seen & near, generator.uniform(0.4, 0.9))
    snow = blobs(generator, seen & ~ice & ~cloud, {"snow": 0.8}.get(kind, 0.08))
    bits = np.select([~seen, cloud, ice | snow], [FILL, CLOUD, SNOW], CLEAR).astype(np.uint16)
    first, last = PERIODS[period]
    year, day = first + number % (last - first + 1), 1 + number % 28
    satellite, sensor = ("LC08", "oli") if year > 2013 else ("LT05", "tm")
    name = f"{satellite}_L2SP_{tile}_{year}08{day:02d}_{number:08d}_02_T1"
    files = {"qa_pixel": write(folder / name / f"{name}_QA_PIXEL.TIF", bits)}
    for band, key in KEYS.items():
        reflectance = np.select([cloud, ice | snow], [OF_CLOUD[band], OF_ICE.get(band, 0.5)], OF_ROCK)
        numbers = np.where(seen, np.round((reflectance + 0.2) / 2.75e-5), 0).astype(np.uint16)
        files[key] = write(folder / name / f"{name}_SR_{band}.TIF", numbers)
    text = folder / name / f"{name}_MTL.txt"
    text.write_text("GROUP = LANDSAT_METADATA_FILE\n")
    files["mtl.txt"] = text
    drawn = Drawn(name, tile, period, kind == "good", 100 * float(cloud.sum() / seen.sum()))
    square = shapely.box(LEFT, TOP - HEIGHT * PIXEL, LEFT + WIDTH * PIXEL, TOP)
    geometry = gpd.GeoSeries([square], crs=CRS).to_crs(4326).iloc[0]
    return drawn, {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "landsat-c2-l2",
        "geometry": shapely.geometry.mapping(geometry),
        "bbox": list(geometry.bounds),
        "properties": {
            "datetime": f"{year}-08-{day:02d}T04:00:00Z",
            "platform": "landsat-8" if sensor == "oli" else "landsat-5",
            "instruments": [sensor],
            "eo:cloud_cover": round(drawn.cloud_cover, 2),
            "view:sun_elevation": 55.0,
            "view:sun_azimuth": 140.0,
            "landsat:wrs_path": tile[:3],
            "landsat:wrs_row": tile[3:],
            "landsat:correction": "L2SP",
        },
        "links": [],
        "assets": {key: {"href": f"./{file.name}"} for key, file in files.items()},
    }


def write(path: Path, values: NDArray[np.uint16]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    profile: Mapping[str, Any] = {
        "driver": "GTiff",
        "height": HEIGHT,
        "width": WIDTH,
        "count": 1,
        "dtype": "uint16",
        "crs": CRS,
        "transform": Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP),
        "tiled": True,
        "blockxsize": 128,
        "blockysize": 128,
        "compress": "deflate",
    }
    with rasterio.open(path, "w", **profile) as target:
        target.write(values, 1)
        target.build_overviews([2, 4], rasterio.enums.Resampling.nearest)
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    folder = tmp_path_factory.mktemp("archive")
    generator = np.random.default_rng(22)
    scenes, links = {}, []
    for period in PERIODS:
        for tile in TILES:
            count = PER_PLACE.get((period, tile), 7)
            kinds = ["good"] * GOOD + ["cloud", "snow", "half", "cloud", "cloud"]
            for kind in generator.permutation(kinds[:count]):
                drawn, item = draw(folder, len(scenes), period, tile, str(kind), generator)
                scenes[drawn.id] = drawn
                (folder / drawn.id / "item.json").write_text(json.dumps(item))
                links.append({"rel": "item", "href": f"./{drawn.id}/item.json"})
    catalogue = folder / "catalog.json"
    catalogue.write_text(
        json.dumps({"type": "Catalog", "stac_version": "1.0.0", "id": "drawn", "description": "Drawn", "links": links})
    )
    return Archive(catalogue, scenes)


def make_project(folder: Path, archive: Archive, *more: str) -> Path:
    folder.mkdir(exist_ok=True)
    glaciers = [part for tile in TILES for part in shapely.get_parts(glaciers_of(tile))]
    gpd.GeoDataFrame(geometry=glaciers, crs=CRS).to_file(folder / "glaciers.gpkg")
    square = shapely.box(LEFT, TOP - HEIGHT * PIXEL, LEFT + WIDTH * PIXEL, TOP)
    gpd.GeoDataFrame(geometry=[square], crs=CRS).to_file(folder / "region.gpkg")
    path = folder / "project.yaml"
    periods = "\n".join(f"  - {{name: {name!r}, first: {a}, last: {b}}}" for name, (a, b) in PERIODS.items())
    path.write_text(
        f"name: drawn\noutput: out\ninventory: glaciers.gpkg\nregion: region.gpkg\nperiods:\n{periods}\n"
        f"search:\n  catalogues: {archive.catalogue}\n" + "\n".join(more)
    )
    return path


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory, archive: Archive) -> tuple[Path, SearchOutcome]:
    path = make_project(tmp_path_factory.mktemp("study"), archive)
    return path, search_project(path, load_project(path))


def best_of(ranked: Mapping[tuple[str, str], list[str]]) -> set[str]:
    return {name for names in ranked.values() for name in names[:GOOD]}


def chosen_ids(choice: Choice) -> list[str]:
    return [each.look.candidate.id for each in choice.taken]


def by_place(outcome: SearchOutcome) -> dict[tuple[str, str], list[Ranked]]:
    places: dict[tuple[str, str], list[Ranked]] = {}
    for choice in outcome.choices:
        for each in choice.ranked:
            places.setdefault((choice.period, each.look.candidate.tile or ""), []).append(each)
    return places


def test_the_ranking_finds_the_good_scenes_and_the_cloud_cover_of_whole_scenes_does_not(
    archive: Archive, searched: tuple[Path, SearchOutcome]
) -> None:
    _, outcome = searched
    good = {name for name, drawn in archive.scenes.items() if drawn.is_good}
    assert (len(archive.scenes), len(good)) == (40, 12)
    places = by_place(outcome)
    found = best_of({place: [each.look.candidate.id for each in ranked] for place, ranked in places.items()})
    by_cover = best_of(
        {
            place: sorted(
                (each.look.candidate.id for each in ranked), key=lambda name: archive.scenes[name].cloud_cover
            )
            for place, ranked in places.items()
        }
    )
    assert len(found & good) >= 11
    assert len(by_cover & good) <= 6


def test_the_first_scene_of_each_place_is_a_good_one_and_together_they_show_the_ice(
    archive: Archive, searched: tuple[Path, SearchOutcome]
) -> None:
    _, outcome = searched
    for choice in outcome.choices:
        references = [each for each in choice.taken if each.is_reference]
        assert sorted(each.look.candidate.tile or "" for each in references) == list(TILES)
        assert all(archive.scenes[each.look.candidate.id].is_good for each in references)
        assert choice.seen > 0.99


def test_a_server_that_fails_one_request_in_five_changes_nothing_and_few_bytes_are_read(
    tmp_path: Path, archive: Archive, searched: tuple[Path, SearchOutcome]
) -> None:
    _, from_disk = searched
    with serve(Path(archive.catalogue).parent) as server:
        outcomes = []
        for faults in (Faults(), Faults("500", "429", "cut", "503", share=0.2, seed=3)):
            server.faults = faults
            path = make_project(tmp_path, Archive(server.catalogue, archive.scenes))
            outcomes.append(search_project(path, load_project(path), pictures=False, dry_run=True))
    for outcome in outcomes:
        assert [chosen_ids(each) for each in outcome.choices] == [chosen_ids(each) for each in from_disk.choices]
        assert outcome.unread == ()
    assert outcomes[0].bytes / 40 < 25_000
    assert outcomes[0].requests / 40 < 4


def test_the_project_loads_with_the_chosen_scenes_and_items_lie_beside(searched: tuple[Path, SearchOutcome]) -> None:
    path, outcome = searched
    project = load_project(path)
    taken = [each for choice in outcome.choices for each in choice.taken]
    assert [each.id for each in project.scenes] == [each.look.candidate.id for each in taken]
    for entry, each in zip(project.scenes, taken, strict=True):
        assert entry.reference == each.is_reference
        assert entry.sensor == each.look.candidate.sensor
        assert entry.date == each.look.candidate.time.date().isoformat()
        assert entry.path == project.output / "fetched" / entry.id
        assert entry.item is not None
        item = json.loads(entry.item.read_text())
        assert item["id"] == entry.id
        # An item is read elsewhere than it lay: its addresses must not be relative.
        assert all(Path(asset["href"].removeprefix("file://")).is_file() for asset in item["assets"].values())
    numbers = json.loads((project.output / "search" / "choice.json").read_text())
    assert [each["period"] for each in numbers["periods"]] == list(PERIODS)


def test_the_contact_sheet_shows_every_candidate_with_its_picture_and_reason(
    searched: tuple[Path, SearchOutcome],
) -> None:
    _, outcome = searched
    assert outcome.sheet is not None
    page = outcome.sheet.read_text()
    assert page.count("data:image/jpeg;base64,") == 40
    assert page.count("http") == 0, "nothing is fetched from elsewhere"
    for choice in outcome.choices:
        for each in choice.ranked:
            assert each.look.candidate.id in page
            assert each.reason in page


def test_the_same_search_again_writes_the_same_and_an_edited_choice_is_kept(
    tmp_path: Path, archive: Archive, searched: tuple[Path, SearchOutcome]
) -> None:
    path = make_project(tmp_path / "again", archive)
    runner = CliRunner()
    first = runner.invoke(app, ["search", str(path), "--no-pictures", "--json"])
    assert first.exit_code == 0, first.output
    text = path.read_text()
    assert text.split("# chosen")[1].split(":", 1)[1] == searched[0].read_text().split("# chosen")[1].split(":", 1)[1]
    edited = text.replace("reference: true", "reference: false", 1)
    path.write_text(edited)
    second = runner.invoke(app, ["search", str(path), "--no-pictures"])
    assert second.exit_code == 0
    assert "edited by hand and is kept" in second.output
    assert "in the file" in second.output
    out = load_project(path).output / "search"
    assert "was edited and is kept" in (out / "candidates.html").read_text()
    in_file = json.loads((out / "choice.json").read_text())["in_the_file"]
    assert list(in_file) == [each.id for each in load_project(path).scenes]
    assert path.read_text() == edited
    third = runner.invoke(app, ["search", str(path), "--no-pictures", "--replace"])
    assert f"trimline fetch {path}" in third.output.replace("\n", "")
    assert path.read_text() == text
    assert json.loads((out / "choice.json").read_text())["in_the_file"] is None


def test_a_dry_run_writes_nothing(tmp_path: Path, archive: Archive) -> None:
    path = make_project(tmp_path, archive)
    before = {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()}
    result = CliRunner().invoke(app, ["search", str(path), "--dry-run", "--most", "1"])
    assert result.exit_code == 0, result.output
    assert "reference" in result.output
    assert {each: each.read_bytes() for each in tmp_path.rglob("*") if each.is_file()} == before


def test_a_project_with_scenes_of_its_own_gets_the_choice_in_another_file(tmp_path: Path, archive: Archive) -> None:
    path = make_project(
        tmp_path,
        archive,
        "scenes:",
        "  - {id: mine, path: mine.tif, period: '1990', tile: '139036', reference: true, date: 1990-08-01}\n",
    )
    text = path.read_text()
    with pytest.raises(ProjectError, match="scenes of its own") as raised:
        search_project(path, load_project(path), pictures=False)
    assert "-o NEW.yaml" in str(raised.value)
    new = tmp_path / "new.yaml"
    search_project(path, load_project(path), to=new, pictures=False)
    assert path.read_text() == text
    scenes = load_project(new).scenes
    assert scenes[0].id == "mine"
    references = [each.id for each in scenes if each.reference and (each.period, each.tile) == ("1990", "139036")]
    assert references == ["mine"]
    assert len(scenes) > 6
    written = new.read_text()
    search_project(new, load_project(new), pictures=False)
    assert new.read_text() == written, "searched again by itself"


@pytest.mark.parametrize("end", ["", "...\n"])
def test_a_project_that_can_take_no_choice_is_refused_before_anything_is_searched(
    tmp_path: Path, archive: Archive, end: str
) -> None:
    """There is no such catalogue, which a dry run says."""
    path = make_project(tmp_path, archive)
    content = {**read_yaml(path.read_text(), path), "search": {"catalogues": str(tmp_path / "none.json")}}
    path.write_text(f"{json.dumps(content)}\n{end}")
    with pytest.raises(ProjectError, match="without changing"):
        search_project(path, load_project(path))
    with pytest.raises(TrimlineError, match=r"none\.json"):
        search_project(path, load_project(path), dry_run=True)


def test_a_scene_that_cannot_be_read_is_named_and_left_out_and_the_search_goes_on(
    tmp_path: Path, archive: Archive
) -> None:
    folder, here = tmp_path / "copy", Path(archive.catalogue).parent
    folder.mkdir()
    names = [name for name, drawn in archive.scenes.items() if drawn.period == "1990"]
    links = []
    for number, name in enumerate(names):
        content = json.loads((here / name / "item.json").read_text())
        for asset in content["assets"].values():
            asset["href"] = str(here / name / asset["href"])
        if number == 0:
            broken = folder / f"{name}_QA_PIXEL.TIF"
            broken.write_text("<!doctype html><html>Please log in</html>")
            content["assets"]["qa_pixel"]["href"] = str(broken)
        (folder / f"{name}.json").write_text(json.dumps(content))
        links.append({"rel": "item", "href": f"./{name}.json"})
    head = {"type": "Catalog", "stac_version": "1.0.0", "id": "x", "description": "x"}
    (folder / "catalog.json").write_text(json.dumps({**head, "links": links}))
    path = make_project(tmp_path / "study", Archive(folder / "catalog.json", {}))
    outcome = search_project(path, load_project(path), pictures=False)
    assert [name for name, _ in outcome.unread] == names[:1]
    assert "web page" in outcome.unread[0][1]
    assert "_QA_PIXEL.TIF" in outcome.unread[0][1], "and which of its files it was"
    assert outcome.as_dict()["unread"] == [{"id": names[0], "why": outcome.unread[0][1]}]
    assert len(outcome.choices[0].ranked) == len(names) - 1
    (folder / "catalog.json").write_text(json.dumps({**head, "links": links[:1]}))
    with pytest.raises(CatalogueError, match="none of 1 candidates can be read"):
        search_project(path, load_project(path), pictures=False)


def test_a_run_without_scenes_names_the_search(tmp_path: Path, archive: Archive) -> None:
    path = make_project(tmp_path, archive)
    result = CliRunner().invoke(app, ["run", str(path)])
    assert "trimline search" in str(result.exception)


@pytest.mark.parametrize(
    ("line", "said"), [("search:", "the project has no search"), ("region:", "nothing says where to search")]
)
def test_what_the_project_lacks_is_named(tmp_path: Path, archive: Archive, line: str, said: str) -> None:
    path = make_project(tmp_path, archive, "scenes: [{id: mine, path: mine.tif}]\n")
    text = path.read_text()
    if line == "search:":
        text = text.replace(f"search:\n  catalogues: {archive.catalogue}\n", "")
    else:
        text = text.replace("region: region.gpkg\n", "").replace("inventory: glaciers.gpkg\n", "")
    path.write_text(text)
    with pytest.raises(ProjectError, match=said):
        search_project(path, load_project(path))


def test_the_known_archives_are_listed() -> None:
    result = CliRunner().invoke(app, ["search", "--list", "--json"])
    assert "earth-search" in json.loads(result.output)
