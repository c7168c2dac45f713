"""Figure of the retreat of termini, and of how far they rose, by elevation of the terminus.

It is written as PNG for screens and SVG for papers; the same numbers give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trimline.files import StrPath
from trimline.report.change_figures import save_figure
from trimline.report.hypsometry_figures import GAIN, LOSS
from trimline.report.map_frame import INK, write_words
from trimline.report.retreat_map import one_method

_RISE = "#5b6b7a"


def draw_retreat_by_elevation(stem: StrPath, retreat: pd.DataFrame, *, method: str | None = None) -> list[Path]:
    """Write the mean retreat and the mean rise of the termini in each class of elevation, with the mean of all.

    Parameters
    ----------
    stem
        The files without their suffixes; `.png` and `.svg` are written.
    retreat
        Mean retreat by elevation, of `trimline.glaciers.terminus.retreat_by`: classes from low to high, last `all`.
    method
        Method that is shown; None where the table has one.

    Raises
    ------
    ChangeError
        The table has several methods and none is named, or lacks the named one.
    """
    shown = one_method(retreat, method)
    whole = shown[shown["class"] == "all"]
    classes = shown[(shown["class"] != "all") & shown["retreat_m_per_a"].notna()]
    if not len(classes):
        return write_words(stem, "no terminus with an elevation")
    figure = Figure(figsize=(8.2, 0.27 * len(classes) + 2.0), layout="constrained")
    rates, rises = figure.subplots(1, 2, sharey=True, width_ratios=(1.3, 1))
    places = np.arange(len(classes))
    colours = np.where(classes["retreat_m_per_a"] > 0, LOSS, GAIN)
    error = {"ecolor": INK, "lw": 0.8}
    off = classes["half_pixel_error_m_per_a"]
    rates.barh(places, classes["retreat_m_per_a"], 0.75, xerr=off, color=colours, error_kw=error)
    rises.barh(places, classes["terminus_rise_m"], 0.75, color=_RISE)
    labels = [
        f"{name.replace('-', '–')} (n = {number})"
        for name, number in zip(classes["class"].astype(str), classes["glaciers"], strict=True)
    ]
    rates.set_yticks(places, labels)
    rates.set_ylabel("elevation of the terminus, m", fontsize=9)
    handles = [
        Line2D([], [], color=colour, lw=6, label=f"(a) {word}, error of half a pixel")
        for colour, word, there in ((LOSS, "retreat", colours == LOSS), (GAIN, "advance", colours == GAIN))
        if there.any()
    ]
    for axes, column, letter, title, unit in (
        (rates, "retreat_m_per_a", "a", "retreat of termini", "m a⁻¹"),
        (rises, "terminus_rise_m", "b", "rise of termini", "m"),
    ):
        axes.axvline(0, color=INK, lw=0.6)
        if len(whole) and np.isfinite(float(whole[column].iloc[0])):
            axes.axvline(float(whole[column].iloc[0]), color=INK, ls="--", lw=1)
        axes.set_title(f"({letter}) {title}", loc="left", fontsize=10)
        axes.set_xlabel(f"{unit}", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color="#d5dde4", lw=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=8)
    if len(whole):
        number = int(whole["glaciers"].iloc[0])
        handles.append(
            Line2D([], [], color=INK, ls="--", lw=1, label=f"mean of all, with heights or without (n = {number})")
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return save_figure(figure, Path(stem))
