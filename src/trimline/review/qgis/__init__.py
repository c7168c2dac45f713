"""QGIS beside the browser: the layer of edits with a form that QGIS shows, and a QGIS project with images and outlines.

Nothing here needs QGIS: both are files that it reads. `create_for_qgis` writes them.
"""

from __future__ import annotations

from trimline.review.qgis.creating import CreatedForQgis, create_for_qgis

__all__ = ["CreatedForQgis", "create_for_qgis"]
