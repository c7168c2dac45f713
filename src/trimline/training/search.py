"""How the band ratio is trained: its one threshold, searched on the training samples and on nothing else."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from trimline.errors import TrainingError
from trimline.evaluation import Confusion
from trimline.files import whole_file
from trimline.inference.inputs import Inputs
from trimline.inference.metadata import ModelMetadata, finite_or_none
from trimline.inference.torch_files import save_weights, with_geometry
from trimline.networks import build
from trimline.networks.band_ratio import BandRatio
from trimline.samples import ICE, IGNORE, Samples
from trimline.training.outputs import THRESHOLDS

_logger = logging.getLogger(__name__)


PAPER_GRID = tuple(round(1.5 + 0.2 * i, 1) for i in range(12))
"""1.5 to 3.7 by 0.2: Chen and others (2022), table II."""

WIDER_GRID = tuple(round(0.3 + 0.1 * i, 1) for i in range(98))
"""0.3 to 10 by 0.1: looked at when the best of the paper's thresholds is its first or last, as happens with
reflectance and with sensors other than TM."""

_COLUMNS = ("precision", "recall", "f1", "kappa", "oa")

_TILES_AT_ONCE = 64


def train_by_search(
    training: Samples, validation: Samples, metadata: ModelMetadata, folder: Path, weights: Path
) -> Path:
    """Find the threshold of the band ratio and write it as weights, and beside them the scores of all thresholds.

    Parameters
    ----------
    training
        Samples to search on.
    validation
        Samples that the result is scored on; may be empty.
    metadata
        With the network's name and arguments; the rest is filled in here.
    folder
        Gets `trimline.training.outputs.THRESHOLDS`.
    weights
        Where to write the weights.

    Raises
    ------
    TrainingError
        The samples lack a band that the ratio needs.
    """
    bands: tuple[str, ...] = ("red", "swir1")
    if metadata.arguments.get("blue_threshold") is not None:
        bands = (*bands, "blue")
    arguments = {**metadata.arguments, **{band: i for i, band in enumerate(bands)}}
    network = cast(BandRatio, build(metadata.network, len(bands), **arguments))
    inputs = Inputs(bands, training.units)
    table = score_thresholds(training, network, inputs)
    best = float(table["threshold"][table["selected"]].iloc[0])
    with torch.no_grad():
        network.threshold.fill_(best)
    scores: dict[str, float | None] = {}
    if len(validation):
        confusion = _confusions(*_labelled(validation, network, inputs), [network.log_threshold().item()])[0]
        scores = finite_or_none({name: getattr(confusion, name) for name in (*_COLUMNS, "iou", "area_bias")})
    with whole_file(folder / THRESHOLDS) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g")
    _logger.info("ice is where red / SWIR1 exceeds %.2f", best)
    # The halo needs no measuring: morphology feels exactly as far as its windows reach.
    update = {"arguments": arguments, "inputs": inputs, "threshold": 0.5, "halo": network.halo, "scores": scores}
    return save_weights(weights, network, with_geometry(metadata.model_copy(update=update), network))


def score_thresholds(samples: Samples, network: BandRatio, inputs: Inputs) -> pd.DataFrame:
    """Return the scores of the band ratio at every threshold that was looked at.

    The paper's grid comes first. Where its best F1 lies at an end, the wider and finer grid is scored as well. Among
    equal scores the lowest threshold is taken.

    Returns
    -------
    DataFrame
        Columns `threshold`, `precision`, `recall`, `f1`, `kappa`, `oa` (fractions), `selected` (one row is).
    """
    ratios, truth = _labelled(samples, network, inputs)
    if not truth.any():
        raise TrainingError("no labelled pixel with data is ice, so that no threshold is better than another")
    table = _score(ratios, truth, PAPER_GRID, network)
    if table["f1"].idxmax() in (0, len(table) - 1):
        table = _score(ratios, truth, sorted({*PAPER_GRID, *WIDER_GRID}), network)
    table["selected"] = table.index == table["f1"].idxmax()
    return table


def threshold_scores(samples: Samples, thresholds: Sequence[float]) -> list[dict[str, float]]:
    """Return the scores of the band ratio at each of some thresholds, with the paper's 5x5 filters.

    Parameters
    ----------
    samples
        With the bands red and swir1.
    thresholds
        Of red / SWIR1.

    Returns
    -------
    list of dict
        `threshold`, `precision`, `recall`, `f1`, `kappa`, `oa` (fractions; NaN where undefined).
    """
    network = cast(BandRatio, build("band_ratio", 2))
    ratios, truth = _labelled(samples, network, Inputs(("red", "swir1"), samples.units))
    rows = _score(ratios, truth, thresholds, network).to_dict("records")
    return [{str(key): float(value) for key, value in row.items()} for row in rows]


def _score(
    ratios: NDArray[np.float32], truth: NDArray[np.bool_], thresholds: Sequence[float], network: BandRatio
) -> pd.DataFrame:
    kept = network.threshold.item()
    edges = []
    with torch.no_grad():
        for threshold in thresholds:
            network.threshold.fill_(threshold)
            edges.append(network.log_threshold().item())
        network.threshold.fill_(kept)
    confusions = _confusions(ratios, truth, edges)
    table = pd.DataFrame({name: [getattr(each, name) for each in confusions] for name in _COLUMNS})
    table.insert(0, "threshold", list(thresholds))
    return table


@torch.inference_mode()
def _labelled(samples: Samples, network: BandRatio, inputs: Inputs) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the filtered log ratio of the labelled pixels with data, and whether they are ice, (pixels,) each."""
    missing = [band for band in inputs.bands if band not in samples.bands]
    if missing:
        raise TrainingError(
            f"the band ratio needs the band {' and '.join(missing)}, which the samples do not have",
            remedy=f"they have {', '.join(samples.bands)}: add it to the bands that samples are cut with",
        )
    positions = [samples.bands.index(band) for band in inputs.bands]
    ratios, truth = [], []
    for start in range(0, len(samples), _TILES_AT_ONCE):
        part = slice(start, start + _TILES_AT_ONCE)
        images, masks = samples.images[part][:, positions], samples.masks[part]
        labelled = (masks != IGNORE) & np.isfinite(images).all(axis=1)
        ratios.append(network.log_ratio(torch.from_numpy(inputs(images))).numpy()[labelled])
        truth.append(masks[labelled] == ICE)
    return np.concatenate(ratios), np.concatenate(truth)


def _confusions(ratios: NDArray[np.float32], truth: NDArray[np.bool_], edges: Sequence[float]) -> list[Confusion]:
    """Return the confusion at each edge, where ice is what reaches it; one sort serves them all."""
    ice, ground = np.sort(ratios[truth]), np.sort(ratios[~truth])
    limits = np.asarray(edges, dtype=np.float32)
    missed, quiet = np.searchsorted(ice, limits), np.searchsorted(ground, limits)
    return [
        Confusion(tp=len(ice) - int(fn), fp=len(ground) - int(tn), fn=int(fn), tn=int(tn))
        for fn, tn in zip(missed, quiet, strict=True)
    ]
