"""SHARDS -> CHECKPOINTS, and evaluation of them. The only importer of torch and transformers.

Threads that wait for one another spin for some microseconds, then sleep. Long spinning made a step of a small model
four times as expensive in CPU seconds where others use the cores too; no spinning made it a third slower where nobody
does (measured on 2 cores). OpenMP reads this once, when torch is loaded.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
