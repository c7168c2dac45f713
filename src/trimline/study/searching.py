"""Search for the scenes of a project: candidates of catalogues, looked at over the glaciers, chosen, and written down.

The choice stands in the project file afterwards, between two comments, for a person to edit; the folder ``search`` of
the output holds the catalogue's item of every candidate, a contact sheet, and all numbers of the choice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from trimline.catalogues import Candidate, search, transport_for
from trimline.catalogues.choosing import LEAST_GAIN, Choice, Ranked, chosen
from trimline.catalogues.ground import Ground, ground_of
from trimline.catalogues.item_file import write_item
from trimline.catalogues.looking import Look, looked_at
from trimline.catalogues.pictures import Picture, picture_of
from trimline.catalogues.region_query import region_on_earth
from trimline.errors import CatalogueError, ProductError, ProjectError, RemoteError, TrimlineError, shortened
from trimline.files import write_json
from trimline.melt_season import melt_season_at
from trimline.outlines import read_outlines
from trimline.progress import track
from trimline.project import Period, Project, SceneEntry
from trimline.project.searching import SearchSettings
from trimline.project.written_choice import (
    OfferedScene,
    OfferedScenes,
    chosen_before,
    edited_choice,
    require_place,
    write_choice,
    write_extending,
)
from trimline.remote import Transport
from trimline.study.archive_scenes import region_of
from trimline.timeline.preference import days_outside

_LOG = logging.getLogger(__name__)

FOLDER, FETCHED = "search", "fetched"
"""Folders within the output: of what a search writes, and of products that `trimline fetch` brings."""
SHEET, CHOICE = "candidates.html", "choice.json"
"""The contact sheet, and the numbers of the choice."""

_LONGEST_WHY = 300
"""Characters of the reason why a candidate could not be read."""
_AT_ONCE = 8
"""Candidates that are looked at at the same time; how many requests a server gets at once, the transport decides."""


@dataclass(frozen=True)
class SearchOutcome:
    """What a search of a project found, and what it wrote."""

    choices: tuple[Choice, ...]
    """Period by period."""
    notes: tuple[str, ...]
    """What was left out before candidates were looked at."""
    unread: tuple[tuple[str, str], ...]
    """Ids of candidates that could not be read, and why."""
    requests: int
    bytes: int
    """Requests and bytes that the looks took."""
    written: Path | None
    """The project file that the choice stands in; None where nothing was written."""
    is_kept: bool
    """Whether an edited choice was kept, so that the new one was not written."""
    sheet: Path | None
    kept: Mapping[str, str] | None = None
    """Of an edited choice that stays in the file, the period of each scene by its id; None where there is none."""

    def as_dict(self) -> dict[str, Any]:
        """Return the outcome for JSON."""
        return {
            "periods": [_of_choice(each) for each in self.choices],
            "notes": list(self.notes),
            "unread": [{"id": name, "why": why} for name, why in self.unread],
            "requests": self.requests,
            "bytes": self.bytes,
            "written": None if self.written is None else str(self.written),
            "edited_choice_kept": self.is_kept,
            "in_the_file": None if self.kept is None else dict(self.kept),
            "sheet": None if self.sheet is None else str(self.sheet),
        }


def search_project(
    path: Path,
    project: Project,
    *,
    to: Path | None = None,
    most: int | None = None,
    pictures: bool = True,
    dry_run: bool = False,
    replace: bool = False,
) -> SearchOutcome:
    """Search for the scenes of a project, choose among them, and write the choice into its file.

    Parameters
    ----------
    path
        The project file.
    project
        What it says.
    to
        A file of its own for the choice, which extends the project file; None means the project file.
    most
        Most scenes of one period and place; None means `search.most_scenes`.
    pictures
        Whether the contact sheet has a picture of each candidate.
    dry_run
        Whether nothing is written at all.
    replace
        Whether a choice that a person has edited is replaced.

    Raises
    ------
    ProjectError
        The project has no search, periods or region; or a choice cannot be written into its file, which is found before
        anything is searched.
    CatalogueError
        The catalogues have no scene that fits, or none that can be read.
    """
    settings = _settings_of(project)
    glaciers, region = _ground(project)
    if not dry_run:
        require_place(path, to, replace=replace)
    found = search(settings, region, [(each.name, each.first, each.last) for each in project.periods])
    ground = ground_of(glaciers, region)
    notes = list(found.notes)
    if not ground.has_glaciers:
        notes.append("the project has no inventory: cloud and snow are shares of the whole region, ice included")
        _LOG.warning("search: %s", notes[-1])
    transports = {name: transport_for(name) for name in sorted({each.catalogue for each in found.candidates})}
    looks, unread = _looks(found.candidates, ground, transports)
    days = _days_off_season(project, settings, region)
    of_period = _by_period(looks, project.periods)
    choices = tuple(
        chosen(of_period[each.name], each.name, most=most or settings.most_scenes, off_season=days)
        for each in project.periods
    )
    for choice in choices:
        _warn_of_gaps(choice)
    requests, read = (sum(getattr(each.counts, key) for each in transports.values()) for key in ("requests", "bytes"))
    file = path if to is None else to
    kept = edited_choice(file) if file.exists() and not replace else None
    sheet = written = None
    is_kept = False
    if not dry_run:
        folder = project.output / FOLDER
        for look in looks:
            write_item(look.candidate, folder / f"{look.candidate.id}.json")
        sheet = _write_sheet(folder / SHEET, project, choices, ground, transports, unread, kept, pictures)
        is_kept = not _write(path, to, choices, _by_hand(path, to, project), replace=replace)
        written = None if is_kept else file
    outcome = SearchOutcome(choices, tuple(notes), tuple(unread), requests, read, written, is_kept, sheet, kept)
    if not dry_run:
        write_json(project.output / FOLDER / CHOICE, outcome.as_dict())
    return outcome


def _settings_of(project: Project) -> SearchSettings:
    if project.search is None:
        raise ProjectError(
            "the project has no search",
            where=project.name,
            remedy="say where to look: search: {catalogues: earth-search}; `trimline search --list` names the archives",
        )
    if not project.periods:
        raise ProjectError(
            "scenes are searched for periods, and the project has none", where="periods", remedy="give periods"
        )
    return project.search


def _ground(project: Project) -> tuple[gpd.GeoDataFrame | None, shapely.Geometry]:
    """Return the glaciers, or None, and the region in degrees: that of the project, else the hull of the glaciers."""
    glaciers = None if project.inventory is None else read_outlines(project.inventory)
    region = region_of(project)
    if region is None:
        raise ProjectError(
            "nothing says where to search", where="region", remedy="give the project a region or an inventory"
        )
    return glaciers, region_on_earth(region)


def _looks(
    candidates: Sequence[Candidate], ground: Ground, transports: Mapping[str, Transport]
) -> tuple[list[Look], list[tuple[str, str]]]:
    """Look at all candidates; those that cannot be read are named and left out.

    Raises
    ------
    CatalogueError
        None of them can be read.
    """

    def look(candidate: Candidate) -> Look | TrimlineError:
        if f"{candidate.id}.json".casefold() == CHOICE:
            return CatalogueError(f"its id is the name of {CHOICE}, which the search writes", where=candidate.id)
        try:
            return looked_at(candidate, ground, transports[candidate.catalogue])
        except (RemoteError, ProductError) as error:
            return error.alone()

    unique = {each.id: each for each in reversed(candidates)}  # of two catalogues, the first
    ordered = sorted(unique.values(), key=lambda each: (each.time, each.id))
    looks: list[Look] = []
    unread: list[tuple[str, str]] = []
    error: TrimlineError | None = None
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for candidate, result in zip(
            ordered, track(pool.map(look, ordered), "looking at candidates", len(ordered)), strict=True
        ):
            if isinstance(result, Look):
                looks.append(result)
                continue
            error = result
            file = "" if result.where in (None, candidate.id) else f" ({result.where})"
            why = shortened(f"{result.what}{file}", _LONGEST_WHY)
            unread.append((candidate.id, why))
            _LOG.warning("search: left out: %s: %s", candidate.id, why)
    if not looks and error is not None:
        raise CatalogueError(
            f"none of {len(unread)} candidates can be read; {unread[-1][0]}: {unread[-1][1]}",
            where=ordered[-1].catalogue,
            remedy=error.remedy or "run again, or take another archive",
        )
    return looks, unread


def _by_period(looks: Sequence[Look], periods: Sequence[Period]) -> dict[str, list[Look]]:
    """Return the looks of each period: those of its years, and of other years those that are nearest to it."""
    of_period: dict[str, list[Look]] = {each.name: [] for each in periods}
    for look in looks:
        year = look.candidate.time.year
        nearest = min(periods, key=lambda each: max(each.first - year, year - each.last, 0))
        of_period[nearest.name].append(look)
    return of_period


def _days_off_season(project: Project, settings: SearchSettings, region: shapely.Geometry) -> Callable[[date], float]:
    """Return what gives the days by which a day lies outside the season of the search, or else the melt season."""
    given = settings.season if isinstance(settings.season, tuple) else project.timeline.melt_season
    season = given or melt_season_at(float(shapely.centroid(region).y))
    if settings.season == "all":
        _LOG.info("search: scenes from %s to %s are preferred (timeline.melt_season sets another season)", *season)
    return lambda day: float(days_outside(day.isoformat(), season))


def _warn_of_gaps(choice: Choice) -> None:
    """Warn where a period has no scene, and say how much ice the chosen ones leave unseen."""
    if not choice.ranked:
        _LOG.warning("search: period %s: no candidate (search.years widens the years)", choice.period)
    elif not choice.taken:
        best = choice.ranked[0]
        _LOG.warning(
            "search: period %s: none of %d candidates is fit; the best, %s: %s",
            choice.period,
            len(choice.ranked),
            best.look.candidate.id,
            best.reason,
        )
    elif choice.seen < 1 - LEAST_GAIN:
        ground = "ice" if choice.of_glaciers else "region"
        _LOG.info("search: period %s: %.1f %% of the %s is seen clearly", choice.period, 100 * choice.seen, ground)


def _by_hand(path: Path, to: Path | None, project: Project) -> tuple[SceneEntry, ...]:
    """Return the scenes that stay beside the choice: those of a file that is extended, not those of an old choice."""
    old = chosen_before(path) if to is None else frozenset()
    return tuple(each for each in project.scenes if each.id not in old)


def _write(
    path: Path, to: Path | None, choices: Sequence[Choice], by_hand: Sequence[SceneEntry], *, replace: bool
) -> bool:
    found = [_offered(each, by_hand) for each in choices]
    today = datetime.now(UTC).date()
    return (
        write_choice(path, found, today, replace=replace)
        if to is None
        else write_extending(to, path, found, today, replace=replace)
    )


def _offered(choice: Choice, by_hand: Sequence[SceneEntry] = ()) -> OfferedScenes:
    """Return the scenes of a period as entries, but those that are there by hand, whose references stay."""
    names = {each.id for each in by_hand}
    places = {each.tile for each in by_hand if each.reference and each.period == choice.period}

    def entry(each: Ranked) -> OfferedScene:
        candidate = each.look.candidate
        is_reference = each.is_reference and candidate.tile is not None and candidate.tile not in places
        pairs: dict[str, str | float | bool | None] = {
            "id": candidate.id,
            "path": f"${{output}}/{FETCHED}/{candidate.id}",
            "item": f"${{output}}/{FOLDER}/{candidate.id}.json",
            "period": choice.period,
            "reference": is_reference or None,
            "date": candidate.time.date().isoformat(),
            "tile": candidate.tile,
            "sensor": candidate.sensor,
            "cloud_cover": None if candidate.cloud_cover is None else round(candidate.cloud_cover, 2),
        }
        return OfferedScene({key: value for key, value in pairs.items() if value is not None}, each.reason)

    heading = f"period {choice.period}: {len(choice.taken)} of {len(choice.ranked)} candidates"
    heading += f" together show {choice.seen:.1%} of the {'ice' if choice.of_glaciers else 'region'} clearly"
    return OfferedScenes(
        heading,
        [entry(each) for each in choice.taken if each.look.candidate.id not in names],
        [entry(each) for each in choice.left if each.look.candidate.id not in names],
    )


def _write_sheet(
    path: Path,
    project: Project,
    choices: Sequence[Choice],
    ground: Ground,
    transports: Mapping[str, Transport],
    unread: Sequence[tuple[str, str]],
    kept: Mapping[str, str] | None,
    pictures: bool,
) -> Path:
    """Write the contact sheet, with pictures where they are wanted and can be had."""
    from trimline.report.candidate_sheet import write_candidate_sheet  # draws, which a dry run does without

    drawn: dict[str, Picture] = {}
    if pictures:
        looks = [each.look for choice in choices for each in choice.ranked]

        def draw(look: Look) -> Picture | None:
            try:
                return picture_of(look.candidate, ground, transports[look.candidate.catalogue])
            except (RemoteError, ProductError) as error:
                _LOG.info("search: no picture of %s: %s", look.candidate.id, error.what)
                return None

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for look, picture in zip(
                looks, track(pool.map(draw, looks), "drawing candidates", len(looks)), strict=True
            ):
                if picture is not None:
                    drawn[look.candidate.id] = picture
    write_candidate_sheet(path, choices, drawn, unread, kept, title=project.title or project.name)
    return path


def _of_choice(choice: Choice) -> dict[str, Any]:
    return {
        "period": choice.period,
        "ice_seen_clearly": choice.seen,
        "of": "glaciers" if choice.of_glaciers else "region",
        "taken": [_of_ranked(each) for each in choice.taken],
        "left": [_of_ranked(each) for each in choice.left],
    }


def _of_ranked(each: Ranked) -> dict[str, Any]:
    look = each.look
    return {
        "id": look.candidate.id,
        "catalogue": look.candidate.catalogue,
        "date": look.candidate.time.date().isoformat(),
        "tile": look.candidate.tile,
        "sensor": look.candidate.sensor,
        "cloud_cover": look.candidate.cloud_cover,
        "seen": look.seen,
        "cloud_over_ice": look.cloud_over_ice,
        "shadow_over_ice": look.shadow_over_ice,
        "snow_off_ice": look.snow_off_ice,
        "ice_clear": look.clear_ice,
        "seen_of_region": look.seen_of_region,
        "sun_elevation": look.candidate.sun_elevation,
        "weight": each.weight,
        "gain": each.gain,
        "taken": each.is_taken,
        "reference": each.is_reference,
        "reason": each.reason,
        "read_from": look.read_from,
        "notes": list(look.notes),
    }
