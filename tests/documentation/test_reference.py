"""The generated reference: complete, readable, and true of the code that it was generated from."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import griffe
import numpy as np
import pytest
import typer
import yaml
from documentation.reference import command_line, pages, project_file, rooms, sensors, tables, weights
from documentation.reference.attribute_docstrings import loaded
from documentation.reference.command_examples import EXAMPLES

import trimline
from trimline.cli.app import app
from trimline.outlines import COLUMNS
from trimline.outlines.edit_layer import OPERATIONS
from trimline.project import load_project
from trimline.report import written_tables
from trimline.report.written_tables import WRITTEN
from trimline.samples.store import INDEX_COLUMNS
from trimline.scenes.quality import PIXEL_BITS, pixel_flags, saturation_flags
from trimline.scenes.sentinel2_quality import POLYGON_TYPES, SCENE_CLASSES, TECHNICAL_LAYERS
from trimline.sensors import SENSORS
from trimline.study.stages import STAGES

REPOSITORY = Path(__file__).parents[2]
COMMANDS = {each.name: each for each in command_line.all_commands()}
SECTIONS = {each.path: each for each in project_file.sections()}


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
        own = [each for each in model.__subclasses__() if each.__module__.startswith("trimline.")]  # tests make more
        return {model.__name__}.union(*(below(each) for each in own))

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
    for key in set(part) - {"quick", "extends", "output"}:
        assert key in written, f"{key} is no key"


def test_the_examples_have_every_key() -> None:
    documents = [yaml.compose(text) for text in project_file.examples().values()]
    same = {place: of for of, place in project_file._SAME_AS.items()}
    for section in SECTIONS.values():
        for key in section.keys:
            paths = [key.path, *(key.path.replace(place, of, 1) for place, of in same.items())]
            found = [
                node for path in paths for text in documents for node in project_file._nodes(text, path.split("."))
            ]
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
    assert set(project_file._STAGES) <= {key.path for key in SECTIONS[""].keys}


# Tables and layers, sensors, weights, rooms


def test_every_column_of_every_table_has_a_meaning_and_a_type() -> None:
    assert len(WRITTEN) > 40
    for written in WRITTEN:
        assert len(set(written.columns)) == len(written.columns), written.path
        for name in written.columns:
            assert written.meaning(name), f"{written.path}: {name}"
            assert written.kind(name) in ("text", "number", "count", "true or false")
        assert {*written.own, *written.kinds, *written.optional} - set(written.columns) <= _SHARED, written.path


_SHARED = {"glac_name", "review", *written_tables._GLIMS_NUMBERS, *written_tables._OF_GLIMS}
_SHARED |= {"first", "last", "aspect_deg", *written_tables._BY_CLASS}
"""Names that are said of several tables at once, of which not every one has them all."""


def test_a_column_with_a_unit_in_its_name_is_a_number_in_that_unit() -> None:
    for written in WRITTEN:
        for name in written.columns:
            if name.endswith(("_km2", "_m", "_percent", "_m_per_a")):
                assert written.kind(name) == "number", f"{written.path}: {name}"
                assert written.unit(name), f"{written.path}: {name}"


def test_the_page_of_tables_has_every_table_and_published_column() -> None:
    (text,) = tables.pages().values()
    for written in WRITTEN:
        assert f"\n### {written.path}\n" in text
    for name in (*COLUMNS, *OPERATIONS, *INDEX_COLUMNS):
        assert f"`{name}`" in text, name


def test_the_page_of_sensors_has_every_band_of_every_sensor() -> None:
    (text,) = sensors.pages().values()
    for sensor in SENSORS.values():
        section = re.search(rf"^## [^\n]*{sensor.id}[^\n]*\n(.*?)(?=^## )", text, flags=re.M | re.S)
        assert section, sensor.id
        for band in sensor.bands:
            assert f"| `{band.common}` | {band.name} | {band.lower_um:g}, {band.upper_um:g} |" in section[1]
    assert "| `swir1` |  | B5 | B5 | B6 | B11 |" in text


def test_every_quality_flag_that_a_reader_sets_is_described() -> None:
    told = {*PIXEL_BITS, *SCENE_CLASSES, *TECHNICAL_LAYERS.values(), "clear"}
    told |= {flag for flags in POLYGON_TYPES.values() for flag in flags}
    values = np.zeros(1, np.uint16)
    for sensor in SENSORS.values():
        if sensor.platform.startswith("LANDSAT"):
            told |= {*pixel_flags(values, sensor), *saturation_flags(values, sensor)}
    assert told == set(sensors.FLAGS)


def test_the_model_card_is_a_page_whole() -> None:
    (text,) = weights.pages().values()
    card = (REPOSITORY / weights.CARD).read_text(encoding="utf-8").partition("\n")[2].strip()
    without_addresses = [re.sub(r"\]\([^)]*\)", "]", each) for each in (card, text)]
    assert without_addresses[0] in without_addresses[1]
    assert "Apache License" in text


def test_links_of_the_model_card_are_made_to_fit_or_refused() -> None:
    assert weights.linked("../../../docs/mapping.md#snow") == "../mapping.md#snow"
    with pytest.raises(ValueError, match="no page of the documentation"):
        weights.linked("csmask.onnx")


def test_every_room_has_a_page_with_all_that_it_hands_out() -> None:
    made = rooms.pages()
    package = Path(trimline.__file__).parent
    for path in package.rglob("__init__.py"):
        room = path.parent.relative_to(package).as_posix().replace("/", ".")
        names = getattr(import_module(f"trimline.{room}"), "__all__", ()) if room != "." else ()
        if not names:
            continue
        text = made[f"reference/python/{room}.md"]
        directives = re.findall(r"^::: (\S+)$", text, flags=re.M)
        assert sorted(each.rpartition(".")[2] for each in directives) == sorted(names), room
        assert all(each.startswith(f"trimline.{room}.") for each in directives)
    assert len(made) > 20


def test_every_public_name_of_every_room_has_a_docstring() -> None:
    for room in rooms.rooms():
        for public in rooms.public_of(room):
            found = loaded()[public.path.partition(".")[2]]
            found = found.final_target if isinstance(found, griffe.Alias) else found
            assert found.docstring is not None, public.path
            assert not found.is_module, f"{public.path} is the file, and not what it holds"


def test_the_names_at_the_top_lead_to_their_rooms() -> None:
    text = rooms.pages()["reference/python/trimline.md"]
    for name in trimline.__all__:
        assert name == "__version__" or f"| `trimline.{name}` | [" in text, name
    assert "(scenes.md#trimline.scenes.open_scene)" in text


def test_every_page_says_what_it_was_generated_from() -> None:
    for path, text in pages().items():
        title, source, *_ = text.split("\n\n")
        assert title.startswith("# "), path
        assert source.startswith("*Generated from "), path
