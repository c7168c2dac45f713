"""Areas with their uncertainty, their change, and the comparison with published numbers.

The room takes one long table of outlines, a row per glacier and period, and returns plain tables. `glacier_areas`
measures each outline (`areas_streamed` those of a file too large to hold), `totals` sums them over region, subregions
and size classes, `changes` gives loss and rate between any two periods, `fit_rate` and `fit_pieces` a line through
all of them; `pieces_differ`, `fits_differ` and `break_test` test whether a rate changed. `compare_published`
compares areas with published ones, `match_inventory` outlines with those of an inventory. `glacier_changes` gives the
change of every glacier, `with_states` tells why one has no outline, `lineage` what merged, split, vanished and is new,
`outlying_periods` the periods whose areas jump out of a series. `read_own_outlines` makes the long table from files of
several dates.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Functions named as their files are: imported at once, or their names would stand for the files.
from trimline.change.lineage import LINEAGE_COLUMNS, lineage
from trimline.change.outlying_periods import OUTLYING_COLUMNS, flagged_periods, outlying_periods
from trimline.change.totals import LEVELS, REGION, TOTAL_COLUMNS, UNKNOWN_ABOVE, totals

if TYPE_CHECKING:
    from trimline.change.areas import AREA_COLUMNS, LANDSAT_PIXEL_M, glacier_areas, perimeter_error_km2
    from trimline.change.breaks import BreakTest, break_test, fits_differ
    from trimline.change.comparison import COMPARISON_COLUMNS, PUBLISHED_COLUMNS, compare_published, read_published
    from trimline.change.equal_area import equal_area_crs
    from trimline.change.fits import METHODS, Fit, FitMethod, fit_pieces, fit_rate
    from trimline.change.matching import MATCH_COLUMNS, SMALLEST_SHARE, match_inventory
    from trimline.change.own_outlines import OwnOutlines, OwnPeriod, read_own_outlines
    from trimline.change.per_glacier import GLACIER_CHANGE_COLUMNS, glacier_changes, verdict
    from trimline.change.pieces import RATE_CHANGE_COLUMNS, RATE_COLUMNS, fitted_rates, rate_changes
    from trimline.change.propagation import change_error, summed_error
    from trimline.change.rates import CHANGE_COLUMNS, Difference, changes, label_years, pieces_differ, rates_differ
    from trimline.change.sizes import SIZE_BOUNDS_KM2, class_names
    from trimline.change.states import STATE_COLUMNS, told_apart, with_states
    from trimline.change.streaming import areas_streamed
    from trimline.outlines.states import STATES, State

_FILE_OF = {
    "AREA_COLUMNS": ".areas",
    "BreakTest": ".breaks",
    "CHANGE_COLUMNS": ".rates",
    "COMPARISON_COLUMNS": ".comparison",
    "Difference": ".rates",
    "Fit": ".fits",
    "FitMethod": ".fits",
    "GLACIER_CHANGE_COLUMNS": ".per_glacier",
    "LANDSAT_PIXEL_M": ".areas",
    "MATCH_COLUMNS": ".matching",
    "METHODS": ".fits",
    "OwnOutlines": ".own_outlines",
    "OwnPeriod": ".own_outlines",
    "PUBLISHED_COLUMNS": ".comparison",
    "RATE_CHANGE_COLUMNS": ".pieces",
    "RATE_COLUMNS": ".pieces",
    "SIZE_BOUNDS_KM2": ".sizes",
    "SMALLEST_SHARE": ".matching",
    "STATES": "trimline.outlines.states",
    "STATE_COLUMNS": ".states",
    "State": "trimline.outlines.states",
    "areas_streamed": ".streaming",
    "break_test": ".breaks",
    "change_error": ".propagation",
    "changes": ".rates",
    "class_names": ".sizes",
    "compare_published": ".comparison",
    "equal_area_crs": ".equal_area",
    "fit_pieces": ".fits",
    "fit_rate": ".fits",
    "fits_differ": ".breaks",
    "fitted_rates": ".pieces",
    "glacier_areas": ".areas",
    "glacier_changes": ".per_glacier",
    "label_years": ".rates",
    "match_inventory": ".matching",
    "perimeter_error_km2": ".areas",
    "pieces_differ": ".rates",
    "rate_changes": ".pieces",
    "rates_differ": ".rates",
    "read_own_outlines": ".own_outlines",
    "read_published": ".comparison",
    "summed_error": ".propagation",
    "told_apart": ".states",
    "verdict": ".per_glacier",
    "with_states": ".states",
}

__all__ = [
    "AREA_COLUMNS",
    "CHANGE_COLUMNS",
    "COMPARISON_COLUMNS",
    "GLACIER_CHANGE_COLUMNS",
    "LANDSAT_PIXEL_M",
    "LEVELS",
    "LINEAGE_COLUMNS",
    "MATCH_COLUMNS",
    "METHODS",
    "OUTLYING_COLUMNS",
    "PUBLISHED_COLUMNS",
    "RATE_CHANGE_COLUMNS",
    "RATE_COLUMNS",
    "REGION",
    "SIZE_BOUNDS_KM2",
    "SMALLEST_SHARE",
    "STATES",
    "STATE_COLUMNS",
    "TOTAL_COLUMNS",
    "UNKNOWN_ABOVE",
    "BreakTest",
    "Difference",
    "Fit",
    "FitMethod",
    "OwnOutlines",
    "OwnPeriod",
    "State",
    "areas_streamed",
    "break_test",
    "change_error",
    "changes",
    "class_names",
    "compare_published",
    "equal_area_crs",
    "fit_pieces",
    "fit_rate",
    "fits_differ",
    "fitted_rates",
    "flagged_periods",
    "glacier_areas",
    "glacier_changes",
    "label_years",
    "lineage",
    "match_inventory",
    "outlying_periods",
    "perimeter_error_km2",
    "pieces_differ",
    "rate_changes",
    "rates_differ",
    "read_own_outlines",
    "read_published",
    "summed_error",
    "told_apart",
    "totals",
    "verdict",
    "with_states",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use; statistics take a second."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.change' has no attribute {name!r}")
    return getattr(import_module(_FILE_OF[name], __name__), name)
