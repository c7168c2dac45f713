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
    # The arithmetic of the network is not that of its data: blur in bfloat16 would round to three digits.
    with torch.no_grad(), torch.autocast(images.device.type, enabled=False):
        held, masks, absent = _look(_hold(images), masks, settings, crop, generator)
        light = torch.randn(2, *images.shape[:2], 1, 1, generator=generator)
        _blur(held, settings.blur, generator)
        looks = _release(held, absent)
        _relight(looks, settings, light, std=std, scaled=scaled)
        _occlude(looks, settings.occlusion, generator, mean=mean)
    return looks, masks


def _hold(images: Tensor) -> Tensor:
    """Return tiles as what may be averaged: 0 where there is no data, and as a last band 1 where there is some."""
    count, bands, height, width = images.shape
    held = images.new_empty(count, bands + 1, height, width)
    torch.nan_to_num(images, nan=0.0, out=held[:, :-1])
    torch.eq(images[:, 0], images[:, 0], out=held[:, -1])  # NaN equals nothing
    return held


def _release(held: Tensor, absent: Tensor) -> Tensor:
    """Return averages among pixels with data, (n, bands, h, w), in place; NaN where `absent`, (n, h, w) bool."""
    weight = held[:, -1].masked_fill_(absent, torch.nan)
    return held[:, :-1].div_(weight.unsqueeze(1))


