"""Doubts of outlines: what speaks against each, computed in the background."""
