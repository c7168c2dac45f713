"""Vector layers as tiles: what is in view, as exact as its level shows."""
