"""Faults of outlines and their remedies, each made on small ground: what `docs/trouble.md` shows.

A symptom is a function that maps a scene twice, wrongly and rightly, and gives a `Case`: two panels, and the fault as a
number before and after. `documentation.pictures.trouble` draws them all.
"""
