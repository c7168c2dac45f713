"""Making the layer of edits and the QGIS project beside it, for a project or the folder of one map."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pyogrio
from pyproj import CRS

from trimline.errors import OutlineError, TrimlineError
from trimline.file_names import safe_name
from trimline.files import made_folder
from trimline.foreign import foreign_errors
from trimline.layer_path import layer_path
from trimline.outlines.geopackage import Table
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod
from trimline.review.pictures.scene_pictures import surroundings_of
from trimline.review.qgis.form import Kind, form_of, operations_of, quoted_text, write_form
from trimline.review.qgis.layer_file import prepare_layer
from trimline.review.qgis.layers import (
    Group,
    Layer,
    hillshade_drawing,
    picture_drawing,
    probability_drawing,
    relative_source,
    vector_source,
)
from trimline.review.qgis.pictures import write_picture
from trimline.review.qgis.project_file import is_ours, write_project
from trimline.review.qgis.styles import styles_of
from trimline.review.qgis.symbols import (
    CYAN,
    GREY,
    WHITE,
    YELLOW,
    by_operation,
    hatched_symbol,
    one_symbol,
    outline_symbol,
)
from trimline.review.qgis.xml import element
from trimline.scenes.raster_opening import open_user_raster
from trimline.study.editing import AUTOMATIC, FINAL
from trimline.study.one_map import CORRECTED

_LOG = logging.getLogger(__name__)

PICTURES = Path("review") / "qgis"
"""Where the virtual rasters of scenes lie, within the output."""

_MARGIN = 0.05
"""Share of the extent of the outlines that is seen around them."""


@dataclass(frozen=True)
class CreatedForQgis:
    """What was written for QGIS."""

    edits_file: Path
    layer_created: bool
    """Whether the layer is new; one that was there has been completed."""
    project_file: Path
    project_written: bool
    """False where the project has been saved in QGIS since, and was left as it is."""
    left_out: dict[str, str]
    """Scenes that the project lacks, and why."""


def create_for_qgis(reviewed: Reviewed) -> CreatedForQgis:
    """Write an empty layer of edits with form, domains and style, and a QGIS project beside it.

    A layer that is there is completed, and its rows stay. A project that was saved in QGIS is left as it is.

    Parameters
    ----------
    reviewed
        What is to be corrected.

    Raises
    ------
    EditError
        The file of edits is no GeoPackage, or cannot be written.
    OutlineError
        Outlines cannot be read.
    """
    path = reviewed.edits_file
    project = path.with_suffix(".qgs")
    made_folder(path.parent)
    table, created = prepare_layer(path, reviewed.crs, styles_of(reviewed.periods))
    if project.exists() and not is_ours(project):
        return CreatedForQgis(path, created, project, project_written=False, left_out={})
    left_out: dict[str, str] = {}
    root = Group("", tuple(_members(reviewed, table, project.parent, left_out)))
    write_project(project, reviewed.title or reviewed.name, CRS.from_user_input(reviewed.crs), root, _view(reviewed))
    return CreatedForQgis(path, created, project, project_written=True, left_out=left_out)


def _members(reviewed: Reviewed, table: Table, folder: Path, left_out: dict[str, str]) -> Iterator[Layer | Group]:
    """Yield all layers, from top to bottom."""
    last = reviewed.periods[-1]
    yield Group("Edits", tuple(_edit_layers(reviewed, table, folder)))
    scenes = _pictures(reviewed, folder, left_out)
    shown: set[str] = set()
    for period in reversed(reviewed.periods):
        own = [each for each in scenes if period.name in scenes[each][0] and each not in shown]
        shown |= set(own)
        members = [*_of_period(reviewed, period, folder), *(scenes[each][1] for each in own)]
        yield Group(period.name, tuple(members), visible=period is last, expanded=period is last)
    if reviewed.inventory is not None:
        crs = _crs_of(reviewed.inventory)
        source = vector_source(reviewed.inventory, folder)
        yield Layer(
            layer_id("inventory"), "Inventory", source, crs, partial(_outlined, WHITE, 0.2, "solid"), visible=False
        )
    if reviewed.dem is not None and reviewed.dem.is_file():
        crs, source = _crs_of_raster(reviewed.dem), relative_source(reviewed.dem, folder)
        yield Layer(layer_id("hillshade"), "Hillshade", source, crs, hillshade_drawing, kind="raster", visible=False)


def _edit_layers(reviewed: Reviewed, table: Table, folder: Path) -> Iterator[Layer]:
    """Yield the layer of edits once for each type of geometry that it holds: QGIS draws into layers of one type."""
    source = f"{relative_source(reviewed.edits_file, folder)}|layername={table.name}"
    crs = CRS.from_user_input(table.crs or reviewed.crs)
    proposed = _glacier_under(reviewed)
    holds = table.geometry_type
    is_any = holds in ("GEOMETRY", "GEOMETRYCOLLECTION")
    kinds: list[tuple[Kind, str, str, str]] = []
    if is_any or "LINE" in holds:
        kinds.append(
            ("lines", "Edits drawn as lines", f"{source}|geometrytype=LineString" if is_any else source, "Line")
        )
    if is_any or "POLYGON" in holds:
        drawn = f"{source}|geometrytype=Polygon" if is_any else source
        kinds.append(("areas", "Edits drawn as areas", drawn, "Polygon"))
    without = source if table.geometry is None else f'{source}|subset="{table.geometry}" IS NULL'
    kinds.append(("table", "Edits without ground", without, "No geometry"))
    for kind, name, of_kind, drawn in kinds:
        draw = partial(_edited, reviewed.periods, kind, proposed if kind != "table" else "")
        yield Layer(layer_id("edits", kind), name, of_kind, crs, draw, geometry=drawn, read_only=False)


def _of_period(reviewed: Reviewed, period: ReviewedPeriod, folder: Path) -> Iterator[Layer]:
    """Yield the vector layers and the probability of a period, from top to bottom."""
    id_of = partial(layer_id, of=period.name)
    final = final_outlines(reviewed, period)
    if final is not None:
        source = vector_source(final, folder)
        yield Layer(id_of("outlines"), "Outlines", source, _crs_of(final), partial(_outlined, YELLOW, 0.5, "solid"))
    drawn = partial(_outlined, CYAN, 0.3, "solid" if final is None else "dash")
    source = vector_source(period.automatic, folder)
    yield Layer(id_of("automatic"), "Automatic outlines", source, _crs_of(period.automatic), drawn)
    if period.unseen is not None:
        source = vector_source(period.unseen, folder)
        yield Layer(id_of("unseen"), "Ground that no scene shows", source, _crs_of(period.unseen), _hatched)
    if period.probability is not None:
        source, drawing = relative_source(period.probability, folder), probability_drawing(period.threshold)
        crs = _crs_of_raster(period.probability)
        name = "Probability of ice"
        yield Layer(id_of("probability"), name, source, crs, drawing, kind="raster", visible=False)


def layer_id(kind: str, of: str = "") -> str:
    """Return the id of a layer within the project; QGIS replaces ids of fewer than eleven characters."""
    return "_".join(filter(None, ("trimline", kind, safe_name(of) if of else "")))


def final_outlines(reviewed: Reviewed, period: ReviewedPeriod) -> Path | None:
    """Return the file of a period's outlines with edits applied; None where there is none yet."""
    if reviewed.kind == "folder":
        final = reviewed.output / CORRECTED
    elif period.automatic.name == AUTOMATIC:
        final = period.automatic.with_name(FINAL)
    else:
        return None
    return final if final.exists() else None


