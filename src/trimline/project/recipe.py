"""Recipes: the settings of training, as one validated model with four presets.

``paper`` is what Chen and others (2022, IEEE JSTARS 15) did on Landsat, ``paper_sentinel`` what Li and others (2024)
did on Sentinel-2; ``strong`` is better by our own tests; ``fine_tune`` goes on from weights. A project file names a
preset, or a preset and changes to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from trimline.project.settings import Settings
from trimline.sensors import Units

LossName = Literal["cross_entropy", "focal", "dice"]
IndexName = Literal["ndsi", "ndwi", "red_swir1"]


class Augmentation(Settings):
    """Augmentation of training tiles by the loader. All draws are independent per tile."""

    flips_and_rotations: bool = True
    """One of the eight symmetries of the square (D4)."""
    scale: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (1.0, 1.0)
    """Range of the random zoom."""
    gain: float = Field(0.0, ge=0)
    """Standard deviation of a per-band factor around 1; brightness temperature gets none."""
    offset: float = Field(0.0, ge=0)
    """Standard deviation of a per-band offset [standard deviations of the band in the training samples], the same
    for reflectance, digital numbers and kelvin."""
    blur: float = Field(0.0, ge=0, le=1)
    """Probability of a Gaussian blur of 0.5 to 1.5 pixels."""
    occlusion: float = Field(0.0, ge=0, le=1)
    """Probability that one band of the tile is replaced by its mean."""

    @model_validator(mode="after")
    def _scale_is_a_range(self) -> Self:
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale goes from {self.scale[0]} down to {self.scale[1]}: give the smaller number first")
        return self


class Focal(Settings):
    """The focal loss, which gives less weight to pixels that are classified with high probability."""

    gamma: float = Field(2.0, ge=0, le=10)
    """Focusing parameter; 0 is cross-entropy, 2 the best value of Lin and others (2017)."""
    alpha: float | None = Field(None, gt=0, lt=1)
    """Weight of ice, ground having 1 - alpha; None gives equal weights."""


class Schedule(Settings):
    """Schedule of the learning rate."""

    kind: Literal["constant", "step", "exponential", "one_cycle", "cosine"] = "one_cycle"
    """`constant`; `step`: down by a factor every so many epochs; `exponential`: the same, but a little with every step;
    `one_cycle`: half a cosine up from 1/25, half a cosine down; `cosine`: in a straight line up, half a cosine down."""
    every_epochs: int = Field(10, ge=1)
    """`step` and `exponential`: the epochs in which the learning rate falls by `factor`."""
    factor: float = Field(0.1, gt=0, lt=1)
    """`step` and `exponential`: what the learning rate is multiplied by."""
    warm_up: float = Field(0.25, ge=0, lt=1)
    """`one_cycle` and `cosine`: the share of the steps in which the learning rate rises."""

    @model_validator(mode="after")
    def _what_is_set_is_used(self) -> Self:
        for name, value in self:
            kinds = _KINDS_USING.get(name)
            if kinds and self.kind not in kinds and value != type(self).model_fields[name].default:
                raise ValueError(f"the schedule '{self.kind}' has no {name}: only {' and '.join(kinds)} do")
        return self


_KINDS_USING = {
    "every_epochs": ("step", "exponential"),
    "factor": ("step", "exponential"),
    "warm_up": ("one_cycle", "cosine"),
}


class Recipe(Settings):
    """Settings of the training of a network."""

    base: Literal["paper", "paper_sentinel", "strong", "fine_tune"] = "strong"
    """The preset that the other values start from."""
    units: Units = "reflectance"
    """Units of the input."""
    normalise: bool = True
    """Subtract each band's mean and divide by its standard deviation, both of the training samples."""
    indices: tuple[IndexName, ...] = ()
    """Extra input channels computed from the bands."""
    augmentation: Augmentation = Augmentation()
    """How training tiles are changed at random."""
    loss: Annotated[Mapping[LossName, Annotated[float, Field(gt=0)]], Field(min_length=1)] = {"cross_entropy": 1.0}
    """The terms of the loss and their weights; pixels without label or data count in none."""
    focal: Focal = Focal()
    """Parameters of the term `focal` of the loss."""
    optimiser: Literal["adam", "adamw"] = "adamw"
    """Adam, or Adam with decoupled weight decay."""
    learning_rate: float = Field(1e-3, gt=0)
    """Learning rate, the highest of the schedule."""
    weight_decay: float = Field(0.0, ge=0)
    """Weight decay of the optimiser."""
    batch_size: int = Field(8, ge=1, le=65_536)
    """Tiles per step."""
    epochs: int = Field(80, ge=1)
    """Epochs of training, at most."""
    batches_per_epoch: int | None = Field(None, ge=1)
    """Batches drawn per epoch; None means each tile once."""
    crop: int | None = Field(None, ge=16)
    """Side of the random window cut from each tile [pixels]; None means the whole tile."""
    schedule: Schedule = Schedule()
    """How the learning rate changes over training."""
    patience: int | None = Field(None, ge=1)
    """Stop when the selection score has not improved for so many epochs; None means never."""
    select: Literal["accuracy", "f1", "last"] = "f1"
    """The epoch whose weights are kept: the best on validation by this score, or the last."""
    ema: float | None = Field(None, gt=0, lt=1)
    """Decay per step of the running mean of the weights; None means none. Its batch norm is refreshed at the end."""
    batch_norm: Literal["learned", "kept"] = "learned"
    """Whether the statistics of batch norm follow the samples, or stay those of the weights that training starts from:
    a few samples are a poor measure of them."""
    threshold: Literal["half", "zero_bias"] = "zero_bias"
    """Where probability becomes ice: at 0.5, or where the mapped area equals the true area on validation, as far as
    the validation samples can tell."""
    flips: Literal["never", "if_better", "always"] = "never"
    """Whether to map with the mean prediction over eight flips and rotations of the image; `if_better` does so if it
    raises the F1 on validation. It usually helps a little, at eight times the computation."""
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    """Arithmetic of the convolutions; `auto` takes bf16 where the machine supports it."""

    @model_validator(mode="before")
    @classmethod
    def _start_from_preset(cls, given: Any) -> Any:
        if isinstance(given, str):
            given = {"base": given}
        if not isinstance(given, Mapping):
            return given
        preset = _PRESETS.get(str(given.get("base", "strong")), {})
        merged = {**preset, **given}
        for key in ("augmentation", "focal", "schedule"):
            if isinstance(given.get(key), Mapping):
                inherited = preset.get(key, {})
                if key == "schedule" and given[key].get("kind", inherited.get("kind")) != inherited.get("kind"):
                    inherited = {}  # settings of other kinds of schedules do not apply
                merged[key] = {**inherited, **given[key]}
        return merged

    @model_validator(mode="after")
    def _focal_is_used(self) -> Self:
        if "focal" not in self.loss and self.focal != Focal():
            raise ValueError("focal is set, but the loss has no term 'focal'")
        return self

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Self:
        """Return a preset, with some values changed."""
        return cls.model_validate({"base": name, **changes})


