"""Contact sheet of the candidates of a search: one page, per period a table and a card of each with its picture."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import matplotlib.image
import numpy as np
import rasterio.features
from affine import Affine
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from trimline import __version__
from trimline.catalogues.choosing import Choice, Ranked
from trimline.catalogues.pictures import BANDS, LONGEST_SIDE, Picture
from trimline.files import StrPath
from trimline.report.composite import CEILINGS, stretched
from trimline.report.figures import MAPPED_COLOUR
from trimline.report.page import Card, Section, write_page

_QUALITY = 82
"""Quality of the JPEG of a picture [percent]."""
_NO_DATA = 60
"""Grey of what has no data."""
_IN_FILE = "in the file"
"""Heading of the column that says what an edited choice takes."""


def heads_explained(of_glaciers: bool) -> str:
    """Return what the columns of a table of candidates are: shares of glaciers, or of the region without any."""
    if of_glaciers:
        own = (
            "on ice: cloud over the glaciers; snow: on the ground around them; "
            "clear: share of all glaciers that the scene shows clearly"
        )
    else:
        own = (
            "in region: cloud over the region; snow: on the region, ice included; "
            "clear: share of the region that the scene shows clearly"
        )
    return f"cloud: of the whole scene, by the catalogue; {own}"


def write_candidate_sheet(
    path: StrPath,
    choices: Sequence[Choice],
    pictures: Mapping[str, Picture],
    unread: Sequence[tuple[str, str]] = (),
    kept: Mapping[str, str] | None = None,
    *,
    title: str,
) -> None:
    """Write the contact sheet, a self-contained page.

    Parameters
    ----------
    path
        The HTML file.
    choices
        Period by period.
    pictures
        By id of the candidate; some may lack one.
    unread
        Ids of candidates that could not be read, and why.
    kept
        Of an edited choice that stays in the project file, the period of each scene by its id; None where there is
        none.
    title
        Heading of the page.
    """
    sections = [_section(each, pictures, kept) for each in choices]
    if unread:
        sections.append(
            Section("Left out, as they could not be read", paragraphs=[f"{name}: {why}" for name, why in unread])
        )
    taken = sum(len(each.taken) for each in choices)
    of_glaciers = all(each.of_glaciers for each in choices)
    done = "taken" if kept is None else f"proposed; the choice in the file, of {len(kept)}, was edited and is kept"
    ground = ("the ice", "snow off the ice") if of_glaciers else ("the region", "snow on it")
    write_page(
        Path(path),
        title=f"Candidates: {title}",
        summary=f"{taken} of {sum(len(each.ranked) for each in choices)} candidates are {done}. Pictures: SWIR 1, "
        f"near infrared and red as red, green and blue{'; glaciers of the inventory outlined' if of_glaciers else ''}.",
        sections=sections,
        provenance={
            "Written by": f"trimline {__version__}, {datetime.now(UTC):%Y-%m-%d}",
            "Catalogues": ", ".join(sorted({each.look.candidate.catalogue for one in choices for each in one.ranked})),
            "Weight": f"(1 - cloud over {ground[0]}) (1 - {ground[1]})^2 exp(-days out of season / 30), times factors "
            "for low sun, pixel size and the stripes of Landsat 7",
        },
    )


def candidate_table(
    choice: Choice, most_left: int | None = None, kept: Mapping[str, str] | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return the numbers of the candidates of a period as a table of texts, the taken ones first.

    Parameters
    ----------
    choice
        What is taken and left.
    most_left
        Most rows of scenes that are left, besides those of an edited choice; None means all.
    kept
        As of `write_candidate_sheet`; it makes a column of its own.
    """
    heads = ["scene", "cloud", "on ice" if choice.of_glaciers else "in region", "snow", "clear", "weight"]
    heads += ["choice"] if kept is None else ["proposed", _IN_FILE]
    left = [each for i, each in enumerate(choice.left) if most_left is None or i < most_left or _is_in(kept, each)]
    rows = [_row(each) for each in (*choice.taken, *left)]
    if kept is not None:
        for row in rows:
            row.append(_use(kept, row[0], choice.period))
    return heads, rows


