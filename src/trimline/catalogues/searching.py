"""Search of catalogues: scenes of the periods over a region, by season, sensor, level, tile and cloud cover.

A catalogue is asked for what it can filter itself: region, time and, where it has a way to, cloud cover. The rest is
filtered here, and the whole once more, as catalogues differ in what they mean.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from itertools import islice
from typing import Any

import shapely

from trimline.catalogues.archive import Archive
from trimline.catalogues.candidate import Candidate
from trimline.catalogues.conditions import REMEDIES, Conditions, Reason
from trimline.catalogues.login import Login
from trimline.catalogues.passes import newest_of_each_pass
from trimline.catalogues.reading import is_of_known_mission, read_candidate
from trimline.catalogues.region_query import region_on_earth, region_query
from trimline.catalogues.registry import archive_of, transport_for
from trimline.catalogues.stac_api import ApiIO, collection_ids, collections_there, items_of_api, open_api
from trimline.catalogues.static_catalogue import Walk
from trimline.errors import CatalogueError, RemoteError, shortened
from trimline.melt_season import WHOLE_YEAR, melt_season_at
from trimline.project.names import nearest_name
from trimline.project.searching import SearchSettings
from trimline.remote.address import scheme_of, shown
from trimline.remote.signing import unsigned
from trimline.remote.transport import Transport
from trimline.sensors import SENSORS

_LOG = logging.getLogger(__name__)

_LONGEST_NOTE = 300
_MISSION = re.compile(r"landsat|sentinel[-_]?2|\b(s2|l[cet]0[4-9])", re.IGNORECASE)
MOST_TO_EXPLAIN = 5000
"""Items that are looked through to say why a search found nothing."""


@dataclass(frozen=True)
class SearchResult:
    """What a search found."""

    candidates: tuple[Candidate, ...]
    """By time, then id; of each pass the newest processing."""
    notes: tuple[str, ...]
    """What could not be read, and was left out."""


@dataclass
class _Gathered:
    """What the catalogues have sent so far."""

    found: dict[tuple[str, str, str], Candidate] = field(default_factory=dict)
    """By catalogue, collection and id."""
    reasons: dict[tuple[str, str, str], Reason] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)
    """Collections of the settings that a catalogue lacks, by catalogue."""
    known: list[str] = field(default_factory=list)
    """Collections that the catalogues have."""

    def note(self, text: str) -> None:
        """Keep a note, once, and in one line: it may quote what a server sent."""
        plain = shortened(text, _LONGEST_NOTE)
        if plain not in self.notes:
            self.notes.append(plain)

    def take(self, item: Any, catalogue: str, conditions: Conditions) -> None:
        """Keep an item as a candidate, or the reason why it is none."""
        if not isinstance(item, Mapping):
            self.note(f"{catalogue}: an item is no JSON object")
            return
        key = catalogue, str(item.get("collection")), str(item.get("id"))
        if key in self.found or key in self.reasons:
            return
        if not is_of_known_mission(item):
            self.reasons[key] = "mission"
            return
        try:
            candidate = read_candidate(item, catalogue)
        except CatalogueError as error:
            self.note(f"{error.where or catalogue}: {error.what}")
            return
        reason = conditions.removed_by(candidate)
        if reason is None:
            self.found[key] = candidate
        else:
            self.reasons[key] = reason


def search(
    settings: SearchSettings,
    region: shapely.Geometry,
    periods: Sequence[tuple[str, int, int]],
    *,
    transport: Transport | None = None,
) -> SearchResult:
    """Search catalogues for the scenes of some periods.

    Parameters
    ----------
    settings
        Catalogues and conditions.
    region
        Polygons in degrees (EPSG:4326), whatever meridian their longitudes are counted from.
    periods
        Name, first year and last year of each.
    transport
        What reads static catalogues; None means that of each catalogue.

    Raises
    ------
    CatalogueError
        A catalogue does not exist, does not answer or has no such collection; or no scene fits, and the message says
        which condition removed how many.

    Examples
    --------
    >>> import shapely
    >>> from trimline.catalogues import search
    >>> from trimline.project import SearchSettings
    >>> settings = SearchSettings(catalogues="earth-search", level="L2", cloud_cover=60)
    >>> region = shapely.box(84.5, 43.6, 84.9, 43.8)
    >>> result = search(settings, region, [("2020", 2019, 2021)])
    >>> [(each.id, each.cloud_cover) for each in result.candidates]
    """
    ground = region_on_earth(region)
    conditions = Conditions(
        region=ground,
        years=_years(settings, periods),
        season=_season(settings, ground),
        sensors=settings.sensors or _with_swir(),
        level=settings.level,
        tiles=settings.tiles,
        cloud_cover=settings.cloud_cover,
    )
    gathered = _gather(settings, conditions, transport)
    _check_collections(settings, gathered)
    candidates, replaced = newest_of_each_pass(gathered.found.values())
    for note in gathered.notes:
        _LOG.warning("search: left out: %s", note)
    if replaced:
        _LOG.info("search: %d scenes are older processings of a pass that is there newer", len(replaced))
    if not candidates:
        raise _nothing(settings, conditions, gathered, transport)
    return SearchResult(tuple(candidates), tuple(gathered.notes))


def _gather(
    settings: SearchSettings, conditions: Conditions, transport: Transport | None, *, wide: bool = False
) -> _Gathered:
    """Take what all catalogues offer; one that cannot be read is told, and an error where no other can."""
    gathered, unreached = _Gathered(), []
    for catalogue in settings.catalogues:
        try:
            offered = _offered(settings, conditions, catalogue, transport, gathered, wide)
            for item in islice(offered, MOST_TO_EXPLAIN if wide else None):
                gathered.take(item, catalogue, conditions)
        except (CatalogueError, RemoteError) as error:
            unreached.append(error)
            gathered.note(f"{shown(catalogue)}: not searched to its end: {error.what}")
    if len(unreached) == len(settings.catalogues):
        raise unreached[0]
    return gathered


def _offered(
    settings: SearchSettings,
    conditions: Conditions,
    catalogue: str,
    transport: Transport | None,
    gathered: _Gathered,
    wide: bool,
) -> Iterator[Any]:
    """Yield what a catalogue offers over the region; where `wide`, whatever season and cloud cover."""
    archive = archive_of(catalogue)
    address = catalogue if archive is None else archive.address
    wanted = _wanted_collections(settings, conditions, archive)
    if archive is not None and not wanted:
        what = f"{', '.join(conditions.sensors)}{f' at level {settings.level}' if settings.level else ''}"
        gathered.note(f"{archive.name}: it holds no collection of {what}")
        return
    io = ApiIO(Login() if archive is None else unsigned)
    client = open_api(address, io) if scheme_of(address) in ("http", "https") else None
    if client is None:
        walk = Walk(transport or transport_for(catalogue), conditions.region, conditions.years, gathered.note, wanted)
        yield from walk.items(address)
        gathered.known.extend(walk.seen_collections)
        gathered.missing[catalogue] = [name for name in wanted if name not in walk.seen_collections]
        return
    # Of an API that is not known, and may hold hundreds of collections, those that are of the missions by their names.
    there = collections_there(client, wanted, address) if wanted else _likely(collection_ids(client, address))
    gathered.missing[catalogue] = [name for name in wanted if name not in there]
    gathered.known.extend(there)
    if gathered.missing[catalogue]:
        gathered.known.extend(collection_ids(client, address))
    if wanted and not there:
        return
    season = WHOLE_YEAR if wide else conditions.season
    for span in _spans(conditions.years, season):
        yield from items_of_api(
            client,
            io,
            collections=there,
            intersects=region_query(conditions.region),
            span=span,
            cloud_cover=None if wide or settings.cloud_cover >= 100 else settings.cloud_cover,
            where=address,
        )


def _wanted_collections(settings: SearchSettings, conditions: Conditions, archive: Archive | None) -> tuple[str, ...]:
    if settings.collections is not None:
        return settings.collections
    return () if archive is None else archive.collections(conditions.sensors, settings.level)


def _likely(collections: Sequence[str]) -> list[str]:
    """Return the collections whose names say Landsat or Sentinel-2; none, which means all, where no name does."""
    return [name for name in collections if _MISSION.search(name)]


def _check_collections(settings: SearchSettings, gathered: _Gathered) -> None:
    """Raise where a collection of the settings is in no catalogue."""
    for name in settings.collections or ():
        if gathered.missing and all(name in missing for missing in gathered.missing.values()):
            raise CatalogueError(
                f"there is no collection '{name}'",
                where=", ".join(shown(each) for each in gathered.missing),
                remedy=nearest_name(name, sorted(set(gathered.known))),
            )


def _nothing(
    settings: SearchSettings, conditions: Conditions, gathered: _Gathered, transport: Transport | None
) -> CatalogueError:
    """Return the error of a search without a result, after looking at what season and cloud cover removed."""
    wide = _gather(settings, conditions, transport, wide=True)
    reasons = list(wide.reasons.values())
    found = Counter(reason for reason in reasons if reason not in ("region", "years"))
    where = ", ".join(shown(each) for each in settings.catalogues)
    unread = f"; {len(gathered.notes)} could not be read" if gathered.notes else ""
    what = f"no scene fits: {conditions.told(reasons)}{unread}"
    if found:
        return CatalogueError(what, where=where, remedy=REMEDIES[found.most_common(1)[0][0]])
    west, south, east, north = conditions.region.bounds
    years = ", ".join(f"{first}-{last}" if first != last else str(first) for first, last in conditions.years)
    return CatalogueError(
        what,
        where=where,
        remedy=f"check the region ({west:.2f} to {east:.2f} degrees east, {south:.2f} to {north:.2f} north) and the "
        f"years ({years}), or name other collections or catalogues",
    )


def _with_swir() -> tuple[str, ...]:
    """Return the sensors with a short-wave infrared band, which ice is told from cloud by."""
    return tuple(name for name, sensor in SENSORS.items() if "swir1" in sensor.by_common_name)


def _years(settings: SearchSettings, periods: Sequence[tuple[str, int, int]]) -> tuple[tuple[int, int], ...]:
    """Return first and last years, joined where they meet."""
    spans = [settings.years] if settings.years is not None else [(first, last) for _, first, last in periods]
    if not spans:
        raise CatalogueError("there are no years to search", remedy="give the project periods, or search.years")
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if first > last:
            raise CatalogueError(f"the years end in {last}, before they begin in {first}", remedy="swap them")
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def _season(settings: SearchSettings, region: shapely.Geometry) -> tuple[str, str]:
    """Return first and last day of the season, and say them where they are taken from the latitude."""
    if settings.season == "all":
        return WHOLE_YEAR
    if settings.season != "melt":
        return settings.season
    latitude = float(shapely.centroid(region).y)
    first, last = melt_season_at(latitude)
    _LOG.info(
        "search: the melt season is taken as %s to %s, at %.1f degrees %s (search.season sets another)",
        first,
        last,
        abs(latitude),
        "north" if latitude >= 0 else "south",
    )
    return first, last


def _spans(years: Sequence[tuple[int, int]], season: tuple[str, str]) -> list[tuple[datetime, datetime]]:
    """Return first and last moments of a season in some years, joined where they follow each other."""
    first, last = season
    parts = [(first, last)] if first <= last else [("01-01", last), (first, "12-31")]
    days = [
        (_day(year, begin, later=True), _day(year, end, later=False))
        for begun, ended in years
        for year in range(begun, ended + 1)
        for begin, end in parts
    ]
    joined: list[tuple[date, date]] = []
    for begin, end in days:
        if joined and begin <= joined[-1][1] + timedelta(days=1):
            joined[-1] = joined[-1][0], end
        else:
            joined.append((begin, end))
    return [
        (datetime.combine(begin, time_of_day(), UTC), datetime.combine(end, time_of_day(23, 59, 59), UTC))
        for begin, end in joined
    ]


def _day(year: int, month_day: str, *, later: bool) -> date:
    """Return a day of a year; for 29 February where there is none, the day after or before it."""
    month, day = (int(part) for part in month_day.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, 3, 1) if later else date(year, 2, 28)
