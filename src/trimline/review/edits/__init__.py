"""Strokes of the page as edits: drawn, tried on copies of the outlines, saved, and listed."""
