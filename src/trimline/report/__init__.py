"""What a study found, to be read, printed and checked: tables, pictures, the HTML report and the data release.

The room hands out `write_page` with its `Section` and `Picture`, the report itself; `write_release`, the folder for a
data repository, of a `Release`; the pictures `draw_outlines`, `draw_areas`, `write_error_map` of one method,
`write_panels` of several, `draw_contact_sheet` of several scenes (`Sheet`), and `false_colour`, the composite behind
them; the pictures of change `draw_area_series`, `draw_period_outlines`, `draw_change_map`, `draw_change_by_size`,
`draw_glacier_series` and `draw_glacier_outlines`; those of single glaciers `draw_retreat_map`, `draw_terminus_lines`,
`draw_hypsometry`, `draw_aspects`, `draw_retreat_by_elevation` and `draw_glacier_sheet` of `GlacierTables`;
`write_glims` with its `GlimsSession`, the set of Shapefiles of that database; and the tables `method_table`,
`area_table` and `period_table` with `write_csv` and `write_latex`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.report.aspect_figures import draw_aspects
    from trimline.report.change_figures import draw_area_series, draw_period_outlines
    from trimline.report.composite import false_colour
    from trimline.report.contact_sheet import Sheet, draw_contact_sheet
    from trimline.report.error_map import write_error_map
    from trimline.report.figures import draw_areas, draw_outlines
    from trimline.report.glacier_change_figures import (
        draw_change_by_size,
        draw_change_map,
        draw_glacier_outlines,
        draw_glacier_series,
    )
    from trimline.report.glacier_sheet import GlacierTables, draw_glacier_sheet
    from trimline.report.glims import GlimsSession, write_glims
    from trimline.report.hypsometry_figures import draw_hypsometry
    from trimline.report.on_disk import write_csv, write_latex
    from trimline.report.page import Picture, Section, write_page
    from trimline.report.panels import write_panels
    from trimline.report.release import Release, ReleasedPeriod
    from trimline.report.release_folder import write_release
    from trimline.report.retreat_by_elevation import draw_retreat_by_elevation
    from trimline.report.retreat_map import draw_retreat_map
    from trimline.report.tables import Table, area_table, method_table, period_table
    from trimline.report.terminus_lines import draw_terminus_lines

_FILE_OF = {
    "GlacierTables": "glacier_sheet",
    "GlimsSession": "glims",
    "Picture": "page",
    "Release": "release",
    "ReleasedPeriod": "release",
    "Section": "page",
    "Sheet": "contact_sheet",
    "Table": "tables",
    "area_table": "tables",
    "draw_area_series": "change_figures",
    "draw_areas": "figures",
    "draw_aspects": "aspect_figures",
    "draw_change_by_size": "glacier_change_figures",
    "draw_change_map": "glacier_change_figures",
    "draw_contact_sheet": "contact_sheet",
    "draw_glacier_outlines": "glacier_change_figures",
    "draw_glacier_series": "glacier_change_figures",
    "draw_glacier_sheet": "glacier_sheet",
    "draw_hypsometry": "hypsometry_figures",
    "draw_outlines": "figures",
    "draw_period_outlines": "change_figures",
    "draw_retreat_by_elevation": "retreat_by_elevation",
    "draw_retreat_map": "retreat_map",
    "draw_terminus_lines": "terminus_lines",
    "false_colour": "composite",
    "method_table": "tables",
    "period_table": "tables",
    "write_csv": "on_disk",
    "write_error_map": "error_map",
    "write_glims": "glims",
    "write_latex": "on_disk",
    "write_page": "page",
    "write_panels": "panels",
    "write_release": "release_folder",
}

__all__ = [
    "GlacierTables",
    "GlimsSession",
    "Picture",
    "Release",
    "ReleasedPeriod",
    "Section",
    "Sheet",
    "Table",
    "area_table",
    "draw_area_series",
    "draw_areas",
    "draw_aspects",
    "draw_change_by_size",
    "draw_change_map",
    "draw_contact_sheet",
    "draw_glacier_outlines",
    "draw_glacier_series",
    "draw_glacier_sheet",
    "draw_hypsometry",
    "draw_outlines",
    "draw_period_outlines",
    "draw_retreat_by_elevation",
    "draw_retreat_map",
    "draw_terminus_lines",
    "false_colour",
    "method_table",
    "period_table",
    "write_csv",
    "write_error_map",
    "write_glims",
    "write_latex",
    "write_page",
    "write_panels",
    "write_release",
]


def __getattr__(name: str) -> Any:
    """Import what draws and writes on first use: tables need no matplotlib."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.report' has no attribute {name!r}")
    return getattr(import_module(f"trimline.report.{_FILE_OF[name]}"), name)
