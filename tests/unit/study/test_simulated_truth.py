"""The true area of a scene is that of its own product, however roughly the project dates it."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import yaml
from shapely.geometry import box

from trimline.files import write_json
from trimline.outlines import write_outlines
from trimline.project import load_project
from trimline.study.simulated_truth import true_areas

PRODUCTS = {"a": "S2A_MSIL1C_20160820T043742_N0500_R061_T45TTJ_20230712T063000.SAFE", "b": "S2_20170825.tif"}


def test_scenes_dated_by_their_year_have_the_truth_of_their_product(tmp_path: Path) -> None:
    folder = tmp_path / "out/simulated/range"
    records = []
    for side_km, (name, product) in enumerate(PRODUCTS.items(), start=1):
        (folder / product).mkdir(parents=True)
        square = box(300_000, 4_800_000, 300_000 + 1000 * side_km, 4_800_000 + 1000)
        write_outlines(
            gpd.GeoDataFrame({"glac_id": [name]}, geometry=[square], crs="EPSG:32645"), folder / f"{name}.gpkg"
        )
        records.append({"product": product, "outlines": f"{name}.gpkg"})
    write_json(folder / "truth.json", {"scenes": records})
    scenes = [
        {
            "id": "a",
            "path": "${output}/simulated/range/S2A_*_2016*",
            "date": "2016",
            "period": "2016",
            "sensor": "sentinel-2-msi",
        },
        {
            "id": "b",
            "path": "${output}/simulated/range/S2_2017*",
            "date": "2017",
            "period": "2017",
            "sensor": "sentinel-2-msi",
        },
    ]
    content = {
        "name": "small",
        "output": "out",
        "scenes": scenes,
        "periods": [{"name": year, "first": year, "last": year} for year in (2016, 2017)],
        "simulate": [{"name": "range", "scenes": [{"date": "2016-08-20", "sensor": "sentinel-2-msi"}]}],
    }
    (tmp_path / "project.yaml").write_text(yaml.safe_dump(content))
    project = load_project(tmp_path / "project.yaml")
    nothing = gpd.GeoDataFrame({"period": [], "scene_ids": [], "area_km2": []}, geometry=[], crs="EPSG:32645")
    table = true_areas(project, nothing, {"2016": ["a"], "2017": ["b"]})
    found = table[table["level"] == "region"].set_index("period")["true_km2"]
    assert found["2016"] == pytest.approx(1.0, rel=2e-3)
    assert found["2017"] == pytest.approx(2.0, rel=2e-3)
