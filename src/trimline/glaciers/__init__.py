"""One glacier at a time: what its ground is like, where it ends, how long it is, and how that changes.

The room takes outlines keyed by `glac_id` and an elevation model, and returns tables and GeoDataFrames keyed the same.
"""
