"""Sentinel-2 SAFE products: recognised, and refused with an alternative."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

from trimline.errors import ProductError
from trimline.scenes.given import Given
from trimline.scenes.reader import Reader

_NAME = re.compile(r"S2[A-D]_(MSI|OPER_PRD_MSI)\w+(\.SAFE)?(\.zip)?", re.IGNORECASE)
_METADATA = re.compile(r"MTD_MSIL(1C|2A)\.xml", re.IGNORECASE)


def recognises(path: Path) -> bool:
    """Whether a path is a SAFE folder, its metadata file, or such a folder as a zip archive."""
    if path.is_dir():
        return path.suffix.upper() == ".SAFE" or any(_METADATA.fullmatch(each.name) for each in path.iterdir())
    return _METADATA.fullmatch(path.name) is not None or (
        path.suffix.lower() == ".zip" and _NAME.fullmatch(path.name) is not None
    )


def _refuse(path: Path, _given: Given) -> NoReturn:
    raise ProductError(
        "this is a Sentinel-2 product in SAFE format, which is not read yet",
        where=path,
        remedy="stack its bands into one GeoTIFF, name them B2, B3, ... in the band descriptions, and open that with "
        "sensor sentinel-2-msi, scale 0.0001, offset 0 (-1000 since processing baseline 04.00) and nodata 0",
    )


SAFE = Reader("Sentinel-2 SAFE", recognises, _refuse, _refuse)
"""Sentinel-2 Level-1C and Level-2A in ESA's format."""