def kept_in_words(choice: Choice, kept: Mapping[str, str]) -> str:
    """Return how many scenes an edited choice takes for a period, and those of them that the search did not find."""
    found = {each.look.candidate.id for each in choice.ranked}
    there = [name for name, period in kept.items() if period == choice.period]
    others = [name for name in there if name not in found]
    more = f", besides the candidates {', '.join(others)}" if others else ""
    return f"period {choice.period}: the file takes {len(there)}{more}"


def _is_in(kept: Mapping[str, str] | None, each: Ranked) -> bool:
    return kept is not None and each.look.candidate.id in kept


def _use(kept: Mapping[str, str], name: str, period: str) -> str:
    """Return in words what an edited choice takes a candidate for; empty where it does not."""
    if name not in kept:
        return ""
    return "yes" if kept[name] == period else f"for {kept[name] or 'no period'}"


def _row(each: Ranked) -> list[str]:
    look = each.look
    candidate = look.candidate
    return [
        candidate.id,
        _percent(math.nan if candidate.cloud_cover is None else candidate.cloud_cover / 100),
        _percent(look.cloud_over_ice),
        _percent(look.snow_off_ice),
        _percent(look.clear_ice),
        f"{each.weight:.2f}",
        _state(each),
    ]


def _section(choice: Choice, pictures: Mapping[str, Picture], kept: Mapping[str, str] | None) -> Section:
    explained = heads_explained(choice.of_glaciers)
    paragraphs = [
        f"{len(choice.taken)} of {len(choice.ranked)} candidates are {'taken' if kept is None else 'proposed'}; "
        f"together they show {choice.seen:.1%} of the {'glaciers' if choice.of_glaciers else 'region'} clearly.",
        f"{explained[:1].upper()}{explained[1:]}.",
    ]
    if kept is not None:
        paragraphs.append(f"The choice in the project file was edited and is kept; {kept_in_words(choice, kept)}.")
    cards = [_card(each, pictures.get(each.look.candidate.id), choice, kept) for each in (*choice.taken, *choice.left)]
    table = candidate_table(choice, kept=kept)
    return Section(f"Period {choice.period}", paragraphs=paragraphs, tables=[("Candidates", table)], cards=cards)


def _card(each: Ranked, picture: Picture | None, choice: Choice, kept: Mapping[str, str] | None) -> Card:
    candidate = each.look.candidate
    cloud = "" if candidate.cloud_cover is None else f"; cloud of the whole scene {candidate.cloud_cover:.0f} %"
    lines = [
        f"{candidate.time:%Y-%m-%d}, {candidate.sensor}{cloud}",
        each.reason if each.is_taken else f"left: {each.reason}",
        *each.look.notes,
    ]
    is_marked = each.is_taken
    if kept is not None:
        use = _use(kept, candidate.id, choice.period)
        is_marked = bool(use)
        lines.insert(1, f"{_IN_FILE}: {use or 'no'}")
    return Card(candidate.id, lines, None if picture is None else as_jpeg(picture), is_marked=is_marked)


def _state(each: Ranked) -> str:
    if not each.is_taken:
        return "left"
    return "reference" if each.is_reference else "taken"


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share * 100:.0f} %"


def as_jpeg(picture: Picture) -> bytes:
    """Return a picture as JPEG, each band stretched, with the outlines of the glaciers drawn."""
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, drawn(picture), format="jpeg", pil_kwargs={"quality": _QUALITY})
    return buffer.getvalue()


def drawn(picture: Picture) -> NDArray[np.uint8]:
    """Return a picture as red, green and blue, (h, w, 3), with the outlines of the glaciers drawn.

    A small picture is enlarged by a whole number first, so that lines of one pixel do not hide the ice.
    """
    valid = np.isfinite(picture.values).all(axis=0)
    image = np.full((*valid.shape, 3), _NO_DATA, np.uint8)
    for i, (name, band) in enumerate(zip(BANDS, picture.values, strict=True)):
        image[valid, i] = stretched(band[valid], CEILINGS.get(name, 1.0))
    times = max(1, LONGEST_SIDE // max(valid.shape))
    image = image.repeat(times, axis=0).repeat(times, axis=1)
    if picture.outlines is not None and len(picture.outlines):
        finer = picture.geobox.transform * Affine.scale(1 / times)
        lines = rasterio.features.rasterize(picture.outlines.boundary, image.shape[:2], transform=finer, dtype="uint8")
        image[lines == 1] = [round(255 * part) for part in to_rgb(MAPPED_COLOUR)]
    return image
