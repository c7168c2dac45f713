"""Catalogues of archives (STAC): known archives and their rules, candidates for a study, and the choice among them."""
