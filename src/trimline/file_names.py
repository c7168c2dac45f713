"""Names of files and folders made from what other people call things."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST_NAME_BYTES = 120
"""Length of a name, in UTF-8; file systems take 255, of which suffixes and temporary names need some."""

_NOT_PLAIN = re.compile(r"[^\w.+-]+")


def safe_name(text: str, otherwise: str = "unnamed") -> str:
    """Return a name for a file or folder, whatever the text is: an id in a product's metadata or a sidecar.

    It holds letters, digits and ``_ . + -`` only, does not begin or end with a point, begins with no hyphen, is not
    empty and not long. A name that is so already stays as it is; the end of one that is too long becomes a digest of
    all of it, so that two long names stay two.

    Parameters
    ----------
    text
        What is to be named.
    otherwise
        The name where nothing is left of the text.
    """
    plain = _NOT_PLAIN.sub("_", unicodedata.normalize("NFC", text)).strip(".").lstrip("-") or otherwise
    if len(plain.encode()) <= LONGEST_NAME_BYTES:
        return plain
    end = f"_{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    return plain.encode()[: LONGEST_NAME_BYTES - len(end)].decode("utf-8", "ignore") + end
