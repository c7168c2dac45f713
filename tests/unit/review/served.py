"""A server of a desk in memory as a process: ``python -m tests.unit.review.served``; the first line is its address."""

from __future__ import annotations

import sys
import threading
import time

from tests.unit.review.desks import MemoryDesk

from trimline.review import contract
from trimline.review.server.application import create_app
from trimline.review.server.serving import listening, serve

SAVING_S = 0.5


class SlowDesk(MemoryDesk):
    """Takes its time to save."""

    def save(self, request: contract.SaveRequest) -> contract.Saved:
        sys.stdout.write("saving\n")
        sys.stdout.flush()
        time.sleep(SAVING_S)
        return super().save(request)


def main() -> None:
    """Serve until Ctrl-C."""
    closing = threading.Event()
    with listening("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]

        def told() -> None:
            sys.stdout.write(f"http://127.0.0.1:{port}/\n")
            sys.stdout.flush()

        serve(create_app(SlowDesk(), closing=closing), bound, told, closing)
    sys.stdout.write("ended\n")


if __name__ == "__main__":
    main()
