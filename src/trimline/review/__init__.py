"""The browser application for correcting outlines: what is reviewed, its live state, and the server of the page.

Scenes are read by the browser from their files by range requests; outlines are sent as far as they are in view. Every
correction is a row of the layer of edits (`trimline.outlines`): dated, reasoned, and reversible.
"""
