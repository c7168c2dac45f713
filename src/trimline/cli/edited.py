"""What `trimline edits` is given, and its lists: edits with their states, problems, and what to run next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from trimline.study.corrected import Corrected
    from trimline.study.edit_states import EditState
    from trimline.study.one_map import OneMap


@dataclass(frozen=True)
class Edited:
    """What the command line named, with its edits."""

    corrected: Corrected
    one: OneMap | None
    """The map, where a folder was named."""
    said: str
    """The argument and options that name it, for the next command."""
    replays: str
    """The command that applies the edits."""

    def apply(self, *, as_json: bool) -> None:
        """Write the outlines of the folder of one map with their corrections."""
        from trimline.cli.results import print_json
        from trimline.study.corrected import write_corrected
        from trimline.study.editing import tell_lost

        if self.one is None:
            raise typer.BadParameter(f"--apply is for the folder of one map; of a project, run {self.replays}")
        outcomes = write_corrected(self.one)
        lost = tell_lost(outcomes)
        if as_json:
            print_json({"path": str(self.one.corrected), "outcomes": [asdict(each) for each in outcomes]})
            return
        applied = sum(each.state == "applied" for each in outcomes)
        sys.stdout.write(f"{self.one.corrected}: {applied} edits applied, {len(lost)} not applied\n")
        tell_next(f"trimline edits {self.said}", "shows what each edit changed")


def edited_of(path: Path, overrides: Sequence[str], *, quick: bool) -> Edited:
    """Return what a path stands for: the folder of one map, or a project file."""
    from trimline.project import load_project
    from trimline.study.corrected import corrected_map, corrected_project
    from trimline.study.one_map import OUTLINES, one_map

    if path.is_dir() or path.name == OUTLINES:
        if overrides or quick:
            raise typer.BadParameter("a folder of one map has no keys: leave out --set and --quick")
        one, said = one_map(path), shlex.quote(str(path))
        return Edited(corrected_map(one), one, said, f"trimline edits {said} --apply")
    project = load_project(path, overrides, quick=quick)
    options = [*(part for each in overrides for part in ("--set", each)), *(["--quick"] if quick else [])]
    said = shlex.join([str(path), *options])
    command = "change" if project.has_own_outlines else "run"
    return Edited(corrected_project(project), None, said, f"trimline {command} {said}")


def list_edits(edited: Edited, *, as_json: bool, only: Collection[str] | None = None) -> None:
    """Print edits with their states; `only` names those that were just written."""
    from trimline.cli.results import print_block, print_json
    from trimline.study.edit_states import states_of

    states = [each for each in states_of(edited.corrected) if only is None or each.edit["edit_id"] in only]
    name = edited.corrected.edits_file.name
    if as_json:
        print_json({"edits": [each.as_dict() for each in states]})
        return
    if not states:
        sys.stdout.write(f"{name}: {'no edits' if only is None else 'nothing to complete'}\n")
        if only is None:
            tell_next(f"trimline review {edited.said}", "opens a page on which outlines are corrected")
        return
    title = "Edits" if only is None else "Edits, as they were appended"
    sys.stdout.write(f"{title}: {name}\n\n")
    for each in states:
        print_block(*_block(each))
    if any(each.state == "wrong" for each in states):
        tell_next(f"trimline edits {edited.said} --check", "lists what is wrong; nothing is replayed before")
    else:
        tell_next(edited.replays, "applies them")


def list_problems(edited: Edited, *, as_json: bool) -> int:
    """Print the problems of edits, and return their number."""
    from trimline.cli.results import print_json
    from trimline.study.edit_states import problems_of

    problems = problems_of(edited.corrected)
    if as_json:
        print_json({"problems": [{"edit_id": p.edit_id, "text": p.text, "remedy": p.remedy} for p in problems]})
        return len(problems)
    for each in problems:
        sys.stdout.write(f"{each}\n")
    count = f"{len(problems) or 'no'} problem{'' if len(problems) == 1 else 's'}"
    sys.stdout.write(f"{edited.corrected.edits_file.name}: {count}\n")
    if problems:
        tell_next(f"trimline edits {edited.said} --revert EDIT_ID", "reverts a wrong edit; or correct it in QGIS")
    else:
        tell_next(edited.replays, "applies them")
    return len(problems)


def tell_next(command: str, what: str) -> None:
    """Print what to run next."""
    sys.stdout.write(f"next: {command}  ({what})\n")


def _block(state: EditState) -> tuple[list[str], list[str]]:
    """Return what names an edit and is copied into commands, and the lines below it."""
    said = {key: str(value) for key, value in state.edit.items() if value}
    heads = [said[key] for key in ("edit_id", "operation", "period", "glac_id", "reverts") if key in said]
    who = ", ".join(said[key] for key in ("author", "time") if key in said)
    return heads, [each for each in (f"{state.state}: {state.text}", said.get("reason"), who) if each]
