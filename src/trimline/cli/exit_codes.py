"""Exit codes of the `trimline` program."""

from __future__ import annotations

SOME_FAILED = 1
"""Of several scenes some could not be mapped; the others were."""
USER_ERROR = 2
"""The user can correct what went wrong."""
INTERRUPTED = 130
"""After Ctrl-C, as shells expect it: 128 + SIGINT."""
