"""YAML is read by the rules of 1.2, and never beyond its bounds."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trimline.errors import ProjectError
from trimline.project import load_project
from trimline.project.settings import Settings
from trimline.project.yaml_text import MOST_LEVELS, as_written, read_yaml

Write = Callable[..., Path]


def refused(text: bytes | str) -> str:
    with pytest.raises(ProjectError) as caught:
        read_yaml(text, "p.yaml")
    message = str(caught.value)
    assert len(message.splitlines()) <= 2
    assert len(message) < 600
    return message


@pytest.mark.parametrize(
    "name", ["no", "NO", "on", "y", "n", "yes", "off", "1990", "010", "1e3", "1.10", "0x1F", "007"]
)
def test_an_area_keeps_its_name_whatever_it_looks_like(tmp_path: Path, name: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(
        f"name: {name}\noutput: o\nareas: [{{name: {name}, title: {name}}}]\n"
        f"scenes: [{{id: a, path: a.tif, area: {name}}}]\n"
        f"evaluate: {{groups: {{{name}: [{name}]}}}}\n"
    )
    project = load_project(path, [f"version={name}"])
    assert [project.name, project.areas[0].name, project.areas[0].title, project.version] == [name] * 4
    assert project.evaluate.groups == {name: (name,)}
    assert project.scenes[0].area == name


@pytest.mark.parametrize(("written", "value"), [("no", False), ("off", False), ("yes", True), ("True", True)])
def test_a_switch_may_still_be_written_as_yes_or_no(write: Write, written: str, value: bool) -> None:
    assert load_project(write(), [f"map.screen={written}"]).map.screen is value


def test_true_is_no_name_because_it_may_be_written_in_several_ways(write: Write) -> None:
    with pytest.raises(ProjectError, match="name: true is no name but a yes or no: put it in quotes"):
        load_project(write(), ["name=True"])
    assert load_project(write(), ["name='True'"]).name == "True"


def test_a_path_row_that_begins_with_zero_needs_no_quotes(write: Write) -> None:
    assert load_project(write(), ["scenes.a.tile=039036"]).scenes[0].tile == "039036"


def test_dates_are_text_and_are_checked_where_they_stand(write: Write) -> None:
    assert load_project(write(), ["scenes.a.date=1990-08-01"]).scenes[0].date == "1990-08-01"
    assert read_yaml("1988-02-30", "p.yaml") == "1988-02-30"


@pytest.mark.parametrize("value", [".nan", ".inf", "-.INF", "1e999"])
def test_numbers_that_are_not_finite_are_refused(write: Write, value: str) -> None:
    with pytest.raises(ProjectError, match="finite number"):
        load_project(write(), [f"change.buffer_m={value}"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "has the key 'a' twice (line 3)"),
        ("x:\n  no: 1\n  'no': 2\n", "has the key 'no' twice (line 3)"),
        ("a: 1\n? [1, 2]\n: 3\n", "has a key that is no text but a list or mapping (line 2)"),
        ("a: &a {b: *a}", "holds a value that contains itself (line 1)"),
        ("a: &a [[*a]]", "holds a value that contains itself (line 1)"),
        ("seed: !!bool abc", "has 'abc' where its tag says bool (line 1)"),
        ("seed: !!int no", "has 'no' where its tag says int (line 1)"),
        ("a: !!python/object/apply:os.getcwd []", "has the tag tag:yaml.org,2002:python/object/apply:os.getcwd"),
        ("a: !!set {b, c}", "has the tag tag:yaml.org,2002:set, which has no place in a project file"),
        ("a: !!binary aGFsbG8=", "has the tag tag:yaml.org,2002:binary"),
        ('extends: "a\\0b"', "has a text with the character of code 0 (line 1)"),
        ("seed: " + "9" * 5000, "has a number of 5000 characters (line 1)"),
        ("seed: " + "9" * 30, "has the number " + "9" * 30 + ", which is too large (line 1)"),
        ("a: 1\n---\nb: 2\n", "expected a single document"),
        ("a: {b: 1\n", "is not valid YAML: while parsing a flow mapping"),
        ("a: *b", "found undefined alias 'b' (line 1)"),
        ("a: " + "x" * 9000, "has a text of 9000 characters (line 1)"),
        ("<<: 3", "has a << that names no mapping (line 1)"),
        (b"title: \xe9t\xe9", "its text is not UTF-8 (line 1)\nsave it as UTF-8"),
        (b"\xff\xfea", "its text is not UTF-16"),
        ('a: "\\ud800"', "has a text with half a character (line 1)"),
        (b"a: 1\0", "special characters are not allowed"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_line(text: bytes | str, said: str) -> None:
    assert said in refused(text)


def _bomb(collection: Callable[[str], str], first: str) -> str:
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {collection(f'*a{n - 1}')}" for n in range(1, 12)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        _bomb(lambda alias: f"[{','.join([alias] * 9)}]", "[x,x]"),
        _bomb(lambda alias: "{" + ", ".join(f"k{i}: {alias}" for i in range(9)) + "}", "{k: v}"),
        _bomb(lambda alias: "{<<: [" + ",".join([alias] * 9) + "]}", "{k: v}"),
        "a: &a [*a, *a, *a]",
        "- a\n" * 60_000,
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "a: " * 2000,
        "x" * (1 << 21),
    ],
    ids=["lists", "maps", "merges", "itself", "many", "deep lists", "deep maps", "deep dashes", "keys", "large"],
)
def test_what_would_not_fit_into_memory_is_refused_at_once(text: str) -> None:
    before = time.process_time()
    refused(text)
    assert time.process_time() - before < 10


def test_an_alias_and_a_merge_stand_for_what_they_name() -> None:
    text = "a: &a {x: 1, y: [1, 2]}\nb: *a\nc: {<<: *a, x: 2}\nd: {<<: [{x: 5}, *a]}\n"
    whole = {"x": 1, "y": [1, 2]}
    assert read_yaml(text, "p.yaml") == {"a": whole, "b": whole, "c": {**whole, "x": 2}, "d": {**whole, "x": 5}}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_as_editors_save_it(encoding: str) -> None:
    assert read_yaml("title: Gletscher im Süden\n".encode(encoding), "p.yaml") == {"title": "Gletscher im Süden"}


def test_a_long_key_of_set_is_refused(write: Write) -> None:
    with pytest.raises(ProjectError, match=f"more than {MOST_LEVELS} levels"):
        load_project(write(), [".".join(["a"] * 50_000) + "=1"])


def test_many_files_that_extend_each_other_are_refused(write: Write) -> None:
    for number in range(30):
        write(f"p{number}.yaml", extends=f"p{number + 1}.yaml")
    with pytest.raises(ProjectError, match="more than 20 files extend each other"):
        load_project(write(extends="p0.yaml"))


def test_a_variable_that_makes_a_text_far_too_long_is_refused(write: Write) -> None:
    with pytest.raises(ProjectError, match="characters with its variables expanded"):
        load_project(write(output="o" * 4000, title="${output}" * 800))


class Named(Settings):
    name: str


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True))
@example("010")
@example("1_000")
@example("12e03")
@settings(max_examples=200, deadline=None)
def test_every_name_keeps_its_characters_or_is_refused(name: str) -> None:
    read = read_yaml(f"name: {name}", "p.yaml")["name"]
    if read is None or isinstance(read, bool):
        assert name.lower() in ("null", "true", "false")
        return
    assert as_written(read) == name
    assert Named(name=read).name == name


_TEXT = st.text(st.characters(categories=("L", "N", "P", "S", "Zs")), max_size=20)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False) | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
@settings(max_examples=200, deadline=None)
def test_what_was_dumped_as_json_is_read_as_it_was(value: Any) -> None:
    assert read_yaml(json.dumps(value), "p.yaml") == value


@given(_VALUES)
@settings(max_examples=100, deadline=None)
def test_what_a_yaml_writer_wrote_is_read_as_it_was(value: Any) -> None:
    assert read_yaml(yaml.safe_dump(value, allow_unicode=True), "p.yaml") == value


@given(st.binary(max_size=60) | st.text(alphabet="&*!{}[]:-?|>'\"#%@\n a0.~<", max_size=40))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: bytes | str) -> None:
    try:
        read_yaml(text, "p.yaml")
    except ProjectError as error:
        assert len(str(error).splitlines()) <= 2
