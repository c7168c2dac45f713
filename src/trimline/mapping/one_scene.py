"""One scene in, its glaciers out: as probability on the scene's grid, or as outlines."""

from __future__ import annotations

import geopandas as gpd
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from trimline.files import StrPath
from trimline.inference import Model
from trimline.mapping.mapped_scene import map_scene
from trimline.mapping.options import MapOptions
from trimline.mapping.stream import predict_array
from trimline.outlines import read_outlines
from trimline.scenes import Scene, open_scene
from trimline.workplace import temporary_folder

_DIMENSIONS = ("y", "x")


def predict(
    scene: Scene | StrPath,
    model: Model | StrPath | None = None,
    *,
    region: GeoBox | None = None,
    options: MapOptions | None = None,
) -> xr.DataArray:
    """Return the probability of ice of one scene, in memory; the same that `map_scene` writes.

    Parameters
    ----------
    scene
        A scene, or the path of a product.
    model
        What maps it, or the path of a model file; None means the weights that come along.
    region
        The grid; None means the scene's own.
    options
        None means the defaults of `MapOptions`.

    Returns
    -------
    xarray.DataArray
        (y, x) float32 in [0, 1] with CRS and coordinates, NaN where the scene has no data.

    Raises
    ------
    ProductError
        The product cannot be read.
    WeightsError
        The file is no model file, or the scene lacks what the model needs.

    Examples
    --------
    >>> import trimline
    >>> probability = trimline.predict("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> float(probability.max())  # doctest: +SKIP
    0.98
    """
    opened, loaded, options = _ready(scene, model, options)
    grid = opened.geobox if region is None else region
    return xr.DataArray(
        predict_array(opened, loaded, grid, options=options),
        dims=_DIMENSIONS,
        coords=xr_coords(grid, dims=_DIMENSIONS),
        name="probability",
        attrs={"scene": opened.id, "units": "1", "grid_mapping": "spatial_ref"},
    )


def outlines_of(
    scene: Scene | StrPath,
    model: Model | StrPath | None = None,
    *,
    region: GeoBox | None = None,
    options: MapOptions | None = None,
) -> gpd.GeoDataFrame:
    """Return the glacier outlines of one scene; the same that `map_scene` writes.

    Parameters
    ----------
    scene
        A scene, or the path of a product.
    model
        What maps it, or the path of a model file; None means the weights that come along.
    region
        The grid to map onto, projected; None means the scene's own.
    options
        None means the defaults of `MapOptions`.

    Returns
    -------
    GeoDataFrame
        Polygons in the CRS of the grid, the largest first, with RGI 7.0 column names where they exist: `area_km2`
        (geodesic), `src_date`, `scene_id`, ...

    Raises
    ------
    ProductError
        The product cannot be read.
    WeightsError
        The file is no model file, or the scene lacks what the model needs.
    MappingError
        The region is not projected.

    Examples
    --------
    >>> import trimline
    >>> glaciers = trimline.outlines_of("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> float(glaciers["area_km2"].sum())  # doctest: +SKIP
    54.8
    """
    opened, loaded, options = _ready(scene, model, options)
    with temporary_folder() as folder:
        written = map_scene(opened, loaded, folder, region=region, options=options, progress=False)
        return read_outlines(written.outlines)


def _ready(
    scene: Scene | StrPath, model: Model | StrPath | None, options: MapOptions | None
) -> tuple[Scene, Model, MapOptions]:
    """Return scene, model and options, opened and loaded where paths were given."""
    options = MapOptions() if options is None else options
    opened = scene if isinstance(scene, Scene) else open_scene(scene)
    loaded = model if isinstance(model, Model) else options.load_model(model)
    return opened, loaded, options
