"""A study so small that every stage takes about a second, with a network of its own and all measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_DATES = {"1986-1988": ("LT05", "19880820"), "2016-2018": ("LC08", "20180823")}
_SENSORS = {"LT05": "landsat-5-tm", "LC08": "landsat-8-oli"}

STUDY: dict[str, Any] = {
    "name": "faults",
    "title": "A range to be disturbed",
    "output": "out",
    "seed": 3,
    "authors": [{"family-names": "Chen", "given-names": "Jia"}],
    "license": "CC-BY-4.0",
    "dem": "${output}/simulated/range/dem.tif",
    "periods": [{"name": name, "first": int(name[:4]), "last": int(name[5:])} for name in _DATES],
    "simulate": [
        {
            "name": "range",
            "size": 64,
            "seed": 7,
            "rise_m_per_a": 8,
            "scenes": [
                {"date": f"{day[:4]}-{day[4:6]}-{day[6:]}", "sensor": _SENSORS[short], "snow": 0}
                for short, day in _DATES.values()
            ],
        }
    ],
    "scenes": [
        {
            "id": f"S{day[:4]}",
            "path": f"${{output}}/simulated/range/{short}_L1TP_139036_{day}_20200917_02_T1",
            "truth": f"${{output}}/simulated/range/outlines_{day}.gpkg",
            "period": period,
        }
        for period, (short, day) in _DATES.items()
    ],
    "samples": {"tile": 16},
    "split": {"by": "blocks", "validation": 0.2},
    "methods": [
        "band_ratio",
        {
            "name": "unet",
            "network": "unet",
            "arguments": {"widths": [2, 4]},
            "recipe": {"base": "strong", "epochs": 1, "precision": "fp32"},
        },
    ],
    "thresholds": [1.5, 2.0],
    "experiments": [{"name": "again", "methods": ["band_ratio"], "split": {"by": "blocks", "validation": 0.2}}],
    "map": {"window": 64, "method": "unet"},
    "glaciers": {"divides": "draw"},
    "terminus": {"methods": ["main_axis"], "lines": 3},
}
"""The project: two simulated Landsat products of 64 x 64 pixels, thirty years apart."""


def write_study(folder: Path, **changes: Any) -> Path:
    """Write the project file, and return its path."""
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({**STUDY, **changes}))
    return path
