"""Exit codes of the `trimline` program."""

from __future__ import annotations

SOME_FAILED = 1
"""`outline` could not map some of several scenes; the others were mapped. Or `bench` fell behind kept results, or
`bench all` lacks figures. Or a bug: then Python prints its traceback."""
USER_ERROR = 2
"""The user can correct what went wrong. Also where `fetch` could not fetch some scenes; the others are fetched."""
INTERRUPTED = 130
"""After Ctrl-C, as shells expect it: 128 + SIGINT. But `review`, once it serves its page, ends with 0."""
