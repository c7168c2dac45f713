"""The networks by name. Adding one is its file and one entry in :data:`NETWORKS`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

from trimline.errors import NetworkError
from trimline.networks.band_ratio import BandRatio
from trimline.networks.dunet import DUNet
from trimline.networks.glaciernet import GlacierNet
from trimline.networks.landsnet import LandsNet
from trimline.networks.network import Network
from trimline.networks.saunet import SaUNet
from trimline.networks.unet import UNet
from trimline.networks.unet_cse import UNetCSE
from trimline.networks.unetpp import UNetPlusPlus


@dataclass(frozen=True)
class NetworkSpec:
    """One entry of the registry."""

    name: str
    """As in project files."""
    build: Callable[..., Network]
    """Called with bands, classes and the network's own arguments."""
    title: str
    """As in tables."""
    source: str
    """Who published it."""
    tile_wide: bool = False
    """Whether an output depends on the whole tile, so that mapping must keep to the training tile's size."""
    trained_by: Literal["gradient", "search"] = "gradient"
    """Whether it learns by descent, or its only parameter is searched."""

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The network's own arguments and their defaults."""
        return {
            name: parameter.default
            for name, parameter in inspect.signature(self.build).parameters.items()
            if name not in ("bands", "classes")
        }


_CHEN = "Chen and others (2022), IEEE JSTARS 15"
_LI = "Li and others (2024), Yilian Habirga"

NETWORKS: Mapping[str, NetworkSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            NetworkSpec("unet", UNet, "U-Net", "Ronneberger and others (2015), MICCAI"),
            NetworkSpec("unetpp", UNetPlusPlus, "U-Net++", "Zhou and others (2018), DLMIA"),
            NetworkSpec("glaciernet", GlacierNet, "GlacierNet", "Xie and others (2020), IEEE Access 8"),
            NetworkSpec("saunet", SaUNet, "SaU-Net", "He and others (2021), IEEE JSTARS 14", tile_wide=True),
            NetworkSpec("unet_cse", UNetCSE, "U-Net+cSE", "Tian and others (2022), IJDE 15", tile_wide=True),
            NetworkSpec(
                "landsnet", partial(LandsNet, dilations=(2, 4, 6)), "LandsNet", "Yi and Zhang (2020), IEEE JSTARS 13"
            ),
            NetworkSpec("m_landsnet", partial(LandsNet, dilations=(1, 2, 3)), "M-LandsNet", _CHEN),
            NetworkSpec("dunet", DUNet, "D-UNet", _LI),
            NetworkSpec("band_ratio", BandRatio, "Band ratio", _CHEN, trained_by="search"),
        )
    }
)
"""Every network, by name."""


def get_network(name: str) -> NetworkSpec:
    """Return the entry of a network.

    Raises
    ------
    NetworkError
        There is no network of that name.
    """
    if name in NETWORKS:
        return NETWORKS[name]
    raise NetworkError(
        f"unknown network '{name}'{_perhaps(name, NETWORKS)}",
        remedy=f"the networks are {', '.join(NETWORKS)}",
    )


def build(name: str, bands: int, classes: int = 2, **arguments: Any) -> Network:
    """Build a network with freshly drawn weights.

    Parameters
    ----------
    name
        One of :data:`NETWORKS`.
    bands
        Input channels, indices included.
    classes
        Logits per pixel.
    **arguments
        The network's own: `widths` of the encoder, for example.

    Raises
    ------
    NetworkError
        The name or an argument is unknown, or an argument cannot be what it is set to.
    """
    spec = get_network(name)
    known = spec.arguments
    for argument in arguments:
        if argument not in known:
            raise NetworkError(
                f"{spec.title} has no argument '{argument}'{_perhaps(argument, known)}",
                where=f"network {name}",
                remedy=f"its arguments are {', '.join(known)}",
            )
    try:
        return spec.build(bands, classes, **arguments)
    except NetworkError as error:
        error.where = error.where or f"network {name}"
        raise
    except TypeError as error:
        given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        raise NetworkError(
            f"{spec.title} cannot be built with {given}",
            where=f"network {name}",
            remedy=f"an argument has the wrong type: {error}",
        ) from error


def parameter_count(network: Network) -> int:
    """Return the number of parameters that training sets."""
    return sum(parameter.numel() for parameter in network.parameters())


def _perhaps(wrong: str, right: Mapping[str, Any]) -> str:
    nearest = get_close_matches(wrong, right, n=1, cutoff=0.5)
    return f"; did you mean '{nearest[0]}'?" if nearest else ""
