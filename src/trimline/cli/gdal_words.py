"""Words of GDAL that are no text: rasterio cannot hand them on, and Python would print a traceback for each."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_LOG = logging.getLogger(__name__)

_WHERE = "rasterio._env.log_error"
"""Where rasterio decodes what GDAL says: of a damaged file it may quote bytes that are not UTF-8."""


def without_garbled_words(unraisable: UnraisableHookArgs) -> None:
    """Log what rasterio could not decode, and print what else cannot be raised; a hook for `sys.unraisablehook`."""
    if unraisable.object == _WHERE and isinstance(unraisable.exc_value, UnicodeError):
        _LOG.debug("GDAL says what is no text: %s", unraisable.exc_value)
    else:
        sys.__unraisablehook__(unraisable)
