"""`trimline export`: a model for other programs (QGIS, R, any ONNX runtime)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def export(
    weights: Annotated[Path, typer.Argument(help="The weights.safetensors of a trained network.")],
    model: Annotated[Path, typer.Argument(help="The file to write; its name ends in .onnx.")],
) -> None:
    """Write a trained network as ONNX, with all that it says of itself; `trimline outline -w` maps with it."""
    from trimline.extras import require_training

    require_training("exporting a model")
    from trimline.inference.torch_export import export_onnx

    sys.stdout.write(f"{export_onnx(weights, model)}\n")
