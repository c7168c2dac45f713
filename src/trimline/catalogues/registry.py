"""Catalogues by name: known archives, those that other packages or scripts add, and plain addresses.

Another package adds an archive by the entry point group `trimline.archives`: an entry has the archive's name, and leads
to an `Archive` or to a function that returns one. A project file cannot name code.
"""

from __future__ import annotations

import threading
from importlib.metadata import entry_points

from trimline.catalogues.archive import Archive
from trimline.catalogues.archives import ARCHIVES
from trimline.catalogues.login import Login
from trimline.errors import CatalogueError
from trimline.project.names import nearest_name
from trimline.project.searching import address_problem, is_address
from trimline.remote.address import scheme_of
from trimline.remote.transport import Transport

GROUP = "trimline.archives"
"""Entry point group of archives in other packages."""

_added: dict[str, Archive] = {}
_adding = threading.Lock()


def register_archive(archive: Archive) -> None:
    """Add an archive of one's own to the known ones, in this process.

    Raises
    ------
    CatalogueError
        There is another of this name.

    Examples
    --------
    >>> from trimline.catalogues import Archive, Holding, register_archive
    >>> own = Archive(
    ...     name="own",
    ...     title="Our archive",
    ...     address="https://stac.example.org",
    ...     holdings=(Holding("landsat", ("TM", "OLI"), "L1"),),
    ...     access="nothing",
    ... )
    >>> register_archive(own)
    """
    with _adding:
        if _added.get(archive.name, archive) != archive or archive.name in archive_names(registered=False):
            raise CatalogueError(
                "there is an archive of this name already", where=archive.name, remedy="give it another name"
            )
        if is_address(archive.name):
            raise CatalogueError("the name of an archive cannot be an address", where=archive.name)
        _added[archive.name] = archive


def archive_names(*, registered: bool = True) -> tuple[str, ...]:
    """Return the names of the known archives."""
    plugged = (entry.name for entry in entry_points(group=GROUP))
    return tuple(dict.fromkeys((*ARCHIVES, *plugged, *(_added if registered else ()))))


def known_archive(name: str) -> Archive:
    """Return a known archive.

    Raises
    ------
    CatalogueError
        There is none of this name, or the package that brings it is broken.
    """
    if name in ARCHIVES:
        return ARCHIVES[name]
    if name in _added:
        return _added[name]
    for entry in entry_points(group=GROUP, name=name):
        try:
            found = entry.load()
            found = found if isinstance(found, Archive) else found()
        except Exception as error:
            raise CatalogueError(
                f"the package that brings it cannot be loaded ({type(error).__name__})",
                where=name,
                remedy=f"repair {entry.value}, or uninstall it",
            ) from error
        if not isinstance(found, Archive):
            raise CatalogueError(f"{entry.value} is no archive", where=name, remedy="it must be or return an Archive")
        return found
    raise CatalogueError(f"there is no archive '{name}'", remedy=nearest_name(name, archive_names()))


def archive_of(catalogue: str) -> Archive | None:
    """Return the known archive that a catalogue is, by name or by the address of its API; None of a plain address.

    Raises
    ------
    CatalogueError
        It is neither the name of a known archive nor an address, or an address with a user name or token in it.
    """
    if not is_address(catalogue):
        return known_archive(catalogue)
    if (problem := address_problem(catalogue)) is not None:
        raise CatalogueError(problem.what, remedy=problem.remedy)
    plain = catalogue.rstrip("/")
    known = (*ARCHIVES.values(), *_added.values())
    return next((archive for archive in known if archive.address.rstrip("/") == plain), None)


def address_of(catalogue: str) -> str:
    """Return the address of a catalogue; raises as `archive_of` does."""
    archive = archive_of(catalogue)
    return catalogue if archive is None else archive.address


def is_remote(catalogue: str) -> bool:
    """Whether a catalogue is on a server; raises as `archive_of` does."""
    return scheme_of(address_of(catalogue)) != "file"


def alternates_of(catalogue: str) -> dict[str, str]:
    """Return which alternate addresses of an archive are read; none of a plain address."""
    archive = archive_of(catalogue)
    return {} if archive is None else dict(archive.alternates)


def transport_for(catalogue: str) -> Transport:
    """Return what reads the files of a catalogue, with its rules of signing.

    Files of a plain address are read with the login that ``~/.netrc`` has for its server, if any.

    Raises
    ------
    CatalogueError
        It is neither the name of a known archive nor an address.
    """
    archive = archive_of(catalogue)
    if archive is None:
        return Transport(Login())
    return Transport(archive.signer(), at_once=archive.at_once)
