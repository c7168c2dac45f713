"""Inputs of the tutorials: from the folder of real data where there is one, else simulated under the same names.

An example is a folder of inputs with a README.txt. `EXAMPLES` lists them, `write_example` writes one and returns a
`WrittenExample`, which tells where its files come from. Adding one is a file in this room with `from_data` and
`simulated`, and an entry in `EXAMPLES`.
"""

from __future__ import annotations

from trimline.examples.catalogue import EXAMPLES, Example
from trimline.examples.writing import WrittenExample, write_example

__all__ = ["EXAMPLES", "Example", "WrittenExample", "write_example"]
