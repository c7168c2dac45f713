"""What a project file may say, and what its reader answers when it is wrong."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import yaml

from trimline.errors import ProjectError
from trimline.project import Recipe, load_project, project_hash

MINIMAL: dict[str, Any] = {
    "name": "small",
    "output": "../out",
    "scenes": [{"id": 1988, "path": "a.tif"}, {"id": "b", "path": "${output}/b.tif", "offset": 0}],
}


def written(folder: Path, content: dict[str, Any]) -> Path:
    path = folder / "project.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_relative_paths_start_at_the_folder_of_the_project_file(tmp_path: Path) -> None:
    project = load_project(written(tmp_path, MINIMAL))
    assert project.scenes[0].path == tmp_path / "a.tif"
    assert project.output == (tmp_path / ".." / "out").resolve()


def test_output_stands_for_the_output_folder_even_when_overridden(tmp_path: Path) -> None:
    project = load_project(written(tmp_path, MINIMAL), [f"output={tmp_path}/elsewhere"])
    assert project.scenes[1].path == tmp_path / "elsewhere" / "b.tif"


def test_an_environment_variable_is_expanded_and_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, {**MINIMAL, "inventory": "${TRIMLINE_DATA:-data}/rgi.gpkg"})
    monkeypatch.delenv("TRIMLINE_DATA", raising=False)
    assert load_project(path).inventory == tmp_path / "data" / "rgi.gpkg"
    monkeypatch.setenv("TRIMLINE_DATA", "/elsewhere")
    assert load_project(path).inventory == Path("/elsewhere/rgi.gpkg")


def test_a_relative_data_folder_starts_where_the_user_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, {**MINIMAL, "inventory": "${TRIMLINE_DATA}/rgi.gpkg"})
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("TRIMLINE_DATA", "mine")
    assert load_project(path).inventory == tmp_path / "here" / "mine" / "rgi.gpkg"


def test_a_variable_that_is_not_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ICE_FOLDER", raising=False)
    with pytest.raises(ProjectError, match="ICE_FOLDER"):
        load_project(written(tmp_path, {**MINIMAL, "inventory": "${ICE_FOLDER}/rgi.gpkg"}))


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("evaluate.scenes=[b]", lambda p: p.evaluate.scenes == ("b",)),
        ("evaluate.scenes=[1988]", lambda p: p.evaluate.scenes == ("1988",)),
        ("scenes.b.offset=-1000", lambda p: p.scenes[1].offset == -1000),
        ("scenes.1988.offset=5", lambda p: p.scenes[0].offset == 5),
        ("scenes.1.offset=6", lambda p: p.scenes[1].offset == 6),
        ("split=dates", lambda p: p.split.by == "dates"),
        ("split.test=0.5", lambda p: p.split.test == 0.5),
        ("methods=[unet]", lambda p: p.methods[0].name == "unet"),
        ("methods=band_ratio", lambda p: p.methods[0].network == "band_ratio"),
        ("seed=3", lambda p: p.seed == 3),
    ],
)
def test_any_key_can_be_overridden(tmp_path: Path, override: str, value: Any) -> None:
    assert value(load_project(written(tmp_path, MINIMAL), [override]))


def test_a_short_form_can_be_overridden_inside(tmp_path: Path) -> None:
    content = {
        **MINIMAL,
        "methods": ["unet", {"network": "unet", "name": "b", "recipe": "paper"}],
        "split": "blocks",
    }
    project = load_project(
        written(tmp_path, content),
        ["methods.unet.recipe=paper", "methods.b.recipe.epochs=3", "split.test=0.1"],
    )
    assert project.methods[0].recipe.base == "paper"
    assert (project.methods[1].recipe.base, project.methods[1].recipe.epochs) == ("paper", 3)
    assert project.split.test == 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scense": []}, r"unknown key 'scense'[\s\S]*did you mean 'scenes'"),
        ({"samples": {"tlie": 64}}, r"unknown key 'samples.tlie'[\s\S]*did you mean 'tile'"),
        ({"scenes": [{"id": "a", "pth": "x", "path": "x"}]}, r"'scenes.0.pth'[\s\S]*did you mean 'path'"),
        (
            {"methods": [{"network": "unet", "recipe": {"epoch": 3}}]},
            r"recipe.epoch'[\s\S]*did you mean 'epochs'",
        ),
        ({"methods": ["unett"]}, r"methods.0: network unett: unknown network 'unett'; did you mean 'unet'"),
        (
            {"methods": [{"network": "unet", "arguments": {"width": [8]}}]},
            r"methods.0: network unet: U-Net has no argument 'width'; did you mean 'widths'",
        ),
        ({"bands": ["red", "grean"]}, r"bands.1: 'grean' is no band; did you mean 'green'"),
        ({"methods": [{"network": "unet", "bands": ["B42"]}]}, r"methods.0.bands.0: 'B42' is no band"),
        ({"scenes": [{"id": "a", "path": "x", "sensor": "landsat-8"}]}, r"'landsat-8' is no sensor; did you mean"),
        ({"scenes": [{"id": "a", "path": "x"}] * 2}, "scene id 'a' stands twice"),
        ({"samples": {"tile": 4}}, "samples.tile: input should be greater than or equal to 16"),
        ({"output": None}, "output"),
        ({"scenes": [{"id": "../a", "path": "x"}]}, "scenes.0.id"),
        ({"scenes": [{"id": "a", "path": "x", "date": "20th of May"}]}, "date"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError, match=message) as caught:
        load_project(written(tmp_path, {**MINIMAL, **change}))
    assert len(str(caught.value).splitlines()) <= 2


def test_all_that_is_wrong_is_said_each_with_its_remedy(tmp_path: Path) -> None:
    wrong = {"scenes": [{"id": "a", "pth": "x", "path": "x"}, {"id": "b"}], "bands": ["red", "grean"], "sed": 1}
    with pytest.raises(ProjectError) as caught:
        load_project(written(tmp_path, {**MINIMAL, **wrong}))
    said = str(caught.value)
    for part in ("'scenes.0.pth'", "'scenes.1.path' is missing", "'grean' is no band", "unknown key 'sed'"):
        assert part in said
    assert "did you mean 'path'?" in said
    assert "did you mean 'seed'?" in said
    assert len(said.splitlines()) == 8


@pytest.mark.parametrize("override", ["seed", "scenes.c.offset=1", "name.first=x", "=1", "seed=[", "seeds=1"])
def test_an_override_that_fits_nowhere_is_an_error(tmp_path: Path, override: str) -> None:
    with pytest.raises(ProjectError):
        load_project(written(tmp_path, MINIMAL), [override])


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "\x00"])
def test_what_is_not_a_yaml_mapping_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(ProjectError):
        load_project(path)
    with pytest.raises(ProjectError, match="cannot be read"):
        load_project(tmp_path / "absent.yaml")


def test_yaml_cannot_build_objects(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(ProjectError):
        load_project(path)


def test_the_hash_of_a_project_does_not_know_where_it_writes(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL)
    one, other = (load_project(path, [f"output={tmp_path}/{name}"]) for name in ("a", "b"))
    assert project_hash(one) == project_hash(other)
    assert project_hash(one) != project_hash(load_project(path, ["seed=1"]))


def test_the_paper_recipe_is_the_papers() -> None:
    recipe = Recipe.preset("paper")
    assert (recipe.optimiser, recipe.learning_rate, recipe.batch_size) == ("adam", 1e-3, 4)
    assert (recipe.schedule.kind, recipe.schedule.every_epochs, recipe.schedule.factor) == ("step", 10, 0.1)
    assert (recipe.epochs, recipe.patience, recipe.select, recipe.units) == (80, 10, "accuracy", "dn")
    assert dict(recipe.loss) == {"cross_entropy": 1.0}


def test_a_change_inside_a_preset_keeps_the_rest_of_it() -> None:
    recipe = Recipe.model_validate({"base": "strong", "augmentation": {"gain": 0.2}})
    preset = Recipe.preset("strong")
    assert recipe.augmentation.gain == 0.2
    assert recipe.augmentation.scale == preset.augmentation.scale


def test_a_project_is_shown_in_a_few_lines(tmp_path: Path) -> None:
    project = load_project(written(tmp_path, MINIMAL), ["title=<b>Ice</b>", "scenes.b.date=2019-08"])
    assert repr(project) == str(project)
    assert len(repr(project).splitlines()) <= 8
    for expected in ("Project small", "2, 2019-08 to 2019-08", "m_landsnet", "blocks", str(project.output)):
        assert expected in repr(project)
    assert "<b>" not in project._repr_html_()
    assert "&lt;b&gt;Ice" in project._repr_html_()


def test_a_project_travels_to_another_process(tmp_path: Path) -> None:
    project = load_project(written(tmp_path, MINIMAL))
    assert pickle.loads(pickle.dumps(project)) == project  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "../../x"}, "'../../x' is not a name of letters, digits, '-', '_' and '.'"),
        ({"periods": [{"name": "a/b", "first": 2000}]}, "a name of words"),
        ({"periods": [{"name": "a" * 60 + "/", "first": 2000}]}, "a name of words"),
    ],
)
def test_a_name_that_cannot_be_is_told_in_words(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ProjectError) as told:
        load_project(written(tmp_path, {**MINIMAL, **change}))
    assert words in str(told.value)
    assert "pattern" not in str(told.value)
    assert "[A-Za-z" not in str(told.value)
