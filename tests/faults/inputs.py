"""The kinds of input that are mutated: a small valid one of each, made here, and what trimline does with it."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from tests.faults.input_kind import Input
from tests.sentinel2_products import TinySafe, pack, write_raster

from trimline.scenes import open_scene, product_info
from trimline.sensors import SENSORS

LEFT, TOP, PIXEL_M, ROWS, COLUMNS = 500_000.0, 3_800_000.0, 30.0, 40, 60
CRS = "EPSG:32646"
GRID = GeoBox((ROWS, COLUMNS), Affine(PIXEL_M, 0, LEFT, 0, -PIXEL_M, TOP), CRS)
_SAFE = "S2A_MSIL1C_20210908T042701_N0500_R133_T46SEB_20210908T070248"
LANDSAT = "LT05_L1TP_139036_19880820_20200917_02_T1"


# Products


def _acquisition(sensor_id: str, time: datetime, shape: tuple[int, int], pixel_m: float) -> Any:
    from trimline.simulate.acquisition import Acquisition

    sensor = SENSORS[sensor_id]
    ramp = np.linspace(0.05, 0.6, shape[0] * shape[1]).reshape(shape)
    bands = {b.common: 255 + 40 * ramp if b.is_thermal else ramp for b in sensor.bands if b.common != "pan"}
    flags = {name: np.zeros(shape, bool) for name in ("cloud", "cloud_shadow", "snow", "water", "fill")}
    grid = GeoBox(shape, Affine(pixel_m, 0, LEFT, 0, -pixel_m, TOP), CRS)
    return Acquisition(sensor, time, grid, 140.0, 54.0, "139036", bands, flags)


def _landsat(folder: Path, form: str = "txt") -> Path:
    from trimline.simulate.landsat_product import write_landsat

    seen = _acquisition("landsat-5-tm", datetime(1988, 8, 20, 4, 5, tzinfo=UTC), (12, 16), PIXEL_M)
    product = write_landsat(seen, folder, np.random.default_rng(0))
    for other in {"txt", "json", "xml"} - {form}:
        for path in product.glob(f"*_MTL.{other}"):
            path.unlink()
    return product


def _safe(folder: Path, **changes: Any) -> Path:
    return TinySafe(**{"baseline": "05.00", "tile": "46SEB", **changes}).write(folder)


def _safe_before_2022(folder: Path) -> None:
    _safe(folder, baseline="03.01")


def _archive(make: Callable[[Path], Path], name: str) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        product = make(folder)
        path = folder / name
        if name.endswith(".zip"):
            pack(product, path)
        else:
            with tarfile.open(path, "w:gz" if name.endswith("gz") else "w") as archive:
                for each in sorted(product.iterdir()):
                    archive.add(each, each.name)
        shutil.rmtree(product)

    return made


def _tile(folder: Path) -> None:
    """Write a Sentinel-2 tile as a public archive lays it out."""
    tile = TinySafe(level="1C", baseline="03.01", tile="46SEB")
    place = folder / "tile"
    place.mkdir()
    for band, pixel in tile.images():
        write_raster(place / f"{band}.jp2", _flat(band, pixel, tile.offset), pixel)
    (place / "metadata.xml").write_text(tile.granule_xml())
    info = {
        "path": "tiles/46/S/EB/2021/9/8/0", "timestamp": "2021-09-08T04:40:48.758Z", "utmZone": 46, "latitudeBand": "S",
        "gridSquare": "EB", "cloudyPixelPercentage": 88.25, "productName": tile.name.removesuffix(".SAFE"),
        "datastrip": {"id": "S2A_OPER_MSI_L1C_DS_VGS4_20210908T070248_S20210908T043714_N03.01"},
    }  # fmt: skip
    (place / "tileInfo.json").write_text(json.dumps(info))


def _flat(band: str, pixel: int, offset: int) -> Any:
    from tests.sentinel2_products import field_of

    return field_of(band, pixel, offset)


def _item(folder: Path) -> None:
    """Write COGs with the item of a STAC catalogue."""
    keys = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B11": "swir16"}
    place = folder / "item"
    place.mkdir()
    assets = {}
    for band, key in keys.items():
        pixel = 20 if band == "B11" else 10
        write_raster(place / f"{key}.tif", _flat(band, pixel, 0), pixel)
        assets[key] = {"href": f"{key}.tif", "raster:bands": [{"scale": 1e-4, "offset": 0}]}
    properties = {
        "datetime": "2021-09-08T04:40:48.758Z", "eo:cloud_cover": 3.5, "grid:code": "MGRS-46SEB",
        "view:sun_azimuth": 143.0, "view:sun_elevation": 63.5, "s2:processing_baseline": "05.00",
        "earthsearch:boa_offset_applied": True,
    }  # fmt: skip
    item = {"type": "Feature", "stac_version": "1.0.0", "id": "S2A_46SEB_20210908_0_L2A", "properties": properties}
    (place / "S2A_46SEB_20210908_0_L2A.json").write_text(json.dumps({**item, "assets": assets}))


def _stack(folder: Path) -> None:
    from trimline.simulate.stack_product import write_stack

    seen = _acquisition("sentinel-2-msi", datetime(2018, 8, 23, 4, 5, tzinfo=UTC), (24, 36), 10.0)
    write_stack(seen, folder / "S2_20180823.tif", np.random.default_rng(0))


def _product(*patterns: str) -> Callable[[Path], None]:
    """Return what describes, opens and reads the first file or folder of some patterns, or any that is there."""

    def run(folder: Path) -> None:
        path = next((each for pattern in patterns for each in sorted(folder.glob(pattern))), folder / patterns[0])
        info = product_info(path)
        json.dumps(info.to_dict())
        scene = open_scene(path)
        repr(scene)
        scene.read(list(scene.bands)[:2])
        if scene.has_cloud_flags:
            scene.quality()

    return run


# Vectors


def outlines() -> gpd.GeoDataFrame:
    """Return two glaciers, one with a hole and one of two parts."""
    first = shapely.box(LEFT + 90, TOP - 900, LEFT + 900, TOP - 90) - shapely.box(
        LEFT + 300, TOP - 600, LEFT + 600, TOP - 300
    )
    second = shapely.union(
        shapely.box(LEFT + 1000, TOP - 500, LEFT + 1400, TOP - 100),
        shapely.box(LEFT + 1000, TOP - 1000, LEFT + 1400, TOP - 700),
    )
    table = {
        "glac_id": ["a", "b"],
        "glac_name": ["A", "B"],
        "src_year": [1988.6, 1988.6],
        "period": "1988",
        "subregion": "range",
    }
    return gpd.GeoDataFrame(table, geometry=[first, second], crs=CRS)


def _vector(name: str, driver: str) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        path = folder / name
        if name.endswith(".parquet"):
            outlines().to_parquet(path)
        else:
            frame = outlines().to_crs(4326) if driver in ("GeoJSON", "LIBKML", "KML") else outlines()
            frame.to_file(path, driver=driver, engine="pyogrio")

    return made


def _zipped_shapefile(folder: Path) -> None:
    _vector("outlines.shp", "ESRI Shapefile")(folder)
    parts = sorted(folder.glob("outlines.*"))
    with zipfile.ZipFile(folder / "outlines.zip", "w") as archive:
        for path in parts:
            archive.write(path, path.name)
            path.unlink()


def _outlines(name: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        from trimline.change import OwnPeriod, areas_streamed, read_own_outlines
        from trimline.outlines import area_km2, perimeter_km, rasterise, read_outlines, write_outlines
        from trimline.timeline.inventory import read_inventory

        path = folder / name
        frame = read_outlines(path)
        area_km2(frame)
        perimeter_km(frame)
        rasterise(frame, GRID)
        for each in ("again.gpkg", "again.parquet"):
            write_outlines(frame, folder / each)
        read_inventory(path, CRS, pixel_m2=900.0)
        read_own_outlines([OwnPeriod("1988", 1988.6, [path])])
        if name.endswith(".parquet"):
            areas_streamed(path)

    return run


def _edits(folder: Path) -> None:
    from trimline.outlines import append_edits

    sound = {"period": "1988", "author": "A", "time": "2024-05-31T14:00:00Z", "reason": "debris"}
    rows = [
        {"operation": "add", "glac_id": "c", "geometry": shapely.box(LEFT + 60, TOP - 60, LEFT + 300, TOP)},
        {
            "operation": "split",
            "glac_id": "a",
            "geometry": shapely.LineString([(LEFT, TOP - 450), (LEFT + 1000, TOP - 460)]),
        },
        {"operation": "attribute", "glac_id": "b", "value": '{"glac_name": "Ä", "utm_zone": 46}', "geometry": None},
        {
            "operation": "replace",
            "glac_id": "b",
            "geometry": shapely.box(LEFT + 1000, TOP - 600, LEFT + 1300, TOP - 100),
        },
    ]
    geometries = [row.pop("geometry") for row in rows]
    append_edits(folder / "edits.gpkg", gpd.GeoDataFrame([sound | row for row in rows], geometry=geometries, crs=CRS))


def _run_edits(folder: Path) -> None:
    from trimline.outlines import append_edits, check_edits, read_edits, replay, require_sound

    edits = read_edits(folder / "edits.gpkg")
    for problem in check_edits(edits, ["1988"]):
        str(problem)
    require_sound(edits)
    replay(outlines(), edits, "1988")
    row = {"operation": "remove", "glac_id": "a", "period": "1988", "author": "B", "time": "2024-06-01T00:00:00Z"}
    append_edits(folder / "edits.gpkg", gpd.GeoDataFrame([row | {"reason": "x"}], geometry=[None], crs=CRS))


def _termini(folder: Path) -> None:
    for year, y in ((1988, 800.0), (2018, 600.0)):
        line = shapely.LineString([(LEFT + 90, TOP - y), (LEFT + 500, TOP - y - 30), (LEFT + 900, TOP - y)])
        frame = gpd.GeoDataFrame({"glac_id": ["a"], "src_year": [year + 0.6]}, geometry=[line], crs=CRS)
        frame.to_file(
            folder / f"termini_{year}.geojson" if year == 2018 else folder / f"termini_{year}.gpkg", engine="pyogrio"
        )


def _run_termini(folder: Path) -> None:
    from trimline.glaciers import terminus_change
    from trimline.study.own_glaciers import read_dates

    paths = [folder / "termini_1988.gpkg", folder / "termini_2018.geojson"]
    before, after = read_dates(paths, [1988.6, 2018.6], "glac_id")
    terminus_change(before, after, directions={"a": 180.0}, years=30.0)


# Tables


def _published(folder: Path) -> None:
    (folder / "published.csv").write_text(
        "region,year,area_km2,source\nrange,1988,1.50,A (1990)\nrange,2018,1.20,B (2020)\n"
    )


def _run_published(folder: Path) -> None:
    from trimline.change import read_published

    read_published(folder / "published.csv")


def _tables(folder: Path) -> None:
    for name, text in {
        "totals.csv": "level,name,period,src_year,area_km2,area_error_km2\nregion,range,1988,1988.6,1.5,0.1\n",
        "areas.csv": "glac_id,period,area_km2,error_km2\na,1988,1.0,0.05\nb,1988,0.5,0.05\n",
    }.items():
        (folder / name).write_text(text)


def _run_tables(folder: Path) -> None:
    from trimline.study.tables_on_disk import read_tables

    read_tables(folder)


# Rasters


def _raster(path: Path, values: Any, **profile: Any) -> None:
    settings = {"crs": CRS, "transform": GRID.affine, "compress": "deflate", **profile}
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=ROWS, width=COLUMNS, dtype=values.dtype, **settings
    ) as target:
        target.write(values, 1)


def _dem(folder: Path) -> None:
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    _raster(folder / "dem.tif", (3000 + 10.0 * rows + 2.0 * columns).astype(np.float32), nodata=-9999.0)


def _run_dem(folder: Path) -> None:
    from trimline.glaciers import attributes, hypsometry
    from trimline.rasters import read_onto

    attributes(outlines(), folder / "dem.tif")
    hypsometry(outlines(), folder / "dem.tif")
    read_onto(folder / "dem.tif", GRID)


def _labels(folder: Path) -> None:
    values = np.zeros((ROWS, COLUMNS), np.uint8)
    values[5:20, 5:30] = 1
    _raster(folder / "labels.tif", values, nodata=255)


def _run_labels(folder: Path) -> None:
    from trimline.samples.truth import open_truth

    truth = open_truth(folder / "labels.tif")
    truth.mask(GRID)
    truth.area_km2(GRID)
    truth.outlines_on(GRID)


def _map(folder: Path) -> None:
    """Write what a mapped scene and a period leave on the disk."""
    from trimline.rasters import write_cog

    values = np.zeros((ROWS, COLUMNS), np.uint8)
    values[5:20, 5:30] = 1
    values[:2] = 255
    for name, each, nodata in (
        ("mask.tif", values, 255),
        ("probability.tif", np.where(values == 1, 9000, 500).astype(np.uint16), 65535),
        ("sources.tif", np.where(values == 255, 0, 1).astype(np.uint16), 0),
    ):
        draft = folder / f"draft_{name}"
        _raster(draft, each, nodata=nodata)
        write_cog(draft, folder / name)
        draft.unlink()
    listed = [{"index": 1, "scene_id": "1988", "date": "1988-08-20", "sensor": "landsat-5-tm"}]
    (folder / "sources.json").write_text(json.dumps(listed))


def _run_map(folder: Path) -> None:
    from trimline.mapping import mask_shares
    from trimline.own_files import own_raster
    from trimline.timeline.description import read_source_scenes, shares
    from trimline.timeline.place import footprint_of

    mask_shares(folder / "mask.tif")
    footprint_of("1988", folder / "mask.tif")
    scenes = read_source_scenes(folder / "sources.json")
    shares(outlines(), folder / "sources.tif", scenes)
    with own_raster(folder / "probability.tif") as source:
        source.read(1)


# Projects, weights, samples, ledger


def _project(folder: Path) -> None:
    (folder / "project.yaml").write_text(
        "name: small\noutput: out\nseed: 3\nscenes:\n"
        "  - {id: '1988', path: a.tif, sensor: landsat-5-tm, date: 1988-08-20, truth: a.gpkg}\n"
        "  - {id: '2018', path: b.tif, sensor: landsat-8-oli, date: 2018-08-23}\n"
        "bands: [blue, green, red, nir, swir1]\nsamples: {tile: 32, stride: 16}\nsplit: {by: blocks, test: 0.3}\n"
        "methods:\n  - network: unet\n    arguments: {widths: [4, 8, 16]}\n    recipe: {base: strong, epochs: 2}\n"
        "  - band_ratio\n"
        "periods:\n  - {name: early, first: 1987, last: 1989}\n  - {name: late, first: 2017, last: 2019}\n"
    )


def _run_project(folder: Path) -> None:
    from trimline.project import load_project
    from trimline.project.loading import project_hash

    project_hash(load_project(folder / "project.yaml"))


_BANDS = ("red", "swir1", "green")
_NETWORKS: Mapping[str, Mapping[str, Any]] = {"unet": {"widths": (4, 6)}, "band_ratio": {}}


def _trained(name: str) -> tuple[Any, Any]:
    import torch

    from trimline.inference import Inputs, ModelMetadata
    from trimline.inference.torch_files import with_geometry
    from trimline.networks import build

    inputs = Inputs(_BANDS, "reflectance")
    if name != "band_ratio":
        inputs = Inputs(_BANDS, "reflectance", ("ndsi",), mean=(0.3, 0.2, 0.3, 0.1), std=(0.1, 0.1, 0.1, 0.5))
    torch.manual_seed(7)
    network = build(name, inputs.channels, **_NETWORKS[name]).requires_grad_(False).eval()
    known = {"network": name, "arguments": dict(_NETWORKS[name]), "inputs": inputs, "threshold": 0.42}
    return network, with_geometry(ModelMetadata.model_validate(known), network)


def _safetensors(folder: Path) -> None:
    from trimline.inference.torch_files import save_weights

    save_weights(folder / "weights.safetensors", *_trained("unet"))


def _onnx(folder: Path) -> None:
    from trimline.inference.torch_export import write_onnx

    write_onnx(folder / "model.onnx", *_trained("band_ratio"))


def _run_model(name: str) -> Callable[[Path], None]:
    def run(folder: Path) -> None:
        from trimline.inference import load_weights
        from trimline.inference.model_file import read_metadata

        read_metadata(folder / name)
        model = load_weights(folder / name, precision="fp32")
        repr(model)
        _ = (model.sensors, model.halo, model.stride, model.tile, model.threshold, model.rule, model.outputs)
        if len(model.bands) <= 8:
            model.predict(np.full((1, len(model.bands), 16, 16), 0.3, np.float32))

    return run


def _checkpoint(folder: Path) -> None:
    import torch

    memory = {"run": "x", "history": [{"epoch": 0}], "best_score": 0.5, "best_epoch": 0, "best_weights": None}
    state = {"state_dict": {"w": torch.zeros(3)}, "epoch": 1, "trimline": {**memory, "finished": False}}
    torch.save(state, folder / "checkpoint.ckpt")


def _run_checkpoint(folder: Path) -> None:
    from trimline.training.checkpoint import read_checkpoint

    read_checkpoint(folder / "checkpoint.ckpt", "x")


def _store(folder: Path) -> None:
    from trimline.samples.store import INDEX, TileWriter, seal

    writer = TileWriter(folder, ("green", "swir1"), ("reflectance",), 8)
    generator = np.random.default_rng(0)
    rows = []
    for number in range(3):
        image = writer.add_image({"reflectance": generator.uniform(0, 1, (2, 8, 8)).astype(np.float32)})
        mask = writer.add_mask((generator.uniform(0, 1, (8, 8)) > 0.5).astype(np.uint8))
        rows.append(
            {
                "image": image, "mask": mask, "symmetry": number, "scene_id": "1988", "date": "1988-08-20", "area": "",
                "tile": "139036", "grid": 0, "row": 0, "column": number,
                "part": ("train", "validation", "test")[number], "ice_fraction": 0.5, "valid_fraction": 1.0,
                "crs": CRS, "resolution_m": 30.0, "left": LEFT, "bottom": TOP - 240, "right": LEFT + 240, "top": TOP,
                "geometry": shapely.box(LEFT, TOP - 240, LEFT + 240, TOP),
            }
        )  # fmt: skip
    gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS).to_parquet(folder / INDEX)
    seal(folder)


def _run_store(folder: Path) -> None:
    from trimline.samples.store import SampleStore

    store = SampleStore(folder)
    store.summary()
    for part in ("train", "validation", "test"):
        store.load(part)


def _ledger(folder: Path) -> None:
    _run_ledger(folder)


def _run_ledger(folder: Path) -> None:
    from trimline.study.ledger import Ledger

    def work() -> dict[str, Any]:
        (folder / "outlines.txt").write_text("outlines")
        return {"area_km2": 1.5}

    ledger = Ledger(folder, "hash", False)
    done = ledger.once("map/1988", {"scene": "x"}, [folder / "outlines.txt"], work, settings={"threshold": 0.5})
    ledger.together("map", [done], {"scenes": 1})


_VECTORS = {
    "gpkg": ("outlines.gpkg", "GPKG", ("outlines.gpkg",)),
    "shp": ("outlines.shp", "ESRI Shapefile", ("*.shp", "*.shx", "*.dbf", "*.prj", "*.cpg")),
    "geojson": ("outlines.geojson", "GeoJSON", ("outlines.geojson",)),
    "parquet": ("outlines.parquet", "", ("outlines.parquet",)),
    "gml": ("outlines.gml", "GML", ("*.gml",)),
    "fgb": ("outlines.fgb", "FlatGeobuf", ("outlines.fgb",)),
    "kml": ("outlines.kml", "KML", ("outlines.kml",)),
}

_SHARES = {"gpkg": 2, "shp": 2}
_MTL = _product(LANDSAT, "LT05*", "*")

INPUTS: Mapping[str, Input] = {
    each.name: each
    for each in (
        Input("MTL, text", lambda folder: _discard(_landsat(folder)), _MTL, ("*_MTL.txt",), share=2),
        Input("MTL, JSON", lambda folder: _discard(_landsat(folder, "json")), _MTL, ("*_MTL.json",), share=2),
        Input("MTL, XML", lambda folder: _discard(_landsat(folder, "xml")), _MTL, ("*_MTL.xml",), share=2),
        Input("Landsat bands", lambda folder: _discard(_landsat(folder)), _MTL, ("*_B*.TIF", "*_QA_*.TIF"), share=2),
        Input("Landsat tar", _archive(_landsat, f"{LANDSAT}.tar"), _product(f"{LANDSAT}.tar"), share=2),
        Input("Landsat tar.gz", _archive(_landsat, f"{LANDSAT}.tar.gz"), _product(f"{LANDSAT}.tar.gz")),
        Input("SAFE metadata", lambda folder: _discard(_safe(folder)), _product("*.SAFE"), ("MTD_*.xml",), share=2),
        Input("SAFE bands", lambda folder: _discard(_safe(folder)), _product("*.SAFE"), ("*_B0*.jp2", "MSK_*.jp2")),
        Input("SAFE masks", _safe_before_2022, _product("*.SAFE"), ("MSK_*.gml",)),
        Input("SAFE zip", _archive(_safe, f"{_SAFE}.zip"), _product(f"{_SAFE}.zip")),
        Input("Sentinel-2 tile", _tile, _product("tile"), ("tileInfo.json", "metadata.xml", "*.jp2"), share=2),
        Input("STAC item", _item, _product("item"), ("*.json", "*.json", "*.tif"), share=2),
        Input("stack", _stack, _product("S2_20180823.tif"), ("*.tif",), share=3),
        Input("sidecar", _stack, _product("S2_20180823.tif"), ("*.json",), share=2),
        *(
            Input(f"outlines, {name}", _vector(file, driver), _outlines(file), patterns, share=_SHARES.get(name, 1))
            for name, (file, driver, patterns) in _VECTORS.items()
        ),
        Input("outlines, zip", _zipped_shapefile, _outlines("outlines.zip")),
        Input("edits", _edits, _run_edits, share=2),
        Input("terminus lines", _termini, _run_termini),
        Input("published areas", _published, _run_published),
        Input("tables", _tables, _run_tables),
        Input("DEM", _dem, _run_dem, share=2),
        Input("label raster", _labels, _run_labels),
        Input("maps and sources", _map, _run_map, ("*.tif", "sources.json"), share=2),
        Input("project", _project, _run_project, share=3),
        Input("safetensors", _safetensors, _run_model("weights.safetensors"), share=2),
        Input("ONNX", _onnx, _run_model("model.onnx")),
        Input("checkpoint", _checkpoint, _run_checkpoint),
        Input("sample store", _store, _run_store, ("index.parquet", "zarr.json", "0", "seal.json"), share=2),
        Input("ledger", _ledger, _run_ledger, ("*.json", "*.json", "*.txt")),
    )
}  # fmt: skip
"""All kinds, by name."""


def _discard(_: Any) -> None:
    """Return nothing, for makers that return a path."""
