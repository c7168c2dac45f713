"""Markdown of a tutorial becomes a notebook, an executed page, and a download; a cell that fails is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from documentation.errors import DocumentationError
from documentation.executing import executed
from documentation.machine_paths import cleaner, forbidden
from documentation.notebooks import PICTURE, SHELL, notebook_of
from documentation.tutorial_pages import HEAD_LINES, TAIL_LINES, page_of

from documentation import executing

TUTORIAL = """# A tutorial

Text with a [link](other.md#part).

```sh
mkdir out
pwd
printf 'half\\rwhole\\n\\033[1mbold\\033[0m\\n'
seq 60
```

```python
%%writefile study.yaml
name: park
```

```python
import base64
import pandas as pd
from pathlib import Path

drawn = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
Path("out/sheet.png").write_bytes(base64.b64decode(drawn))
pd.DataFrame({"glacier": ["a"], "area": [1.5]})
```

![The sheet](out/sheet.png)

```yaml
only: shown
```
"""


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a page's file; executed notebooks are kept in a folder of the test's own."""
    monkeypatch.setattr(executing, "KEPT", tmp_path / "kept")
    return tmp_path / "docs" / "tutorial.md"


def test_fences_and_images_become_cells(page: Path) -> None:
    cells = notebook_of(TUTORIAL, page).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert [cell.source.partition("\n")[0] for cell in code] == [
        SHELL,
        "%%writefile study.yaml",
        "import base64",
        "from IPython.display import Image",
    ]
    assert [cell.metadata.line for cell in code[:2]] == [6, 13]
    assert code[3].metadata.tags == [PICTURE]
    assert "only: shown" in cells[-1].source


def test_a_page_of_commands_alone_is_one_of_commands(page: Path) -> None:
    cells = notebook_of("```sh\nls\n```\n", page).cells
    assert [cell.source for cell in cells] == [f"{SHELL}\nls"]


def test_a_fence_of_another_language_is_only_shown(page: Path) -> None:
    cells = notebook_of("```bash\nrm -rf everything\n```\n", page).cells
    assert [cell.cell_type for cell in cells] == ["markdown"]


def test_an_image_of_the_documentation_and_one_in_a_fence_are_left(page: Path) -> None:
    page.parent.mkdir()
    (page.parent / "there.png").write_bytes(b"")
    text = "![One](there.png)\n\n```text\n![Other](not-there.png)\n```\n"
    assert [cell.cell_type for cell in notebook_of(text, page).cells] == ["markdown"]


def test_a_page_shows_what_its_cells_gave(page: Path) -> None:
    notebook = executed(notebook_of(TUTORIAL, page), "tutorial.md")
    result = page_of(notebook, page)
    text = result.markdown
    assert result.cells == 4
    assert "Download this page as a notebook" in text.split("\n\n")[1]
    assert "```sh\nmkdir out\n" in text
    assert '```yaml title="study.yaml"\nname: park\n```' in text
    assert "```{ .text .output .no-copy }\n.\nwhole\nbold\n1\n" in text
    assert "half" not in text.partition("mkdir")[2].partition(".output")[2]
    assert f"[... {63 - HEAD_LINES - TAIL_LINES} lines left out here" in text
    assert '<div class="output-table">' in text
    assert re.search(r"!\[The sheet\]\((tutorial_files/\d+-0\.png)\)", text)
    assert [name for name in result.pictures if name.endswith(".png")] == list(result.pictures)
    assert not [words for words in forbidden() if words in text or words in result.notebook]
    download = json.loads(result.notebook)
    assert download["metadata"]["kernelspec"]["name"] == "python3"
    assert "other.md" not in result.notebook
    assert any(
        "image/png" in output.get("data", {}) for cell in download["cells"] for output in cell.get("outputs", [])
    )


@pytest.mark.parametrize(
    ("ground", "data", "said"),
    [(None, "real", "real"), (None, "simulated", "simulated"), ("simulated", "real", "simulated")],
)
def test_a_page_says_on_which_ground_it_was_executed(ground: str | None, data: str, said: str, page: Path) -> None:
    notebook = notebook_of("# Short\n\n```python\n1\n```\n", page)
    notebook.metadata["trimline"] = {"seconds": 12, "data": data}
    assert f"about 10 seconds, on {said} ground." in page_of(notebook, page, ground).markdown


def test_programs_are_told_once_that_no_colours_are_wanted(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    text = "```sh\nenv | grep -i color\n```\n\n```python\n'os' in globals()\n```\n"
    shown = executed(notebook_of(text, page), "tutorial.md")
    assert shown.cells[0].outputs[0].text == "NO_COLOR=1\nTERM=xterm-color\n"
    assert shown.cells[1].outputs[0].data["text/plain"] == "False"


def test_an_executed_notebook_is_kept_until_its_page_changes(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# Short\n\n```python\nprint(6 * 7)\n```\n"
    executed(notebook_of(text, page), "tutorial.md")
    monkeypatch.setattr(executing, "_execute", lambda *_: pytest.fail("it is executed again"))
    kept = executed(notebook_of(text, page), "tutorial.md")
    assert kept.cells[1].outputs[0].text == "42\n"
    with pytest.raises(pytest.fail.Exception, match="executed again"):
        executed(notebook_of(text.replace("7", "8"), page), "tutorial.md")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("```sh\necho before\nfalse\necho after\n```", "before"),
        ("```python\n1 / 0\n```", "ZeroDivisionError"),
        ("![No file](no.png)", "no.png"),
        ("```python\nimport os\n\nos._exit(1)\n```", "the kernel died"),
    ],
    ids=["command", "python", "picture", "kernel"],
)
def test_a_cell_that_fails_stops_the_build_and_is_named(cell: str, said: str, page: Path) -> None:
    text = f"# A page\n\n```python\nx = 1\n```\n\n{cell}\n"
    with pytest.raises(DocumentationError) as error:
        executed(notebook_of(text, page), "tutorials/one.md")
    message = str(error.value)
    assert re.match(r"docs/tutorials/one\.md:[78]: cell 2 of 2 ended in an error\n", message), message
    assert said in message
    assert "after" not in message.splitlines()[1:2]


def test_a_notebook_that_takes_too_long_is_stopped(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMLINE_TUTORIAL_LIMIT_S", "1")
    with pytest.raises(DocumentationError, match="more than 1 s for the whole page"):
        executed(notebook_of("```python\nimport time\ntime.sleep(600)\n```\n", page), "tutorial.md")


def test_a_page_that_was_not_executed_says_so(page: Path) -> None:
    result = page_of(notebook_of(TUTORIAL, page), page)
    assert result.cells == 0
    assert "Nothing of this page was executed" in result.markdown
    assert "The run writes this picture: The sheet." in result.markdown


def test_paths_of_the_machine_are_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("TRIMLINE_DATA", str(data))
    clean = cleaner(tmp_path / "run")
    assert clean(f"wrote {tmp_path}/run/out/a.gpkg and file://{tmp_path}/run/b") == "wrote out/a.gpkg and b"
    assert clean(f"{tmp_path}/run") == "."
    assert clean(f"{tmp_path}/running") == f"{tmp_path}/running"
    assert clean(f"{data}/x.tif") == "$TRIMLINE_DATA/x.tif"
    assert clean(f"{tmp_path}/ipykernel_12/345.py:3: UserWarning") == "cell:3: UserWarning"
