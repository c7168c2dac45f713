"""The generated reference: complete, readable, and true of the code that it was generated from."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from documentation.reference import command_line, project_file
from documentation.reference.command_examples import EXAMPLES
from trimline.cli.app import app
from trimline.project import load_project
from trimline.project.extending import merge
from trimline.study.stages import STAGES

COMMANDS = {each.name: each for each in command_line.all_commands()}
SECTIONS = {each.path: each for each in project_file.sections()}
CONTEXT: dict[str, Any] = {"info_name": "trimline"}


def program() -> Any:
    return typer.main.get_command(app)


# The command line


def test_the_page_has_every_option_that_the_help_of_a_command_has() -> None:
    (text,) = command_line.pages().values()
    parts = dict(re.findall(r"^## trimline (\S+)\n(.*?)(?=^## |\Z)", text, flags=re.M | re.S))
    assert set(parts) == set(program().commands)
    for name, command in program().commands.items():
        context = command.make_context(f"trimline {name}", [], resilient_parsing=True)
        offered = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)|^  -\w, (--[\w-]+)", command.get_help(context), flags=re.M))
        names = {each for pair in offered for each in pair if each}
        assert "--help" in names, f"the help of {name} was not understood"
        missing = [each for each in names - {"--help"} if f"`{each}`" not in parts[name]]
        assert not missing, f"{name}: {missing}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_of_a_command_can_be_parsed(name: str) -> None:
    assert EXAMPLES.get(name), f"{name} has no example: add one to documentation/reference/command_examples.py"
    for example in EXAMPLES[name]:
        first, given, *arguments = shlex.split(example.command)
        assert (first, given) == ("trimline", name)
        program().commands[name].make_context(name, arguments)


def test_no_example_is_of_a_command_that_is_not_there() -> None:
    assert set(EXAMPLES) <= set(COMMANDS)


def test_a_wrong_example_would_be_found() -> None:
    with pytest.raises(Exception, match="--no-such-option"):
        program().commands["outline"].make_context("outline", ["scene.tar", "--no-such-option"])


def test_every_option_has_a_meaning() -> None:
    for command in COMMANDS.values():
        for each in command.parameters:
            assert each.help, f"{command.name}: {each.names or each.value} has no help"


def test_defaults_are_those_of_the_commands() -> None:
    outline = {names: each.default for each in COMMANDS["outline"].parameters for names in each.names}
    assert outline["--minimum-area-km2"] == "`0.01`"
    assert outline["--ratio"] == "2.0"
    assert outline["--screen"] == "`--screen`"
    assert outline["--json"] == ""


def test_exit_codes_are_those_of_the_program() -> None:
    codes = dict(command_line.exit_codes())
    assert list(codes) == ["0", "1", "2", "130"]
    assert all(codes.values())


# The project file


def test_every_key_of_every_model_has_a_meaning() -> None:
    keys = [key for section in SECTIONS.values() for key in section.keys]
    assert len(keys) > 150
    assert [key.path for key in keys if not key.meaning] == []


def test_every_key_of_every_model_is_on_the_page() -> None:
    (text,) = project_file.pages().values()
    for section in SECTIONS.values():
        for key in section.keys:
            if key.section:
                assert f"](#{project_file.anchor(key.section)})" in text
            else:
                assert f"\n### {key.path}\n" in text, key.path
    anchors = [project_file.anchor(each) for each in re.findall(r"^##+ (.+)$", text, flags=re.M)]
    assert len(anchors) == len(set(anchors)), "two headings have one anchor"
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(anchors)


def test_models_are_all_found() -> None:
    from trimline.project.settings import Settings

    def below(model: type) -> set[str]:
        return {model.__name__}.union(*(below(each) for each in model.__subclasses__()))

    shown = {name for section in SECTIONS.values() for name in [section.path]}
    assert {"", "scenes[]", "methods[].recipe.schedule", "simulate[].scenes[]", "terminus.select"} <= shown
    # One section a model: `Project` has the fields of `Published`, which is no section of its own.
    assert len(SECTIONS) == len(below(Settings) - {"Settings", "Published"})


@pytest.mark.parametrize("name", project_file.examples())
def test_every_example_of_the_project_file_loads_as_a_part_of_a_project(name: str, tmp_path: Path) -> None:
    part = yaml.safe_load(project_file.examples()[name])
    has_own_outlines = any("outlines" in each for each in part.get("periods", ()))
    whole: dict[str, Any] = {"name": "study", "output": "out"}
    if not has_own_outlines and "search" not in part:
        dated = {"tile": "139036", "sensor": "landsat-8-oli"}
        scenes = [
            {"id": f"{sensor}_{year}", "path": "scene.tif", "date": f"{year}-08-20", **dated}
            for sensor, year in (("LC08", 2019), ("LC08", 2020), ("S2", 2020))
        ]
        whole["scenes"] = scenes
    if "methods" not in part:
        whole["methods"] = [{"network": "unet"}]
    base = tmp_path / "base.yaml"
    base.write_text(yaml.safe_dump(whole))
    if name == "extends":
        (tmp_path / "my-range.yaml").write_text(yaml.safe_dump(whole))
        (tmp_path / "study.yaml").write_text(project_file.examples()[name])
    else:
        # The text itself is loaded, on top of the rest, so that it is read as a project file is.
        (tmp_path / "study.yaml").write_text(f"extends: base.yaml\n{project_file.examples()[name]}")
    loaded = load_project(tmp_path / "study.yaml", quick=name == "quick")
    written = loaded.model_dump(mode="json", by_alias=True)
    assert merge(written, {}) == written
    for key in set(part) - {"quick", "extends", "output"}:
        assert key in written, f"{key} is no key"


def test_the_examples_have_every_key() -> None:
    documents = [yaml.compose(text) for text in project_file.examples().values()]
    same = {place: of for of, place in project_file._SAME_AS.items()}
    for section in SECTIONS.values():
        for key in section.keys:
            paths = [key.path, *(key.path.replace(place, of, 1) for place, of in same.items())]
            found = [node for path in paths for text in documents for node in project_file._nodes(text, path.split("."))]
            assert found, f"{key.path} stands in no example of documentation/reference/project_examples.yaml"


def test_no_python_shows_on_the_page_of_the_project_file() -> None:
    (text,) = project_file.pages().values()
    for sign in ("None", "Field(", "tuple", "Literal", "True", "False", "PosixPath", "trimline.project", "Annotated"):
        assert sign not in text, sign


def test_types_bounds_defaults_and_units_are_in_the_words_of_yaml() -> None:
    keys = {key.path: key for section in SECTIONS.values() for key in section.keys}
    tile = keys["samples.tile"]
    assert (tile.type, tile.unit, tile.default) == (
        "whole number, 16 or more and at most 8192",
        "pixels",
        "default: `128`",
    )
    assert keys["scenes[].offset"].type == "number"
    assert keys["name"].default == "must be given"
    assert keys["periods[].last"].default == "default: as `first`"
    assert keys["split.by"].type == "`blocks`, `scenes`, `dates` or `paper`"
    assert keys["map.minimum_area_km2"].unit == "km2"
    assert keys["search.season"].type == "list of two days (month and day) or `melt` or `all`"
    assert "`0.004` (strong)" in keys["methods[].recipe.learning_rate"].default


def test_the_stages_that_use_keys_exist() -> None:
    assert set(project_file._STAGES.values()) <= {*STAGES, *COMMANDS}
    assert {each for each in project_file._STAGES} <= {key.path for key in SECTIONS[""].keys}
