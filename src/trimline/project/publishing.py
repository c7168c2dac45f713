"""Authors, licence and identifier of released data."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from trimline.project.settings import IsoDate, Name, Settings, of_form
from trimline.project.yaml_text import as_written

_ORCID = re.compile(r"(?:https://orcid\.org/)?(\d{4}-\d{4}-\d{4}-\d{3}[\dX])")


def _orcid(text: str) -> str:
    """Return the sixteen digits of an ORCID iD with a valid check digit (ISO 7064, modulus 11-2)."""
    match = _ORCID.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no ORCID iD such as 0000-0002-1825-0097")
    digits, total = match[1].replace("-", ""), 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    if "0123456789X"[(12 - total % 11) % 11] != digits[-1]:
        raise ValueError(f"'{text}' is no ORCID iD: its last digit does not fit the others")
    return match[1]


Orcid = Annotated[str, AfterValidator(_orcid)]
"""An ORCID iD, with or without the address in front."""

License = Annotated[str, of_form(r"[A-Za-z0-9][A-Za-z0-9.+-]*", "an SPDX identifier, such as CC-BY-4.0")]
"""An identifier of the SPDX licence list."""

Doi = Annotated[
    str,
    BeforeValidator(lambda given: str(as_written(given)).removeprefix("https://doi.org/")),
    of_form(r"10\.\d{4,9}/\S+", "a DOI, such as 10.5281/zenodo.1234"),
]
"""A DOI without the address in front."""


class Author(Settings):
    """A person, by family and given names, or a group or agency, by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, populate_by_name=True)

    name: str | None = None
    """Name of a group or agency."""
    family_names: str | None = Field(None, alias="family-names")
    """Family names of a person."""
    given_names: str | None = Field(None, alias="given-names")
    """Given names of a person."""
    orcid: Orcid | None = None
    """ORCID iD of a person: `0000-0002-1825-0097`."""
    affiliation: str | None = None
    """Affiliation of a person."""

    @model_validator(mode="after")
    def _is_a_person_or_a_group(self) -> Self:
        if (self.name is None) == (self.family_names is None):
            raise ValueError("give a person's family-names (and given-names), or the name of a group, not both")
        if self.name is not None and (self.given_names or self.orcid):
            raise ValueError(f"'{self.name}' is the name of a group: give a person family-names")
        return self

    @property
    def cited(self) -> str:
        """The author in a citation: ``Chen, J.``, or the name of a group."""
        if self.name is not None:
            return self.name
        initials = "".join(f" {part[0]}." for part in re.split(r"[\s-]+", self.given_names or "") if part)
        return f"{self.family_names},{initials}" if initials else str(self.family_names)


class Published(Settings):
    """Settings of the release of a study's data."""

    authors: tuple[Author, ...] = ()
    """Authors in the order of citation."""
    license: License | None = None
    """SPDX identifier of the licence of the data: `CC-BY-4.0`."""
    version: Name = "1.0"
    """Version of the released data."""
    doi: Doi | None = None
    """DOI of the released data: `10.5281/zenodo.123`."""
    released: IsoDate | None = None
    """Date of the release, for the citation."""
