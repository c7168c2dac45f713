"""Bytes from servers: ranges and whole files by HTTP, politely and whole, and rasters read block by block from them."""

from __future__ import annotations

from trimline.remote.address import file_name, local_path, shown
from trimline.remote.counts import Counts
from trimline.remote.raster import RemoteRaster, prefetch, remote_raster, remote_rasters
from trimline.remote.signing import Signed, Signer, unsigned
from trimline.remote.transport import Got, Transport, Wanted

__all__ = [
    "Counts",
    "Got",
    "RemoteRaster",
    "Signed",
    "Signer",
    "Transport",
    "Wanted",
    "file_name",
    "local_path",
    "prefetch",
    "remote_raster",
    "remote_rasters",
    "shown",
    "unsigned",
]