def _look(
    held: Tensor, masks: Tensor, settings: Augmentation, crop: int | None, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return, as new tensors, a window of each tile: of random place, zoom and symmetry, as far as they are wanted.

    The third tensor is true where the window has no data.
    """
    count, _, height, width = held.shape
    sides = (height, width) if crop is None else (min(crop, height), min(crop, width))
    place = torch.rand(count, 2, generator=generator)
    zoom = torch.rand(count, generator=generator)
    turns = mirrored = torch.zeros(count, dtype=torch.long)
    if settings.flips_and_rotations:
        # The eight symmetries of the square; of an oblong the four that keep its shape.
        turns = torch.randint(4, (count,), generator=generator)
        mirrored = torch.randint(2, (count,), generator=generator)
        if sides[0] != sides[1]:
            turns = turns // 2 * 2
    if tuple(settings.scale) == (1.0, 1.0):
        return _cut(held, masks, sides, place, turns, mirrored)
    low, high = (math.log(each) for each in settings.scale)
    return _resample(held, masks, sides, place, torch.exp(low + zoom * (high - low)), turns, mirrored)


def _cut(
    held: Tensor, masks: Tensor, sides: tuple[int, int], place: Tensor, turns: Tensor, mirrored: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Cut a window of each tile and turn it, each pixel being moved once and none interpolated."""
    slack = torch.tensor([held.shape[-2] - sides[0] + 1, held.shape[-1] - sides[1] + 1])
    corners = (place * slack).long()
    looks = held.new_empty((*held.shape[:2], *sides))
    labels = masks.new_empty((len(masks), *sides))
    draws = zip(corners.tolist(), turns.tolist(), mirrored.tolist(), strict=True)
    for i, ((top, left), turn, mirror) in enumerate(draws):
        for tiles, cut in ((held, looks), (masks, labels)):
            window = tiles[i, ..., top : top + sides[0], left : left + sides[1]]
            # A turned tensor is a copy; to turn the target back is a view.
            target = cut[i].transpose(-1, -2) if turn % 2 else cut[i]
            reversed_axes = [axis for axis, flips in ((-2, turn >= 2), (-1, bool(mirror) != (turn >= 2))) if flips]
            target.copy_(window.flip(reversed_axes) if reversed_axes else window)
    return looks, labels, looks[:, -1] == 0.0


def _resample(
    held: Tensor,
    masks: Tensor,
    sides: tuple[int, int],
    place: Tensor,
    zoom: Tensor,
    turns: Tensor,
    mirrored: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Zoom into a place of each tile and turn it at once; images bilinear among pixels with data, masks nearest."""
    height, width = held.shape[-2:]
    size, side = torch.tensor([width, height]), torch.tensor([sides[1], sides[0]])
    span = side / (zoom.unsqueeze(1) * size)
    centre = (place.flip(1) * 2.0 - 1.0) * (1.0 - span).clamp(min=0.0)
    quarter = turns * (math.pi / 2)
    cosine, sine = quarter.cos().round(), quarter.sin().round()
    mirror = 1.0 - 2.0 * mirrored
    turn = torch.stack((torch.stack((mirror * cosine, -sine), 1), torch.stack((mirror * sine, cosine), 1)), dim=1)
    affine = torch.cat((span.unsqueeze(2) * turn, centre.unsqueeze(2)), dim=2).to(held, non_blocking=True)
    grid = _grid(affine, sides)
    looks = functional.grid_sample(held, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    # Labels are counted from 1, because 0 is what lies outside a tile and what has no data.
    labels = torch.add(masks, 1.0).mul_(held[:, -1]).unsqueeze(1)
    labels = functional.grid_sample(labels, grid, mode="nearest", padding_mode="zeros", align_corners=False)[:, 0]
    absent = labels < 0.5
    return looks, labels.sub_(1.0).masked_fill_(absent, float(IGNORE)).to(masks.dtype), absent


def _grid(affine: Tensor, sides: tuple[int, int]) -> Tensor:
    """Return `functional.affine_grid` of some maps, (n, 2, 3), made faster by adding rows to columns."""
    grid = affine.new_empty(len(affine), *sides, 2)
    down, across = ((torch.arange(side).to(affine, non_blocking=True) * 2.0 + 1.0) / side - 1.0 for side in sides)
    for axis in (0, 1):
        along, against, shift = affine[:, axis].unsqueeze(2).unbind(1)
        torch.add((along * across).unsqueeze(1), (against * down + shift).unsqueeze(2), out=grid[..., axis])
    return grid


def _relight(images: Tensor, settings: Augmentation, light: Tensor, *, std: Tensor, scaled: Tensor) -> None:
    """Put a gain and an offset on each band, in place: another sun, other haze, another calibration.

    `light`, (2, n, bands, 1, 1), are draws of the standard normal distribution.
    """
    if settings.gain:
        gain = (settings.gain * light[0]).clamp(-0.9, 3.0).to(images, non_blocking=True)
        images.mul_(1.0 + gain * scaled.view(-1, 1, 1))
    if settings.offset:
        images.add_(settings.offset * light[1].to(images, non_blocking=True) * std.view(-1, 1, 1))


def _blur(held: Tensor, probability: float, generator: torch.Generator) -> None:
    """Blur some of the tiles with a Gaussian, in place, sums and weights alike."""
    chosen = (torch.rand(len(held), generator=generator) < probability).nonzero().flatten()
    sigma = torch.rand(len(held), generator=generator) * (_BLUR_SIGMA[1] - _BLUR_SIGMA[0]) + _BLUR_SIGMA[0]
    if not len(chosen):
        return
    sigma = sigma[chosen].to(held, non_blocking=True)
    # As two products of matrices a whole tile is blurred at once, by its own kernel.
    down, across = (_blurring(size, sigma) for size in held.shape[-2:])
    for tile, rows, columns in zip(chosen.tolist(), down, across, strict=True):
        torch.matmul(rows, torch.matmul(held[tile], columns), out=held[tile])


def _blurring(size: int, sigma: Tensor) -> Tensor:
    """Return the matrices, (n, size, size), that blur a row of pixels by some standard deviations [pixels].

    Weights do not add up to one: what they give is divided by what they give for pixels with data.
    """
    distance = torch.arange(1 - size, size, device=sigma.device)
    reached = (distance.abs() <= _BLUR_RADIUS).to(sigma)
    kernel = torch.exp(-0.5 * (distance.clamp(-_BLUR_RADIUS, _BLUR_RADIUS) / sigma.unsqueeze(1)).square()) * reached
    # Window s of the kernel belongs to pixel size - 1 - s.
    return kernel.unfold(1, size, 1).flip(1)


def _occlude(images: Tensor, probability: float, generator: torch.Generator, *, mean: Tensor) -> None:
    """Replace one band of some of the tiles by its mean, in place, so that the network leans on no band alone."""
    count, bands = images.shape[:2]
    chosen = (torch.rand(count, generator=generator) < probability).nonzero().flatten()
    which = torch.randint(bands, (count,), generator=generator)[chosen]
    for tile, band in zip(chosen.tolist(), which.tolist(), strict=True):
        # Zero times a number is zero, and NaN stays NaN.
        images[tile, band].mul_(0.0).add_(mean[band])
