"""Scenes of archives, told by what is fetched of them: the same here, on a worker, and before it is fetched."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import shapely

from trimline.catalogues.item_file import read_item
from trimline.errors import ProjectError
from trimline.file_identity import file_identity
from trimline.longitudes import connected
from trimline.outlines import read_outlines
from trimline.project import Project, SceneEntry
from trimline.reprojecting import reprojected
from trimline.study.method_models import bands_of

if TYPE_CHECKING:
    from trimline.fetching import FetchedProduct, Request


ALWAYS = ("blue", "green", "red", "nir", "swir1", "swir2")
"""Bands that are fetched whatever the methods: of the network that tells cloud, the spectral screen, the measure of
snow, and the composites."""


def bands_needed(project: Project) -> tuple[str, ...]:
    """Return the common names of the bands that a study reads; a sensor need not have all of them."""
    needed = (band for method in project.methods for band in bands_of(project, method))
    return tuple(dict.fromkeys((*ALWAYS, *project.bands, *needed)))


def region_of(project: Project) -> shapely.Geometry | None:
    """Return the region of a study in degrees: its own, else that of its search, the hull of the inventory; or None."""
    if project.region is not None:
        return _region(project.region, file_identity(project.region), is_hull=False)
    if project.search is None or project.inventory is None:
        return None
    return _region(project.inventory, file_identity(project.inventory), is_hull=True)


@lru_cache(maxsize=2)
def _region(path: Path, _identity: str, *, is_hull: bool) -> shapely.Geometry:
    """Return the region in a file, read once for all scenes; the identity tells states of one file apart."""
    geometries = reprojected(read_outlines(path), 4326).geometry.to_numpy()
    if is_hull:
        hull: shapely.Geometry = shapely.convex_hull(shapely.geometrycollections(connected(geometries)[0]))
        return hull
    region: shapely.Geometry = shapely.union_all(shapely.make_valid(geometries))
    return region


def is_users_own(entry: SceneEntry) -> bool:
    """Whether a product lies at a scene's path that was not fetched."""
    from trimline.fetching.fetched_file import FETCHED

    return entry.path.exists() and not (entry.path / FETCHED).exists()


def fetched_product(entry: SceneEntry) -> FetchedProduct | None:
    """Return what is known of where the product of a scene was fetched; None of one that was not."""
    from trimline.fetching import read_fetched

    return None if entry.item is None else read_fetched(entry.path)


def request_of(project: Project, entry: SceneEntry, region: shapely.Geometry | None, *, whole: bool) -> Request:
    """Return what is fetched of a scene that has an item."""
    from trimline.catalogues import read_candidate
    from trimline.fetching import Request as Asked

    assert entry.item is not None  # noqa: S101 - callers choose entries by it
    named = () if project.search is None else project.search.catalogues
    item, catalogue = read_item(entry.item, named[0] if len(named) == 1 else None)
    candidate = read_candidate(item, catalogue)
    return Asked.of(candidate, region, bands=None if whole else bands_needed(project), whole=whole)


def wanted(project: Project, entry: SceneEntry) -> Request:
    """Return what the study needs of a scene that has an item.

    Raises
    ------
    ProjectError
        The scene has none.
    CatalogueError
        The item cannot be used.
    """
    if entry.item is None:
        raise ProjectError("the scene has no item of a catalogue", where=f"scenes.{entry.id}")
    return request_of(project, entry, region_of(project), whole=False)


def wanted_pixels(project: Project, entry: SceneEntry) -> str:
    """Return the digest of what decides the pixels of a scene, before it is fetched."""
    return wanted(project, entry).pixels


def fetched_pixels(entry: SceneEntry) -> str | None:
    """Return the same of a scene that was fetched; None where it was not, or is no longer as it was fetched."""
    from trimline.fetching import read_fetched
    from trimline.fetching.fetched_file import damage

    known = read_fetched(entry.path)
    return None if known is None or damage(entry.path, known) is not None else known.pixels
