"""U-Net++: a U-Net whose skips are convolved on their way, so that every depth of it is a network of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from trimline.errors import NetworkError
from trimline.networks.blocks import check_widths, double_convolution, initialise, upsampling
from trimline.networks.network import Network
from trimline.networks.receptive import of_pyramid

WIDTHS = (32, 64, 128, 256, 512)
"""Channels per level in Zhou and others (2018)."""


class UNetPlusPlus(Network):
    """U-Net++ of Zhou and others (2018) [S].

    Node X(i, 0) is a double convolution after 2x2 max pooling: the encoder of U-Net. Node X(i, j) is a double
    convolution of up(X(i+1, j-1)), X(i, 0), ..., X(i, j-1), concatenated in this order; up is a 2x2 transposed
    convolution of stride 2, a separate one for each node. 1x1 heads sit on X(0, 1), X(0, 2), ...; training averages
    their losses (deep supervision), and the last one answers [M].

    Weights trained with all heads can be asked at a smaller `depth`: nodes that X(0, depth) does not need are then
    not computed, and the network looks less far.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Logits per pixel.
    widths
        Channels per level, the finest first; the number of levels is free.
    batch_norm
        Whether each 3x3 convolution is followed by batch norm (it then has no bias).
    heads
        How many of the nodes X(0, 1), X(0, 2), ... have a head, counted from the last: 1 means that only the last one
        is trained, as in U-Net; None means all.
    depth
        Which node X(0, depth) answers; None means the last.
    """

    def __init__(
        self,
        bands: int,
        classes: int = 2,
        *,
        widths: Sequence[int] = WIDTHS,
        batch_norm: bool = True,
        heads: int | None = None,
        depth: int | None = None,
    ) -> None:
        widths = check_widths(widths, 2, "U-Net++")
        deepest = len(widths) - 1
        heads = deepest if heads is None else heads
        depth = deepest if depth is None else depth
        if not 1 <= heads <= deepest:
            raise NetworkError(f"U-Net++ cannot have {heads} heads", remedy=f"give 1 to {deepest}")
        if not deepest - heads < depth <= deepest:
            raise NetworkError(
                f"U-Net++ has no head at depth {depth}", remedy=f"give a depth from {deepest - heads + 1} to {deepest}"
            )
        reach = of_pyramid(encoder=[2] * depth, middle=2, decoder=[2] * depth)
        super().__init__(bands, classes, stride=2**deepest, reach=reach)
        self.depth = depth
        self.pool = nn.MaxPool2d(2)
        self.nodes = nn.ModuleList()
        self.up = nn.ModuleList()
        for level, (into, width) in enumerate(pairwise((bands, *widths))):
            columns = deepest - level
            channels = (into, *((1 + column) * width for column in range(1, columns + 1)))
            self.nodes.append(
                nn.ModuleList(double_convolution(each, width, batch_norm=batch_norm) for each in channels)
            )
            if columns:
                self.up.append(nn.ModuleList(upsampling(widths[level + 1], width) for _ in range(columns)))
        self.heads = nn.ModuleDict(
            {str(each): nn.Conv2d(widths[0], classes, 1) for each in range(deepest - heads + 1, deepest + 1)}
        )
        initialise(self)

    def segment(self, images: Tensor) -> Tensor:
        """Return the logits (n, classes, h, w) of the node that answers."""
        logits: Tensor = self.heads[str(self.depth)](self._finest(images, self.depth)[-1])
        return logits

    def supervised(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the logits of every head, from the shallowest node to the deepest, whichever answers."""
        self._check(images)
        finest = self._finest(images, len(self.up))
        return tuple(head(finest[int(depth)]) for depth, head in self.heads.items())

    def _finest(self, images: Tensor, depth: int) -> list[Tensor]:
        """Return X(0, 0), ..., X(0, depth), computing nothing that X(0, depth) does not need."""
        rows: list[list[Tensor]] = []
        for diagonal in range(depth + 1):
            features = self._node(diagonal, 0)(self.pool(rows[-1][0]) if diagonal else images)
            rows.append([features])
            for column in range(1, diagonal + 1):
                level = diagonal - column
                upsampled = self._up(level, column)(features)
                features = self._node(level, column)(torch.cat((upsampled, *rows[level]), dim=1))
                rows[level].append(features)
        return rows[0]

    def _node(self, level: int, column: int) -> nn.Module:
        return self.get_submodule(f"nodes.{level}.{column}")

    def _up(self, level: int, column: int) -> nn.Module:
        """Return what brings X(level + 1, column - 1) to the grid of X(level, column)."""
        return self.get_submodule(f"up.{level}.{column - 1}")
