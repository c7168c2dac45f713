"""What page and server say to each other: every request and answer of the API, as validated models.

The page's types are made from these (``make api`` writes ``web/openapi.json``). Coordinates are those of the review's
CRS [m], geometries GeoJSON, times ISO 8601 and UTC.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

LayerKind = Literal["outlines", "automatic", "unseen", "inventory"]
"""Final outlines of a period; those before corrections; ground that no scene shows; glaciers of the inventory."""

OverlayKind = Literal["probability", "uncertain", "classes", "hillshade"]

GlacierState = Literal["open", "accepted", "flagged"]
"""Whether somebody has looked at an outline: not yet, and found it right, or found that it needs attention."""

DraftOperation = Literal[
    "add", "remove", "replace", "split", "merge", "attribute", "accept", "flag", "terminus", "redraw", "copy"
]
"""Operations of the layer of edits, and two that the server turns into such.

`redraw` gives the whole new outline of a glacier and is kept as what was added to it and removed from it, so that it
replays on another map. `copy` takes the outline of another period.
"""

Bounds = tuple[float, float, float, float]
"""West, south, east, north."""

MOST_DRAFTS = 200
"""Unsaved drafts of one browser that are previewed or saved at once."""

EDIT_ID = r"^[0-9a-f]{12}$"

EditId = Annotated[str, Field(min_length=1, max_length=100)]
"""Of an edit that was kept, by this page or another program."""


class Message(BaseModel):
    """A model of the API; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(Message):
    """What went wrong, in the words of `trimline.errors.TrimlineError`."""

    what: str
    where: str | None = None
    remedy: str | None = None


class TileGrid(Message):
    """The tiles in which outlines are sent: tile (x, y) of level z lies x tiles east and y south of the origin."""

    origin: tuple[float, float]
    """North-west corner."""
    tile_size: int
    """Side [pixels of the screen]."""
    resolutions: tuple[float, ...]
    """Of the levels, falling [m per pixel]; the last has the outlines at full detail."""


class Layer(Message):
    """A vector layer, sent as tiles from ``/api/tiles/{id}/{z}/{x}/{y}?version={version}``."""

    id: str
    kind: LayerKind
    period: str | None
    version: int
    """Raised with every change of the layer."""
    count: int


class Period(Message):
    """A period with outlines."""

    name: str
    first: int | None
    last: int | None
    """First and last year; both None where the date of a map is not known."""
    glaciers: int
    area_km2: float


class Band(Message):
    """One band of a picture: reflectance = number x scale + offset."""

    name: str
    """Common name: blue, green, red, nir, swir1, swir2, ..."""
    source: int
    """Position in the picture's `sources`."""
    index: int
    """Number of the band in that file, from 1."""
    scale: float
    offset: float
    nodata: float | None
    low: float
    high: float
    """2nd and 98th percentile of its reflectance, as the first stretch."""


class Picture(Message):
    """A scene as the browser shows it."""

    id: str
    """Of the scene."""
    title: str
    date: str | None
    sensor: str
    periods: tuple[str, ...]
    reference: bool
    cloud_cover: float | None
    state: Literal["ready", "to be prepared", "preparing", "failed"]
    """Files that a browser can read are served as they are. Of others (JPEG 2000, compressed archives, files without
    tiles or overviews, scenes that are moved) a copy is made once: ``POST /api/pictures/prepare?id=``."""
    why: str | None
    """Why it has to be prepared, or why that failed."""
    crs: str | None
    proj4: str | None = None
    """The CRS of the picture for the browser, where it is not that of the review."""
    extent: Bounds | None
    """In the CRS of the picture."""
    sources: tuple[str, ...]
    """Addresses of its files, cloud-optimised GeoTIFFs read by range requests."""
    bands: tuple[Band, ...]
    combinations: tuple[str, ...]
    """Names of those of `COMBINATIONS` that it has the bands for."""


COMBINATIONS: dict[str, tuple[str, ...]] = {
    "SWIR-NIR-red": ("swir1", "nir", "red"),
    "natural": ("red", "green", "blue"),
    "NIR-red-green": ("nir", "red", "green"),
    "NDSI": ("green", "swir1"),
    "red/SWIR": ("red", "swir1"),
}
"""Three bands as red, green and blue; of two bands their normalised difference or their ratio, in grey."""


