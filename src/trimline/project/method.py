"""One method of mapping ice: a network, its arguments, its bands and its recipe."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from trimline.errors import NetworkError
from trimline.networks.registry import check_arguments
from trimline.project.recipe import Recipe
from trimline.project.settings import BandName, Name, Settings


class Method(Settings):
    """One method of mapping ice: a network and its training."""

    name: Name
    """Its name in tables; the network's name where not given."""
    network: str
    """A name from `trimline networks`."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the network, besides its bands."""
    bands: tuple[BandName, ...] | None = None
    """Common names of its input bands; None means the project's `bands`."""
    recipe: Recipe = Recipe.preset("strong")

    @model_validator(mode="before")
    @classmethod
    def _name_after_network(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"network": given}
        if isinstance(given, dict) and "name" not in given and "network" in given:
            given = {**given, "name": given["network"]}
        return given

    @model_validator(mode="after")
    def _has_a_network(self) -> Self:
        try:
            check_arguments(self.network, self.arguments)
        except NetworkError as error:
            choices = "" if error.what.endswith("?") else f"; {error.remedy}"
            raise ValueError(f"network {self.network}: {error.what}{choices}") from error
        return self
