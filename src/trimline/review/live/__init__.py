"""The live state of a review: its edits and the outlines of its periods, the same for all browsers."""
