"""The page of `trimline review` in a real browser."""
