"""Bytes from servers: ranges and whole files by HTTP, politely and whole, and rasters read block by block from them."""
