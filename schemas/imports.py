"""Importing what is large: Beam and torch are a second and more of a start."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Holds the cycle collector back while modules are imported; what they made is not walked afterwards either.

    What is imported stays, and walking it again and again takes a seventh of the start. For programs of our own: it
    freezes all that lives in the process.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
