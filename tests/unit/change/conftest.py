"""Small glaciers that the tests of change share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import geopandas as gpd
import numpy as np
import pytest
import shapely

SeriesOf = Callable[..., gpd.GeoDataFrame]


@pytest.fixture(scope="session")
def series_of() -> SeriesOf:
    """Return a function that makes a long table of polygons: one glacier each, in one period unless said otherwise."""

    def make(
        geometries: Sequence[shapely.Geometry],
        glac_id: Sequence[str] | None = None,
        period: Sequence[str] | str = "1986-1988",
        subregion: Sequence[str] | str = "all",
        src_year: Sequence[float] | float = 1987.5,
        crs: object = 32646,
    ) -> gpd.GeoDataFrame:
        ids = list(glac_id) if glac_id is not None else [f"g{i}" for i in range(len(geometries))]
        columns = {"glac_id": ids, "period": period, "subregion": subregion, "src_year": src_year}
        return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)

    return make


@pytest.fixture(scope="session")
def shrinking(series_of: SeriesOf) -> gpd.GeoDataFrame:
    """Return eight round glaciers of two subregions in three periods, two of them in contact, one gone at the end."""
    random = np.random.default_rng(7)
    places = [(5e5 + 4000.0 * i, 3.7e6 + 3000.0 * (i % 3)) for i in range(8)]
    radii = random.uniform(150, 1800, 8)
    rows = []
    for k, (period, year) in enumerate((("1986-1988", 1987.6), ("2001-2003", 2002.4), ("2019-2021", 2020.7))):
        discs = [
            shapely.Point(place).buffer(radius * (1 - 0.1 * k)) for place, radius in zip(places, radii, strict=True)
        ]
        # The second glacier takes what it shares with the first.
        discs[1] = shapely.Point(places[0]).buffer(1500.0 - 100 * k).difference(discs[0])
        for i, disc in enumerate(discs):
            if (i, k) != (7, 2):
                rows.append((disc, f"g{i}", period, "north" if i < 5 else "south", year + 0.05 * i))
    geometries, *columns = zip(*rows, strict=True)
    return series_of(geometries, *columns)
