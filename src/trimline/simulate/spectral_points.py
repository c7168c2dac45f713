"""Hand-classed points of satellite images, and the statistics that spectra are drawn from.

The points are those published with glacier-snow-cover-mapping (RaineyAbe on GitHub, MIT): snow, shadowed snow, ice,
rock or debris, and water on Gulkana, Wolverine, South Cascade and Sperry glaciers, June to August 2021, as Sentinel-2
reflectance at the top of the atmosphere and of the surface, and Landsat reflectance of the surface. `spectra.json`
beside this file holds what `derive` makes of them; the points themselves are not in the package.

One spectrum stands 680 times among the Sentinel-2 points of Wolverine, as ice, as rock and as shadowed snow, and 955
points of snow there repeat those of Gulkana. Spectra under more than one class are left out, and repeated ones count
once.

A class more is made of them: rock, the points of rock or debris that hold neither snow nor ice by their spectrum.
Among the points, which lie near glaciers, 4 to 8 % do hold some, as debris on ice does and as open ground does not.

For each class and band the table has percentiles, and loadings of the bands on a few common factors: the leading
eigenvectors of the correlation of normal scores. A spectrum drawn through them has the percentiles of each band and
nearly the correlation between bands (a Gaussian copula).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from trimline.errors import SimulationError
from trimline.files import StrPath

if TYPE_CHECKING:
    import pandas as pd

PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
FACTORS = 3
"""Common factors of the bands."""
CLASSES = ("snow", "shadowed snow", "ice", "rock or debris", "water")
BARE, LARGEST_NDSI_OF_BARE = "rock", 0.1
"""The class of bare rock, and its largest NDSI: the snow product of MODIS holds pixels below for free of snow (Riggs,
Hall and Román, 2017, Earth System Science Data 9, 765-777)."""
SOURCE = (
    "Percentiles and loadings of hand-classed points of Sentinel-2, published with glacier-snow-cover-mapping "
    "(RaineyAbe on GitHub, MIT); swir2 at the top of the atmosphere from swir1 by the ratio at the surface"
)

MSI_NAMES = {
    "B1": "coastal",
    "B2": "blue",
    "B3": "green",
    "B4": "red",
    "B5": "rededge1",
    "B6": "rededge2",
    "B7": "rededge3",
    "B8": "nir",
    "B8A": "nir08",
    "B9": "nir09",
    "B10": "cirrus",
    "B11": "swir1",
    "B12": "swir2",
}
OLI_NAMES = {
    "SR_B1": "coastal",
    "SR_B2": "blue",
    "SR_B3": "green",
    "SR_B4": "red",
    "SR_B5": "nir",
    "SR_B6": "swir1",
    "SR_B7": "swir2",
}
FILES = {"toa": ("sentinel2_toa.csv", MSI_NAMES), "surface": ("sentinel2_sr.csv", MSI_NAMES)}
"""File and names of the bands for each level."""
LANDSAT = ("landsat.csv", OLI_NAMES)

_DARKEST = 1e-4
_COMPLETE = 0.9
"""Share of the points that must have a band for it to be in the table of a class."""


def read_points(folder: StrPath, file: str, names: dict[str, str]) -> pd.DataFrame:
    """Return the points of one file, each spectrum once: `class`, and a column of reflectance per band.

    Raises
    ------
    SimulationError
        The file is absent.
    """
    import pandas as pd

    path = Path(folder) / "spectra" / file
    if not path.is_file():
        raise SimulationError(
            "the points are absent", where=path, remedy="set TRIMLINE_DATA to the folder that has spectra/"
        )
    points = pd.read_csv(path)
    points = points[["class", *(name for name in names if name in points)]].rename(columns=names).drop_duplicates()
    return points.drop_duplicates(points.columns.drop("class"), keep=False, ignore_index=True)


def derive(folder: StrPath) -> dict[str, Any]:
    """Return the content of `spectra.json` from the folder of the points; raises as `read_points` does."""
    points = {level: read_points(folder, *given) for level, given in FILES.items()}
    table: dict[str, Any] = {"source": SOURCE, "percentiles": list(PERCENTILES)}
    for level, frame in points.items():
        of_class = {name: frame[frame["class"] == name].drop(columns="class") for name in CLASSES}
        of_class[BARE] = _bare(of_class["rock or debris"])
        table[level] = {name: _class(each) for name, each in of_class.items()}
    for name in (*CLASSES, BARE):
        top, below = table["toa"][name]["bands"], table["surface"][name]["bands"]
        if "swir2" in below and "swir2" not in top:
            ratio = _median(below["swir2"]) / _median(below["swir1"])
            percentiles = [ratio * value for value in top["swir1"]["percentiles"]]
            top["swir2"] = {
                "percentiles": [float(f"{value:.4g}") for value in percentiles],
                "loadings": top["swir1"]["loadings"],
            }
    return table


def _bare(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points that hold neither snow nor ice."""
    green, swir1 = points["green"], points["swir1"]
    return points[green - swir1 <= LARGEST_NDSI_OF_BARE * (green + swir1)]


def _median(band: dict[str, Any]) -> float:
    return float(band["percentiles"][PERCENTILES.index(50)])


def _class(points: pd.DataFrame) -> dict[str, Any]:
    usual = points.loc[:, points.notna().mean() >= _COMPLETE].dropna()
    values = usual.to_numpy().clip(_DARKEST)
    loadings = _loadings(values)
    return {
        "points": len(usual),
        "bands": {
            band: {
                "percentiles": [float(f"{value:.4g}") for value in np.percentile(values[:, column], PERCENTILES)],
                "loadings": [round(float(each), 3) for each in loadings[column]],
            }
            for column, band in enumerate(usual.columns)
        },
    }


def _loadings(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (bands, factors) of unit rows: loadings of normal scores on their leading factors."""
    ranks = stats.rankdata(values, axis=0)
    scores = stats.norm.ppf((ranks - 0.5) / len(values))
    strength, vectors = np.linalg.eigh(np.corrcoef(scores.T))
    leading = vectors[:, ::-1][:, :FACTORS] * np.sqrt(strength[::-1][:FACTORS])
    leading *= np.where(leading.sum(axis=0) < 0, -1.0, 1.0)
    rows: NDArray[np.float64] = leading / np.linalg.norm(leading, axis=1, keepdims=True)
    return rows
