"""`trimline edits PROJECT --create`: a layer to draw into and a QGIS project beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path


def create_edits(path: Path, overrides: Iterable[str], *, quick: bool, as_json: bool) -> None:
    """Write the layer of edits and the QGIS project of a project or the folder of one map, and say what to open."""
    from trimline.cli.results import print_json
    from trimline.review.opened.opening import reviewed_of
    from trimline.review.qgis import create_for_qgis

    created = create_for_qgis(reviewed_of(path, overrides, quick=quick))
    if as_json:
        print_json(
            {
                "edits_file": str(created.edits_file),
                "layer_created": created.layer_created,
                "project_file": str(created.project_file),
                "project_written": created.project_written,
                "left_out": created.left_out,
            }
        )
        return
    layer = "an empty layer" if created.layer_created else "its rows are as they were; form and styles are up to date"
    lines = [f"{created.edits_file}: {layer}"]
    if created.project_written:
        lines.append(f"{created.project_file}: open this in QGIS; images, outlines and the layer are in it")
    else:
        lines.append(
            f"{created.project_file}: was saved in QGIS and is left as it is; remove it to have it written anew"
        )
    lines += [f"without the scene {scene}: {why}" for scene, why in created.left_out.items()]
    lines.append(f"then: trimline edits {path} --check, and trimline edits {path} for what they change")
    sys.stdout.write("\n".join(lines) + "\n")
