"""Every table and layer that a study writes: its file, what a row is, and its columns in order.

What a column means stands in `trimline.report.table_columns` and, of outlines, in `trimline.outlines.COLUMNS`; here is
only what it means in one table and not in the others.
"""

from __future__ import annotations

from collections.abc import Mapping

from trimline.report.written_table import Kind, WrittenTable


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SCORES = "precision recall f1 kappa oa iou area_bias boundary_m"
_CHANGE = """year_first year_last years area_first_km2 area_last_km2 change_km2 change_error_km2 change_percent
    change_error_percent rate_km2_per_a rate_error_km2_per_a rate_percent_per_a rate_error_percent_per_a"""
_BAND_CHANGE = """first last year_first year_last years area_first_km2 area_last_km2 change_km2 change_error_km2
    within_error change_percent change_error_percent rate_km2_per_a rate_error_km2_per_a rate_percent_per_a
    rate_error_percent_per_a"""
_RATES = """level part first last method without periods rate_km2_per_a error_km2_per_a low_km2_per_a high_km2_per_a
    confidence stated_error_km2_per_a rate_percent_per_a residual_km2"""
_OF_PERIOD = """glac_id glac_name period subregion src_date src_year cenlon cenlat area_km2 perimeter_km unseen_km2
    inferred_km2 unseen_error_km2 uncertain_error_km2 scene_id scene_ids sensor edit_ids review trimline_version"""
_AREAS = """uncertainty_km2 uncertainty_outline_km2 uncertainty_map_km2 uncertainty_unseen_km2"""
_NAMED = frozenset({"glac_name", "review"})
_ATTRIBUTES = """glac_id glac_name period subregion src_date src_year cenlon cenlat utm_zone termlon termlat area_km2
    area_pixels_km2 perimeter_km unseen_km2 inferred_km2 unseen_error_km2 uncertain_error_km2 zmin_m zmax_m zmed_m
    zmean_m slope_deg aspect_deg aspect_sec lmax_m dem_source dem_share scene_id scene_ids sensor edit_ids review
    trimline_version"""
_TERMINUS = """glac_id method retreat_m retreat_m_per_a spread_m lines lines_laid methods_median_m methods_spread_m
    years half_pixel_error_m whole_pixel_error_m half_pixel_error_m_per_a whole_pixel_error_m_per_a terminus_before_m
    terminus_after_m terminus_rise_m main_part_retreat_m direction_deg box_width_m end_found_by terminus status
    conditions"""
_OF_PROJECTS = frozenset(_names("first last aspect_deg"))
"""Columns that tables of termini lack where they are made of files of outlines."""
_OF_TERMINUS: Mapping[str, str] = {
    "method": "method of terminus change",
    "status": "retreat, advance, no change (smaller than half a pixel's error), vanished, appeared, no overlap, not "
    "measured, unseen, or not in period",
    "years": "years between the two dates",
}
_BY_CLASS: Mapping[str, str] = {
    "glaciers": "glaciers of the class with a measured change",
    "method": "method of terminus change",
    "retreat_m": "mean retreat; advance is negative",
    "retreat_m_per_a": "mean retreat per year",
    "terminus_rise_m": "mean rise of the terminus",
}
_GLIMS = """glac_id local_id period length min_elev mean_elev max_elev glac_name src_date anlys_time rec_status
    proc_desc anlst_surn anlst_givn submit_sur submit_giv loc_unc_x loc_unc_y glob_unc_x glob_unc_y"""
_OF_GLIMS: Mapping[str, str] = {
    "line_type": "glac_bound (boundary), intrnl_rock (rock within it) or centerline",
    "glac_id": "GLIMS id of the glacier",
    "src_date": "acquisition of the image outlined",
}
_GLIMS_NUMBERS: Mapping[str, Kind] = dict.fromkeys(
    _names("length min_elev mean_elev max_elev area loc_unc_x loc_unc_y glob_unc_x glob_unc_y"), "number"
)
_GLIMS_OPTIONAL = frozenset(
    _names("period length min_elev mean_elev max_elev glac_name src_date loc_unc_x loc_unc_y glob_unc_x glob_unc_y")
)

