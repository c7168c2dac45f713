"""Results on standard output: tables for people, one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trimline.project import Project

MINIMUM_WIDTH = 100
"""Width of a table where the terminal has none [characters]."""
_LONGEST_NUMBER = 12
"""Characters of a number or date in a table; what is longer is text, which may take several lines."""


def print_json(content: Any) -> None:
    """Print one JSON object; undefined numbers are null, as JSON has no NaN."""
    from trimline.files import json_ready

    sys.stdout.write(json.dumps(json_ready(content), indent=2, allow_nan=False) + "\n")


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table; the first column is text, the others mostly numbers, which stay on one line, as dates do."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else MINIMUM_WIDTH)
    table = Table(title=title, title_justify="left", title_style="bold")
    for i, column in enumerate(columns):
        longest = max((len(row[i]) for row in rows), default=0)
        kept_whole = longest if i and longest <= _LONGEST_NUMBER else None
        table.add_column(column, justify="right" if i else "left", overflow="fold", min_width=kept_whole)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_block(heads: Sequence[str], lines: Sequence[str]) -> None:
    """Print heads, which are copied and never broken, and lines of text below them, folded between words."""
    import shutil
    import textwrap

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else MINIMUM_WIDTH
    head = "  ".join(heads)
    rows = [head] if len(head) <= width else [("    " if i else "") + each for i, each in enumerate(heads)]
    wrapper = textwrap.TextWrapper(
        width, initial_indent="  ", subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    rows += [row for line in lines for row in wrapper.wrap(line)]
    sys.stdout.write("\n".join(rows) + "\n\n")


def print_outcome(outcome: dict[str, Any], project: Project) -> None:
    """Print the results of a study as tables."""
    from trimline.report.change_tables import changes_table, region_table
    from trimline.report.glacier_change_tables import outlying_table, verdict_counts_table
    from trimline.report.sensor_tables import sensor_table
    from trimline.report.tables import (
        area_table,
        method_table,
        period_table,
        sample_table,
        shift_table,
        snow_table,
        year_table,
    )
    from trimline.report.threshold_tables import threshold_table

    if "samples" in outcome:
        print_table("Samples", *sample_table(outcome["samples"]))
    if "methods" in outcome:
        judged = (
            "on ground, scenes or dates they were not trained on" if project.learns else "none of them trained here"
        )
        print_table(f"Methods, {judged}", *method_table(outcome["methods"]))
        print_table("Year by year", *year_table(outcome["methods"]))
    if "thresholds" in outcome:
        found = outcome["thresholds"]
        print_table("Band ratio by threshold", *threshold_table(found["scores"], found["optimum"]))
    for name, methods in outcome.get("experiments", {}).items():
        print_table(f"Experiment {name}", *method_table(methods))
    if "sensors" in outcome:
        print_table("Sensors compared", *sensor_table(outcome["sensors"]["scores"], {}))
    if outcome.get("dates"):
        print_table(
            f"Areas, mapped with {project.mapping_method.name}",
            *area_table(outcome["dates"], same_ground=outcome["same_ground"]),
        )
    if outcome.get("snow"):
        print_table("Snow off the glaciers", *snow_table(outcome["snow"]))
    if outcome.get("coregistration"):
        print_table("Scenes off their references", *shift_table(outcome["coregistration"]))
    if "timeline" in outcome:
        found = outcome["timeline"]
        skipped = f"; not mapped: {', '.join(found['skipped'])}" if found["skipped"] else ""
        print_table(f"Periods, {found['glaciers']} glaciers{skipped}", *period_table(found["periods"]))
    if "change" in outcome:
        print_table("Areas of the region", *region_table(outcome["change"]["periods"]))
        print_table("Change of the region and its parts", *changes_table(outcome["change"].get("spans", []), {}))
        if outcome["change"].get("flagged"):
            print_table("Periods that jump out", *outlying_table(outcome["change"]["flagged"], {}))
        if outcome["change"].get("glaciers"):
            print_table("Glacier by glacier", *verdict_counts_table(outcome["change"]["glaciers"]))
    if "report" in outcome:
        sys.stdout.write(f"report: {project.output / outcome['report']}\n")
    if "release" in outcome:
        sys.stdout.write(f"release: {project.output / outcome['release']['folder']}\n")