_PRESETS: Mapping[str, dict[str, Any]] = {
    # Chen and others (2022), section II-G; raw digital numbers of seven bands, four-fold flips and rotations.
    "paper": {
        "units": "dn",
        "normalise": False,
        "loss": {"cross_entropy": 1.0},
        "optimiser": "adam",
        "learning_rate": 1e-3,
        "batch_size": 4,
        "epochs": 80,
        "schedule": {"kind": "step", "every_epochs": 10, "factor": 0.1},
        "patience": 10,
        "select": "accuracy",
        "threshold": "half",
        "precision": "auto",
    },
    # Li and others (2024), sections 2.2 and 2.3: focal loss, Adam at 1e-3, exponential decay, batches of 8, tiles of
    # 256 x 256 pixels that are rotated, mirrored, blurred and changed in brightness. They made twenty copies of each
    # tile beforehand; here every epoch draws anew. [C], because the paper prints none: the decay of 0.9 an epoch (to
    # 1/70 after 40), the strength of blur and lighting, 40 epochs (they stop at an unnamed loss) and the normalisation.
    "paper_sentinel": {
        "units": "reflectance",
        "normalise": True,
        "augmentation": {"gain": 0.1, "offset": 0.1, "blur": 0.25},
        "loss": {"focal": 1.0},
        "focal": {"gamma": 2.0},
        "optimiser": "adam",
        "learning_rate": 1e-3,
        "batch_size": 8,
        "epochs": 40,
        "schedule": {"kind": "exponential", "every_epochs": 1, "factor": 0.9},
        "select": "last",
        "threshold": "half",
    },
    "strong": {
        "units": "reflectance",
        "normalise": True,
        "indices": ("ndsi",),
        "augmentation": {"scale": (0.8, 1.25), "gain": 0.05, "offset": 0.1, "blur": 0.1, "occlusion": 0.05},
        "loss": {"cross_entropy": 1.0, "dice": 1.0},
        "optimiser": "adamw",
        "learning_rate": 4e-3,
        "weight_decay": 0.01,
        "batch_size": 8,
        "epochs": 60,
        "schedule": {"kind": "one_cycle", "warm_up": 0.25},
        "select": "f1",
        "ema": 0.99,
        "threshold": "zero_bias",
    },
    # A few small steps: the weights know more ground than the samples show.
    "fine_tune": {
        "units": "reflectance",
        "augmentation": {"gain": 0.05, "offset": 0.05},
        "loss": {"cross_entropy": 1.0, "dice": 1.0},
        "optimiser": "adamw",
        "learning_rate": 3e-5,
        "batch_size": 4,
        "epochs": 4,
        "batches_per_epoch": 15,
        "schedule": {"kind": "cosine", "warm_up": 0.15},
        "select": "last",
        "batch_norm": "kept",
        "threshold": "half",
        "flips": "always",
    },
}
