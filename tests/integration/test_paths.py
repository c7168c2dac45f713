"""Every public door that takes a path takes a `str`."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
import yaml

import trimline
from trimline import change, evaluation, files, inference, mapping, outlines, project, rasters, report, samples, scenes
from trimline import simulate as simulated
from trimline import training as trained
from trimline.inference import Model
from trimline.scenes import Scene
from trimline.simulate import RangeManifest
from trimline.weights import shipped_weights

ROOMS = (
    *("change", "evaluation", "files", "inference", "mapping", "outlines", "project", "rasters", "report"),
    *("samples", "scenes", "simulate", "study", "timeline", "training", "weights"),
)

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")


@dataclass(frozen=True)
class World:
    """A simulated scene with its truth, and a folder to write into."""

    manifest: RangeManifest
    folder: Path

    def __call__(self, name: str) -> str:
        """Return a path in the folder, as text."""
        return str(self.folder / name)

    @cached_property
    def product(self) -> str:
        return str(self.manifest.folder / self.manifest.scenes[0].product)

    @cached_property
    def outlines(self) -> str:
        return str(self.manifest.folder / self.manifest.scenes[0].outlines)

    @cached_property
    def scene(self) -> Scene:
        return scenes.open_scene(self.product)

    @cached_property
    def truth(self) -> gpd.GeoDataFrame:
        return outlines.read_outlines(self.outlines)

    @cached_property
    def ice(self) -> Any:
        return outlines.rasterise(self.truth, self.scene.geobox)

    @cached_property
    def mask(self) -> str:
        return str(rasters.write_raster(self("mask.tif"), self.ice.astype("uint8"), self.scene.geobox, nodata=255))

    @cached_property
    def model(self) -> Model:
        return inference.load_weights(str(shipped_weights()))

    @cached_property
    def series(self) -> gpd.GeoDataFrame:
        named = {"glac_id": [f"g{n}" for n in range(len(self.truth))], "period": "2018", "subregion": "all"}
        return gpd.GeoDataFrame({**named, "src_year": 2018.6}, geometry=self.truth.geometry)

    @cached_property
    def edits(self) -> gpd.GeoDataFrame:
        square = shapely.box(500_000, 3_700_000, 500_300, 3_700_300)
        said = {"operation": "add", "period": "*", "glac_id": "a", "author": "A", "time": "2024-01-01T00:00:00Z"}
        return gpd.GeoDataFrame([said], geometry=[square], crs=32646)


def _range(name: str) -> Any:
    looks = [{"date": "2018-08-23", "sensor": "landsat-8-oli"}]
    return project.SimulatedRange.model_validate({"name": name, "size": 96, "seed": 9001, "scenes": looks})


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> RangeManifest:
    return simulated.write_range(_range("small"), str(tmp_path_factory.mktemp("paths") / "small"), progress=False)


@pytest.fixture
def world(manifest: RangeManifest, tmp_path: Path) -> World:
    return World(manifest, tmp_path)


def _areas_streamed(world: World) -> Any:
    world.series.to_parquet(world("series.parquet"))
    return change.areas_streamed(world("series.parquet"))


def _read_published(world: World) -> Any:
    Path(world("published.csv")).write_text("region,year,area_km2,source\nall,2018,1.5,somebody\n")
    return change.read_published(world("published.csv"))


def _whole_file(world: World) -> None:
    with files.whole_file(world("made.txt")) as temporary:
        temporary.write_text("all")


def _put_in_place(world: World) -> None:
    Path(world("finished")).mkdir()
    files.put_in_place(world("finished"), world("in_place"), world("retired"))


def _whole_folder(world: World) -> None:
    with files.whole_folder(world("made")) as temporary:
        (temporary / "a.txt").write_text("all")


def _read_corrected_outlines(world: World) -> Any:
    outlines.append_edits(world("edits.gpkg"), world.edits)
    return outlines.read_corrected_outlines(world("edits.gpkg"))


def _read_edits(world: World) -> Any:
    outlines.append_edits(world("edits.gpkg"), world.edits)
    return outlines.read_edits(world("edits.gpkg"))


def _complete_edits(world: World) -> Any:
    outlines.append_edits(world("edits.gpkg"), world.edits)
    return outlines.complete_edits(world("edits.gpkg"), {"reason": "seen"})


def _load_project(world: World) -> Any:
    content = {"name": "p", "output": "out", "scenes": [{"id": "a", "path": world.product}]}
    Path(world("p.yaml")).write_text(yaml.safe_dump(content))
    return project.load_project(world("p.yaml"))


def _cut_samples(world: World) -> Any:
    labelled = samples.LabelledScene(world.scene, samples.open_truth(world.outlines), "a", "2018-08-23", "all")
    settings = project.SampleSettings(tile=16)
    split = project.SplitSettings()
    none = samples.Sides(frozenset(), frozenset())
    samples.cut_samples(
        [labelled],
        world("samples"),
        bands=BANDS,
        units=["reflectance"],
        settings=settings,
        split=split,
        sides=none,
        seed=0,
    )
    return samples.SampleStore(world("samples")).bands


def _learnt_from(world: World) -> tuple[samples.Samples, project.Recipe]:
    image = world.scene.read(["red", "swir1"]).to_numpy()[np.newaxis]
    tiles = samples.Samples(image, world.ice[np.newaxis], ("red", "swir1"), "reflectance")
    return tiles, project.Recipe.preset("paper").model_copy(update={"units": "reflectance"})


def _train(world: World) -> Any:
    tiles, recipe = _learnt_from(world)
    return trained.train("band_ratio", tiles, tiles, recipe, world("run"), progress=False)


def _fine_tune(world: World) -> Any:
    tiles, recipe = _learnt_from(world)
    return trained.fine_tune(str(_train(world)), tiles, tiles, recipe, world("tuned"), progress=False)


DOORS: dict[Callable[..., Any], Callable[[World], Any]] = {
    change.areas_streamed: _areas_streamed,
    change.read_published: _read_published,
    report.write_error_map: lambda w: report.write_error_map(
        w("map.png"), scene=w.scene, truth=w.ice, mapped=w.ice, title="t"
    ),
    report.write_panels: lambda w: report.write_panels(
        w("panels.png"), scene=w.scene, classes={"a": evaluation.classify(w.ice, w.ice)}, title="t"
    ),
    evaluation.write_scores: lambda w: evaluation.write_scores(
        {"a": evaluation.score_scene(w.ice, w.ice, None, 30.0).as_dict()}, w("scores.csv")
    ),
    files.made_folder: lambda w: files.made_folder(w("folder")),
    files.sha256: lambda w: files.sha256(w.outlines),
    files.whole_file: _whole_file,
    files.put_in_place: _put_in_place,
    files.whole_folder: _whole_folder,
    files.write_json: lambda w: files.write_json(w("a.json"), {"a": 1}),
    inference.load_weights: lambda w: inference.load_weights(str(shipped_weights())),
    inference.read_metadata: lambda w: inference.read_metadata(str(shipped_weights())),
    mapping.mask_shares: lambda w: mapping.mask_shares(w.mask),
    mapping.snow_off_glaciers: lambda w: mapping.snow_off_glaciers(w.scene, w.mask),
    mapping.map_scene: lambda w: mapping.map_scene(w.scene, w.model, w("out"), progress=False),
    mapping.outlines_of: lambda w: mapping.outlines_of(w.product, str(shipped_weights())),
    mapping.predict: lambda w: mapping.predict(w.product, str(shipped_weights())),
    outlines.append_edits: lambda w: outlines.append_edits(w("edits.gpkg"), w.edits),
    outlines.complete_edits: _complete_edits,
    outlines.read_corrected_outlines: _read_corrected_outlines,
    outlines.read_edits: _read_edits,
    outlines.read_outlines: lambda w: outlines.read_outlines(w.outlines),
    outlines.require_sound: lambda w: outlines.require_sound(outlines.as_edits(w.edits), where=w("edits.gpkg")),
    outlines.write_lines: lambda w: outlines.write_lines(w.truth.set_geometry(w.truth.exterior), w("lines.gpkg")),
    outlines.write_outlines: lambda w: outlines.write_outlines(w.truth, w("written.gpkg")),
    project.load_project: _load_project,
    rasters.read_onto: lambda w: rasters.read_onto(w.scene.assets["red"].href, w.scene.geobox),
    rasters.write_cog: lambda w: rasters.write_cog(w.scene.assets["red"].href, w("red.tif")),
    rasters.write_raster: lambda w: rasters.write_raster(w("ice.tif"), w.ice, w.scene.geobox),
    samples.cut_samples: _cut_samples,
    samples.open_truth: lambda w: samples.open_truth(w.outlines).mask(w.scene.geobox),
    scenes.open_scene: lambda w: scenes.open_scene(w.product),
    scenes.open_unsaid: lambda w: scenes.open_unsaid(w.product),
    scenes.product_identity: lambda w: scenes.product_identity(w.product),
    scenes.product_info: lambda w: scenes.product_info(w.product),
    simulated.write_range: lambda w: simulated.write_range(_range("again"), w("again"), progress=False),
    trained.fine_tune: _fine_tune,
    trained.train: _train,
}
"""A call of every public function that takes a path, with text in its place."""


@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.__module__}.{door.__name__}")
def test_a_path_may_be_text(door: Callable[..., Any], world: World) -> None:
    DOORS[door](world)


def test_elevation_that_confines_a_map_may_be_named_in_text(world: World) -> None:
    dem = str(world.manifest.folder / world.manifest.dem)
    allowed = mapping.GlacierZone(dem=dem, minimum_elevation_m=0.0)  # type: ignore[arg-type]
    assert allowed.on(world.scene.geobox).all()
    assert allowed.digest


def test_a_project_made_in_python_takes_text() -> None:
    made = project.Project.model_validate({"name": "p", "output": "out", "scenes": [{"id": "a", "path": "a.tif"}]})
    assert made.output == Path("out")


def public_functions() -> Iterator[Callable[..., Any]]:
    """Give every function of their own that the package, a room or a file of the report hands out."""
    modules = [trimline, *(importlib.import_module(f"trimline.{room}") for room in ROOMS)]
    modules += [
        importlib.import_module(each.name) for each in pkgutil.iter_modules(report.__path__, "trimline.report.")
    ]
    for module in modules:
        for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
            thing = getattr(module, name)
            if inspect.isfunction(thing) and thing.__module__.startswith(module.__name__):
                yield thing


def paths_of(function: Callable[..., Any]) -> set[str]:
    """Return how a function's parameters that are paths are annotated."""
    parameters = inspect.signature(function).parameters.values()
    return {str(each.annotation) for each in parameters if re.search(r"Path( \| \w+)*$", str(each.annotation))}


def test_every_public_function_that_takes_a_path_is_tried_with_text() -> None:
    """Those of the last rooms take what only a study has, and are held by their annotations alone."""
    late = ("trimline.report.", "trimline.timeline.")
    untried = {each for each in public_functions() if paths_of(each)} - set(DOORS)
    assert {each for each in untried if not each.__module__.startswith(late)} == set()


def test_no_public_function_insists_on_a_path() -> None:
    insisting = {
        each.__qualname__
        for each in public_functions()
        if any("StrPath" not in annotation and "str" not in annotation for annotation in paths_of(each))
    }
    assert insisting == set()
