"""Where windows meet cannot be seen in the outlines, and the screen loses no glacier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimline.inference import Model, load_weights, read_metadata
from trimline.inference.torch_files import save_weights
from trimline.mapping import MapOptions, map_scene, predict_array
from trimline.mapping.plan import CELL, MARGIN, MapPlan
from trimline.mapping.screen import SCREEN_BANDS, cells_of, could_be_ice, with_neighbours
from trimline.networks import build
from trimline.outlines import rasterise, read_outlines
from trimline.project import SimulatedRange
from trimline.scenes import Scene, open_scene
from trimline.simulate import write_range
from trimline.weights import shipped_weights

ENVIRONMENTS = ("cold-dry", "warm-green", "cloudy")
SIDE = 320


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Scene, gpd.GeoDataFrame]]:
    """Return a function that gives a scene and the true outlines of an environment, simulated once."""
    made: dict[str, tuple[Scene, gpd.GeoDataFrame]] = {}

    def give(environment: str) -> tuple[Scene, gpd.GeoDataFrame]:
        if environment not in made:
            chosen = SimulatedRange.model_validate(
                {"name": environment, "environment": environment, "size": SIDE, "seed": 77, "scenes": [
                    {"date": "2019-08-23", "sensor": "landsat-8-oli"}
                ]}
            )  # fmt: skip
            manifest = write_range(chosen, tmp_path_factory.mktemp(environment), progress=False)
            (record,) = manifest.scenes
            outlines = read_outlines(manifest.folder / record.outlines)
            made[environment] = open_scene(manifest.folder / record.product), outlines
        return made[environment]

    return give


@pytest.fixture(scope="module")
def model() -> Model:
    return load_weights(device="cpu")


def boundary_m(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> float:
    """Return how far any vertex of either map lies from the outlines of the other."""
    lines = [each.boundary.union_all() for each in (one, other)]
    points = [shapely.points(shapely.get_coordinates(line)) for line in lines]
    return max(float(shapely.distance(points[0], lines[1]).max()), float(shapely.distance(points[1], lines[0]).max()))


@pytest.mark.slow
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(top=st.integers(0, 60), left=st.integers(0, 60), window=st.integers(96, 200))
def test_shifting_the_windows_moves_no_outline(
    look: Callable[[str], tuple[Scene, gpd.GeoDataFrame]],
    model: Model,
    tmp_path_factory: pytest.TempPathFactory,
    top: int,
    left: int,
    window: int,
) -> None:
    """Windows of another size and a part of the scene: the grid of windows lies elsewhere."""
    scene, _ = look("cold-dry")
    part = scene.geobox[top:, left:]
    folder = tmp_path_factory.mktemp("maps")
    whole, cut = (
        map_scene(
            scene, model, folder / str(side), region=part, options=MapOptions(window=side, screen=False), progress=False
        )
        for side in (1024, window)
    )
    first, second = (read_outlines(each.outlines) for each in (whole, cut))
    assert boundary_m(first, second) <= 30.0
    areas = [float(each["area_km2"].sum()) for each in (first, second)]
    assert areas[1] == pytest.approx(areas[0], rel=1e-3)


@pytest.mark.parametrize("network", ["saunet", "unet_cse"])
def test_tiles_are_blended_without_a_seam(
    look: Callable[[str], tuple[Scene, gpd.GeoDataFrame]], tmp_path: Path, network: str
) -> None:
    """No jump where tiles end: the blend changes from pixel to pixel no more than those of single tiles do."""
    scene, _ = look("cold-dry")
    torch.manual_seed(0)
    arguments = {"widths": (4, 4, 8, 8, 8)}
    known = read_metadata(shipped_weights())
    of_ice = {"classes": 2, "class_names": (), "flips": False}
    changed = {"network": network, "arguments": arguments, "tile": (96, 96), "halo": None} | of_ice
    metadata = known.model_copy(update=changed)
    path = save_weights(tmp_path / "w.safetensors", build(network, known.inputs.channels, **arguments), metadata)
    tiled = load_weights(path, device="cpu", precision="fp32")
    # All is shown: where the screen ends, a network that never learned jumps from a half to 0.
    blended = predict_array(scene, tiled, options=MapOptions(screen=False))
    steps = np.abs(np.diff(blended, axis=0)).mean(axis=1)
    ends = np.zeros(len(steps), bool)
    ends[95::48] = ends[47::48] = True
    assert steps[ends].mean() < 1.5 * steps[~ends].mean()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_screen_misses_no_glacier(
    look: Callable[[str], tuple[Scene, gpd.GeoDataFrame]], model: Model, environment: str
) -> None:
    """At most 0.01 % of the true glacier pixels are not shown to the network; with half the margin too."""
    scene, outlines = look(environment)
    truth = rasterise(outlines, scene.geobox).astype(bool)
    plan = MapPlan.of(scene, model, options=MapOptions(screen=True))
    assert plan.screen
    seen = plan.read((0, scene.geobox.height))
    side = plan.cell
    for rings in (plan.margin, plan.margin // 2):
        asked = with_neighbours(cells_of(seen.candidates, side), rings).repeat(side, 0).repeat(side, 1)
        assert (truth & ~asked[:SIDE, :SIDE]).sum() <= 1e-4 * truth.sum()


def test_the_screen_misses_no_glacier_on_earth(trimline_data: Path) -> None:
    """Twenty glaciers in the Alps, Svalbard, New Zealand and the Himalaya, some under debris for the most part."""
    outlines = read_outlines(trimline_data / "landsat_chips" / "outlines.gpkg")
    glacier, clean, missed = 0, 0, 0
    for path in sorted((trimline_data / "landsat_chips").glob("*.tif")):
        scene = open_scene(path, sensor="landsat-5-tm", bands=("blue", "green", "red", "nir", "swir1", "thermal"))
        image = scene.read(SCREEN_BANDS).values
        truth = rasterise(outlines, scene.geobox).astype(bool) & np.isfinite(image).all(axis=0)
        candidates = could_be_ice(*image)
        height, width = truth.shape
        cells = with_neighbours(cells_of(candidates, CELL), MARGIN // CELL)
        asked = cells.repeat(CELL, 0).repeat(CELL, 1)[:height, :width]
        glacier, clean = glacier + int(truth.sum()), clean + int((truth & candidates).sum())
        missed += int((truth & ~asked).sum())
    assert glacier > 150_000
    assert clean < 0.9 * glacier, "or debris would not be tested"
    assert missed <= 1e-4 * glacier
