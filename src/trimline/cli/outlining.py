"""Scenes of one call of `trimline outline`: found by pattern, mapped one after the other, reported together."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from trimline.cli.exit_codes import SOME_FAILED
from trimline.cli.results import print_json, print_table
from trimline.errors import ProductError, TrimlineError
from trimline.file_names import safe_name
from trimline.sensors import UNKNOWN_SENSOR

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.mapping import MapOptions, MapResult, MaskShares, SnowOffGlaciers
    from trimline.mapping.shadow_file import IceInShadow
    from trimline.mapping.snow_file import SnowReference
    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

_UNDEFINED = "–"


@dataclass(frozen=True)
class Outlined:
    """One scene that was mapped."""

    scene: Scene
    written: MapResult
    count: int
    """Outlines."""
    area_km2: float
    """Their area, geodesic."""
    shares: MaskShares
    snow: SnowOffGlaciers
    shadow: IceInShadow | None = None
    """Mapped ice in terrain shadow; None where no elevation model was given."""

    @property
    def date(self) -> str | None:
        """Day of the acquisition, as precisely as known."""
        return str(self.scene.time.date()) if self.scene.time is not None else self.scene.date

    @property
    def files(self) -> dict[str, Path]:
        """All files that were written, by what they are."""
        beside = {"snow": "snow.json", "scene": "scene.json"}
        if self.shadow is not None:
            beside |= {"shadow": "shadow.tif", "shadow_shares": "shadow.json"}
        written = self.written
        return {
            "outlines": written.outlines,
            "mask": written.mask,
            "classes": written.classes,
            "probability": written.probability,
            **{name: written.mask.with_name(file) for name, file in beside.items()},
        }

    def row(self) -> list[str]:
        """Return its line in the table of several scenes."""
        shares = (self.shares.ice, self.written.share("cloud"), self.shares.not_seen, self.snow.share)
        return [self.scene.id, self.date or _UNDEFINED, str(self.count), f"{self.area_km2:.3f}", *map(_percent, shares)]

    def content(self, model: Model, weights: Path | None, threshold: float) -> dict[str, Any]:
        """Return what ``--json`` prints of it."""
        return {
            "scene": self.scene.id,
            "date": self.date,
            "method": model.metadata.network,
            "weights": None if weights is None else str(weights),
            "rule": model.rule or None,
            "arguments": model.metadata.arguments if model.rule else {},
            "threshold": threshold,
            "engine": model.engine.name,
            "precision": model.arithmetic,
            "outlines": self.count,
            "area_km2": self.area_km2,
            "shares": {
                "ice": self.shares.ice,
                "not_seen": self.shares.not_seen,
                **{name: self.written.share(name) for name in ("cloud", "shadow", "lost")},
            },
            "snow": self.snow.record(),
            **({} if self.shadow is None else {"shadow": self.shadow.record()}),
            "asked": self.written.asked,
            "files": {name: str(path) for name, path in self.files.items()},
        }


_COLUMNS = ["scene", "date", "outlines", "area, km2", "ice %", "cloud %", "not seen %", "snow off %"]
"""Of the table of several scenes. Ice is a share of the pixels seen, cloud of those with data, not seen of all pixels,
and snow off the glaciers of the ground off them."""


@dataclass(frozen=True)
class Outlining:
    """How the scenes of a call are opened, mapped and reported."""

    open: Callable[[Path], Scene]
    model: Model
    weights: Path | None
    """The file that the model came from; None for a spectral index."""
    options: MapOptions
    as_json: bool
    snow: SnowReference
    """What tells the ground off the glaciers."""
    snow_limit: float
    """Share of snow on it above which a scene is warned of."""
    sheet: Path | None = None
    """A PNG to write of all scenes."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """What was said of the products, by the names of the arguments of `trimline.scenes.open_scene`."""

    def one(self, opened: Scene, out: Path | None) -> None:
        """Map one scene into a folder, and print the result."""
        found = self._map(opened, folder_for(opened.id, set(), None) if out is None else out)
        self._draw([found])
        if self.as_json:
            print_json(self._content(found))
            return
        print_table(opened.id, ["", *_COLUMNS[2:]], [["ice", *found.row()[2:]]])
        self._print_rule()
        sys.stdout.write(f"{found.snow}\n")
        if found.shadow is not None:
            sys.stdout.write(f"{found.shadow}\n")
        for file in found.files.values():
            sys.stdout.write(f"{file}\n")

    def several(self, paths: Sequence[Path], out: Path | None) -> None:
        """Map scenes, each into a folder of its own; print a table of all, and what failed.

        Raises
        ------
        typer.Exit
            Some scene could not be mapped; the others were.
        """
        done: list[Outlined] = []
        failed: dict[Path, str] = {}
        content: list[dict[str, Any]] = []
        folders: set[str] = set()
        for number, path in enumerate(paths, 1):
            _LOG.info("scene %d of %d: %s", number, len(paths), path)
            try:
                opened = self.open(path)
                done.append(self._map(opened, folder_for(opened.id, folders, out)))
                content.append(self._content(done[-1]))
                _log_shadow(done[-1])
            except TrimlineError as error:
                failed[path] = str(error)
            except Exception as error:  # a bug met on one scene must not cost the others
                _LOG.debug("%s", path, exc_info=True)
                failed[path] = f"{type(error).__name__}: {error} (see `trimline --debug outline`)"
            if path in failed:
                _LOG.warning("%s: not mapped, going on with the next", path)
                content.append({"path": str(path), "error": failed[path]})
        self._draw(done)
        if self.as_json:
            print_json(content)
        else:
            print_table(f"{len(done)} of {len(paths)} scenes", _COLUMNS, [each.row() for each in done])
            self._print_rule()
            for each in done:
                sys.stdout.write(f"{each.written.outlines.parent}\n")
        if failed:
            _end_with(failed)

    def _map(self, scene: Scene, folder: Path) -> Outlined:
        from trimline.files import write_json
        from trimline.mapping import map_scene, mask_shares
        from trimline.outlines import read_outlines
        from trimline.study.one_map import SCENE, scene_record

        if scene.sensor.id == UNKNOWN_SENSOR:
            _LOG.warning(
                "%s: its sensor is not known, nor therefore the error of its areas; name it with --sensor", scene.id
            )
        written = map_scene(scene, self.model, folder, options=self.options)
        write_json(folder / SCENE, scene_record(scene.source, self.said, scene.id, self.snow.dem))
        outlines = read_outlines(written.outlines)
        area = float(outlines["area_km2"].sum())
        snow = self.snow.measure(scene, written.mask)
        warning = snow.warning(self.snow_limit)
        if warning is not None:
            _LOG.warning("%s: %s", scene.id, warning)
        shadow = None
        if self.snow.dem is not None:
            from trimline.mapping.shadow_file import measure_shadow

            shadow = measure_shadow(scene, written.mask, self.snow.dem)
        return Outlined(scene, written, len(outlines), area, mask_shares(written.mask), snow, shadow)

    def _draw(self, done: Sequence[Outlined]) -> None:
        """Write the contact sheet, where one is asked for."""
        if self.sheet is None or not done:
            return
        from trimline.report.contact_sheet import Sheet, draw_contact_sheet

        sheets = []
        for each in done:
            counted = "1 outline" if each.count == 1 else f"{each.count} outlines"
            caption = ", ".join(filter(None, (each.date, counted, f"{each.area_km2:.2f} km²")))
            sheets.append(Sheet(each.scene, each.written.outlines, each.written.classes, caption))
        draw_contact_sheet(self.sheet, sheets)
        _LOG.info("contact sheet: %s", self.sheet)

    def _print_rule(self) -> None:
        """Print where ice begins."""
        threshold = f"a probability from {self.options.threshold_of(self.model):.4g} on"
        sys.stdout.write(f"ice: {self.model.rule or threshold}\n")

    def _content(self, found: Outlined) -> dict[str, Any]:
        return found.content(self.model, self.weights, self.options.threshold_of(self.model))


def find_scenes(names: Iterable[str]) -> tuple[list[Path], bool]:
    """Return the products that paths and patterns name, each once, and whether they may be several.

    Patterns are matched here, whatever the shell: ``*``, ``?`` and ``[...]`` within a name, ``**`` for any folders. A
    path that exists is taken as it is, whatever characters it has.

    Raises
    ------
    ProductError
        A pattern matches nothing.
    """
    found: dict[Path, Path] = {}
    given = list(names)
    several = len(given) > 1
    for name in given:
        path = Path(name).expanduser()
        if path.exists() or not has_magic(name):
            found.setdefault(path.resolve(), path)
            continue
        several = True
        matches = sorted(glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not matches:
            raise ProductError(
                "no file or folder matches this pattern", where=name, remedy="check it; ** stands for any folders"
            )
        for match in matches:
            found.setdefault(Path(match).resolve(), Path(match))
    return list(found.values()), several


def folder_for(scene_id: str, taken: set[str], parent: Path | None) -> Path:
    """Return the folder of a scene: its id, as far as that may be a file's name, with a number where it is taken.

    Parameters
    ----------
    scene_id
        Id of the scene, which may be what a product's metadata say.
    taken
        Names of folders that other scenes of the call have; the new one is added.
    parent
        The folder that was asked for; None means this one, where ``_outlines`` follows the id.
    """
    plain = safe_name(scene_id, "scene")
    name, number = plain, 1
    while name in taken:
        number += 1
        name = f"{plain}_{number}"
    if number > 1:
        _LOG.warning("another scene of this call is called %s too; this one is written to %s", scene_id, name)
    taken.add(name)
    return Path(f"{name}_outlines") if parent is None else parent / name


def _log_shadow(found: Outlined) -> None:
    """Say in the log what `Outlining.one` prints of terrain shadow, for which the table of several has no room."""
    if found.shadow is not None:
        from trimline.mapping.shadow_file import log_shadow

        log_shadow(found.scene.id, found.shadow)


def _percent(fraction: float) -> str:
    return f"{fraction * 100:.1f}" if math.isfinite(fraction) else _UNDEFINED


def _end_with(failed: dict[Path, str]) -> NoReturn:
    typer.echo(f"trimline: {len(failed)} of the scenes could not be mapped:", err=True)
    for path, reason in failed.items():
        typer.echo(reason if str(path) in reason else f"{path}: {reason}", err=True)
    raise typer.Exit(SOME_FAILED)
