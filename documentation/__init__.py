"""What builds the pages of the documentation: generated reference, executed tutorials and pictures."""
