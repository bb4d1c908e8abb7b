"""The data path of training: tokenised shards -> plan -> packs -> micro-batches, in tokens per CPU second.

    python benchmarks/train_data.py [--examples 30000] [--per-step 256] [--capacity 4096]

The physical limit beside it: copying the same tokens out of the same memory map, once.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from training.encode import Encoded
from training.plan import Plan
from training.step import micro_batches, plan_batch

_FILES = (("tokens.bin", np.int32), ("supervised.bin", np.uint8))
CPU = torch.device("cpu")


def encoded_of(folder: Path, examples: int) -> Encoded:
    """Examples as long as GSM8K's: 163 tokens on average, of which 95 bear loss."""
    random = np.random.default_rng(0)
    lengths = np.clip(random.lognormal(5.0, 0.4, examples), 40, 2000).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    total = int(offsets[-1])
    random.integers(0, 8000, total, dtype=np.int32).tofile(folder / "tokens.bin")
    mask = np.ones(total, np.uint8)
    for start, length in zip(offsets, lengths, strict=False):
        mask[start : start + int(length * 0.42)] = 0
    mask.tofile(folder / "supervised.bin")
    tokens, supervised = (np.asarray(np.memmap(folder / name, kind, mode="r")) for name, kind in _FILES)
    return Encoded(tokens, supervised, offsets)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=30_000)
    parser.add_argument("--per-step", type=int, default=256)
    parser.add_argument("--capacity", type=int, default=4096)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        encoded = encoded_of(Path(folder), options.examples)
        began = time.process_time()
        copied = len(np.array(encoded.tokens).astype(np.int64))
        limit = copied / (time.process_time() - began)
        supervised = encoded.supervised_lengths
        plan = Plan(np.ones(len(encoded)), examples_per_step=options.per_step, seed=0, epochs=1.0)
        positions = list(plan.positions())
        began, tokens, slots = time.process_time(), 0, 0
        for position in positions:
            batch = plan_batch(encoded, supervised, plan.examples_at(position), capacity=options.capacity)
            for micro in micro_batches(encoded, batch, CPU, torch.float32):
                tokens += micro.tokens.shape[1]
                slots += options.capacity
        spent = time.process_time() - began
    print(f"{tokens:,} tokens, packs {tokens / slots:.1%} full")
    print(f"data path       {tokens / spent / 1e6:8.2f} M tokens per CPU second")
    print(f"one plain copy  {limit / 1e6:8.2f} M tokens per CPU second")


if __name__ == "__main__":
    main()
