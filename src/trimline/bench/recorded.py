"""Results of benchmarks as they are kept: figures, and by what command, on what machine and when they came about."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from trimline.errors import TrimlineError
from trimline.files import write_json

FULL, QUICK = "results.json", "results-quick.json"
"""Files of results: of the full forms, and of the quick ones."""

_PACKAGES = ("trimline", "numpy", "gdal", "openvino", "torch", "monai", "odc-stac", "exactextract", "geopandas")
_FLAGS = {"amx_bf16": "AMX", "avx512_bf16": "AVX512-BF16"}


class Recorded(BaseModel):
    """One run of one benchmark."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: str
    machine: str
    date: str
    versions: dict[str, str]
    load: float
    """Processes that were at work on the machine as it ended: much more than its cores means that others were at it."""
    figures: dict[str, float | None]

    @classmethod
    def now(cls, command: str, figures: Mapping[str, float]) -> Self:
        """Return the record of figures that were measured just now, on this machine."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
        return cls(
            command=command,
            machine=machine(),
            date=datetime.now(UTC).date().isoformat(),
            versions=versions(),
            load=round(load, 1),
            figures=dict(figures),
        )

    def known(self) -> dict[str, float]:
        """Return the figures that are numbers."""
        return {key: value for key, value in self.figures.items() if value is not None}


def read_results(path: Path) -> dict[str, Recorded]:
    """Return results by the name of the benchmark; none where there is no such file.

    Raises
    ------
    TrimlineError
        The file holds something else.
    """
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: Recorded.model_validate(each) for name, each in content.items()}
    except (ValueError, AttributeError) as error:
        raise TrimlineError(f"holds no results of benchmarks: {error}", where=path) from error


def write_results(path: Path, results: Mapping[str, Recorded]) -> None:
    """Write results, as `read_results` reads them."""
    write_json(path, {name: results[name].model_dump() for name in sorted(results)})


def machine() -> str:
    """Return the processor and cores of this machine, and which arithmetic of half precision it has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    parts = (line.partition(":") for line in lines)
    told = {key.strip(): value.strip() for key, _, value in parts}
    name = told.get("model name") or platform.processor() or platform.machine()
    family = f", family {told['cpu family']}, model {told['model']}" if {"cpu family", "model"} <= set(told) else ""
    flags = [text for flag, text in _FLAGS.items() if flag in told.get("flags", "").split()]
    return f"{cores} cores, {name}{family}, {' and '.join(flags) or 'no arithmetic in bfloat16'}"


def versions() -> dict[str, str]:
    """Return the versions of what figures depend on, of what is installed."""
    import rasterio

    found = {"python": platform.python_version(), "gdal": rasterio.__gdal_version__}
    for package in _PACKAGES:
        try:
            found.setdefault(package, version(package))
        except PackageNotFoundError:
            continue
    return found
