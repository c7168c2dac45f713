"""An archive of forty simulated candidates in four periods, of which twelve are good, and what the truth says of each.

The cloud cover that an item states is that of a whole scene, a hundred times as large as the range; it is drawn by
chance, and says nothing of the range. Of ten candidates of a period three are good, four have clouds over the ice, and
three lie under fresh snow.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rasterio.features import rasterize

import trimline
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange
from trimline.simulate import RangeManifest, write_range
from trimline.simulate.archive import make_archive

PERIODS: Mapping[str, Sequence[str]] = {
    "1988-1990": ("landsat-5-tm",),
    "1999-2001": ("landsat-5-tm", "landsat-7-etm"),
    "2008-2010": ("landsat-5-tm", "landsat-7-etm"),
    "2016-2018": ("landsat-8-oli", "sentinel-2-msi"),
}
"""Periods and the sensors of their candidates."""
OF_A_PERIOD = 10
"""Candidates of one period."""
GOOD_OF_A_PERIOD = 3
SIZE, PIXEL_M = 192, 10.0
LEFT, TOP = 500_000.0, 3_800_000.0
EPSG = 32646
BLOCK = 128
"""Side of a block of the archive's COGs [pixels]."""

_KINDS = ("good", "snow", "cloud", "good", "snow", "cloud", "good", "snow", "cloud", "cloud")
_GOOD_CLOUD, _GOOD_SNOW, _GOOD_UNSEEN = 0.08, 0.1, 0.05


@dataclass(frozen=True)
class Truth:
    """What is true of one candidate: shares, 0 to 1."""

    product: str
    """Product id."""
    period: str
    cloud_over_ice: float
    snow_off_ice: float
    unseen_ice: float
    stated_cloud_cover: float
    """[percent], as its item says of the whole scene."""

    @property
    def is_good(self) -> bool:
        """Whether little of the ice is under cloud or missing, and little snow lies off the ice."""
        return (
            self.cloud_over_ice <= _GOOD_CLOUD and self.snow_off_ice <= _GOOD_SNOW and self.unseen_ice <= _GOOD_UNSEEN
        )


@dataclass(frozen=True)
class Candidates:
    """The archive, the products that it was made of, and the truth."""

    archive: Path
    manifest: RangeManifest
    truth: Mapping[str, Truth]
    """By time of the acquisition (`1988-08-10`), which is that of one candidate only."""

    @property
    def good(self) -> set[str]:
        """Dates of the good candidates."""
        return {date for date, truth in self.truth.items() if truth.is_good}

    def product(self, date: str) -> Path:
        """Return the product of a date."""
        record = next(each for each in self.manifest.scenes if each.date == date)
        return self.manifest.folder / record.product

    def outlines(self, date: str) -> Path:
        """Return the true outlines of a date."""
        record = next(each for each in self.manifest.scenes if each.date == date)
        return self.manifest.folder / record.outlines


def make_candidates(folder: Path, periods: Sequence[str] = tuple(PERIODS)) -> Candidates:
    """Simulate the candidates of some periods, and lay them out as an archive in `folder`."""
    looks = [look for period in periods for look in _looks(period)]
    settings = {
        "name": "range",
        "environment": "cold-dry",
        "size": SIZE,
        "resolution_m": PIXEL_M,
        "seed": 3,
        "first_year": 1988,
        "rise_m_per_a": 2.0,
        "upper_left": (LEFT, TOP),
        "epsg": EPSG,
        "scenes": looks,
    }
    manifest = write_range(SimulatedRange.model_validate(settings), folder / "range", progress=False)
    chance = random.Random(20)  # noqa: S311 - a draw that can be repeated
    truth, stated = {}, {}
    for record in manifest.scenes:
        scene = trimline.open_scene(manifest.folder / record.product)
        cover = round(chance.uniform(1.0, 60.0), 1)
        stated[scene.id] = {"eo:cloud_cover": cover}
        period = next(each for each in periods if each[:4] <= record.date[:4] <= each[5:])
        truth[record.date] = Truth(scene.id, period, *_shares(scene, manifest.folder / record.outlines), cover)
    products = [manifest.folder / record.product for record in manifest.scenes]
    catalogue = make_archive(folder / "archive", products, block=BLOCK, stated=stated)
    return Candidates(catalogue.parent, manifest, truth)


def _looks(period: str) -> list[dict[str, Any]]:
    sensors = PERIODS[period]
    looks = []
    for number in range(OF_A_PERIOD):
        kind, sensor = _KINDS[number], sensors[number % len(sensors)]
        if kind == "good" and sensor == "landsat-7-etm" and period > "2003":
            sensor = "landsat-5-tm"  # without gaps
        cloud = {"good": 0.02 * (number // 3), "snow": 0.0, "cloud": 0.4 + 0.07 * (number % 4)}[kind]
        look = {
            "date": f"{int(period[:4]) + (2 * number + number // 3) % 3}-08-{12 + number:02d}",
            "sensor": sensor,
            "cloud_fraction": cloud,
            "snow": 60.0 if kind == "snow" else 1.0,
        }
        if sensor == "sentinel-2-msi":
            look |= {"format": "safe", "level": "L2A", "baseline": "05.00"}
        looks.append(look)
    return looks


def _shares(scene: trimline.Scene, outlines: Path) -> tuple[float, float, float]:
    """Return the share of the ice under cloud, of the ground under snow, and of the ice that is missing."""
    glaciers = read_outlines(outlines).to_crs(EPSG)
    ice = rasterize(glaciers.geometry, out_shape=scene.geobox.shape, transform=scene.geobox.transform).astype(bool)
    quality = scene.quality()
    cloud, fill, snow = (quality[name].to_numpy().astype(bool) for name in ("cloud", "fill", "snow"))
    off_ice = ~ice & ~cloud & ~fill
    return float(cloud[ice].mean()), float(snow[off_ice].mean()), float(fill[ice].mean())


def is_clear_cut(truth: Mapping[str, Truth]) -> bool:
    """Whether the good candidates are far better than all others, so that nobody could argue about the twelve."""
    bad = [each for each in truth.values() if not each.is_good]
    return all(
        each.cloud_over_ice >= 2 * _GOOD_CLOUD or each.snow_off_ice >= 1.5 * _GOOD_SNOW or each.unseen_ice >= 0.1
        for each in bad
    )


def best_by_stated_cover(truth: Mapping[str, Truth], periods: Sequence[str]) -> set[str]:
    """Return the dates that scene cloud cover alone would choose: the lowest of each period."""
    chosen = set()
    for period in periods:
        of_period = sorted((each.stated_cloud_cover, date) for date, each in truth.items() if each.period == period)
        chosen |= {date for _, date in of_period[:GOOD_OF_A_PERIOD]}
    return chosen
