"""The form of an edit in QGIS: which field has which widget, default and condition, for what is drawn.

QGIS draws into layers of one type of geometry. The layer of edits holds any, so QGIS has it three times: as areas, as
lines, and as a table for edits without ground. Each offers the operations that go with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from xml.etree.ElementTree import Element

from trimline.outlines.edit_layer import EDIT_COLUMNS, OPERATIONS
from trimline.outlines.edit_periods import EVERY_PERIOD
from trimline.review.opened.reviewed import ReviewedPeriod
from trimline.review.qgis.xml import element, option

Kind = Literal["areas", "lines", "table"]
"""What edits are drawn as; those of a `table` have no geometry."""

_DRAWN: Mapping[Kind, Sequence[str]] = MappingProxyType(
    {"areas": ("add", "remove", "replace", "split"), "lines": ("split", "terminus")}
)
"""Operations by what they are drawn as; all others are rows of a table."""

_UTC = """with_variable('moment', now(), with_variable('utc',
 @moment + make_interval(seconds:=(epoch(@moment)
  - epoch(to_datetime(format_date(@moment, 'yyyy-MM-dd') || 'T' || format_date(@moment, 'HH:mm:ss') || 'Z'))) / 1000),
 format_date(@utc, 'yyyy-MM-dd') || 'T' || format_date(@utc, 'HH:mm:ss') || 'Z'))"""
"""Expression of the time in UTC: QGIS has local time alone, whose shift is what it is later when read as UTC."""

_AUTHOR = "coalesce(nullif(@user_full_name, ''), @user_account_name)"
_NEW_ID = "left(replace(uuid('WithoutBraces'), '-', ''), 12)"
"""Expressions of the person at the computer, and of an identifier of twelve hexadecimal digits."""

_WIDTH_OF_A_LABEL = 60
"""Characters of the meaning of an operation that its label shows."""

_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "operation": "Operation",
        "glac_id": "Glacier",
        "period": "Period",
        "reason": "Reason",
        "author": "Author",
        "image": "Image consulted",
        "value": "Value (JSON)",
        "reverts": "Reverts edit",
        "time": "Time (UTC)",
        "edit_id": "Edit",
    }
)
"""Labels of the fields, in the order of the form."""

_NOT_NULL, _UNIQUE, _EXPRESSION = 1, 2, 4
"""Kinds of constraints, as QGIS counts them."""

_HARD, _SOFT = 1, 2
"""A row that fails a hard constraint cannot be saved; one that fails a soft one is marked."""


@dataclass(frozen=True)
class Form:
    """What the form of one kind of edits offers."""

    operations: Mapping[str, str]
    """Values and labels of `operation`."""
    periods: Mapping[str, str]
    """Values and labels of `period`, the default last."""
    glacier: str = ""
    """Expression of the glacier under the drawing; empty where nothing is proposed."""


def form_of(periods: Sequence[ReviewedPeriod], kind: Kind | None = None, *, glacier: str = "") -> Form:
    """Return the form for a kind of edits, or for all where none is given."""
    return Form({each: _label(each) for each in operations_of(kind)}, period_values(periods), glacier)


def operations_of(kind: Kind | None) -> list[str]:
    """Return the operations of a kind of edits; all where none is given."""
    if kind is None:
        return list(OPERATIONS)
    drawn = {each for operations in _DRAWN.values() for each in operations}
    return [each for each in OPERATIONS if (each in _DRAWN[kind] if kind in _DRAWN else each not in drawn)]


def period_values(periods: Sequence[ReviewedPeriod]) -> dict[str, str]:
    """Return what `period` may be, with labels: all, from or until a period, and each one; the last one last."""
    values = {EVERY_PERIOD: "all periods"}
    if len(periods) > 1:
        values |= {f"{each.first}/..": f"{each.name} and later" for each in periods[1:]}
        values |= {f"../{each.last}": f"{each.name} and earlier" for each in periods[:-1]}
    return values | {each.name: each.name for each in periods}


def write_form(root: Element, form: Form) -> None:
    """Append a form to a layer of a project, or to a style."""
    configuration = element(root, "fieldConfiguration")
    for name in EDIT_COLUMNS:
        field = element(configuration, "field", name=name, configurationFlags="None")
        widget, settings = _widget(name, form)
        config = element(element(field, "editWidget", type=widget), "config")
        option(config, settings)
    aliases = element(root, "aliases")
    for index, name in enumerate(EDIT_COLUMNS, 1):
        element(aliases, "alias", field=name, index=index, name=_LABELS[name])
    _write_defaults(root, form)
    _write_constraints(root)
    element(root, "editorlayout", "tablayout")
    layout = element(root, "attributeEditorForm")
    for name in _LABELS:
        element(layout, "attributeEditorField", name=name, index=list(EDIT_COLUMNS).index(name) + 1, showLabel=1)
    editable = element(root, "editable")
    for name in EDIT_COLUMNS:
        element(editable, "field", name=name, editable=name != "edit_id")
    reuse = element(root, "reuseLastValue")
    for name in EDIT_COLUMNS:
        element(reuse, "field", name=name, reuseLastValue=name in ("period", "author", "reason", "image"))
    element(root, "previewExpression", "\"operation\" || ' ' || coalesce(\"glac_id\", '')")


def _widget(name: str, form: Form) -> tuple[str, dict[str, object]]:
    """Return the widget of a field and its settings."""
    if name == "operation":
        return "ValueMap", {"map": [{label: value} for value, label in form.operations.items()]}
    if name == "period":
        return "ValueMap", {"map": [{label: value} for value, label in reversed(list(form.periods.items()))]}
    if name in ("author", "image"):
        return "UniqueValues", {"Editable": True}
    return "TextEdit", {"IsMultiline": name == "reason", "UseHtml": False}


def _write_defaults(root: Element, form: Form) -> None:
    last = list(form.periods)[-1]
    expressions = {
        "edit_id": _NEW_ID,
        "author": _AUTHOR,
        "time": _UTC,
        "period": quoted_text(last),
        "glac_id": form.glacier,
        "operation": quoted_text(next(iter(form.operations))) if len(form.operations) == 1 else "",
    }
    defaults = element(root, "defaults")
    for name in EDIT_COLUMNS:
        element(defaults, "default", field=name, expression=expressions.get(name, ""), applyOnUpdate=0)


def _write_constraints(root: Element) -> None:
    """Append what must hold before a row is saved, and what `trimline edits --check` would find."""
    filled = ("operation", "author", "time")
    expressions = {
        "glac_id": (
            "\"operation\" IN ('remove', 'revert') OR \"glac_id\" IS NOT NULL",
            "Name the glacier; of a new one, an identifier that is not in use.",
        ),
        "period": ('"operation" = \'revert\' OR "period" IS NOT NULL', "Say which period is corrected."),
        "reverts": (
            '"operation" <> \'revert\' OR "reverts" IS NOT NULL',
            "Name the edit that is reverted, by its edit_id.",
        ),
        "value": (
            "\"operation\" NOT IN ('attribute', 'merge') OR \"value\" IS NOT NULL",
            'Write a JSON object, as in {"glac_name": "Upper Tongue"}.',
        ),
        "reason": ('"reason" IS NOT NULL', "Say why: others will read it."),
    }
    constraints = element(root, "constraints")
    for name in EDIT_COLUMNS:
        kinds = _NOT_NULL * (name in filled) + _UNIQUE * (name == "edit_id") + _EXPRESSION * (name in expressions)
        element(
            constraints,
            "constraint",
            field=name,
            constraints=kinds,
            notnull_strength=_HARD * (name in filled),
            unique_strength=_HARD * (name == "edit_id"),
            exp_strength=_SOFT * (name in expressions),
        )
    said = element(root, "constraintExpressions")
    for name in EDIT_COLUMNS:
        expression, description = expressions.get(name, ("", ""))
        element(said, "constraint", field=name, exp=expression, desc=description)


def quoted_text(text: str) -> str:
    """Return a text as it stands in an expression of QGIS."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _label(operation: str) -> str:
    meaning = OPERATIONS[operation]
    short = meaning if len(meaning) <= _WIDTH_OF_A_LABEL else meaning[: _WIDTH_OF_A_LABEL - 3].rstrip(" ,") + "..."
    return f"{operation}: {short}"
