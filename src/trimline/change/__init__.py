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

from trimline.change.areas import AREA_COLUMNS, LANDSAT_PIXEL_M, glacier_areas, perimeter_error_km2
from trimline.change.breaks import BreakTest, break_test, fits_differ
from trimline.change.comparison import COMPARISON_COLUMNS, PUBLISHED_COLUMNS, compare_published, read_published
from trimline.change.equal_area import equal_area_crs
from trimline.change.fits import METHODS, Fit, FitMethod, fit_pieces, fit_rate
from trimline.change.lineage import LINEAGE_COLUMNS, lineage
from trimline.change.matching import MATCH_COLUMNS, SMALLEST_SHARE, match_inventory
from trimline.change.outlying_periods import OUTLYING_COLUMNS, flagged_periods, outlying_periods
from trimline.change.own_outlines import OwnOutlines, OwnPeriod, read_own_outlines
from trimline.change.per_glacier import GLACIER_CHANGE_COLUMNS, glacier_changes, verdict
from trimline.change.pieces import RATE_CHANGE_COLUMNS, RATE_COLUMNS, fitted_rates, rate_changes
from trimline.change.propagation import change_error, summed_error
from trimline.change.rates import CHANGE_COLUMNS, Difference, changes, label_years, pieces_differ, rates_differ
from trimline.change.sizes import SIZE_BOUNDS_KM2, class_names
from trimline.change.states import STATE_COLUMNS, told_apart, with_states
from trimline.change.streaming import areas_streamed
from trimline.change.totals import LEVELS, REGION, TOTAL_COLUMNS, UNKNOWN_ABOVE, totals
from trimline.outlines.states import STATES, State

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
