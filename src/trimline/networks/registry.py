"""The networks by name. Adding one is its file and one entry in `NETWORKS`.

An entry says where the network's class lies and what it is when it is built: its arguments, its number of parameters,
how far it looks. So a project file is checked, and the networks are listed, without importing PyTorch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from trimline.errors import NetworkError
from trimline.networks.bounds import MOST_CHANNELS, check_bounds

if TYPE_CHECKING:
    from trimline.networks.network import Network

COUNTED_BANDS, COUNTED_CLASSES = 7, 2
"""Of the networks whose parameters are recorded: seven bands of Landsat in, ground and ice out, as in the published
tables."""


@dataclass(frozen=True)
class NetworkSpec:
    """One entry of the registry. What it says of the built network holds for the default arguments."""

    name: str
    """As in project files."""
    implementation: str
    """The network's class, as ``module:Class``."""
    title: str
    """As in tables."""
    source: str
    """Who published it."""
    parameters: int
    """Numbers that training sets, for `COUNTED_BANDS` and `COUNTED_CLASSES`."""
    stride: int
    """Height and width of an image must be multiples of it [pixels]."""
    receptive_field: int | None
    """Side of the square of input pixels that one output pixel depends on [pixels]; None means the whole tile."""
    halo: int | None
    """Margin around a window within which the window's edge can be felt [pixels]; None as in `receptive_field`."""
    bounded: bool = True
    """Whether nothing beyond the halo can be felt at all."""
    trained_by: Literal["gradient", "search"] = "gradient"
    """Whether it learns by descent, or its only parameter is searched."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """The network's own arguments and their defaults."""

    @property
    def tile_wide(self) -> bool:
        """Whether an output depends on the whole tile, so that mapping must keep to the training tile's size."""
        return self.receptive_field is None

    def build(self, bands: int, classes: int = 2, **arguments: Any) -> Network:
        """Build the network; this imports PyTorch. `trimline.networks.build` checks the arguments first."""
        module, _, name = self.implementation.partition(":")
        network: Network = getattr(import_module(module), name)(bands, classes, **{**self.arguments, **arguments})
        return network


_CHEN = "Chen and others (2022), IEEE JSTARS 15"
_LI = "Li and others (2024), Yilian Habirga"
_LIGHT_WIDTHS = (32, 64, 128, 256, 512)
_WIDTHS = (64, 128, 256, 512, 1024)

