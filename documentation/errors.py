"""The error that stops a build of the documentation."""

from __future__ import annotations

from mkdocs.exceptions import PluginError


class DocumentationError(PluginError):
    """Something that a page promises does not hold: a cell fails, a picture is missing."""
