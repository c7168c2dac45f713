"""What decides the weights that come out of a run, as one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from trimline import __version__
from trimline.project.recipe import Recipe
from trimline.samples import Samples


def fingerprint(samples: Samples) -> str:
    """Return a hexadecimal hash of what the samples hold."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((samples.bands, samples.units, samples.images.shape)).encode())
    digest.update(np.ascontiguousarray(samples.images).data)
    digest.update(np.ascontiguousarray(samples.masks).data)
    return digest.hexdigest()


def identity_of_run(
    network: str,
    arguments: Mapping[str, Any],
    recipe: Recipe,
    seed: int,
    samples: Mapping[str, str],
    *,
    start: str | None = None,
) -> str:
    """Return a hexadecimal hash of all that decides the weights that come out of a run.

    Parameters
    ----------
    network, arguments, recipe, seed
        As `trimline.training.train` takes them.
    samples
        Fingerprints of the samples.
    start
        SHA-256 of the weights that training starts from; None where they are drawn.
    """
    decides = {
        "version": __version__,
        "network": network,
        "arguments": dict(arguments),
        "recipe": recipe.model_dump(mode="json"),
        "seed": seed,
        "samples": dict(samples),
        **({} if start is None else {"start": start}),
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True, default=list).encode()).hexdigest()
