"""Names of the files that training leaves beside the weights and that others read."""

THRESHOLDS = "thresholds.csv"
"""Scores of the band ratio at every threshold that was looked at; see `trimline.training.search`."""
