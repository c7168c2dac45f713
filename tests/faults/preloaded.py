"""What the process imports from which those that run the study are forked, so that each starts at once."""

from __future__ import annotations

from importlib import import_module

from trimline.study.stages import STAGES

for _name in (
    "trimline.study",
    *(f"trimline.study.{stage}_stage" for stage in STAGES),
    "trimline.mapping",
    "trimline.inference.torch_files",
    "trimline.training",
    "trimline.report.change_figures",
    "trimline.report.figures",
    "trimline.simulate.range",
    "zarr",
):
    import_module(_name)