_UNET = NetworkSpec(
    name="unet",
    implementation="trimline.networks.unet:UNet",
    title="U-Net",
    source="Ronneberger and others (2015), MICCAI",
    parameters=31_040_002,
    stride=16,
    receptive_field=204,
    halo=112,
    arguments={"widths": _WIDTHS, "batch_norm": True, "order": "norm-relu"},
)
_UNETPP = NetworkSpec(
    name="unetpp",
    implementation="trimline.networks.unetpp:UNetPlusPlus",
    title="U-Net++",
    source="Zhou and others (2018), DLMIA",
    parameters=9_047_208,
    stride=16,
    receptive_field=204,
    halo=112,
    arguments={"widths": _LIGHT_WIDTHS, "batch_norm": True, "heads": None, "depth": None},
)
_GLACIERNET = NetworkSpec(
    name="glaciernet",
    implementation="trimline.networks.glaciernet:GlacierNet",
    title="GlacierNet",
    source="Xie and others (2020), IEEE Access 8",
    parameters=523_202,
    stride=16,
    receptive_field=140,
    halo=80,
    arguments={"widths": (64, 64, 64, 64), "convolutions": 2},
)
_SAUNET = NetworkSpec(
    name="saunet",
    implementation="trimline.networks.saunet:SaUNet",
    title="SaU-Net",
    source="He and others (2021), IEEE JSTARS 14",
    parameters=32_352_003,
    stride=16,
    receptive_field=None,
    halo=None,
    bounded=False,
    arguments={"widths": _WIDTHS},
)
_UNET_CSE = NetworkSpec(
    name="unet_cse",
    implementation="trimline.networks.unet_cse:UNetCSE",
    title="U-Net+cSE",
    source="Tian and others (2022), IJDE 15",
    parameters=32_789_314,
    stride=16,
    receptive_field=None,
    halo=None,
    bounded=False,
    arguments={"widths": _WIDTHS, "reduction": 2},
)
_LANDSNET = NetworkSpec(
    name="landsnet",
    implementation="trimline.networks.landsnet:LandsNet",
    title="LandsNet",
    source="Yi and Zhang (2020), IEEE JSTARS 13",
    parameters=7_494_856,
    stride=8,
    receptive_field=164,
    halo=88,
    arguments={"dilations": (2, 4, 6), "widths": (64, 128, 256), "middle": None},
)
_M_LANDSNET = NetworkSpec(
    name="m_landsnet",
    implementation="trimline.networks.landsnet:LandsNet",
    title="M-LandsNet",
    source=_CHEN,
    parameters=7_494_856,
    stride=8,
    receptive_field=116,
    halo=64,
    arguments={"dilations": (1, 2, 3), "widths": (64, 128, 256), "middle": None},
)
_DUNET = NetworkSpec(
    name="dunet",
    implementation="trimline.networks.dunet:DUNet",
    title="D-UNet",
    source=_LI,
    parameters=13_814_626,
    stride=16,
    receptive_field=618,
    halo=320,
    bounded=False,
    arguments={"widths": _LIGHT_WIDTHS, "mixed": False, "modulated": None, "offset_limit": None},
)
_BAND_RATIO = NetworkSpec(
    name="band_ratio",
    implementation="trimline.networks.band_ratio:BandRatio",
    title="Band ratio",
    source=_CHEN,
    parameters=1,
    stride=1,
    receptive_field=17,
    halo=8,
    trained_by="search",
    arguments={
        "red": 0,
        "swir1": 1,
        "threshold": 2.0,
        "opening": 5,
        "closing": 5,
        "blue": None,
        "blue_threshold": None,
    },
)

NETWORKS: Mapping[str, NetworkSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            _UNET,
            _UNETPP,
            _GLACIERNET,
            _SAUNET,
            _UNET_CSE,
            _LANDSNET,
            _M_LANDSNET,
            _DUNET,
            _BAND_RATIO,
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


def check_arguments(name: str, arguments: Mapping[str, Any]) -> NetworkSpec:
    """Return the entry of a network that has these arguments, with values of the right type, within bounds.

    Whether the values go together is checked when the network is built.

    Raises
    ------
    NetworkError
        The network or an argument is unknown, or a value cannot be.
    """
    spec = get_network(name)
    for argument in arguments:
        if argument not in spec.arguments:
            raise NetworkError(
                f"{spec.title} has no argument '{argument}'{_perhaps(argument, spec.arguments)}",
                where=f"network {name}",
                remedy=f"its arguments are {', '.join(spec.arguments)}",
            )
    check_bounds(arguments, spec.arguments)
    return spec


def build(name: str, bands: int, classes: int = 2, /, **arguments: Any) -> Network:
    """Build a network with freshly drawn weights.

    Parameters
    ----------
    name
        One of `NETWORKS`.
    bands
        Input channels, indices included.
    classes
        Logits per pixel.
    **arguments
        The network's own: `widths` of the encoder, for example.

    Raises
    ------
    NetworkError
        The name or an argument is unknown, or an argument cannot be what it is set to, see `bounds`.
    """
    spec = check_arguments(name, arguments)
    if not (0 < bands <= MOST_CHANNELS and 0 < classes <= MOST_CHANNELS):
        raise NetworkError(f"a network needs 1 to {MOST_CHANNELS} bands and classes, not {bands} and {classes}")
    try:
        return spec.build(bands, classes, **arguments)
    except NetworkError as error:
        error.where = error.where or f"network {name}"
        raise


def parameter_count(network: Network) -> int:
    """Return the number of parameters that training sets."""
    return sum(parameter.numel() for parameter in network.parameters())


def _perhaps(wrong: str, right: Iterable[str]) -> str:
    nearest = get_close_matches(wrong, list(right), n=1, cutoff=0.5)
    return f"; did you mean '{nearest[0]}'?" if nearest else ""