WRITTEN: tuple[WrittenTable, ...] = (
    WrittenTable(
        "training/<method>/history.csv",
        "train",
        "A row per epoch of a network; without validation samples it has no scores.",
        _names("epoch learning_rate loss oa f1 iou precision recall kappa area_bias seconds"),
        optional=frozenset(_names("oa f1 iou precision recall kappa area_bias")),
        own={
            "epoch": "number of the epoch, from 1",
            "learning_rate": "step of the descent at the end of the epoch",
            "loss": "mean loss of the training samples",
            "seconds": "time that the epoch took [s]",
        },
        kinds=dict.fromkeys(_names("learning_rate loss seconds"), "number"),
    ),
    WrittenTable(
        "training/<method>/thresholds.csv",
        "train",
        "A row per threshold at which a band ratio whose threshold is looked for was scored.",
        _names("threshold precision recall f1 kappa oa selected"),
        own={"threshold": "threshold of the band ratio", "selected": "whether this threshold is kept"},
        kinds={"selected": "true or false"},
    ),
    WrittenTable(
        "evaluation/scores.csv",
        "evaluate",
        "A row per method and scene; the scenes `all` and `mean of years` are those together.",
        _names("method scene f1 iou precision recall kappa oa area_bias boundary_m ground_km2 ice_km2"),
    ),
    WrittenTable(
        "accuracy/accuracy.csv",
        "experiments",
        "A row per experiment, group of scenes and method.",
        _names(f"experiment group split method {_SCORES} parameters training_s"),
    ),
    WrittenTable(
        "thresholds/thresholds.csv",
        "thresholds",
        "A row per threshold of the band ratio.",
        _names("threshold precision recall f1 kappa oa optimum"),
        own={"threshold": "threshold of the band ratio"},
        kinds={"optimum": "count"},
    ),
    WrittenTable(
        "sensors/sensors.csv",
        "sensors",
        "A row per experiment (sensor) and part of the ground.",
        _names("experiment zone f1 iou precision recall kappa oa area_bias boundary_m"),
    ),
    WrittenTable(
        "coregistration.csv",
        "map",
        "A row per scene that is compared with the reference of its place, and for the inventory.",
        _names("scene reference east_m north_m error_m pixel_m pixels windows share band moved reason"),
        own={
            "scene": "scene that is compared, or inventory",
            "reference": "scene that it is compared with",
            "error_m": "standard error of the shift",
            "pixels": "length of the shift, in pixels of the coarser image",
            "share": "share of the windows with enough ground that agree",
            "reason": "why no shift could be told",
        },
        kinds={"reference": "text", "pixels": "number"},
    ),
    WrittenTable(
        "maps/<method>/<scene>/outlines.gpkg",
        "map",
        "An outline of a scene as it was mapped; `trimline outline` writes the same.",
        _names(
            """src_date cenlon cenlat utm_zone area_km2 perimeter_km scene_id sensor network threshold weights_sha256
            trimline_version"""
        ),
        optional=frozenset({"src_date"}),
        geometry="polygon",
    ),
    WrittenTable(
        "maps/<method>/<scene>/outlines.gpkg|layer=not_seen",
        "map",
        "Ground that is not seen.",
        ("hidden_by",),
        geometry="polygon",
    ),
    WrittenTable(
        "timeline/<period>/automatic.gpkg",
        "timeline",
        "A glacier of a period, before corrections by hand.",
        tuple(each for each in _names(_OF_PERIOD) if each not in ("edit_ids", "review")),
        optional=_NAMED,
        geometry="polygon",
    ),
    WrittenTable(
        "timeline/<period>/outlines.gpkg",
        "timeline",
        "A glacier of a period, corrections by hand applied: the result of the study.",
        _names(_OF_PERIOD),
        optional=_NAMED,
        geometry="polygon",
    ),
    WrittenTable(
        "timeline/<period>/unseen.gpkg",
        "timeline",
        "Ground that no scene of the period shows.",
        ("period",),
        geometry="polygon",
    ),
    WrittenTable(
        "timeline/<period>/patches.gpkg",
        "timeline",
        "A connected piece of ice of a period, before it is a glacier.",
        ("period",),
        geometry="polygon",
    ),
    WrittenTable(
        "timeline/footprints.gpkg", "timeline", "The footprint of a scene.", ("scene_id",), geometry="polygon"
    ),
    WrittenTable(
        "timeline/glaciers.gpkg",
        "timeline",
        "A glacier: all ground that it covers in any period.",
        _names("glac_id glac_name subregion area_km2"),
        optional=_NAMED,
        geometry="polygon",
    ),
    WrittenTable(
        "timeline/glaciers.csv",
        "timeline",
        "A row per glacier and period, before corrections by hand.",
        _names("glac_id subregion period state area_km2 unseen_km2"),
        own={"unseen_km2": "ground of the glacier that no scene of the period shows"},
    ),
    WrittenTable(
        "timeline/states.csv",
        "timeline",
        "A row per glacier and period, after corrections by hand.",
        _names("glac_id period state src_year area_km2 unseen_km2"),
        own={"unseen_km2": "ground of the glacier that no scene of the period shows"},
    ),
    WrittenTable(
        "edits.gpkg",
        "timeline",
        "A correction by hand. The file is the user's; `trimline edits`, `trimline review` and QGIS write to it.",
        _names("edit_id operation period glac_id author time reason image value reverts"),
        own={"period": "period whose outlines are corrected, * for all, or an interval of dates as 2004/.."},
        geometry="any",
    ),
    WrittenTable(
        "edits.gpkg|layer=corrected_outlines",
        "timeline",
        "An outline before or after a correction that was made in `trimline review`.",
        _names("edit_id period glac_id state"),
        own={"state": "whether the outline is the one before or after the edit"},
        geometry="polygon",
    ),
    WrittenTable(
        "change/areas.csv",
        "change",
        "A row per glacier and period.",
        _names(
            f"""glac_id period subregion src_year area_km2 area_inner_km2 area_outer_km2 {_AREAS} perimeter_km
            shared_border_km uncertainty_perimeter_km2 size_class state nearest_km2"""
        ),
    ),
    WrittenTable(
        "change/totals.csv",
        "change",
        "A row per region, subregion or size class, and period.",
        _names(
            """level part period src_year glaciers area_km2 area_inner_km2 area_outer_km2 uncertainty_km2
            uncertainty_independent_km2 uncertainty_outline_km2 uncertainty_map_km2 uncertainty_unseen_km2
            uncertainty_perimeter_km2 seen_km2 unseen_km2 gone_glaciers unseen_glaciers absent_glaciers"""
        ),
    ),
    WrittenTable(
        "change/changes.csv",
        "change",
        "A row per region, subregion or size class, and span of time.",
        _names(f"level part first last {_CHANGE} verdict flagged"),
    ),
    WrittenTable(
        "change/glacier_changes.csv",
        "change",
        "A row per glacier and span of time.",
        _names(f"glac_id glac_name subregion size_class first last {_CHANGE} status glac_ids verdict flagged"),
        optional=_NAMED,
    ),
    WrittenTable(
        "change/glacier_changes.gpkg",
        "change",
        "A glacier and span of time; the outline is that of the first period.",
        _names(f"glac_id glac_name subregion size_class first last {_CHANGE} status glac_ids verdict flagged"),
        optional=_NAMED,
        geometry="polygon",
    ),
    WrittenTable(
        "change/glaciers.gpkg",
        "change",
        "A glacier and period, with its area and error.",
        _names(
            f"""{_OF_PERIOD.replace("scene_id ", "uncertainty_km2 scene_id ")} area_inner_km2 area_outer_km2
            uncertainty_outline_km2 uncertainty_map_km2 uncertainty_unseen_km2 shared_border_km
            uncertainty_perimeter_km2 size_class state flagged"""
        ),
        optional=_NAMED,
        own={"flagged": "whether the area of the region in this period jumps out of its series"},
        kinds={"flagged": "true or false"},
        geometry="polygon",
    ),
    WrittenTable(
        "change/rates.csv",
        "change",
        "A row per region, subregion or size class, span, and fitted line.",
        _names(_RATES),
    ),
    WrittenTable("change/glacier_rates.csv", "change", "A row per glacier, span, and fitted line.", _names(_RATES)),
    WrittenTable(
        "change/rate_changes.csv",
        "change",
        "A row per test of a change of the rate at a break.",
        _names("level part first break last test difference_km2_per_a error_km2_per_a statistic p_value"),
        own={"first": "first period of the first span", "last": "last period of the second span"},
    ),
    WrittenTable(
        "change/lineage.csv",
        "change",
        "A row per glacier that appears, vanishes, merges or splits.",
        _names("period kind glac_id other_id shared_km2"),
    ),
    WrittenTable(
        "change/outlying.csv",
        "change",
        "A row per area that lies off the line of the other periods.",
        _names("level part period src_year area_km2 expected_km2 excess_km2 excess_percent error_km2 kind"),
    ),
    WrittenTable("change/edits.csv", "change", "A row per period.", _names("period glaciers edited edited_km2")),
    WrittenTable(
        "change/scenes.csv",
        "change",
        "A row per scene of a period.",
        _names(
            """period subregion tile index scene_id date sensor rank reference cloud snow snow_by pixels
            cloud_percent"""
        ),
        kinds={"pixels": "count"},
    ),
    WrittenTable(
        "change/published.csv",
        "change",
        "A row per published area.",
        _names(
            """region year period src_year published_km2 area_km2 uncertainty_km2 difference_percent
            relative_error_percent within_uncertainty source note"""
        ),
    ),
    WrittenTable(
        "change/inventory.csv",
        "change",
        "A row per glacier, or group of glaciers, of the study and the inventory.",
        _names(
            """kind inventory_ids ids inventory_km2 area_km2 intersection_km2 iou gained_km2 lost_km2
            change_percent"""
        ),
        own={"change_percent": "area less that of the inventory, in percent of the latter"},
    ),
    WrittenTable(
        "change/repairs.csv",
        "change",
        "A row per problem of outlines that one has already, and what was done about it.",
        _names("period file outline problem repair before_km2 after_km2"),
        kinds={"outline": "text"},
    ),
    WrittenTable(
        "change/truth.csv",
        "change",
        "A row per region or subregion, and period with a truth.",
        _names("level part period true_km2 src_year area_km2 uncertainty_km2 inside"),
    ),
    WrittenTable(
        "change/true_changes.csv",
        "change",
        "A row per region or subregion, and span of periods with a truth.",
        _names(
            """level part first last years true_change_km2 change_km2 change_error_km2 true_rate_km2_per_a
            rate_km2_per_a rate_error_km2_per_a inside"""
        ),
    ),
    WrittenTable(
        "glaciers/attributes.gpkg",
        "glaciers",
        "A glacier and period, with the attributes of RGI 7.0 that follow from outline and elevation model.",
        _names(_ATTRIBUTES),
        optional=_NAMED,
        geometry="polygon",
    ),
    WrittenTable(
        "glaciers/attributes.csv", "glaciers", "The same without outlines.", _names(_ATTRIBUTES), optional=_NAMED
    ),
    WrittenTable(
        "glaciers/flow_lines.gpkg",
        "glaciers",
        "The main flow line of a glacier and period.",
        _names("glac_id lmax_m termlon termlat line_source dem_cover dem_source period"),
        geometry="line",
    ),
    WrittenTable(
        "glaciers/area_sums.csv",
        "glaciers",
        "A row per period: areas of outlines beside sums of pixels.",
        _names(
            """period glaciers area_km2 area_pixels_km2 difference_km2 difference_percent
            largest_difference_percent"""
        ),
        own={"difference_percent": "the same in percent of the areas of the outlines"},
    ),
    WrittenTable(
        "glaciers/hypsometry.csv",
        "glaciers",
        "A row per glacier, period and elevation band.",
        _names("glac_id period subregion src_year band_lower_m band_upper_m area_km2 share uncertainty_km2 dem_source"),
        own={"area_km2": "area in the band"},
    ),
    WrittenTable(
        "glaciers/hypsometry_totals.csv",
        "glaciers",
        "A row per period and elevation band.",
        _names(
            """period src_year band_lower_m band_upper_m area_km2 share uncertainty_km2 uncertainty_independent_km2
            glaciers"""
        ),
        own={"area_km2": "area in the band"},
    ),
    WrittenTable(
        "glaciers/hypsometry_changes.csv",
        "glaciers",
        "A row per elevation band and span of time.",
        _names(f"band_lower_m band_upper_m {_BAND_CHANGE}"),
    ),
    WrittenTable(
        "glaciers/aspects.csv",
        "glaciers",
        "A row per glacier, period and sector of aspect.",
        _names("glac_id period subregion src_year aspect_sec sector area_km2 share uncertainty_km2 dem_source"),
        own={"area_km2": "area in the sector", "aspect_sec": "number of the sector, 1 (north) to 8 (north-west)"},
    ),
    WrittenTable(
        "glaciers/aspect_totals.csv",
        "glaciers",
        "A row per period and sector of aspect.",
        _names("period src_year aspect_sec sector area_km2 share uncertainty_km2 uncertainty_independent_km2 glaciers"),
        own={"area_km2": "area in the sector", "aspect_sec": "number of the sector, 1 (north) to 8 (north-west)"},
    ),
    WrittenTable(
        "glaciers/aspect_changes.csv",
        "glaciers",
        "A row per sector of aspect and span of time.",
        _names(f"aspect_sec sector {_BAND_CHANGE}"),
        own={"aspect_sec": "number of the sector, 1 (north) to 8 (north-west)"},
    ),
    WrittenTable(
        "glaciers/glims/glims_polygons.shp",
        "glaciers",
        "A boundary of a glacier, or rock within it, in the form of the GLIMS database.",
        _names(f"line_type {_GLIMS} area"),
        optional=_GLIMS_OPTIONAL,
        own={**_OF_GLIMS, "area": "area of the whole glacier [km2]"},
        kinds=_GLIMS_NUMBERS,
        geometry="polygon",
    ),
    WrittenTable(
        "glaciers/glims/glims_lines.shp",
        "glaciers",
        "A centre line of a glacier, in the form of the GLIMS database.",
        _names(f"line_type {_GLIMS}"),
        optional=_GLIMS_OPTIONAL,
        own=_OF_GLIMS,
        kinds=_GLIMS_NUMBERS,
        geometry="line",
    ),
    WrittenTable(
        "glaciers/glims/glims_images.shp",
        "glaciers",
        "The footprint of an image, in the form of the GLIMS database.",
        _names("orig_id inst_name acq_time"),
        geometry="polygon",
    ),
    WrittenTable(
        "terminus/terminus.csv",
        "terminus",
        "A row per glacier, span of time and method.",
        _names(f"first last {_TERMINUS} aspect_deg"),
        optional=_OF_PROJECTS,
        own=_OF_TERMINUS,
    ),
    WrittenTable(
        "terminus/terminus.gpkg",
        "terminus",
        "An arrow from the earlier terminus to the later one, per glacier, span of time and method.",
        _names(f"{_TERMINUS} first last aspect_deg"),
        optional=_OF_PROJECTS,
        own=_OF_TERMINUS,
        geometry="line",
    ),
    WrittenTable(
        "terminus/by_aspect.csv",
        "terminus",
        "A row per span of time, method and aspect; the class `all` is all glaciers.",
        _names(
            """first last method class glaciers retreat_m retreat_m_per_a spread_m_per_a half_pixel_error_m_per_a
            whole_pixel_error_m_per_a terminus_rise_m"""
        ),
        optional=_OF_PROJECTS,
        own=_BY_CLASS,
    ),
    WrittenTable(
        "terminus/by_elevation.csv",
        "terminus",
        "A row per span of time, method and class of terminus elevation [m]; the class `all` is all glaciers.",
        _names(
            """first last method class glaciers retreat_m retreat_m_per_a spread_m_per_a half_pixel_error_m_per_a
            whole_pixel_error_m_per_a terminus_rise_m"""
        ),
        optional=_OF_PROJECTS,
        own=_BY_CLASS,
    ),
    WrittenTable(
        "terminus/series.csv",
        "terminus",
        "A row per glacier, method and date.",
        _names(
            """glac_id method date years retreat_m step_m step_m_per_a spread_m lines half_pixel_error_m
            whole_pixel_error_m end_found_by terminus status"""
        ),
        own={
            **_OF_TERMINUS,
            "date": "date of the outline, as a decimal year",
            "years": "years since the first date at which the terminus was measured",
            "retreat_m": "retreat since that date; advance is negative",
            "terminus": "what was measured at the date: outline, or drawn (lines)",
            "status": "result of the step since the date before, or first",
        },
        kinds={"date": "number"},
    ),
    WrittenTable(
        "terminus/selection.csv",
        "terminus",
        "A row per glacier.",
        _names("glac_id chosen reason periods area_km2 largest_part_share debris_share"),
        own={
            "periods": "number of periods in which it has an outline",
            "reason": "why it was left out, all reasons separated by ;",
        },
    ),
    WrittenTable(
        "release/<name>-<version>/columns.csv",
        "release",
        "A row per column of the released outlines.",
        _names("name shapefile_name type unit meaning texts_cut_in_shapefile"),
    ),
    WrittenTable(
        "release/<name>-<version>/tables/columns.csv",
        "release",
        "A row per column of each released table.",
        _names("table name unit meaning"),
    ),
)
"""Every table and layer, by stage."""
