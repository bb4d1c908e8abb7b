"""Training's data path at scale: how long step 1 takes to come, what a token costs, what 10 million rows hold.

    python -m benchmarks.stream [--quick] [--work FOLDER]

Every start is a process of its own, on a small model that was made before. CPU seconds of all its threads are counted
from the end of its imports to the end of step 1; what the imports cost is shown. Beside each start stands the other
way: every example encoded before step 1, as trainers do (and as this one did).
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measuring import REPOSITORY, record
from benchmarks.stream_data import write_data

_ROWS = (20_000, 200_000)
_MORE_ROWS = (2_000_000,)
_MOST_ROWS = 10_000_000
_ROUNDS = 3


def main() -> None:
    """Measures, prints a table, and ends with the line that compares the starts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 and 200,000 rows alone")
    parser.add_argument("--work", type=Path, help="where data lie; a temporary folder by itself")
    parser.add_argument("--child", nargs=4, metavar=("WAY", "DATA", "MODEL", "OUTPUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        way, *places = options.child
        print(json.dumps(_CHILDREN[way](*map(Path, places))))
        return
    with tempfile.TemporaryDirectory(prefix="mathmill-stream-", dir=options.work) as folder:
        _measure(Path(folder), quick=options.quick)


def _measure(work: Path, *, quick: bool) -> None:
    model = work / "model"
    _child("make", write_data(work, 2_000), model, work / "made")
    sizes = _ROWS if quick else (*_ROWS, *_MORE_ROWS)
    starts = {}
    for rows in sizes:
        data = write_data(work, rows)
        first, second = (_child("start", data, model, work / f"run-{rows}-{n}", cache=rows) for n in (1, 2))
        starts[rows] = {"first": first, "second": second}
        print(
            f"{rows:>10,} rows: step 1 after {first['cpu_s']:.2f} CPU s (imports {first['imports_s']:.2f} before), a "
            f"second run's after {second['cpu_s']:.2f}; most memory {first['peak_mb']:,.0f} MB",
            flush=True,
        )
    other = _ROWS[:1] if quick else _ROWS
    before = {rows: _child("encode all", write_data(work, rows), model, work / "none") for rows in other}
    for rows, cost in before.items():
        print(f"{rows:>10,} rows: encoding all of them before step 1 takes {cost['cpu_s']:.2f} CPU s", flush=True)
    paths = _child("paths", write_data(work, 5_000 if quick else _ROWS[0]), model, work / "paths")
    for name, value in paths.items():
        print(f"{name:<45} {value:,.2f}")
    facts: dict[str, Any] = {"starts": starts, "encode_all": before, "paths": paths}
    if not quick:
        facts["steps"] = _child("steps", write_data(work, _ROWS[0]), model, work / "steps")
        facts["most"] = _child("start", write_data(work, _MOST_ROWS), model, work / "most", cache=_MOST_ROWS)
        record("stream", facts, [])
    low, high = (starts[rows]["first"]["cpu_s"] for rows in _ROWS)
    print(f"step 1 after {low:.2f} s at {_ROWS[0]} rows, {high:.2f} s at {_ROWS[1]} rows")


def _child(way: str, data: Path, model: Path, output: Path, *, cache: int = 0) -> dict[str, float]:
    """Runs one measurement in a process of its own; runs with the same `cache` share what is kept outside data."""
    command = [sys.executable, "-m", "benchmarks.stream", "--child", way, str(data), str(model), str(output)]
    kept = model.parent / f"cache-{cache}" if cache else output.with_name(f"{output.name}-cache")
    environment = os.environ | {"XDG_CACHE_HOME": str(kept)}
    ended = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"{way}: {ended.stderr[-2000:]}")
    result: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return result


def _make(data: Path, model: Path, output: Path) -> dict[str, float]:
    """A small model and its tokenizer, as a folder that runs begin from."""
    import training.train as room

    result = room.train(_config(_fresh(hidden_size=64, layers=2), steps=1), [data], output, draft=True)
    result.model.rename(model)
    return {}


def _start(data: Path, model: Path, output: Path) -> dict[str, float]:
    """CPU seconds from the end of the imports to the end of step 1."""
    began = time.process_time()
    import torch
    import transformers.models.llama.modeling_llama  # noqa: F401  what transformers imports when it is first asked
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: F401  the same

    import training.train as room

    torch.set_num_threads(1)
    imported = time.process_time()
    found: dict[str, float] = {}

    def stop(_metrics: Any) -> None:  # noqa: ANN401
        found.update(cpu_s=time.process_time() - imported, imports_s=imported - began, **_memory())
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        room.train(_config(model, epochs=1.0), [data], output, on_step=stop)
    return found


def _encode_all(data: Path, model: Path, _output: Path) -> dict[str, float]:
    """CPU seconds of encoding every example."""
    import numpy as np

    from training import shards
    from training.chat import ChatLayout
    from training.encoder import Encoder
    from training.model import load_tokenizer

    began = time.process_time()
    examples = shards.open(data)
    encoder = Encoder(examples, ChatLayout(load_tokenizer(model)), supervise_think=True)
    tokens = sum(len(encoder(np.arange(a, min(a + 1024, len(examples)))).tokens) for a in range(0, len(examples), 1024))
    return {"cpu_s": time.process_time() - began, "tokens": tokens}


def _paths(data: Path, model: Path, output: Path) -> dict[str, float]:
    """Million tokens per CPU second, medians of rounds: from text, of the tokenizer alone, packed from a warm cache."""
    import torch

    from training import shards
    from training.chat import ChatLayout
    from training.encoder import Encoder
    from training.model import load_tokenizer
    from training.token_cache import TokenCache

    torch.set_num_threads(1)
    examples, layout = shards.open(data), ChatLayout(load_tokenizer(model))

    def packed(folder: Path | None) -> float:
        cache = None if folder is None else TokenCache("k", len(examples), limit=2**36, folder=folder)
        return _packed(Encoder(examples, layout, supervise_think=True, cache=cache))

    found: dict[str, list[float]] = {}
    for number in range(_ROUNDS):
        kept = output / str(number)
        for name, way in (
            ("tokenizer alone", partial(_tokenizer_alone, examples, layout)),
            ("packed, from text, cache off", partial(packed, None)),
            ("packed, from text, cache filling", partial(packed, kept)),
            ("packed, from a warm cache", partial(packed, kept)),
        ):
            found.setdefault(f"million tokens per CPU s, {name}", []).append(way())
    return {name: statistics.median(values) for name, values in found.items()}


def _packed(encoder: Any) -> float:  # noqa: ANN401
    """Million tokens per CPU second of an epoch, laid out as steps take them."""
    import numpy as np
    import torch

    from training.encoder import Workers, encoded_steps
    from training.plan import Plan, Position
    from training.step import micro_batches, plan_batch
    from training.world import World

    plan = Plan(encoder.examples.weights, examples_per_step=256, seed=0, epochs=1.0)
    world = World(0, 1, torch.device("cpu"))
    workers = Workers(2, world)
    began, tokens = time.process_time(), 0
    for _, rows in encoded_steps(plan, encoder, workers, Position()):
        batch = plan_batch(rows.encoded, rows.encoded.supervised_lengths, np.arange(len(rows.indices)), capacity=4096)
        for micro in micro_batches(rows.encoded, batch, world.device, torch.float32):
            tokens += micro.tokens.shape[1]
    workers.close()
    encoder.close()
    return tokens / 1e6 / (time.process_time() - began)


def _tokenizer_alone(examples: Any, layout: Any) -> float:  # noqa: ANN401
    """Of the same texts, as transformers' tokenizer gives their tokens."""
    texts = []
    for example in examples.rows(0, 20_000):
        texts += [layout.prompt(example), *(text for text, _ in layout.stretches(example, supervise_think=True))]
    began = time.process_time()
    tokens = sum(map(len, layout.tokenizer(texts, add_special_tokens=False)["input_ids"]))
    return tokens / 1e6 / (time.process_time() - began)


def _steps(data: Path, model: Path, output: Path) -> dict[str, float]:
    """The median seconds of a step, of its CPU and its wait, with a cold cache and a warm one.

    On all cores what encodes takes from what computes; with a core left to it, as beside a GPU, it shows what waits.
    The tiny model computes a step in the time of ten encodings; the small one is still far below what people fine-tune.
    """
    import torch

    cores = torch.get_num_threads()
    small = _fresh(hidden_size=256, layers=4)
    found: dict[str, float] = {}
    for name, chosen, threads, steps in (
        ("tiny, all cores", model, cores, 30),
        ("tiny, one core left", model, cores - 1, 30),
        ("small, all cores", small, cores, 10),
    ):
        torch.set_num_threads(max(1, threads))
        for cache in ("cold", "warm"):
            taken = _taken(_config(chosen, steps=steps, token_cache=str(output / name)), data, output / name / cache)
            found |= {f"{name}, {cache}: {what}": value for what, value in taken.items()}
    return found


def _taken(config: Any, data: Path, output: Path) -> dict[str, float]:  # noqa: ANN401
    """Trains, and says what a step took in the middle: seconds, CPU seconds; and the share of all that waited."""
    import training.train as room

    steps: list[tuple[Any, float]] = []
    room.train(config, [data], output, on_step=lambda metrics: steps.append((metrics, time.process_time())))
    taken = [metrics for metrics, _ in steps if not metrics.heldout][2:]
    spent = [after - before for (_, before), (_, after) in itertools.pairwise(steps)][2:]
    return {
        "s": statistics.median(metrics.seconds for metrics in taken),
        "CPU s": statistics.median(spent),
        "share that waits": sum(m.data_seconds for m in taken) / sum(m.seconds for m in taken),
    }


_CHILDREN = {"make": _make, "start": _start, "encode all": _encode_all, "paths": _paths, "steps": _steps}


def _fresh(**shape: Any) -> Any:  # noqa: ANN401
    from schemas.config import FreshModel

    return FreshModel(heads=4, vocabulary=2000, **shape)


def _config(model: Any, **settings: Any) -> Any:  # noqa: ANN401  a folder, or the shape of a fresh one
    from schemas.config import Config, Train

    chosen = str(model) if isinstance(model, Path) else model
    return Config(train=Train(model=chosen, examples_per_step=64, context=1024, trackers=[], device="cpu", **settings))


def _memory() -> dict[str, float]:
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {
        name: int(lines[key].split()[0]) / 1024 for name, key in (("peak_mb", "VmHWM"), ("anonymous_mb", "RssAnon"))
    }


if __name__ == "__main__":
    main()
