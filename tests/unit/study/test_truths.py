"""What counts as the truth of a scene: its own outlines, or the inventory where that is no trap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trimline.project import Project
from trimline.study.scenes import has_truth, judged_by_inventory, truth_of

CHOSEN = {"id": "chosen", "path": "fetched/chosen", "item": "search/chosen.json"}
GIVEN = {"id": "given", "path": "given.tar"}


def project_of(*scenes: dict[str, Any], method: dict[str, Any]) -> Project:
    content = {"name": "p", "output": "out", "inventory": "rgi.gpkg", "scenes": list(scenes), "methods": [method]}
    return Project.model_validate(content)


def test_an_older_inventory_is_not_the_truth_of_scenes_that_a_search_chose() -> None:
    """Or retreat since the inventory would be told as an error of the map."""
    project = project_of(CHOSEN, GIVEN, method={"ratio": 2.0})
    chosen, given = project.scenes
    assert not has_truth(project, chosen)
    assert truth_of(project, chosen) is None
    assert truth_of(project, given) == Path("rgi.gpkg")
    assert judged_by_inventory(project) == ["given"]


@pytest.mark.parametrize("method", [{"ratio": 2.0}, {"network": "unet"}])
def test_outlines_of_its_own_are_the_truth_of_any_scene(method: dict[str, Any]) -> None:
    project = project_of({**CHOSEN, "truth": "drawn.gpkg"}, method=method)
    assert truth_of(project, project.scenes[0]) == Path("drawn.gpkg")
    assert judged_by_inventory(project) == []


def test_a_network_learns_from_the_inventory_where_there_is_nothing_else() -> None:
    project = project_of(CHOSEN, method={"network": "unet"})
    assert truth_of(project, project.scenes[0]) == Path("rgi.gpkg")
