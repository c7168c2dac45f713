"""Rasters of a review: scenes as pictures, what lies over them, and copies that browsers read."""
