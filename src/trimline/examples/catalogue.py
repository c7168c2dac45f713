"""The examples by name: what each is for, what it needs of the real data, and what to run next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Example:
    """One folder of inputs that a tutorial starts from."""

    name: str
    """As on the command line; also the folder's usual name."""
    summary: str
    """What the folder holds, in one line."""
    simulated_summary: str
    """The same of its simulated twin."""
    module: str
    """Where `from_data` and `simulated` are."""
    needs: tuple[str, ...]
    """Files and folders of the real data that it is taken from, within that folder."""
    next_steps: tuple[str, ...]
    """Commands to go on with; `{folder}` is where the example was written."""


EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        example.name: example
        for example in (
            Example(
                "vinciguerra",
                "Sentinel-2 images of one small glacier in 2019, 2020 and 2022, with masks drawn by hand",
                "simulated images of one small glacier in 2019, 2020 and 2022, as of Sentinel-2, with true masks",
                "trimline.examples.vinciguerra",
                tuple(f"vinciguerra/{year}{kind}.tif" for year in (2019, 2020, 2022) for kind in ("", "_label")),
                ("trimline info {folder}/2019.tif", "trimline outline {folder}/2019.tif -o out/2019"),
            ),
            Example(
                "glacier-national-park",
                "outlines of the same glaciers from the Little Ice Age to 2015, with published areas",
                "outlines of the glaciers of a simulated range from 1850 to 2015, with their areas",
                "trimline.examples.glacier_national_park",
                tuple(
                    f"glacier_national_park/outlines_{period}.geojson"
                    for period in ("lia", "1966", "1998", "2005", "2015")
                ),
                ("trimline change {folder}/outlines_1966.geojson {folder}/outlines_2015.geojson --id num -o change",),
            ),
            Example(
                "swiss",
                "outlines of 1973 and 2016 with an elevation model, an inventory's attributes, measured length change",
                "outlines of a simulated range in 1973 and 2016 with its elevation model, and attributes",
                "trimline.examples.swiss",
                (
                    "swiss_inventory/1973.parquet",
                    "swiss_inventory/2016.parquet",
                    "swiss_inventory/length_change.csv",
                    "swiss_inventory/dem",
                ),
                (
                    "trimline glaciers {folder}/2016.gpkg --dem {folder}/dem --id sgi_id -o glaciers",
                    "trimline terminus {folder}/1973.gpkg {folder}/2016.gpkg --dem {folder}/dem -o terminus",
                ),
            ),
        )
    }
)
"""Every example, in the order in which they are listed."""
