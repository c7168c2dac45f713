"""The API as OpenAPI on standard output: ``python -m trimline.review.server.openapi``, as ``make api`` does."""

from __future__ import annotations

import json
import sys

from trimline.review.server.application import api_document

if __name__ == "__main__":
    sys.stdout.write(json.dumps(api_document(), indent=1) + "\n")
