"""What trimline is measured by: each benchmark in one file, against what people use now, in one run.

Machines are shared and noisy, so every benchmark times its contenders in turn and hands out ratios of medians;
seconds alone are never quoted. Adding a benchmark is its file and one entry in `BENCHMARKS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BENCHMARKS: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": "Outlines of real glaciers, against those drawn by hand, beside thresholds that people use now.",
        "read": "A Landsat product and a Sentinel-2 tile become reflectance, against plain rasterio and NumPy.",
        "map": "A scene becomes outlines, against the bare network, MONAI and tiles that overlap by half.",
        "change": "Outlines of twelve periods become areas with errors, against a row-by-row GeoPandas loop.",
        "glaciers": "Outlines and an elevation model become attributes, against a loop of rasterised masks.",
        "train": "Samples become weights, against the bare forward and backward pass, and a DataLoader of GeoTIFFs.",
        "fetch": "Windows of scenes come from a server, against odc-stac and one request after another.",
        "review": "10 000 outlines of twelve periods in a browser, against all outlines in one GeoJSON file.",
        "simulator": "Percentiles of simulated reflectance by class and band, beside those of hand-classed points.",
    }
)
"""The benchmarks by name; `trimline.bench.<name>` has a `measure` for each, and a `table` where its figures
are not shown one by one."""

__all__ = ["BENCHMARKS"]
