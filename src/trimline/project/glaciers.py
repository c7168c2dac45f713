"""Settings of the stages `glaciers` and `terminus`."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from trimline.project.settings import Name, ProjectPath, Settings

TerminusMethodName = Literal[
    "main_axis", "centre_line", "extrapolated_centre_line", "rectilinear_box", "curvilinear_box"
]
"""Methods of terminus change; `trimline.glaciers.terminus.methods` says which function each is."""


class GlacierSettings(Settings):
    """Settings of what is measured glacier by glacier; it needs the project's `dem`."""

    divides: Literal["keep", "draw"] = "keep"
    """`keep`: outlines are glaciers. `draw`: the ice of the first period is split along the drainage divides of the
    DEM, and later ice along the same divides, so that ids persist."""
    band_m: float = Field(50.0, gt=0)
    """Height of an elevation band [m]."""
    flow_lines: ProjectPath | None = None
    """Flow lines of one's own, by `glac_id`; the others are computed."""


class SelectionSettings(Settings):
    """Which glaciers have their termini measured."""

    glaciers: tuple[Name, ...] | None = None
    """Ids; None means all that the rules leave."""
    smallest_km2: float = Field(0.0, ge=0)
    """Least area in the first period [km2]."""
    largest_km2: float | None = Field(None, gt=0)
    """Largest area in the first period [km2]."""
    smallest_main_part: float = Field(0.0, ge=0, le=1)
    """Least share of its area that a glacier's largest connected part holds, in every period."""
    most_unseen: float = Field(1.0, ge=0, le=1)
    """Largest share of ground that no scene of a period shows."""
    seen_in_all: bool = True
    """Whether a glacier must have an outline in every period."""
    count: int | None = Field(None, ge=1)
    """The largest so many of those that pass; None means all."""


class TerminusSettings(Settings):
    """Settings of terminus change, over the spans of `change`."""

    methods: Annotated[
        tuple[TerminusMethodName, ...],
        BeforeValidator(lambda given: (given,) if isinstance(given, str) else given),
        Field(min_length=1),
    ] = get_args(TerminusMethodName)
    """The first is the one that figures show."""
    spacing_m: float | None = Field(None, gt=0)
    """Distance between the parallel lines of the main-axis method [m]; None means by `lines`."""
    lines: int = Field(61, ge=1)
    """Number of these lines across twice the mean width of the glacier."""
    points: ProjectPath | None = None
    """Points at the termini, by `glac_id`, where the lowest end of an outline is not its terminus."""
    class_m: float = Field(100.0, gt=0)
    """Height of a class of terminus elevation [m]."""
    select: SelectionSettings = SelectionSettings()
    """Which glaciers have their termini measured."""
