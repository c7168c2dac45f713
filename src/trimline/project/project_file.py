"""The project file as one validated model: region, scenes, samples, split, methods, experiments and maps.

Every key is documented below it. Stages have no other settings than this model, so the file is the complete record of
a study's decisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from trimline.display import in_html, in_lines
from trimline.errors import ProjectError
from trimline.project.changing import ChangeSettings, check_change
from trimline.project.entry import SceneEntry
from trimline.project.glaciers import GlacierSettings, TerminusSettings
from trimline.project.mapping import MapSettings
from trimline.project.measuring import ProjectedCrs, TimelineSettings, check_order, check_outlines
from trimline.project.method import Method
from trimline.project.names import nearest_name
from trimline.project.places import Area, Period
from trimline.project.publishing import Published
from trimline.project.searching import Catalogue, SearchSettings
from trimline.project.settings import BandName, Name, ProjectPath, Settings
from trimline.project.simulation import SimulatedRange, SimulatedScene

SIMULATED = "simulated"
"""Folder of simulated ranges within the output."""


LARGEST_TILE = 8192
"""Side of a tile [pixels] above which one tile alone would fill the memory."""

FETCHED_DEM = "dem/copernicus_30m.tif"
"""File of fetched elevation within the output."""

EDITS_FILE = "edits.gpkg"
"""File of corrections by hand within the output."""


class SampleSettings(Settings):
    """Settings of tiles."""

    tile: int = Field(128, ge=16, le=LARGEST_TILE)
    """Side of a tile [pixels]."""
    stride: int | None = Field(None, ge=8, le=LARGEST_TILE)
    """Distance between the corners of neighbouring tiles [pixels]; None means `tile`, so that none overlap."""
    without_ice: float = Field(0.3, ge=0, le=1)
    """Tiles without ice, as the largest share of all tiles kept; the papers keep none."""
    minimum_valid: float = Field(0.05, ge=0, le=1)
    """Tiles with a smaller share of valid pixels are dropped."""
    resolution_m: float | None = Field(None, gt=0)
    """Pixel of all tiles [m]; None means that each sensor's tiles have its own pixel."""


class SplitSettings(Settings):
    """Settings of the split into training, validation and test."""

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
    """`scenes` and `dates`: training scenes; None means all that are not evaluated."""

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, given: Any) -> Any:
        return {"by": given} if isinstance(given, str) else given