class Overlay(Message):
    """A raster over the scene: of a period, or the shaded relief of all."""

    id: str
    kind: OverlayKind
    period: str | None
    source: str
    """Address of a cloud-optimised GeoTIFF of one band."""
    scale: float
    """What one count is worth: probability is stored in counts of 0.0001."""
    nodata: float | None
    threshold: float | None
    """Of probability, where ice begins."""


class Review(Message):
    """All that the page needs to begin."""

    name: str
    title: str
    kind: Literal["project", "folder"]
    crs: str
    """EPSG code or WKT of the review: that of the outlines."""
    proj4: str
    """The same for the browser."""
    extent: Bounds
    grid: TileGrid
    periods: tuple[Period, ...]
    layers: tuple[Layer, ...]
    pictures: tuple[Picture, ...]
    overlays: tuple[Overlay, ...]
    author: str | None
    """Who made the last edit from here, if anybody."""
    sequence: int
    """Number of the last change; see `Changes`."""
    maps: str = ""
    """Identity of the automatic outlines of all periods: another one once any of them is mapped anew."""
    problems: tuple[str, ...]
    """Edits that are invalid, and why: here the others are shown without them, but `trimline run` replays nothing until
    they are mended or reverted. Also why the file of edits cannot be read, if that is so: nothing can be saved then.
    And why the outlines of a period, which is not among `periods` then, or of another layer cannot be read."""


class GlacierRow(Message):
    """A glacier in the list of a period."""

    glac_id: str
    glac_name: str | None
    area_km2: float
    state: GlacierState
    edits: int
    """That changed its outline."""
    doubt: float | None
    """0 to 1, of the next three as far as known, see `trimline.review.doubts.doubt`; None until it is computed."""
    margin: float | None
    """Mean uncertainty of the map along the outline: 4 p (1 - p) of the probability of ice p."""
    disagreement: float | None
    """Share of its ground on which it differs from the nearest periods, where those agree."""
    jump: float | None
    """Departure of its area from what its other periods let expect, as a share of the larger of the two."""
    bounds: Bounds


class GlacierList(Message):
    """Glaciers of a period in some order."""

    period: str
    total: int
    """Without limit and offset."""
    is_complete: bool
    """Whether the doubts of all are computed."""
    glaciers: tuple[GlacierRow, ...]


class Comparison(Message):
    """The area of an outline against another one of the same glacier."""

    with_: Annotated[str, Field(alias="with")]
    """`automatic`, or a period."""
    area_km2: float
    uncertainty_km2: float | None
    change_km2: float
    """Of the outline against it."""
    change_percent: float | None
    """None where it has no area."""
    change_uncertainty_km2: float | None
    """Against another period of both outlines, against `automatic` of the margin that was moved."""


class Measure(Message):
    """Area of one outline, in the state before or after drafts."""

    glac_id: str
    area_km2: float
    uncertainty_km2: float | None
    """Of half a pixel of the scene, as in `trimline.change.glacier_areas`, and of what is left of errors of the map."""
    perimeter_km: float
    comparisons: tuple[Comparison, ...]


class Outline(Message):
    """An outline at full detail."""

    glac_id: str
    glac_name: str | None
    version: str
    """Digest of its geometry; a save names those it was drawn on."""
    geometry: dict[str, Any]
    """GeoJSON polygon or multipolygon."""


class EditRow(Message):
    """An edit and its state; see `trimline.study.editing.EditState`."""

    edit_id: str
    operation: str
    period: str | None
    glac_id: str | None
    author: str | None
    time: str | None
    reason: str | None
    image: str | None
    reverts: str | None
    state: str
    """`applied`, `not applied`, `reverted`, `not replayed yet`, `wrong`."""
    text: str


class EditList(Message):
    """Edits in the order in which they were written."""

    edits: tuple[EditRow, ...]


class EditHistory(Message):
    """An edit with the outlines it was made on and made, and those of today, for one that no longer applies."""

    edit: EditRow
    geometry: dict[str, Any] | None
    before: tuple[Outline, ...]
    after: tuple[Outline, ...]
    today: tuple[Outline, ...]


