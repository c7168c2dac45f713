"""Scenes from archives onto the disk: windows that meet a region, or whole products, as our readers open them."""
