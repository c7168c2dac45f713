"""One glacier at a time: what its ground is like, where it ends, how long it is, and how that changes.

The room takes outlines keyed by glac_id and an elevation model, and returns tables and GeoDataFrames keyed the same.
`attributes` gives those of RGI 7.0, and `area_sums` the areas by polygons beside those by pixels; `hypsometry` and
`aspects` give the area by elevation band and by the eight aspects, `band_totals` their sums over glaciers, and
`change_by_band` their change. `ElevationModel` reads heights on the model's own grid.
"""

from __future__ import annotations

from trimline.glaciers.band_change import CHANGE_BY_BAND_COLUMNS, band_totals, change_by_band
from trimline.glaciers.bands_and_aspects import SECTORS, aspects, hypsometry
from trimline.glaciers.elevation import Elevation, ElevationModel, open_models
from trimline.glaciers.rgi_attributes import LEAST_SHARE, area_sums, attributes

__all__ = [
    "CHANGE_BY_BAND_COLUMNS",
    "LEAST_SHARE",
    "SECTORS",
    "Elevation",
    "ElevationModel",
    "area_sums",
    "aspects",
    "attributes",
    "band_totals",
    "change_by_band",
    "hypsometry",
    "open_models",
]