class Glacier(Message):
    """A glacier in a period, at full detail, with what one needs beside it to correct it."""

    period: str
    outline: Outline | None
    """None where the period has none of it."""
    automatic: Outline | None
    neighbours: tuple[Outline, ...]
    """Outlines that touch it or come near: their borders move with its own."""
    previous: Outline | None
    next: Outline | None
    """The same glacier in the nearest periods that have it."""
    measure: Measure | None
    state: GlacierState
    edits: tuple[EditRow, ...]
    termini: tuple[dict[str, Any], ...]
    """GeoJSON features of the terminus lines drawn in this period, the last first."""


class Draft(Message):
    """One stroke, not saved yet."""

    edit_id: Annotated[str, Field(pattern=EDIT_ID)]
    """Chosen by the page at random: a save that is sent twice is kept once."""
    operation: DraftOperation
    glac_id: str | None = None
    geometry: dict[str, Any] | None = None
    """GeoJSON, in the review's CRS."""
    value: dict[str, Any] | None = None
    """Columns and options, as in the layer of edits; of `copy` ``{"from": period}``."""
    stroke: Annotated[int | None, Field(ge=0)] = None
    """Number shared by the drafts of one stroke, which follow each other: where two glaciers get a new border, each of
    the two `redraw` is seen against the outlines before both, and ground is taken before it is given. None for a stroke
    of its own."""


class PreviewRequest(Message):
    """Drafts to be tried."""

    period: str
    drafts: Annotated[tuple[Draft, ...], Field(max_length=MOST_DRAFTS)]


class Preview(Message):
    """What the drafts would make of the outlines as they are now."""

    outlines: tuple[Outline, ...]
    """Those that changed, as they would be."""
    gone: tuple[str, ...]
    """Glaciers of which nothing would be left."""
    measures: tuple[Measure, ...]
    base: dict[str, str]
    """Versions of all outlines that the drafts touch, as they are now; a new glacier has an empty one."""
    notes: tuple[str, ...]
    """What each draft does, or why it does nothing, in its order."""
    is_applied: tuple[bool, ...]


class SaveRequest(Message):
    """Drafts to be kept, all or none."""

    period: str
    drafts: Annotated[tuple[Draft, ...], Field(min_length=1, max_length=MOST_DRAFTS)]
    holds: str | None = None
    """Periods that the edits hold for: None for this one, ``*`` for all, or an interval of dates, ``2004/..``."""
    author: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    image: Annotated[str | None, Field(max_length=200)] = None
    base: dict[str, str]
    """As `Preview` gave it: where an outline has changed since, nothing is kept, and the answer is a `Conflict`."""


class Saved(Message):
    """The edits as they were kept; on the disk when this is said."""

    sequence: int
    edits: tuple[EditRow, ...]
    outlines: tuple[Outline, ...]
    gone: tuple[str, ...]


class Conflict(Message):
    """Outlines that somebody else changed since the drafts were made; nothing was kept."""

    what: str
    outlines: tuple[Outline, ...]
    """As they are now."""
    gone: tuple[str, ...]
    edits: tuple[EditRow, ...]
    """By which they were changed since; none of outlines that were mapped anew."""


class RevertRequest(Message):
    """Edits to be reverted by further rows, all or none."""

    edit_id: EditId
    edit_ids: Annotated[tuple[EditId, ...], Field(max_length=2 * MOST_DRAFTS)] = ()
    """Further ones, reverted after it: of a stroke that was kept as several rows."""
    new_edit_id: Annotated[str, Field(pattern=EDIT_ID)]
    """Of the row that reverts `edit_id`; those of the others have it with -2, -3 and so on. Sent twice, they are kept
    once."""
    author: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Changes(Message):
    """What happened after some change; ``GET /api/changes?after=N&wait_s=20`` waits for the next."""

    sequence: int
    edits: tuple[EditRow, ...]
    layers: tuple[Layer, ...]
    """Whose version changed."""
    glaciers: tuple[str, ...]
    """Whose outlines or state changed."""
    pictures: tuple[Picture, ...]
    """Whose state changed."""
    overlays: tuple[Overlay, ...] = ()
    """That were made since, as the shaded relief is."""
    doubts: tuple[str, ...] = ()
    """Periods whose doubts were computed, so that their lists are asked for again."""
    is_reloaded: bool
    """Whether outlines were mapped anew, so that the page must begin again."""
    is_forgotten: bool = False
    """Whether the server does not know what happened since, because it was started again or it is too long ago: the
    page asks for the review again, and sees in its `maps` whether outlines were mapped anew."""
