"""The example `swiss`: glaciers of 1973 and 2016 that elevation models cover wholly, or a simulated range."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from trimline.examples.described import Described

YEARS = (1973, 2016)
LENGTHS = "length_change.csv"
_LENGTH_COLUMNS = ("name", "sgi_id", "date_start", "date_end", "change_m", "tongue_m")
_MEASURED = ("area_km2", "length_km", "slope_deg", "aspect_deg", "zmin_m", "zmax_m", "zmean_m", "zmed_m")

_REAL = (
    "Swiss Glacier Inventories 1973 and 2016 with attributes, and field-measured length changes: GLAMOS, free with its "
    "name as the source for scientific and non-commercial use, as collected by josephmillington.github.io from vector "
    "tiles (0.4 m). EPSG:2056. Elevation: NASADEM of about 2000, 30 m, EPSG:4326, public domain. Only glaciers are "
    "here that one elevation model covers wholly in both years."
)
_SIMULATED = (
    "A simulated range whose glaciers retreat from 1973 to 2016, with the columns of the Swiss Glacier Inventory. "
    "EPSG:32646; the elevation model is the surface of 1973. The attributes of 2016 are measured on it by trimline "
    "itself, so comparing them with trimline's proves nothing. Free to use."
)
_IDS = "sgi_id is the glacier's id in both years."
_NO_LENGTHS = "Nobody measured lengths on simulated ground: the table of length changes has its columns and no rows."


def described(is_real: bool) -> Described:
    """Return what the files are."""
    source = "of the inventory" if is_real else "measured by trimline"
    files = {
        "1973.gpkg": "outlines of 1973: sgi_id, area_km2",
        "2016.gpkg": f"outlines of 2016: sgi_id, name, and attributes {source}",
        "dem": "elevation models [m]",
        LENGTHS: "length changes measured in the field [m]"
        if is_real
        else "columns of measured length changes, no rows",
    }
    return Described(_REAL if is_real else _SIMULATED, files, (_IDS,) if is_real else (_IDS, _NO_LENGTHS))


def from_data(data: Path, folder: Path) -> None:
    """Write the glaciers that an elevation model covers wholly in both years, with the models and measured lengths.

    Parameters
    ----------
    data
        The folder of real data.
    folder
        Where to write.
    """
    import geopandas as gpd
    from shapely.geometry import box

    from trimline.errors import ExampleError
    from trimline.outlines import write_outlines
    from trimline.reprojecting import reprojected
    from trimline.scenes.raster_opening import open_user_raster

    inventory = data / "swiss_inventory"
    then, now = (gpd.read_parquet(inventory / f"{year}.parquet") for year in YEARS)
    (folder / "dem").mkdir()
    kept: set[str] = set()
    for path in sorted((inventory / "dem").glob("*.tif")):
        with open_user_raster(path, ExampleError) as model:
            ground = box(*model.bounds)
            inside = [set(each.loc[reprojected(each, model.crs).within(ground), "sgi_id"]) for each in (then, now)]
        if covered := inside[0] & inside[1]:
            shutil.copyfile(path, folder / "dem" / path.name)
            kept |= covered
    for year, outlines in zip(YEARS, (then, now), strict=True):
        chosen = outlines[outlines["sgi_id"].isin(kept)].sort_values("sgi_id", ignore_index=True)
        write_outlines(chosen, folder / f"{year}.gpkg")
    with (inventory / LENGTHS).open(encoding="utf-8", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["sgi_id"] in kept]
    _write_lengths(folder, rows)


def simulated(folder: Path) -> None:
    """Simulate a range, and write its outlines of both years with attributes, its surface, and a table without rows.

    Parameters
    ----------
    folder
        Where to write.
    """
    from trimline.examples.simulated_outlines import NUMBER, outlines_through_years
    from trimline.glaciers import attributes, flow_lines
    from trimline.outlines import write_outlines
    from trimline.workplace import temporary_folder

    (folder / "dem").mkdir()
    with temporary_folder() as place:
        through = outlines_through_years(YEARS, place, seed=5, rise_m_per_a=4.0)
        shutil.copyfile(place / "dem.tif", folder / "dem" / "simulated.tif")
    model = folder / "dem" / "simulated.tif"
    for year, outlines in zip(YEARS, through, strict=True):
        numbers = outlines[NUMBER]
        named = outlines[["geometry"]].assign(glac_id=[f"S01-{number:02d}" for number in numbers])
        if year == YEARS[0]:
            own = named.assign(sgi_id=named["glac_id"], area_km2=outlines.area / 1e6)[
                ["sgi_id", "area_km2", "geometry"]
            ]
        else:
            known = attributes(named, model, flow_lines=flow_lines(named, model))
            own = known.assign(
                sgi_id=known["glac_id"],
                name=[f"Simulated Glacier {number}" for number in numbers],
                length_km=known["lmax_m"] / 1000.0,
                year=year,
            )[["sgi_id", "name", *_MEASURED, "year", "geometry"]]
        write_outlines(own, folder / f"{year}.gpkg")
    _write_lengths(folder, [])


def _write_lengths(folder: Path, rows: list[dict[str, str]]) -> None:
    with (folder / LENGTHS).open("w", encoding="utf-8", newline="") as table:
        writer = csv.DictWriter(table, _LENGTH_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
