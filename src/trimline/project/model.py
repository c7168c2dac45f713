"""The project file as one validated model: region, scenes, samples, split, methods, maps and report.

Every key has its meaning below it. Stages read this model and nothing else of the user's wishes, so the file is the
whole record of what a study decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from trimline.errors import ProjectError
from trimline.project.recipe import Recipe
from trimline.project.settings import IsoDate, Name, ProjectPath, Settings
from trimline.project.simulation import SimulatedRange


class SceneEntry(Settings):
    """A product, and what its own metadata do not say."""

    id: Name
    path: ProjectPath
    """A product folder, archive or GeoTIFF stack."""
    date: IsoDate | None = None
    """When the product itself does not say, or as precisely as it is known: `2019`, `2019-02`, `2019-02-17`."""
    area: Name | None = None
    """The part of the study that the scene belongs to."""
    truth: ProjectPath | None = None
    """Outlines (any vector file) or a raster of 0 and 1; without it the project's `inventory` serves."""
    sensor: str | None = None
    """Sensor id, for stacks."""
    bands: tuple[str, ...] | None = None
    """Band names in the order of the file, for stacks without descriptions."""
    scale: float | None = None
    """Reflectance per digital number, for stacks: reflectance = (DN + offset) x scale."""
    offset: float | None = None
    """Added to the digital number before scaling: 0, or -1000 for Sentinel-2 since processing baseline 04.00."""
    nodata: float | None = None
    """Digital number that means nothing, for stacks."""


class SampleSettings(Settings):
    """How tiles are cut."""

    tile: int = Field(128, ge=16)
    """Side of a tile [pixels]."""
    stride: int | None = Field(None, ge=8)
    """Distance between the corners of neighbouring tiles [pixels]; None means `tile`, so that none overlap."""
    without_ice: float = Field(0.3, ge=0, le=1)
    """Tiles without ice, as the largest share of all tiles kept; the papers keep none."""
    minimum_valid: float = Field(0.05, ge=0, le=1)
    """Tiles with a smaller share of valid pixels are dropped."""
    resolution_m: float | None = Field(None, gt=0)
    """Pixel of the tiles [m]; None means that of each area's first scene."""


class SplitSettings(Settings):
    """Which ground, scenes or dates serve training, validation and test."""

    by: Literal["blocks", "scenes", "dates", "paper"] = "blocks"
    """`blocks`: ground-exclusive squares. `scenes`: lists of scenes, areas or WRS-2 path/rows. `dates`: same ground,
    other dates; it measures transfer in time only. `paper`: at random after augmentation, as Chen and others (2022)
    did; copies of one place fall on both sides, so its scores flatter."""
    block: int | None = Field(None, ge=1)
    """`blocks`: side of a block [pixels]; None means the tile's side."""
    test: float = Field(0.3, ge=0, lt=1)
    """`blocks` and `paper`: the share kept for the test."""
    validation: float = Field(0.2, ge=0, lt=1)
    """The share of what is not test that is kept for validation, by blocks of ground (at random in `paper`)."""
    train: tuple[Name, ...] | None = None
    """`scenes` and `dates`: what is trained on; None means all that is not evaluated."""

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, given: Any) -> Any:
        return {"by": given} if isinstance(given, str) else given


class Method(Settings):
    """One way of telling ice from ground."""

    name: Name
    """What tables call it; the network's name where not given."""
    network: str
    """A name from `trimline networks`."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """What the network is built with, besides its bands."""
    bands: tuple[str, ...] | None = None
    """Common names of the bands it sees; None means the project's `bands`."""
    recipe: Recipe = Recipe.preset("strong")

    @model_validator(mode="before")
    @classmethod
    def _name_after_network(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"network": given}
        if isinstance(given, dict) and "name" not in given and "network" in given:
            given = {**given, "name": given["network"]}
        return given


class EvaluateSettings(Settings):
    """What the methods are judged on."""

    scenes: tuple[Name, ...] | None = None
    """Scenes, by id, date, area or WRS-2 path/row. With a split by scenes or dates they are what is not trained on;
    with a split by blocks the test blocks of these scenes are judged. None means all scenes that the split allows."""


class MapSettings(Settings):
    """How whole scenes are mapped."""

    scenes: tuple[Name, ...] | None = None
    """Scenes, by id, date, area or WRS-2 path/row; None means all."""
    method: Name | None = None
    """The method whose outlines are the result; None means the first."""
    window: int = Field(512, ge=64)
    """Side of the part of a window that is kept [pixels]; the network sees its halo around it too."""
    minimum_area_km2: float = Field(0.01, ge=0)
    """Smaller outlines are left out; 0.01 km2 is the inventories' usual limit (Paul and others, 2009)."""


def _tuple_of_one(value: Any) -> Any:
    return (value,) if isinstance(value, str | dict) else value


class Project(Settings):
    """Everything a study decides."""

    name: Name
    title: str = ""
    """One line for the report."""
    output: ProjectPath
    """Folder that every stage writes into."""
    seed: int = Field(0, ge=0)
    """The one source of randomness."""
    simulate: tuple[SimulatedRange, ...] = ()
    """Ranges to simulate into `<output>/simulated/<name>` before anything else."""
    scenes: Annotated[tuple[SceneEntry, ...], Field(min_length=1)]
    inventory: ProjectPath | None = None
    """Outlines that serve as truth for every scene that brings none of its own."""
    bands: Annotated[tuple[str, ...], Field(min_length=1)] = ("blue", "green", "red", "nir", "swir1", "swir2")
    samples: SampleSettings = SampleSettings()
    split: SplitSettings = SplitSettings()
    methods: Annotated[tuple[Method, ...], BeforeValidator(_tuple_of_one), Field(min_length=1)] = (
        Method(name="m_landsnet", network="m_landsnet"),
    )
    evaluate: EvaluateSettings = EvaluateSettings()
    map: MapSettings = MapSettings()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Project:
        for what, names in (
            ("scene id", [s.id for s in self.scenes]),
            ("method name", [m.name for m in self.methods]),
            ("simulated range", [r.name for r in self.simulate]),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ValueError(f"{what} '{twice[0]}' stands twice")
        return self

    @property
    def mapping_method(self) -> Method:
        """The method whose outlines are the result.

        Raises
        ------
        ProjectError
            `map.method` names no method of the project.
        """
        wanted = self.map.method or self.methods[0].name
        for method in self.methods:
            if method.name == wanted:
                return method
        raise ProjectError(
            f"map.method '{wanted}' is none of the methods",
            where=self.name,
            remedy=f"the methods are {', '.join(m.name for m in self.methods)}",
        )

    def method_bands(self, method: Method) -> tuple[str, ...]:
        """Return the bands a method sees: its own, or the project's."""
        return method.bands or self.bands


def union_of_bands(project: Project) -> tuple[str, ...]:
    """Return every band that some method of the project needs, the project's first, each once."""
    ordered: Iterable[str] = (b for m in project.methods for b in project.method_bands(m))
    return tuple(dict.fromkeys((*project.bands, *ordered)))
