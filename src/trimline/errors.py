"""What can go wrong that a user can mend: one small tree of exceptions.

Every message says what is wrong, where, and what to do. The command line prints it in one or two lines and ends
with exit code 2; anything that is not a :class:`TrimlineError` is a bug and keeps its traceback.
"""

from __future__ import annotations

from typing import Any


class TrimlineError(Exception):
    """Anything the user can mend.

    Parameters
    ----------
    what
        What is wrong, in one sentence without a full stop.
    where
        The file, key, scene or tile it is wrong in.
    remedy
        What to do about it, in one sentence without a full stop.
    """

    def __init__(self, what: str, *, where: object = None, remedy: str | None = None) -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def alone(self) -> TrimlineError:
        """Return the same error without what led to it, which may not travel to another process."""
        return type(self)(self.what, where=self.where, remedy=self.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel from one process to another, with all that is said."""
        return _made_again, (type(self), self.what, self.where, self.remedy)

    def __str__(self) -> str:
        first = f"{self.where}: {self.what}" if self.where is not None else self.what
        return f"{first}\n{self.remedy}" if self.remedy else first


class ProductError(TrimlineError):
    """A satellite product cannot be read as what it claims to be."""


class MetadataError(ProductError):
    """The metadata of a product lack a key, or hold a value that cannot be."""


class BandError(ProductError):
    """A band is asked for that the scene, sensor or weights do not have."""


class GridError(TrimlineError):
    """A grid has no CRS, no geotransform, or cannot be matched with another."""


class OutlineError(TrimlineError):
    """Outlines are unreadable, invalid, or lack a column that is needed."""


class EditError(OutlineError):
    """A correction by hand cannot be what it says: an unknown operation, an invalid polygon, no author or time."""


class SampleError(TrimlineError):
    """Samples cannot be made, split or read as asked."""


class NetworkError(TrimlineError):
    """A network does not exist, or cannot take what it is given."""


class WeightsError(TrimlineError):
    """A weights file is not one of ours, or does not fit the scene."""


class TrainingError(TrimlineError):
    """Training cannot go on: a loss that is not a number, no ice in the samples, a checkpoint of another run."""


class MappingError(TrimlineError):
    """A scene cannot be mapped as asked."""


class ClusterError(MappingError):
    """A cluster cannot be reached, or does not do its work."""


class ChangeError(TrimlineError):
    """Areas cannot be measured, compared or put in order of time as asked."""


class SimulationError(TrimlineError):
    """A range cannot be simulated as asked."""


class ProjectError(TrimlineError):
    """A project file is wrong."""


class ReleaseError(TrimlineError):
    """A data release lacks what a repository asks for."""


class StageError(TrimlineError):
    """A stage lacks what an earlier stage should have written."""


def _made_again(kind: type[TrimlineError], what: str, where: object, remedy: str | None) -> TrimlineError:
    return kind(what, where=where, remedy=remedy)
