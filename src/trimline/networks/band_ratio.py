"""The band ratio: ice is bright in red and dark in the short-wave infrared; one threshold, then morphology.

Written as a network of one parameter, so that it is trained, saved, mapped and compared like the others.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from trimline.errors import NetworkError
from trimline.networks.network import Network
from trimline.networks.ratio_bounds import DARKEST, LOWEST, STRICTLY
from trimline.networks.receptive import of_convolutions

_FAR = 1e4
"""Stands for infinity where a pixel without data must not win a minimum or a maximum."""


class BandRatio(Network):
    """Red / SWIR1 above a threshold, opened and closed [S].

    The ratio is TM3 / TM5 (OLI 4 / 6, MSI B4 / B11), of digital numbers or reflectance: the network is fed with what
    the sensor's product says, never with normalised values. It answers with the logits 0 for ground and
    ``log(ratio) - log(threshold)`` for ice: probability 0.5 lies exactly at the threshold, and the probability says
    how far the ratio is from it [C].

    The opening and closing of Chen and others (2022, figure 3b) act on the thresholded map there. Here they act on
    the logits, as flat grey-scale morphology by minimum and maximum pooling. Because such filters commute with
    thresholding, the map of logits above 0 is the same, and the threshold can be searched without filtering anew.

    Pixels whose red and SWIR1 are both exactly 0 hold no data: they take part in no minimum or maximum and get the
    lowest logit, so that stripes and edges of a scene do not eat into the ice beside them.

    Parameters
    ----------
    bands
        Input channels.
    classes
        Must be 2.
    red, swir1
        Positions of the two bands among the channels.
    threshold
        Initial value of the parameter. Chen and others (2022, table II) found 3.1 on digital numbers of TM.
    opening, closing
        Side of the square window [pixels], odd; 1 means no filter. 5 in Chen and others (2022).
    blue
        Position of the blue band; None means that blue is not looked at.
    blue_threshold
        Ice must be brighter than this in blue, in the image's units: removes cast shadow, whose ratio is high [M].
    """

    def __init__(
        self,
        bands: int,
        classes: int = 2,
        *,
        red: int = 0,
        swir1: int = 1,
        threshold: float = 2.0,
        opening: int = 5,
        closing: int = 5,
        blue: int | None = None,
        blue_threshold: float | None = None,
    ) -> None:
        if classes != 2:
            raise NetworkError(f"the band ratio tells two classes apart, not {classes}")
        if threshold <= 0:
            raise NetworkError(f"the threshold of a ratio must be positive, not {threshold}")
        for name, side in (("opening", opening), ("closing", closing)):
            if side < 1 or side % 2 == 0:
                raise NetworkError(
                    f"the window of the {name} cannot have {side} pixels on a side",
                    remedy="give an odd number; 1 switches the filter off",
                )
        if (blue is None) != (blue_threshold is None):
            raise NetworkError("the position of the blue band and its threshold go together: give both or none")
        if blue_threshold is not None and blue_threshold <= 0:
            raise NetworkError(f"the threshold of the blue band must be positive, not {blue_threshold}")
        for name, position in (("red", red), ("swir1", swir1), ("blue", blue)):
            if position is not None and not 0 <= position < bands:
                raise NetworkError(f"{name} is said to be channel {position} of {bands}")
        super().__init__(bands, classes, stride=1, reach=of_convolutions(opening - 1 + closing - 1))
        self.red, self.swir1, self.blue = red, swir1, blue
        self.blue_threshold = blue_threshold
        self.opening, self.closing = opening, closing
        self.threshold = nn.Parameter(torch.tensor(float(threshold)))

    def log_ratio(self, images: Tensor) -> Tensor:
        """Return the filtered logarithm of red / SWIR1, (n, h, w), lowest where blue or the data's end exclude ice.

        It does not depend on the threshold: where it exceeds ``log(t)`` is the band ratio's map at threshold `t`.
        """
        # Half precision would move pixels across the threshold, and the arithmetic here costs nothing.
        red, swir1 = images[:, self.red].float(), images[:, self.swir1].float()
        score = torch.log((red / swir1.clamp(min=DARKEST)).clamp(min=LOWEST))
        if self.blue is not None and self.blue_threshold is not None:
            score = score.masked_fill(images[:, self.blue].float() <= self.blue_threshold, math.log(LOWEST))
        without_data = (red == 0) & (swir1 == 0)
        opened = _largest(_smallest(score, self.opening, without_data), self.opening, without_data)
        closed = _smallest(_largest(opened, self.closing, without_data), self.closing, without_data)
        return closed.masked_fill(without_data, math.log(LOWEST))

    def log_threshold(self) -> Tensor:
        """Return what the logarithm of the ratio of ice reaches: just above the threshold's, since ice is '>' [S]."""
        return torch.log(self.threshold.clamp(min=LOWEST)) + STRICTLY

    def segment(self, images: Tensor) -> Tensor:
        """Return logits (n, 2, h, w)."""
        ice = self.log_ratio(images) - self.log_threshold()
        return torch.stack((torch.zeros_like(ice), ice), dim=1)


def _largest(score: Tensor, side: int, without_data: Tensor) -> Tensor:
    """Return the largest score with data in the window around each pixel (dilation)."""
    if side == 1:
        return score
    score = score.masked_fill(without_data, -_FAR)
    return functional.max_pool2d(score.unsqueeze(1), side, stride=1, padding=side // 2).squeeze(1)


def _smallest(score: Tensor, side: int, without_data: Tensor) -> Tensor:
    """Return the smallest score with data in the window around each pixel (erosion)."""
    return -_largest(-score, side, without_data)
