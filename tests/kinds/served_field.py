"""The server of the small review as a process of its own: ``python -m tests.kinds.served_field FOLDER PORT``."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from tests.kinds.reviewed import reviewed_in

from trimline.review.review_desk import desk_of
from trimline.review.server.application import create_app
from trimline.review.server.security import Access
from trimline.review.server.serving import LOOPBACK, access_on, listening, serve


def main(folder: Path, port: int) -> None:
    """Serve until the process ends, and print the port once requests are answered."""
    closing = threading.Event()
    access: Access = access_on(LOOPBACK, None)
    desk = desk_of(reviewed_in(folder))
    with listening(LOOPBACK, port) as bound:

        def begun() -> None:
            sys.stdout.write(f"{bound.getsockname()[1]}\n")
            sys.stdout.flush()

        serve(create_app(desk, access=access, closing=closing), bound, begun, closing)
    desk.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
