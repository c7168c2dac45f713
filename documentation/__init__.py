"""What builds the documentation: executed tutorials, generated reference pages, drawn pictures, the check of the site.

``mkdocs.yml`` names `documentation.hooks`; everything else is called from there.
"""
