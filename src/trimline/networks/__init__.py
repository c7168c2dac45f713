"""One file per network, and a registry.

Every network takes (n, bands, h, w) and returns logits (n, classes, h, w); it says by `stride`, `receptive_field` and
`halo` how its input must be cut. Docstrings tag where each detail comes from: **[S]** the papers that trimline
reproduces, **[P]** public code or an abstract, **[M]** common knowledge of the cited paper, **[C]** our choice because
no source says. The room hands out the registry, `build`, and the base class for whoever adds a network.
"""

from __future__ import annotations

from trimline.networks.network import Network
from trimline.networks.registry import NETWORKS, NetworkSpec, build, get_network, parameter_count

__all__ = ["NETWORKS", "Network", "NetworkSpec", "build", "get_network", "parameter_count"]
