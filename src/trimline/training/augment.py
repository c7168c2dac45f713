"""Augmentation: what could be another look at the same ground, made from a whole batch at once on its device.

Every draw is independent per tile and comes from one generator, in an order that does not depend on the data.
Pixels without data stay without data; ground outside a tile is unknown, never ice or ground.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from trimline.project.recipe import Augmentation
from trimline.samples import IGNORE

_BLUR_SIGMA = (0.5, 1.5)
"""Range of the standard deviation of the blur [pixels]."""

_BLUR_RADIUS = 4
"""Where the blur's kernel is cut off [pixels]."""


def augment(
    images: Tensor,
    masks: Tensor,
    settings: Augmentation,
    generator: torch.Generator,
    *,
    mean: Tensor,
    std: Tensor,
    scaled: Tensor,
    crop: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Return another look at a batch of tiles.

    Parameters
    ----------
    images
        (n, bands, h, w) float, not normalised; a pixel without data is NaN in all bands.
    masks
        (n, h, w) uint8.
    settings
        What is done, and how strongly.
    generator
        On the CPU, whatever the device of the tiles.
    mean, std
        (bands,) of the training samples.
    scaled
        (bands,) bool: the bands that a gain may be put on; not brightness temperature.
    crop
        Side of the window to cut at random [pixels]; None keeps the tile's.

    Returns
    -------
    tuple of Tensor
        Images (n, bands, crop, crop) and masks (n, crop, crop).
    """
    images, masks = _window(images, masks, settings.scale, crop, generator)
    if settings.flips_and_rotations:
        images, masks = _turn(images, masks, generator)
    images = _relight(images, settings, generator, std=std, scaled=scaled)
    images = _blur(images, settings.blur, generator)
    return _occlude(images, settings.occlusion, generator, mean=mean), masks


def _window(
    images: Tensor, masks: Tensor, scale: tuple[float, float], crop: int | None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Cut a window of random place, and of random zoom where `scale` is a range."""
    count, _, height, width = images.shape
    rows, columns = (height, width) if crop is None else (min(crop, height), min(crop, width))
    place = torch.rand(count, 2, generator=generator)
    zoom = torch.rand(count, generator=generator)
    if tuple(scale) != (1.0, 1.0):
        low, high = (math.log(each) for each in scale)
        return _resample(images, masks, torch.exp(low + zoom * (high - low)), place, (rows, columns))
    if (rows, columns) == (height, width):
        return images, masks
    tops = (place[:, 0] * (height - rows + 1)).long().tolist()
    lefts = (place[:, 1] * (width - columns + 1)).long().tolist()
    cuts = [(i, slice(t, t + rows), slice(x, x + columns)) for i, (t, x) in enumerate(zip(tops, lefts, strict=True))]
    return (
        torch.stack([images[i, :, down, across] for i, down, across in cuts]),
        torch.stack([masks[i, down, across] for i, down, across in cuts]),
    )


def _resample(
    images: Tensor, masks: Tensor, zoom: Tensor, place: Tensor, sides: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Zoom into a place of each tile: images bilinear among pixels with data, masks nearest."""
    count, _, height, width = images.shape
    axes = []
    for size, side, where in ((height, sides[0], place[:, 0]), (width, sides[1], place[:, 1])):
        slack = (size - side / zoom).clamp(min=0.0)
        centre = (size - 1) / 2 + (where - 0.5) * slack
        pixels = centre.unsqueeze(1) + (torch.arange(side) - (side - 1) / 2) / zoom.unsqueeze(1)
        axes.append((2 * pixels + 1) / size - 1)
    down = axes[0].unsqueeze(2).expand(count, *sides)
    across = axes[1].unsqueeze(1).expand(count, *sides)
    grid = torch.stack((across, down), dim=-1).to(images)

    absent = torch.isnan(images[:, :1])
    held = torch.cat((images.masked_fill(absent, 0.0), (~absent).to(images)), dim=1)
    smooth = functional.grid_sample(held, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    # One is added because nearest neighbours outside the tile are 0.
    labels = torch.cat(((masks.to(images) + 1.0).unsqueeze(1), held[:, -1:]), dim=1)
    labels = functional.grid_sample(labels, grid, mode="nearest", padding_mode="zeros", align_corners=False)

    weight = smooth[:, -1:]
    without_data = (labels[:, 1:] < 0.5) | (weight <= 0.0)
    zoomed = (smooth[:, :-1] / weight.clamp(min=1e-6)).masked_fill(without_data, torch.nan)
    label = labels[:, 0]
    chosen = torch.where(label > 0.5, label - 1.0, torch.full_like(label, float(IGNORE))).to(masks.dtype)
    return zoomed, chosen.masked_fill(without_data.squeeze(1), IGNORE)


def _turn(images: Tensor, masks: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Apply one of the eight symmetries of the square to each tile; of the four of a rectangle where it is none."""
    turns = torch.randint(4, (len(images),), generator=generator)
    mirrored = torch.randint(2, (len(images),), generator=generator)
    if images.shape[-1] != images.shape[-2]:
        turns = turns // 2 * 2
    pairs = []
    for image, mask, turn, mirror in zip(images, masks, turns.tolist(), mirrored.tolist(), strict=True):
        image, mask = torch.rot90(image, turn, (-2, -1)), torch.rot90(mask, turn, (-2, -1))
        pairs.append((image.flip(-1), mask.flip(-1)) if mirror else (image, mask))
    return torch.stack([image for image, _ in pairs]), torch.stack([mask for _, mask in pairs])


def _relight(
    images: Tensor, settings: Augmentation, generator: torch.Generator, *, std: Tensor, scaled: Tensor
) -> Tensor:
    """Put a gain and an offset on each band: another sun, other haze, another calibration."""
    shape = (len(images), images.shape[1], 1, 1)
    gain = settings.gain * torch.randn(shape, generator=generator)
    offset = settings.offset * torch.randn(shape, generator=generator)
    if not settings.gain and not settings.offset:
        return images
    gain = 1.0 + gain.clamp(-0.9, 3.0).to(images) * scaled.view(1, -1, 1, 1)
    return images * gain + offset.to(images) * std.view(1, -1, 1, 1)


def _blur(images: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Blur some of the tiles with a Gaussian, among pixels with data only."""
    chosen = torch.rand(len(images), generator=generator) < probability
    sigma = torch.rand(len(images), generator=generator) * (_BLUR_SIGMA[1] - _BLUR_SIGMA[0]) + _BLUR_SIGMA[0]
    if not bool(chosen.any()):
        return images
    blurred = images.clone()
    distance = torch.arange(-_BLUR_RADIUS, _BLUR_RADIUS + 1)
    for i in torch.nonzero(chosen).flatten().tolist():
        kernel = torch.exp(-0.5 * (distance / sigma[i]) ** 2)
        kernel = (kernel / kernel.sum()).to(images)
        absent = torch.isnan(images[i, :1])
        held = torch.cat((images[i].masked_fill(absent, 0.0), (~absent).to(images))).unsqueeze(1)
        held = functional.conv2d(held, kernel.view(1, 1, -1, 1), padding=(_BLUR_RADIUS, 0))
        held = functional.conv2d(held, kernel.view(1, 1, 1, -1), padding=(0, _BLUR_RADIUS)).squeeze(1)
        blurred[i] = (held[:-1] / held[-1:].clamp(min=1e-6)).masked_fill(absent, torch.nan)
    return blurred


def _occlude(images: Tensor, probability: float, generator: torch.Generator, *, mean: Tensor) -> Tensor:
    """Replace one band of some of the tiles by its mean, so that the network leans on no band alone."""
    count, bands = images.shape[:2]
    chosen = torch.rand(count, generator=generator) < probability
    which = torch.randint(bands, (count,), generator=generator)
    hidden = (torch.arange(bands) == which.unsqueeze(1)) & chosen.unsqueeze(1)
    if not bool(hidden.any()):
        return images
    hidden = hidden.to(images.device).view(count, bands, 1, 1) & ~torch.isnan(images)
    return torch.where(hidden, mean.to(images).view(1, -1, 1, 1), images)
