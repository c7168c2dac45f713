"""Errors that a user can correct: one small tree of exceptions.

Every message has what is wrong, where, and what to do. The command line prints it in one or two lines and ends
with exit code 2; anything that is not a `TrimlineError` is a bug and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_LONGEST_LINE, _LONGEST_WHERE = 440, 200
"""Characters of a line of a message, and of the place in it; of more the middle is left out: it may quote a file."""


class TrimlineError(Exception):
    """An error that the user can correct.

    Parameters
    ----------
    what
        What is wrong, in one sentence without a full stop.
    where
        The file, key, scene or tile it is wrong in.
    remedy
        What to do about it, in one sentence without a full stop.

    Examples
    --------
    >>> import trimline
    >>> try:
    ...     trimline.open_scene("absent.tar")
    ... except trimline.TrimlineError as error:
    ...     reason = error.what, error.remedy
    """

    def __init__(self, what: str, *, where: object = None, remedy: str | None = None) -> None:
        super().__init__(what, where, remedy)
        self.what = printable(what)
        self.where = printable(where) if isinstance(where, str) else where
        self.remedy = remedy if remedy is None else printable(remedy)

    def alone(self) -> TrimlineError:
        """Return the same error without its cause, which may not be picklable."""
        return type(self)(self.what, where=self.where, remedy=self.remedy)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the error with all its fields."""
        return _made_again, (type(self), self.what, self.where, self.remedy)

    def __str__(self) -> str:
        place = f"{shortened(str(self.where), _LONGEST_WHERE)}: " if self.where is not None else ""
        first = place + shortened(self.what, _LONGEST_LINE - len(place))
        return f"{first}\n{shortened(self.remedy, _LONGEST_LINE)}" if self.remedy else first


class ProductError(TrimlineError):
    """A satellite product cannot be read."""


class MetadataError(ProductError):
    """The metadata of a product lack a key, or hold an impossible value."""


class BandError(ProductError):
    """A band is requested that the scene, sensor or weights do not have."""


class GridError(TrimlineError):
    """A grid has no CRS, no geotransform, or cannot be matched with another."""


class OutlineError(TrimlineError):
    """Outlines are unreadable, invalid, or lack a column that is needed."""


class EditError(OutlineError):
    """A correction by hand is invalid: an unknown operation, an invalid polygon, no author or time."""


class SeveralProblems(TrimlineError):
    """Several things are wrong: all of them, each with its remedy.

    Parameters
    ----------
    problems
        What is wrong, and the remedy, of each.
    where
        The file.
    """

    def __init__(self, problems: Sequence[tuple[str, str]], *, where: object = None) -> None:
        what = "; ".join(text for text, _ in problems)
        if len(problems) > 1:
            what = f"{len(problems)} problems: {what}"
        super().__init__(what, where=where, remedy="; ".join(dict.fromkeys(remedy for _, remedy in problems)))
        self.problems = tuple(problems)

    def alone(self) -> TrimlineError:
        """Return the same error without its cause, which may not be picklable."""
        return type(self)(self.problems, where=self.where)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the error with all its fields."""
        return _several_again, (type(self), self.problems, self.where)

    def __str__(self) -> str:
        return "\n".join(str(TrimlineError(text, where=self.where, remedy=remedy)) for text, remedy in self.problems)


class UnsoundEdits(SeveralProblems, EditError):
    """Corrections by hand that are invalid."""


class SampleError(TrimlineError):
    """Samples cannot be made, split or read as requested."""


class NetworkError(TrimlineError):
    """A network does not exist, or cannot take its input."""


class WeightsError(TrimlineError):
    """A weights file is not of trimline, or does not fit the scene."""


class TrainingError(TrimlineError):
    """Training cannot continue: a loss that is not a number, no ice in the samples, a checkpoint of another run."""


class MappingError(TrimlineError):
    """A scene cannot be mapped as requested."""


class ClusterError(MappingError):
    """A cluster cannot be reached, or fails."""


class RemoteError(TrimlineError):
    """A server cannot be reached, refuses, or sends not what it should."""


class CatalogueError(TrimlineError):
    """A catalogue has no such collection, no result, or items that cannot be used."""


class ChangeError(TrimlineError):
    """Areas cannot be measured, compared or put in order of time as requested."""


class SimulationError(TrimlineError):
    """A range cannot be simulated as requested."""


class ExampleError(TrimlineError):
    """An example does not exist, or cannot be written where it should."""


class ProjectError(TrimlineError):
    """A project file is wrong."""


class ProjectProblems(SeveralProblems, ProjectError):
    """Keys of a project file are wrong."""


class ReleaseError(TrimlineError):
    """A data release lacks fields that a repository requires."""


class StageError(TrimlineError):
    """A stage lacks a file or result of an earlier stage."""


class DiskError(TrimlineError):
    """The disk is full or read-only, or what was written on it cannot be read back."""


def printable(text: str) -> str:
    """Return a text without control characters, which a terminal obeys; each becomes a space."""
    return text if text.isprintable() else "".join(each if each.isprintable() else " " for each in text)


def shortened(text: str, most: int) -> str:
    """Return a text in one printable line of at most `most` characters; an ellipsis takes the place of its middle."""
    line = " ".join(printable(text).split())
    if len(line) <= most:
        return line
    half = (most - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


def _several_again(kind: type[SeveralProblems], problems: Sequence[tuple[str, str]], where: object) -> SeveralProblems:
    return kind(problems, where=where)


def _made_again(kind: type[TrimlineError], what: str, where: object, remedy: str | None) -> TrimlineError:
    return kind(what, where=where, remedy=remedy)
