"""Numbers that are not the reflectance they are taken for: offset, scale, missing data, order of bands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from documentation.pictures.symptoms.before_after import Case, MapPanel
from documentation.pictures.symptoms.ground import PLATEAU, TURBID, Ground, Look, vinciguerra_stack
from documentation.pictures.symptoms.maps import framed, km2, mapped, missed_share
from trimline.inference import ratio_model
from trimline.mapping import MapOptions
from trimline.outlines import trace
from trimline.rasters import write_raster
from trimline.scenes import Scene, open_scene

_BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")
_PLAIN = MapOptions(clouds="keep")
_OFFSET = -1000.0
_SCALE = 1e-4
_MSI = "sentinel-2-msi"


def wrong_offset(ground: Ground) -> Case:
    """Map a stack of Sentinel-2 since baseline 04.00 whose offset was not taken out."""
    if ground.data is not None:
        path, label = vinciguerra_stack(ground.data, 2022)
        source = "Glaciar Vinciguerra, Sentinel-2, 2022"
        with rasterio.open(label) as raster:
            ice = raster.read(1) == 1
        truth = trace(ice, _opened(path, _OFFSET).geobox).geometry.union_all()
    else:
        look = ground.simulated(TURBID, "2022-08-23")
        path, source = _stack(ground, look, "offset.tif", offset=1000), look.source
        truth = framed(look.truth, look.scene)
    model = ratio_model(3.5, blue=0.1)
    kept, taken = (_opened(path, offset) for offset in (0.0, _OFFSET))
    wrong, right = mapped(kept, model, _PLAIN), mapped(taken, model, _PLAIN)
    lakes = right.outlines[~right.outlines.intersects(truth)].union_all()  # of which an index knows nothing
    return Case(
        "wrong_offset",
        source,
        (
            MapPanel("--offset 0", kept, wrong.outlines, missed=truth.difference(wrong.ice)),
            MapPanel("--offset -1000", taken, right=right.outlines, false=lakes),
        ),
        "true ice that is missed, of all",
        missed_share(wrong.ice, truth),
        missed_share(right.ice, truth),
    )


def dark_scale(ground: Ground) -> Case:
    """Numbers of 0 to 10 000 with a scale that is right for 0 to 50 000."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    path = _stack(ground, look, "scale.tif")
    wrong, right = (
        mapped(open_scene(path, sensor="landsat-8-oli", scale=scale, offset=0, nodata=0), ground.network, _PLAIN)
        for scale in (_SCALE / 5, _SCALE)
    )
    truth = framed(look.truth, look.scene)
    return Case(
        "dark_scale",
        look.source,
        (
            MapPanel("--scale 0.00002", look.scene, wrong.outlines, missed=right.ice.difference(wrong.ice)),
            MapPanel("--scale 0.0001", look.scene, right=right.outlines, hidden=right.hidden),
        ),
        "true ice that is missed, of all",
        missed_share(wrong.ice, truth),
        missed_share(right.ice, truth),
    )


def missing_data(ground: Ground) -> Case:
    """Zeros beyond the image's edge, where SWIR 1 ends before the other bands: 0 is no reflectance."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    path = _stack(ground, look, "edge.tif", edge=True)
    scenes = [open_scene(path, sensor="landsat-8-oli", scale=_SCALE, offset=0, nodata=value) for value in (None, 0)]
    model = ratio_model(2.0, blue=0.08)
    wrong, right = (mapped(scene, model, _PLAIN) for scene in scenes)
    truth = framed(look.truth, look.scene)
    strip = wrong.ice.difference(right.ice)
    return Case(
        "missing_data",
        look.source,
        (
            MapPanel("nodata not said: ice at the edge", scenes[1], wrong.outlines, false=strip),
            MapPanel("--nodata 0", scenes[1], right=right.outlines, hidden=right.hidden),
        ),
        "ice that is none [km2]",
        km2(wrong.ice.difference(truth)),
        km2(right.ice.difference(truth)),
    )


def wrong_bands(ground: Ground) -> Case:
    """Bands named in the wrong order: red is called SWIR 1, and nothing is ice."""
    look = ground.simulated(PLATEAU, "2018-08-23")
    path = _stack(ground, look, "order.tif")
    model = ratio_model(2.0, blue=0.1)
    wrong, right = (
        mapped(
            open_scene(path, sensor="landsat-8-oli", bands=list(names), scale=_SCALE, offset=0, nodata=0), model, _PLAIN
        )
        for names in (_BANDS[::-1], _BANDS)
    )
    truth = framed(look.truth, look.scene)
    return Case(
        "wrong_bands",
        look.source,
        (
            MapPanel("--bands swir2,swir1,nir,...", look.scene, wrong.outlines, note="meadow is ice"),
            MapPanel("--bands blue,green,red,...", look.scene, right=right.outlines),
        ),
        "true ice that is missed, of all",
        missed_share(wrong.ice, truth),
        missed_share(right.ice, truth),
    )


def _opened(path: Path, offset: float) -> Scene:
    return open_scene(path, sensor=_MSI, scale=_SCALE, offset=offset, nodata=0)


def _stack(ground: Ground, look: Look, name: str, *, offset: int = 0, edge: bool = False) -> Path:
    """Write a scene as a stack of whole numbers without any metadata but the names of its bands."""
    values = look.scene.read(list(_BANDS)).values
    numbers = np.clip(np.nan_to_num(values / _SCALE + offset, nan=0.0), 0, 65_535).round().astype(np.uint16)
    if edge:
        numbers = _with_an_edge(numbers)
    path = ground.folder / name
    write_raster(path, numbers, look.scene.geobox, names=list(_BANDS))
    return path


def _with_an_edge(numbers: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return bands that end along a slanting edge, those of SWIR 20 pixels before the others."""
    rows, columns = np.indices(numbers.shape[1:])
    away = columns + 0.2 * rows - 215
    cut = numbers.copy()
    cut[:, away > 0] = 0
    cut[_BANDS.index("swir1") :, away > -20] = 0
    return cut
