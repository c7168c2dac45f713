"""The cluster of a run: whole scenes or strips as its tasks, and what each task is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trimline.files import whole_file
from trimline.mapping.snow_file import SNOW_FILE, SnowReference
from trimline.project import SceneEntry
from trimline.study.archive_scenes import fetched_pixels, is_users_own, wanted
from trimline.study.coregistration_steps import move_of
from trimline.study.map_options import map_options
from trimline.study.method_models import load_method, model_file
from trimline.study.scenes import OPENED_WITH, open_entry

if TYPE_CHECKING:
    from distributed import Client

    from trimline.inference import Model
    from trimline.mapping.cluster_scenes import SceneFiles, ScenesOnCluster, SceneSource
    from trimline.mapping.stream import StripPredictor
    from trimline.study.study import Study

_SCENES_BY_STRIPS = 4
"""Scenes whose strips are under way at a time, so that workers are busy while one scene's files are written."""
_LEAST_THREADS = 4
"""Threads that are counted upon where fewer are there yet: workers may join later."""
_MOST_SCENES = 128
"""Whole scenes under way at a time."""


class ClusterMaps:
    """Maps the scenes of a study on a cluster.

    A scene is one task where there are at least as many scenes as the cluster has threads, or where scenes come from an
    archive: less is sent, and each scene is fetched once. Else its strips are tasks, so that all workers share a scene.

    Parameters
    ----------
    study
        The study.
    client
        Connected to the cluster.
    entries
        The scenes.
    weights_sha256
        Digest of the model.
    """

    def __init__(self, study: Study, client: Client, entries: Sequence[SceneEntry], weights_sha256: str) -> None:
        from trimline.mapping.cluster import threads_of

        self._study, self._client, self._weights_sha256 = study, client, weights_sha256
        threads = threads_of(client)
        self.are_whole = any(entry.item is not None for entry in entries) or len(entries) >= max(2, threads)
        """Whether each scene is one task."""
        self.at_once = min(max(threads, _LEAST_THREADS) + 2, _MOST_SCENES) if self.are_whole else _SCENES_BY_STRIPS
        """Scenes under way at a time."""
        self._lock = threading.Lock()
        self._scenes: ScenesOnCluster | None = None
        self._snow: dict[str, SceneFiles] = {}
        """What came with the maps of scenes, until it is written."""

    def map(self, entry: SceneEntry, folder: Path) -> SceneFiles:
        """Map a scene as one task, and write its files into a folder; see `ScenesOnCluster.map`."""
        found = self._whole_scenes().map(self._source(entry), folder)
        self._snow[entry.id] = found
        return found

    def snow(self, entry: SceneEntry, folder: Path) -> dict[str, Any]:
        """Write ``snow.json`` of a scene whose map lies in a folder, and return it as `SnowOffGlaciers.record` does."""
        found = self._snow.pop(entry.id, None)
        if found is None:
            found = self._whole_scenes().measure_snow(self._source(entry), folder)
        with whole_file(folder / SNOW_FILE) as temporary:
            temporary.write_bytes(found.files[SNOW_FILE])
        record: dict[str, Any] = found.facts["snow"]
        return record

    def stop(self) -> None:
        """Give up the scenes that are under way."""
        with self._lock:
            if self._scenes is not None:
                self._scenes.stop()

    def predictor(self, weights: Path | None, model: Model) -> StripPredictor:
        """Return what predicts strips, where scenes are not tasks."""
        from trimline.mapping.cluster_strips import on_cluster

        return on_cluster(self._client, weights, model)

    def _whole_scenes(self) -> ScenesOnCluster:
        """Return what maps whole scenes; the model is sent when the first is mapped."""
        from trimline.mapping.cluster_scenes import ScenesOnCluster as OnCluster

        with self._lock:
            if self._scenes is None:
                project = self._study.project
                options = map_options(project)
                model = load_method(project, project.mapping_method, options, self._weights_sha256)
                weights = model_file(project, project.mapping_method)
                snow = SnowReference(project.inventory, project.dem)
                self._scenes = OnCluster(self._client, weights, model, options, snow)
            return self._scenes

    def _source(self, entry: SceneEntry) -> SceneSource:
        from trimline.mapping.cluster_scenes import RemoteScene
        from trimline.mapping.cluster_scenes import SceneSource as Source

        opened_with: dict[str, Any] = {"id": entry.id, **{key: getattr(entry, key) for key in OPENED_WITH}}
        moved = move_of(self._study, entry)
        if entry.item is not None and not is_users_own(entry):
            request = wanted(self._study.project, entry)
            # What was fetched here for another region is mapped as it is, from here.
            if not entry.path.exists() or fetched_pixels(entry) == request.pixels:
                return Source(entry.path, None, opened_with, RemoteScene.of(request), moved=moved)
        return Source(entry.product.absolute(), open_entry(entry).identity, opened_with, moved=moved)


@contextmanager
def cluster_of(study: Study, entries: Sequence[SceneEntry], weights_sha256: str) -> Iterator[ClusterMaps | None]:
    """Connect to the cluster of a study; None where this machine maps.

    Raises
    ------
    ClusterError
        No scheduler answers.
    """
    if study.scheduler is None:
        yield None
        return
    from trimline.mapping.cluster import connected

    with connected(study.scheduler) as client:
        yield ClusterMaps(study, client, entries, weights_sha256)
