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
        images, masks = _look(images, masks, settings, crop, generator)
        _relight(images, settings, generator, std=std, scaled=scaled)
        _blur(images, settings.blur, generator)
        _occlude(images, settings.occlusion, generator, mean=mean)
    return images, masks


def _look(
    images: Tensor, masks: Tensor, settings: Augmentation, crop: int | None, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return, as new tensors, a window of each tile: of random place, zoom and symmetry, as far as they are wanted."""
    count, _, height, width = images.shape
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
        return _cut(images, masks, sides, place, turns, mirrored)
    low, high = (math.log(each) for each in settings.scale)
    return _resample(images, masks, sides, place, torch.exp(low + zoom * (high - low)), turns, mirrored)


def _cut(
    images: Tensor, masks: Tensor, sides: tuple[int, int], place: Tensor, turns: Tensor, mirrored: Tensor
) -> tuple[Tensor, Tensor]:
    """Cut a window of each tile and turn it, each pixel being moved once and none interpolated."""
    slack = torch.tensor([images.shape[-2] - sides[0] + 1, images.shape[-1] - sides[1] + 1])
    corners = (place * slack).long()
    looks = images.new_empty((*images.shape[:2], *sides))
    labels = masks.new_empty((len(masks), *sides))
    draws = zip(corners.tolist(), turns.tolist(), mirrored.tolist(), strict=True)
    for i, ((top, left), turn, mirror) in enumerate(draws):
        for tiles, cut in ((images, looks), (masks, labels)):
            window = tiles[i, ..., top : top + sides[0], left : left + sides[1]]
            # A turned tensor is a copy; to turn the target back is a view.
            target = cut[i].transpose(-1, -2) if turn % 2 else cut[i]
            reversed_axes = [axis for axis, flips in ((-2, turn >= 2), (-1, bool(mirror) != (turn >= 2))) if flips]
            target.copy_(window.flip(reversed_axes) if reversed_axes else window)
    return looks, labels


def _resample(
    images: Tensor,
    masks: Tensor,
    sides: tuple[int, int],
    place: Tensor,
    zoom: Tensor,
    turns: Tensor,
    mirrored: Tensor,
) -> tuple[Tensor, Tensor]:
    """Zoom into a place of each tile and turn it at once; images bilinear among pixels with data, masks nearest."""
    count, bands, height, width = images.shape
    size, side = torch.tensor([width, height]), torch.tensor([sides[1], sides[0]])
    span = side / (zoom.unsqueeze(1) * size)
    centre = (place.flip(1) * 2.0 - 1.0) * (1.0 - span).clamp(min=0.0)
    quarter = turns * (math.pi / 2)
    cosine, sine = quarter.cos().round(), quarter.sin().round()
    mirror = 1.0 - 2.0 * mirrored
    turn = torch.stack((torch.stack((mirror * cosine, -sine), 1), torch.stack((mirror * sine, cosine), 1)), dim=1)
    affine = torch.cat((span.unsqueeze(2) * turn, centre.unsqueeze(2)), dim=2).to(images, non_blocking=True)
    grid = _grid(affine, sides)

    held = images.new_empty(count, bands + 1, height, width)
    torch.nan_to_num(images, nan=0.0, out=held[:, :-1])
    known = torch.eq(images[:, 0], images[:, 0], out=held[:, -1])  # NaN equals nothing
    smooth = functional.grid_sample(held, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    # Labels are counted from 1, because 0 is what lies outside a tile and what has no data.
    labels = torch.add(masks, 1.0).mul_(known).unsqueeze(1)
    labels = functional.grid_sample(labels, grid, mode="nearest", padding_mode="zeros", align_corners=False)[:, 0]
    unknown = labels < 0.5
    weight = smooth[:, -1].masked_fill_(unknown, torch.nan)
    zoomed = smooth[:, :-1].div_(weight.unsqueeze(1))
    return zoomed, labels.sub_(1.0).masked_fill_(unknown, float(IGNORE)).to(masks.dtype)


def _grid(affine: Tensor, sides: tuple[int, int]) -> Tensor:
    """Return `functional.affine_grid` of some maps, (n, 2, 3), made faster by adding rows to columns."""
    grid = affine.new_empty(len(affine), *sides, 2)
    down, across = ((torch.arange(side).to(affine, non_blocking=True) * 2.0 + 1.0) / side - 1.0 for side in sides)
    for axis in (0, 1):
        along, against, shift = affine[:, axis].unsqueeze(2).unbind(1)
        torch.add((along * across).unsqueeze(1), (against * down + shift).unsqueeze(2), out=grid[..., axis])
    return grid


def _relight(
    images: Tensor, settings: Augmentation, generator: torch.Generator, *, std: Tensor, scaled: Tensor
) -> None:
    """Put a gain and an offset on each band, in place: another sun, other haze, another calibration."""
    shape = (len(images), images.shape[1], 1, 1)
    gain = (settings.gain * torch.randn(shape, generator=generator)).clamp(-0.9, 3.0)
    offset = settings.offset * torch.randn(shape, generator=generator)
    if settings.gain:
        images.mul_(1.0 + gain.to(images, non_blocking=True) * scaled.view(1, -1, 1, 1))
    if settings.offset:
        images.add_(offset.to(images, non_blocking=True) * std.view(1, -1, 1, 1))


def _blur(images: Tensor, probability: float, generator: torch.Generator) -> None:
    """Blur some of the tiles with a Gaussian, in place, among pixels with data only."""
    chosen = (torch.rand(len(images), generator=generator) < probability).nonzero().flatten()
    sigma = torch.rand(len(images), generator=generator) * (_BLUR_SIGMA[1] - _BLUR_SIGMA[0]) + _BLUR_SIGMA[0]
    if not len(chosen):
        return
    sigma, chosen = sigma[chosen].to(images, non_blocking=True), chosen.to(images.device, non_blocking=True)
    sharp = images.index_select(0, chosen)
    absent = torch.isnan(sharp[:, 0])
    held = torch.cat((sharp.nan_to_num_(nan=0.0), absent.logical_not().to(images).unsqueeze(1)), dim=1)
    count, _, height, width = held.shape
    # As two products of matrices a whole batch is blurred at once, each tile by its own kernel.
    held = torch.bmm(held.view(count, -1, width), _blurring(width, sigma)).view(held.shape)
    held = torch.matmul(_blurring(height, sigma).unsqueeze(1), held)
    weight = held[:, -1].clamp(min=1e-6).masked_fill_(absent, torch.nan)
    images.index_copy_(0, chosen, held[:, :-1] / weight.unsqueeze(1))


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
