"""SHARDS -> CHECKPOINTS, and evaluation of them. The only importer of torch and transformers.

Threads that wait for one another sleep instead of spinning: on cores that others use too, spinning made a step
of a small model four times as expensive in CPU seconds (measured, 2 shared cores). OpenMP reads this once, when torch
is loaded.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
