"""The server of a review: its addresses, what stands before them, and how errors become answers."""
