"""A U-Net in bands gives what it gives whole, whatever the bands and whatever is asked for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.networks import NETWORKS, Network, build
from trimline.networks.folding import fold_batch_norm
from trimline.networks.unet import UNet
from trimline.training import lighter_layers
from trimline.training.bands import InBands, in_bands
from trimline.training.lighter_layers import make_lighter

pytestmark = pytest.mark.skipif(
    not lighter_layers.onednn_fuses(torch.float32), reason="this build of torch has no oneDNN"
)


def lighter(name: str = "unet", **arguments: Any) -> Network:
    torch.manual_seed(3)
    network = fold_batch_norm(build(name, 3, **arguments))
    make_lighter(network, torch.float32)
    return network


UNET = lighter(widths=(4, 6, 8))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(1, 3000), st.data())
def test_bands_do_not_show(height: int, width: int, band_bytes: int, data: Any) -> None:
    height, width = 4 * height, 4 * width
    sides = []
    for length in (height, width):
        start = data.draw(st.integers(0, length - 1))
        sides.append(slice(start, data.draw(st.integers(start + 1, length))))
    within = sides[0], sides[1]
    images = torch.randn(1, 3, height, width).contiguous(memory_format=torch.channels_last)
    assert isinstance(UNET, UNet)
    with torch.inference_mode():
        found = InBands(UNET, band_bytes)(images, within)
        torch.testing.assert_close(found, UNET(images)[(..., *within)], rtol=1e-4, atol=1e-5)


def test_bands_are_bands() -> None:
    """Rows are really computed in parts: no map that the finest level makes is as high as the image."""
    assert isinstance(UNET, UNet)
    seen: list[int] = []
    asked = InBands(UNET, 4 * 4 * 16 * 8)
    handle = asked._encoder[0][0].register_forward_hook(lambda layer, given, made: seen.append(made.shape[-2]))
    with handle, torch.inference_mode():
        asked(torch.randn(1, 3, 64, 16), (slice(0, 64), slice(0, 16)))
    assert len(seen) == 8
    assert max(seen) == 8 + 2 * 3, "the second layer looks at a row beyond, and the decoder's two at one each"


@pytest.mark.parametrize("name", NETWORKS)
def test_only_a_u_net_of_plain_blocks_is_asked_in_bands(name: str) -> None:
    arguments = {"widths": (4, 6, 8)} if name in ("unet", "unetpp", "saunet", "unet_cse", "dunet") else {}
    assert (in_bands(lighter(name, **arguments)) is not None) == (name == "unet")


def test_a_u_net_that_is_not_fused_is_asked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lighter_layers, "onednn_fuses", lambda dtype: False)
    assert in_bands(lighter(widths=(4, 6, 8))) is None