def _pictures(reviewed: Reviewed, folder: Path, left_out: dict[str, str]) -> dict[str, tuple[tuple[str, ...], Layer]]:
    """Return the periods and the layer of each scene; what cannot be shown is noted in `left_out`."""
    place = made_folder(reviewed.output / PICTURES)
    found: dict[str, tuple[tuple[str, ...], Layer]] = {}
    first: set[str] = set()
    for each in sorted(reviewed.scenes, key=lambda scene: not scene.reference):
        try:
            scene = each.open()
            picture = write_picture(scene, place)
        except TrimlineError as error:
            left_out[each.id] = error.what
            _LOG.warning("scene %s is not in the QGIS project: %s", each.id, error.what)
            continue
        name = " ".join(
            filter(None, (each.id, scene.date if (scene.date or "") not in each.id else None, _bands(picture.bands)))
        )
        # Of the scenes of a period one is shown, its reference where it has one.
        visible = not set(each.periods) <= first
        first |= set(each.periods)
        source = relative_source(picture.path, folder)
        drawing = picture_drawing(picture)
        layer = Layer(layer_id("scene", each.id), name, source, picture.crs, drawing, kind="raster", visible=visible)
        found[each.id] = (each.periods, layer)
    return found


def _bands(names: Iterable[str]) -> str:
    return f"({', '.join(names)})"


def _glacier_under(reviewed: Reviewed) -> str:
    """Return the expression of the glacier of the last period under what is drawn."""
    last = reviewed.periods[-1]
    layer = layer_id("automatic" if final_outlines(reviewed, last) is None else "outlines", last.name)
    return f'overlay_intersects({quoted_text(layer)}, "glac_id", limit:=1)[0]'


def _outlined(colour: Any, width_mm: float, style: str, layer: Element) -> None:
    outline_symbol(one_symbol(layer), colour, width_mm, style)
    element(layer, "previewExpression", '"glac_id"')


def _hatched(layer: Element) -> None:
    hatched_symbol(one_symbol(layer), GREY)


def _edited(periods: tuple[ReviewedPeriod, ...], kind: Kind, glacier: str, layer: Element) -> None:
    if kind != "table":
        by_operation(layer, operations_of(kind), kind)
    write_form(layer, form_of(periods, kind, glacier=glacier))


def _view(reviewed: Reviewed) -> tuple[float, float, float, float] | None:
    """Return what is seen first: the outlines of all periods, with a margin; None where there are none."""
    around = surroundings_of(reviewed)
    if around is None:
        return None
    west, south, east, north = around.bounds
    aside = _MARGIN * max(east - west, north - south)
    return float(west - aside), float(south - aside), float(east + aside), float(north + aside)


def _crs_of(path: Path, layer: str | None = None) -> CRS:
    named = layer_path(path)
    with foreign_errors(OutlineError, named.file, what="cannot be read"):
        crs = pyogrio.read_info(named.file, layer=layer or named.layer)["crs"]
    if crs is None:
        raise OutlineError("has no CRS", where=named.file, remedy="assign the right one in QGIS")
    return CRS.from_user_input(crs)


def _crs_of_raster(path: Path) -> CRS:
    with open_user_raster(path, OutlineError) as source:
        return CRS.from_user_input(source.crs.to_wkt())
