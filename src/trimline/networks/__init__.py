"""One file per network, and a registry.

Every network takes (n, bands, h, w) and returns logits (n, classes, h, w); it says by `stride`, `receptive_field` and
`halo` how its input must be cut. Docstrings tag where each detail comes from: `[S]` the papers that trimline
reproduces, `[P]` public code or an abstract, `[M]` common knowledge of the cited paper, `[C]` our choice because
no source says. The room hands out the registry, `build`, and the base class for whoever adds a network. The registry
is read without PyTorch, which is imported when a network is built.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trimline.networks.registry import NETWORKS, NetworkSpec, build, check_arguments, get_network, parameter_count

if TYPE_CHECKING:
    from trimline.networks.network import Network

_NEEDING_TORCH = ("Network",)

__all__ = [
    "NETWORKS",
    "Network",
    "NetworkSpec",
    "build",
    "check_arguments",
    "get_network",
    "parameter_count",
]


def __getattr__(name: str) -> Any:
    """Import the base class, and PyTorch with it, on first use."""
    if name not in _NEEDING_TORCH:
        raise AttributeError(f"module 'trimline.networks' has no attribute {name!r}")
    return getattr(import_module("trimline.networks.network"), name)
