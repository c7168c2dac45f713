"""One method of mapping ice: a network that the study trains, given weights, or a spectral index."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from trimline.errors import NetworkError
from trimline.networks.registry import check_arguments
from trimline.project.recipe import Recipe
from trimline.project.settings import BandName, Name, ProjectPath, Settings

_INDICES = {"ratio": "band_ratio", "ndsi": "ndsi"}
"""Keys of spectral indices, and the methods' names where none is given."""
_OF_TRAINING = ("recipe",)
_OF_NETWORKS = ("arguments", "bands")
_OF_INDICES = ("numerator", "blue", "filter")
NOT_TRAINED = frozenset({"weights", *_INDICES, *_OF_INDICES})
"""Keys that only methods have which are not trained."""


class Method(Settings):
    """One method of mapping ice.

    Exactly one of `network`, `start`, `weights`, `ratio` and `ndsi` says what it is. A `network` is trained by the
    study, and so are weights to `start` from; the others map as they are.
    """

    name: Name
    """Its name in tables. Where not given: the network, `default` or the name of the weights file (with `_tuned` where
    they are trained on), `band_ratio` or `ndsi`."""
    network: str = ""
    """A name from `trimline networks`, to be trained."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the network, besides its bands."""
    bands: tuple[BandName, ...] | None = None
    """Common names of its input bands; None means the project's `bands`."""
    recipe: Recipe = Recipe.preset("strong")
    """How it is trained; the preset is `fine_tune` where it has a `start`, unless it names another."""
    start: Literal["default"] | ProjectPath | None = None
    """A model file, or `default` for the weights that come along, to train on from (fine-tuning). Network, bands and
    normalisation are those of the weights."""
    weights: Literal["default"] | ProjectPath | None = None
    """A model file (`.safetensors` or `.onnx`) that maps as it is, or `default` for the weights that come along."""
    ratio: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Band ratio without training: ice is where red / SWIR1 of reflectance is larger, 2.0 for instance."""
    ndsi: float | None = Field(None, gt=-1, lt=1)
    """NDSI without training: ice is where (green - SWIR1) / (green + SWIR1) is larger, 0.4 for instance."""
    numerator: Literal["red", "nir"] = "red"
    """`ratio`: the band that is divided by SWIR1."""
    blue: float | None = Field(None, gt=0, allow_inf_nan=False)
    """`ratio` and `ndsi`: ice is brighter than this in blue [reflectance], too; None means that blue is not looked
    at."""
    filter: int = Field(5, ge=0)
    """`ratio` and `ndsi`: side of the window of an opening and a closing [pixels], odd; 0 means none."""

    @model_validator(mode="before")
    @classmethod
    def _named_after_what_it_is(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"network": given}
        if not isinstance(given, dict):
            return given
        if given.get("start") is not None:
            given = {**given, "recipe": _fine_tuned(given.get("recipe", {}))}
        if "name" in given:
            return given
        if "network" in given:
            return {**given, "name": given["network"]}
        if isinstance(given.get("weights"), str | PurePath):
            return {**given, "name": PurePath(given["weights"]).stem}
        if isinstance(given.get("start"), str | PurePath):
            return {**given, "name": f"{PurePath(given['start']).stem}_tuned"}
        return next(({**given, "name": name} for key, name in _INDICES.items() if key in given), given)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        kinds = [key for key in ("network", "start", "weights", *_INDICES) if getattr(self, key) not in ("", None)]
        if len(kinds) != 1:
            found = f"it has {' and '.join(kinds)}" if kinds else "it has none of them"
            raise ValueError(
                f"a method is one of a network to train, weights to start from, weights, a ratio or an ndsi; {found}"
            )
        (kind,) = kinds
        for keys, users in (
            (_OF_TRAINING, ("network", "start")),
            (_OF_NETWORKS, ("network",)),
            (_OF_INDICES, tuple(_INDICES)),
            (("numerator",), ("ratio",)),
        ):
            for key in keys:
                if key in self.model_fields_set and kind not in users and self._differs(key):
                    raise ValueError(f"{key} is of a method with {' or '.join(users)}, and this one has {kind}")
        if self.filter > 1 and self.filter % 2 == 0:
            raise ValueError(f"the window of the filter is {self.filter} pixels: give an odd number, or 0 for none")
        return self

    @model_validator(mode="after")
    def _has_a_network(self) -> Self:
        if not self.network:
            return self
        try:
            check_arguments(self.network, self.arguments)
        except NetworkError as error:
            choices = "" if error.what.endswith("?") or error.remedy is None else f"; {error.remedy}"
            raise ValueError(f"network {self.network}: {error.what}{choices}") from error
        return self

    @property
    def is_trained(self) -> bool:
        """Whether the study trains it."""
        return bool(self.network) or self.start is not None

    @property
    def index_bands(self) -> tuple[str, ...]:
        """Bands of its spectral index; none where it is something else."""
        if self.ratio is None and self.ndsi is None:
            return ()
        first = self.numerator if self.ratio is not None else "green"
        return (first, "swir1", *(() if self.blue is None else ("blue",)))

    def _differs(self, key: str) -> bool:
        """Whether a key was set to anything but its default, as a project that was written out again does."""
        return bool(getattr(self, key) != type(self).model_fields[key].get_default(call_default_factory=True))


def _fine_tuned(recipe: Any) -> Any:
    """Return a recipe as it was given, with the preset for fine-tuning where it names none."""
    return {"base": "fine_tune", **recipe} if isinstance(recipe, dict) else recipe