class EvaluateSettings(Settings):
    """Settings of the evaluation."""

    scenes: tuple[Name, ...] | None = None
    """Scenes, by id, date, area, period, sensor or WRS-2 path/row. With a split by scenes or dates they are not
    trained on; with a split by blocks the test blocks of these scenes are scored. None means those of the `groups`, or
    all scenes that the split allows."""
    groups: Mapping[Name, tuple[Name, ...]] = {}
    """Scenes with rows of their own in the tables, by the name of the group, such as a test area."""

    @model_validator(mode="before")
    @classmethod
    def _scenes_of_the_groups(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("scenes") is not None:
            return given
        groups = given.get("groups")
        if not isinstance(groups, Mapping) or not all(isinstance(each, list | tuple) for each in groups.values()):
            return given
        names = dict.fromkeys(str(name) for group in groups.values() for name in group)
        return {**given, "scenes": tuple(names) or None}


class Experiment(Settings):
    """One protocol of training and evaluation; a study may have several, on the same scenes."""

    name: Name
    """Its name in tables, and that of its folder `<output>/experiments/<name>`."""
    title: str = ""
    """Its title in the report; its name where not given."""
    scenes: tuple[Name, ...] | None = None
    """Scenes of the experiment, named as in `evaluate.scenes`; None means all."""
    samples: SampleSettings | None = None
    """Settings of tiles; None means those of the study."""
    split: SplitSettings = SplitSettings()
    """How its tiles are split into training, validation and test."""
    evaluate: EvaluateSettings = EvaluateSettings()
    """What it is judged on."""
    methods: tuple[Name, ...] | None = None
    """Names of the project's methods; None means all."""

    @model_validator(mode="after")
    def _says_what_is_judged(self) -> Self:
        if self.split.by in ("scenes", "dates") and self.evaluate.scenes is None:
            raise ValueError(f"a split by {self.split.by} must say what is evaluated: give evaluate.scenes or groups")
        return self


class SensorStudy(Settings):
    """Two sensors compared on the same ground and dates, each as an experiment of its own."""

    experiments: tuple[Name, Name]
    """The experiment of the finer sensor, then that of the coarser; both split by blocks, scenes or dates."""
    method: Name
    """The method whose maps are compared."""
    near_termini_m: float = Field(500.0, gt=0)
    """Radius of a terminus around the lowest point of a glacier [m]."""


_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_TILE = re.compile(r"\d{6}|\d{2}[A-Z]{3}")


def _acquisitions(each: SimulatedRange, folder: Path, scenes: Iterable[SceneEntry]) -> tuple[SimulatedScene, ...]:
    """Return the acquisitions of a range that the scenes in its folder need."""
    acquisitions: list[SimulatedScene] = []
    for entry in scenes:
        if entry.path.parent != folder / each.name:
            continue
        if entry.sensor is None or entry.date is None or len(entry.date) < len("2019-02-17"):
            raise ValueError(f"{each.name}: scene '{entry.id}' must say its day and sensor to be simulated")
        share = None if entry.cloud_cover is None else entry.cloud_cover / 100.0
        acquisitions.append(
            SimulatedScene(sensor=entry.sensor, date=date.fromisoformat(entry.date), cloud_fraction=share)
        )
    if not acquisitions:
        raise ValueError(f"{each.name}: it has no scenes, and no scene of the project lies in {folder / each.name}")
    return tuple(acquisitions)


def _tuple_of_one(value: Any) -> Any:
    return (value,) if isinstance(value, str | dict) else value


class Project(Published):
    """All decisions of a study.

    Examples
    --------
    >>> import trimline
    >>> project = trimline.load_project("projects/demo.yaml")
    >>> project.mapping_method.network, project.output
    """

    name: Name
    """Name of the study, in file names and in the release."""
    title: str = ""
    """One line for the report."""
    output: ProjectPath
    """Output folder of all stages."""
    archive: ProjectPath | None = None
    """Folder of the user's products, for paths that begin with `${archive}`."""
    seed: int = Field(0, ge=0)
    """Seed of all random numbers."""
    areas: tuple[Area, ...] = ()
    """The parts of the region; a scene's `area` must then be one of them."""
    periods: tuple[Period, ...] = ()
    """The periods of the timeline; a scene's `period` must be one of them."""
    search: SearchSettings | None = None
    """Where `trimline search` looks for scenes, and which it takes; None means that all scenes are given."""
    scenes: tuple[SceneEntry, ...] = ()
    """The products; none where all periods have `outlines` that one has already."""
    simulate: tuple[SimulatedRange, ...] = ()
    """Ranges to simulate into `<output>/simulated/<name>` before anything else."""
    dem_catalogue: Catalogue | None = None
    """Where `trimline fetch` finds elevation, tiles of Copernicus GLO-30: a known archive (`earth-search`, ...), or the
    address of a catalogue. They are joined into the file that `dem` then is."""
    dem: Annotated[ProjectPath | None, Field(validate_default=True)] = None
    """Elevation [m], any raster with a CRS that covers the scenes, or a folder of them."""
    inventory: ProjectPath | None = None
    """Outlines of glaciers: the truth of scenes without one of their own, and the ids of glaciers in the outlines of
    the periods."""
    region: ProjectPath | None = None
    """Polygons that bound the study; None means all ground that the scenes of the periods cover."""
    crs: ProjectedCrs | None = None
    """CRS of the periods' maps and outlines; None means that of most of their scenes."""
    resolution_m: float | None = Field(None, gt=0)
    """Pixel of the periods' maps [m]; None means the finest of their scenes."""
    bands: Annotated[tuple[BandName, ...], Field(min_length=1)] = ("blue", "green", "red", "nir", "swir1", "swir2")
    """Common names of the input bands of networks."""
    samples: SampleSettings = SampleSettings()
    """How scenes and outlines are cut into tiles."""
    split: SplitSettings = SplitSettings()
    """How tiles are split into training, validation and test."""
    methods: Annotated[tuple[Method, ...], BeforeValidator(_tuple_of_one), Field(min_length=1)] = (
        Method(name="m_landsnet", network="m_landsnet"),
    )
    """The methods of mapping ice, each trained or given, and judged beside the others."""
    evaluate: EvaluateSettings = EvaluateSettings()
    """What the methods are judged on."""
    experiments: tuple[Experiment, ...] = ()
    """Further protocols of training and evaluation, besides `split` and `evaluate`."""
    sensors: SensorStudy | None = None
    """Two of the experiments that are compared date by date; needs `dem`."""
    thresholds: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] | None = None
    """Thresholds at which the band ratio is scored; None means none."""
    map: MapSettings = MapSettings()
    """How whole scenes are mapped."""
    timeline: TimelineSettings = TimelineSettings()
    """How the maps of a period become one set of outlines."""
    change: ChangeSettings = ChangeSettings()
    """How areas, their errors and their change are measured."""
    glaciers: GlacierSettings = GlacierSettings()
    """How single glaciers are measured; it needs `dem`."""
    terminus: TerminusSettings = TerminusSettings()
    """How the change of termini is measured; it needs `dem`."""
    edits: ProjectPath | None = None
    """The GeoPackage of corrections by hand; None means `<output>/edits.gpkg`."""

    @field_validator("dem", mode="after")
    @classmethod
    def _is_fetched(cls, dem: Path | None, info: ValidationInfo) -> Path | None:
        if info.data.get("dem_catalogue") is None:
            return dem
        if dem is not None:
            raise ValueError("dem_catalogue says where elevation is fetched from: give one of the two")
        return info.data["output"] / FETCHED_DEM if "output" in info.data else None

    @field_validator("scenes", mode="after")
    @classmethod
    def _have_their_place_and_period(cls, scenes: tuple[SceneEntry, ...], info: ValidationInfo) -> Any:
        areas: tuple[Area, ...] = info.data.get("areas", ())
        home = {tile: area.name for area in areas for tile in area.tiles}
        placed = tuple(
            entry.model_copy(update={"area": home[entry.tile]}) if entry.area is None and entry.tile in home else entry
            for entry in scenes
        )
        for key, known in (
            ("area", [area.name for area in areas]),
            ("period", [period.name for period in info.data.get("periods", ())]),
        ):
            if f"{key}s" not in info.data:  # they are wrong themselves, which is said
                continue
            for entry in placed:
                name = getattr(entry, key)
                if name is not None and name not in known and (known or key == "period"):
                    raise ValueError(f"{entry.id}: '{name}' is none of the {key}s; {nearest_name(name, known)}")
        return placed

    @field_validator("simulate", mode="after")
    @classmethod
    def _are_looked_at(cls, ranges: tuple[SimulatedRange, ...], info: ValidationInfo) -> Any:
        if not {"output", "scenes"} <= info.data.keys():
            return ranges
        folder = info.data["output"] / SIMULATED
        return tuple(
            each
            if each.scenes
            else each.model_copy(update={"scenes": _acquisitions(each, folder, info.data["scenes"])})
            for each in ranges
        )

    @model_validator(mode="after")
    def _references_are_single(self) -> Self:
        seen: dict[tuple[str | None, str], str] = {}
        for entry in self.scenes:
            if not entry.reference:
                continue
            if entry.period is None:
                raise ValueError(f"scene '{entry.id}' is the reference of no period: give it one")
            place = (entry.tile or entry.area, entry.period)
            if place in seen:
                raise ValueError(
                    f"'{seen[place]}' and '{entry.id}' are both the reference image of one place in {entry.period}"
                )
            seen[place] = entry.id
        return self

    @model_validator(mode="after")
    def _thresholds_rise(self) -> Self:
        for lower, upper in pairwise(self.thresholds or ()):
            if upper <= lower:
                raise ValueError(f"thresholds: {upper} follows {lower}; give them in rising order")
        return self

    @model_validator(mode="after")
    def _experiments_name_what_there_is(self) -> Self:
        methods = [method.name for method in self.methods]
        named: list[tuple[str, Iterable[tuple[str, ...] | None]]] = [("evaluate", self.evaluate.groups.values())]
        for each in self.experiments:
            for method in each.methods or ():
                if method not in methods:
                    raise ValueError(
                        f"experiment '{each.name}': '{method}' is none of the methods; {nearest_name(method, methods)}"
                    )
            given = (each.scenes, each.split.train, each.evaluate.scenes, *each.evaluate.groups.values())
            named.append((f"experiment '{each.name}'", given))
        for where, groups in named:
            for name in dict.fromkeys(name for group in groups for name in group or ()):
                if not self._may_stand_for_scenes(name):
                    raise ValueError(
                        f"{where}: '{name}' is no scene, date, area, period, sensor or path/row; "
                        f"{nearest_name(name, self._names_of_scenes())}"
                    )
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Project:
        for what, names in (
            ("area", [a.name for a in self.areas]),
            ("tile", [tile for a in self.areas for tile in a.tiles]),
            ("period", [p.name for p in self.periods]),
            ("experiment", [e.name for e in self.experiments]),
            ("scene id", [s.id for s in self.scenes]),
            ("method name", [m.name for m in self.methods]),
            ("simulated range", [r.name for r in self.simulate]),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ValueError(f"{what} '{twice[0]}' stands twice")
        return self

    @model_validator(mode="after")
    def _periods_follow_one_another(self) -> Self:
        check_order(self.periods)
        check_outlines(self.periods, has_scenes=bool(self.scenes) or self.search is not None)
        check_change(self.change, [each.name for each in self.periods], has_inventory=self.inventory is not None)
        unused = [
            key for key in ("timeline", "change", "region", "crs", "resolution_m") if key in self.model_fields_set
        ]
        if unused and not self.periods:
            raise ValueError(f"{unused[0]} says how periods are measured, and there are none: give periods")
        return self

    def _names_of_scenes(self) -> list[str]:
        """Return every name that selects scenes, except dates."""
        labels = ((entry.area, entry.period, entry.sensor, entry.tile, entry.id) for entry in self.scenes)
        columns = zip(*labels, strict=True)
        return [name for name in dict.fromkeys(each for column in columns for each in column) if name is not None]

    def _may_stand_for_scenes(self, name: str) -> bool:
        """Whether a name selects scenes, as far as is known before products are opened."""
        if name in self._names_of_scenes() or any((entry.date or "").startswith(name) for entry in self.scenes):
            return True
        if _DATE.fullmatch(name) and any(entry.date is None for entry in self.scenes):
            return True
        return bool(_TILE.fullmatch(name)) and any(entry.tile is None for entry in self.scenes)

    @model_validator(mode="after")
    def _compared_sensors_exist(self) -> Project:
        if self.sensors is None:
            return self
        known = [each.name for each in self.experiments]
        for name in self.sensors.experiments:
            if name not in known:
                raise ValueError(f"sensors.experiments: '{name}' is no experiment; {nearest_name(name, known)}")
        methods = [each.name for each in self.methods]
        if self.sensors.method not in methods:
            raise ValueError(
                f"sensors.method: '{self.sensors.method}' is no method; {nearest_name(self.sensors.method, methods)}"
            )
        return self

    def __repr__(self) -> str:
        return in_lines(f"Project {self.name}", self._description())

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return in_html(f"Project {self.name}", self._description())

    def _description(self) -> list[tuple[str, str]]:
        """Return what is shown of a project, line by line."""
        dates = sorted(entry.date for entry in self.scenes if entry.date is not None)
        span = f", {dates[0]} to {dates[-1]}" if dates else ""
        rows = [
            ("title", self.title),
            ("scenes", f"{len(self.scenes)}{span}" if self.scenes else ""),
            ("periods", ", ".join(each.name for each in self.periods)),
            ("methods", ", ".join(each.name for each in self.methods)),
            ("bands", " ".join(self.bands)),
            ("split", self.split.by),
            ("output", str(self.output)),
        ]
        return [(name, text) for name, text in rows if text]

    @property
    def has_own_outlines(self) -> bool:
        """Whether the outlines of the periods are given, and nothing is mapped."""
        return any(each.outlines is not None for each in self.periods)

    @property
    def edits_file(self) -> Path:
        """The GeoPackage of corrections by hand, which may not exist."""
        return self.edits or self.output / EDITS_FILE

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
        """Return the input bands of a method: its own, or the project's; none of weights, whose file says it."""
        return (method.bands or self.bands) if method.network else method.index_bands

    @property
    def learns(self) -> bool:
        """Whether any method is trained by the study."""
        return any(method.is_trained for method in self.methods)
