"""What a project file takes from the one it extends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from trimline.errors import ProjectError
from trimline.project import Project, load_project, project_hash
from trimline.project.extending import PATH_KEYS, merge
from trimline.project.settings import ProjectPath

Write = Callable[..., Path]


def test_a_file_that_extends_another_needs_to_say_only_what_differs(write: Write) -> None:
    write("base.yaml", seed=3, samples={"tile": 64, "stride": 32})
    project = load_project(write(extends="base.yaml", name="other", samples={"stride": 16}))
    assert (project.name, project.seed, project.samples.tile, project.samples.stride) == ("other", 3, 64, 16)


@pytest.mark.parametrize(
    ("base", "given", "merged"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ([1, 2], [3], [3]),
        ([{"id": "x", "k": 1, "l": 1}], [{"id": "x", "k": 2}], [{"id": "x", "k": 2, "l": 1}]),
        ([{"id": "x"}], [{"id": "y"}], [{"id": "x"}, {"id": "y"}]),
        ([{"name": 2016, "k": 1}], [{"name": "2016", "k": 2}], [{"name": "2016", "k": 2}]),
        ([{"network": "unet"}], [{"network": "unet", "recipe": "paper"}], [{"network": "unet", "recipe": "paper"}]),
        ([{"id": "x"}], ["unet"], ["unet"]),
        ([{"date": 1}], [{"date": 2}], [{"date": 2}]),
        ({"recipe": "paper"}, {"recipe": {"epochs": 3}}, {"recipe": {"base": "paper", "epochs": 3}}),
        ({"split": {"by": "blocks", "test": 0.1}}, {"split": "paper"}, {"split": "paper"}),
        ({"a": {"b": 1}}, {"a": None}, {"a": None}),
    ],
)
def test_mappings_merge_members_merge_by_name_and_the_rest_is_replaced(base: Any, given: Any, merged: Any) -> None:
    assert merge(base, given) == merged


def test_a_member_that_stands_twice_is_still_found_out(write: Write) -> None:
    write("base.yaml")
    with pytest.raises(ProjectError, match="scene id 'a' stands twice"):
        load_project(write(extends="base.yaml", scenes=[{"id": "a", "path": "b.tif"}, {"id": "a", "path": "c.tif"}]))


def test_overrides_apply_after_both_files(write: Write) -> None:
    write("base.yaml", seed=1)
    path = write(extends="base.yaml", seed=2)
    assert load_project(path, ["seed=3", "scenes.a.offset=5"]).scenes[0].offset == 5


def test_variables_stand_for_what_the_extending_file_says(write: Write, tmp_path: Path) -> None:
    scenes = [{"id": "a", "path": "${archive}/a.tif"}, {"id": "b", "path": "${output}/b.tif"}]
    write("base.yaml", archive="${TRIMLINE_ARCHIVE:-products}", scenes=scenes)
    project = load_project(write(extends="base.yaml", output="elsewhere", archive="${output}/simulated"))
    assert project.archive == tmp_path / "elsewhere" / "simulated"
    assert [entry.path for entry in project.scenes] == [project.archive / "a.tif", project.output / "b.tif"]
    other = load_project(tmp_path / "project.yaml", [f"output={tmp_path}/third"])
    assert other.scenes[0].path == tmp_path / "third" / "simulated" / "a.tif"
    assert project_hash(other) == project_hash(project)


def test_an_archive_may_be_overridden_and_may_come_from_the_environment(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(archive="${TRIMLINE_ARCHIVE:-products}", scenes=[{"id": "a", "path": "${archive}/a.tif"}])
    monkeypatch.delenv("TRIMLINE_ARCHIVE", raising=False)
    assert load_project(path).scenes[0].path == tmp_path / "products" / "a.tif"
    assert load_project(path, ["archive=mine"]).scenes[0].path == tmp_path / "mine" / "a.tif"
    monkeypatch.setenv("TRIMLINE_ARCHIVE", "/tapes")
    assert load_project(path).scenes[0].path == Path("/tapes/a.tif")


def test_an_archive_that_is_not_given_is_named(write: Write) -> None:
    with pytest.raises(ProjectError, match=r"'archive'[\s\S]*give the project the key archive"):
        load_project(write(scenes=[{"id": "a", "path": "${archive}/a.tif"}]))


def test_a_relative_path_starts_at_the_folder_of_the_file_it_stands_in(write: Write, tmp_path: Path) -> None:
    write("shared/base.yaml", inventory="rgi.gpkg")
    project = load_project(write(extends="shared/base.yaml", output="out"))
    assert project.inventory == tmp_path / "shared" / "rgi.gpkg"
    assert project.scenes[0].path == tmp_path / "shared" / "a.tif"
    assert project.output == tmp_path / "out"


def test_every_key_that_holds_a_path_is_known_to_be_one() -> None:
    def paths_in(model: type[BaseModel]) -> set[str]:
        found: set[str] = set()
        for key, field in model.model_fields.items():
            inner = [field.annotation]
            for each in inner:
                inner.extend(get_args(each))
            if get_args(ProjectPath)[0] in inner:
                found.add(key)
            found |= {
                k for each in inner if isinstance(each, type) and issubclass(each, BaseModel) for k in paths_in(each)
            }
        return found

    assert paths_in(Project) == PATH_KEYS


def test_a_circle_is_named(write: Write) -> None:
    write("a.yaml", extends="b.yaml")
    write("b.yaml", extends="c.yaml")
    write("c.yaml", extends="b.yaml")
    with pytest.raises(ProjectError, match=r"a circle: b\.yaml -> c\.yaml -> b\.yaml"):
        load_project(write("project.yaml", extends="a.yaml"))


def test_a_base_that_is_absent_is_named_with_the_file_that_wants_it(write: Write) -> None:
    with pytest.raises(ProjectError, match=r"project\.yaml: extends .*absent\.yaml, which cannot be read"):
        load_project(write(extends="absent.yaml"))


@pytest.mark.parametrize("base", [["a.yaml", "b.yaml"], 3])
def test_one_file_is_extended(write: Write, base: Any) -> None:
    with pytest.raises(ProjectError, match="must be the path of one project file"):
        load_project(write(extends=base))


def test_a_key_near_extends_is_told_so(write: Write) -> None:
    with pytest.raises(ProjectError, match="did you mean 'extends'"):
        load_project(write(extend="base.yaml"))
