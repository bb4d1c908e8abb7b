"""Our step beside TRL's packed SFTTrainer and a padded HF Trainer: same rows, same tokens per step, ABBA order.

    python -m benchmarks.train_trl [--cases tiny] [--device cpu] [--budget 540]        needs trl and accelerate

Each arm runs in a process of its own on random weights; one that fails, or takes too long, costs its own figures only.
TRL has its best packed setting (bfd, one pack a micro-batch, chunked loss) and transformers' own SDPA, the attention
that needs no further wheel; weights are float32, and on a GPU every forward pass is bfloat16. An arm that runs out of a
GPU's memory is run again with activation checkpointing and says so. Tokens are real ones: padding is not counted. CPU
seconds decide on a CPU, wall clock on a GPU. The first step's rows of TRL are also put through our step in token-mean
mode, on the same weights: equal losses say that both train on the same thing.
"""

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from benchmarks.measuring import REPOSITORY, machine
from benchmarks.train_cases import CASES, Case, model_of, rows_of, scaled_down
from benchmarks.train_runs import measured
from training import attention
from training.encode import Encoded
from training.flops import model_flops, peak_flops, shape_of
from training.gradients import Gradients
from training.pack import length_step
from training.speed import compile_layers
from training.step import Likelihood, accumulate, micro_batches, plan_batch


class Clock:
    """Time and real tokens of the steps after the warm ones."""

    def __init__(self, case: Case, device: str) -> None:
        self._case, self._device, self._step = case, device, 0
        self.lengths: list[np.ndarray[Any, Any]] = []
        self.supervised: list[np.ndarray[Any, Any]] = []
        self.wall_s = self.cpu_s = 0.0

    def begin(self) -> None:
        """Starts a step."""
        self._wait()
        self._began = time.perf_counter(), time.process_time()

    def end(self) -> None:
        """Ends a step."""
        self._wait()
        self._step += 1
        if self._step > self._case.warm:
            self.wall_s += time.perf_counter() - self._began[0]
            self.cpu_s += time.process_time() - self._began[1]

    def note(self, lengths: np.ndarray[Any, Any], supervised: np.ndarray[Any, Any]) -> None:
        """Notes the rows of the step that was just ended."""
        if self._step > self._case.warm:
            self.lengths.append(lengths)
            self.supervised.append(supervised)

    def _wait(self) -> None:
        if self._device == "cuda":
            torch.cuda.synchronize()

    def figures(self, model: Any) -> dict[str, Any]:  # noqa: ANN401
        """Tokens per second, and MFU where the peak is known."""
        lengths, supervised = np.concatenate(self.lengths), np.concatenate(self.supervised)
        shape, peak = shape_of(model), peak_flops(torch.device(self._device), half=True)
        assert shape is not None
        flops = model_flops(shape, lengths, supervised)
        return {
            "tokens": int(lengths.sum()),
            "tokens_per_cpu_s": round(float(lengths.sum()) / self.cpu_s, 1),
            "tokens_per_s": round(float(lengths.sum()) / self.wall_s, 1),
            "supervised_tokens_per_s": round(float(supervised.sum()) / self.wall_s, 1),
            "mfu": round(flops / self.wall_s / peak, 4) if peak else None,
            "peak_gb": round(torch.cuda.max_memory_allocated() / 2**30, 2) if self._device == "cuda" else None,
        }


def ours(case: Case, device: str, *, compiled: bool = False) -> dict[str, Any]:
    """Our step; compiled, it sees every length of packs before the clock runs."""
    rows, model = rows_of(case), model_of(case, device, attention.NAME)
    gradients = Gradients(list(model.parameters()))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    order = list(range(case.steps))
    if compiled:
        compile_layers(model, backend="inductor" if device == "cuda" else "aot_eager")
        order, case = order + order[case.warm :], replace(case, warm=case.steps)
    multiple = length_step(case.capacity) if compiled else 1
    clock, where, supervised = Clock(case, device), torch.device(device), rows.supervised_lengths
    for step in order:
        clock.begin()
        indices = np.arange(step * case.rows_per_step, (step + 1) * case.rows_per_step)
        batch = plan_batch(rows, supervised, indices, capacity=case.capacity)
        likelihood = Likelihood(len(indices), where)
        gradients.clear()
        micros = list(micro_batches(rows, batch, where, torch.float32, multiple=multiple))
        accumulate(model, iter(micros), likelihood, half=device == "cuda")
        gradients.scale(min(1.0, 1.0 / float(torch.linalg.vector_norm(gradients.flat))))
        optimizer.step()
        clock.end()
        clock.note(batch.lengths, batch.supervised)
    return clock.figures(model)


def token_mean(model: Any, rows: Encoded, device: str, capacity: int) -> float:  # noqa: ANN401
    """Our loss of some rows in token-mean mode."""
    supervised = rows.supervised_lengths
    batch = plan_batch(rows, supervised, np.arange(len(rows)), capacity=capacity, objective="token_mean")
    likelihood, where = Likelihood(len(rows), torch.device(device)), torch.device(device)
    micros = micro_batches(rows, batch, where, torch.float32)
    accumulate(model, micros, likelihood, half=device == "cuda", backward=False)
    return float(likelihood.totals[:, 0].sum()) / int(supervised.sum())


def _documents(inputs: dict[str, torch.Tensor]) -> Encoded:
    """The rows of a micro-batch as a trainer gives it to its model: packed by positions, or padded."""
    ids, labels = inputs["input_ids"].cpu().numpy(), inputs["labels"].cpu().numpy()
    real = (
        inputs["attention_mask"].cpu().numpy().astype(bool) if "attention_mask" in inputs else np.ones_like(ids, bool)
    )
    if "position_ids" in inputs:
        starts = (inputs["position_ids"].cpu().numpy() == 0)[real]
    else:
        starts = (np.arange(ids.shape[1]) == 0)[None].repeat(len(ids), 0)[real]
    offsets = np.append(np.flatnonzero(starts), int(real.sum()))
    mask = labels[real] >= 0
    return Encoded(ids[real].astype(np.int32), mask.astype(np.uint8), offsets)


def _joined(parts: list[Encoded]) -> Encoded:
    sizes = np.concatenate([part.lengths for part in parts])
    return Encoded(
        np.concatenate([part.tokens for part in parts]),
        np.concatenate([part.supervised for part in parts]),
        np.concatenate([[0], np.cumsum(sizes)]),
    )


def with_trainer(case: Case, device: str, build: Callable[..., Any]) -> dict[str, Any]:
    """Runs a Trainer and notes what it gave to its model, and the loss of its first step."""
    from transformers import TrainerCallback

    clock = Clock(case, device)
    seen: list[dict[str, torch.Tensor]] = []
    taken: list[Encoded] = []
    losses: list[torch.Tensor] = []
    model = model_of(case, device, "sdpa")

    class Steps(TrainerCallback):  # type: ignore[misc]  # transformers has no types
        def on_step_begin(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
            seen.clear()
            clock.begin()

        def on_step_end(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
            clock.end()
            rows = _joined([_documents(inputs) for inputs in seen])
            clock.note(rows.lengths, rows.supervised_lengths)
            taken.append(rows)

    trainer = build(case, device, model, Steps())
    compute = trainer.compute_loss

    def noted(model: Any, inputs: dict[str, torch.Tensor], *more: Any, **settings: Any) -> Any:  # noqa: ANN401
        seen.append(dict(inputs))
        loss = compute(model, inputs, *more, **settings)
        if len(losses) < trainer.args.gradient_accumulation_steps:
            losses.append(loss.detach())
        return loss

    trainer.compute_loss = noted
    trainer.train()
    fresh = model_of(case, device, attention.NAME)
    peer_loss, our_loss = float(sum(losses)), token_mean(fresh, taken[0], device, case.capacity)
    return clock.figures(model) | {"first_loss": peer_loss, "first_loss_ours": our_loss}


def _arguments(case: Case, device: str, rows_per_device: int, micro_batches: int) -> dict[str, Any]:
    return {
        "output_dir": tempfile.mkdtemp(prefix="mathmill-bench-"),
        "per_device_train_batch_size": rows_per_device,
        "gradient_accumulation_steps": micro_batches,
        "max_steps": case.steps,
        "logging_steps": case.steps,
        "use_cpu": device == "cpu",
        "bf16": device == "cuda",
        "report_to": [],
        "save_strategy": "no",
        "learning_rate": 1e-4,
        "lr_scheduler_type": "constant",
        "optim": "adamw_torch_fused",
        "gradient_checkpointing": case.checkpointing,
        "gradient_checkpointing_kwargs": {"use_reentrant": False},
        "disable_tqdm": True,
    }


def _tokenizer() -> Any:  # noqa: ANN401
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1}, unk_token="<pad>"))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def trl(case: Case, device: str, model: Any, callback: Any) -> Any:  # noqa: ANN401
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    rows = rows_of(case)
    columns = {
        "input_ids": [rows[i].tokens.tolist() for i in range(len(rows))],
        "completion_mask": [rows[i].supervised.tolist() for i in range(len(rows))],
    }
    # A name of its own: datasets would pickle the table for one, which fails with some versions of pyarrow.
    data = Dataset(pa.table(columns), fingerprint="rows")
    settings = SFTConfig(
        **_arguments(case, device, 1, case.packs),
        max_length=case.capacity,
        packing=True,
        packing_strategy="bfd",
        loss_type="chunked_nll",
        completion_only_loss=True,
    )
    return SFTTrainer(
        model=model, processing_class=_tokenizer(), train_dataset=data, callbacks=[callback], args=settings
    )


def padded(case: Case, device: str, model: Any, callback: Any) -> Any:  # noqa: ANN401
    """Rows of one micro-batch are filled up to its longest; together they hold no more tokens than a pack."""
    from transformers import Trainer, TrainingArguments

    rows = rows_of(case)
    together = max(1, min(case.rows_per_step // case.packs, case.capacity // int(rows.lengths.max())))

    def collate(members: list[int]) -> dict[str, torch.Tensor]:
        chosen = [rows[i] for i in members]
        width = max(len(row.tokens) for row in chosen)
        ids, labels = torch.zeros(len(chosen), width, dtype=torch.int64), torch.full((len(chosen), width), -100)
        mask = torch.zeros(len(chosen), width, dtype=torch.int64)
        for line, row in enumerate(chosen):
            size, bears = len(row.tokens), torch.from_numpy(row.supervised.astype(bool))
            ids[line, :size], mask[line, :size] = torch.from_numpy(row.tokens.astype(np.int64)), 1
            labels[line, :size][bears] = ids[line, :size][bears]
        return {"input_ids": ids, "labels": labels, "attention_mask": mask}

    arguments = TrainingArguments(
        **_arguments(case, device, together, -(-case.rows_per_step // together)), remove_unused_columns=False
    )
    data: Any = list(range(len(rows)))
    return Trainer(model=model, args=arguments, train_dataset=data, data_collator=collate, callbacks=[callback])


ARMS: dict[str, Callable[[Case, str], dict[str, Any]]] = {
    "ours": ours,
    "ours_compiled": lambda case, device: ours(case, device, compiled=True),
    "trl": lambda case, device: with_trainer(case, device, trl),
    "padded": lambda case, device: with_trainer(case, device, padded),
}
_IMPORTS = {"trl": "trl", "padded": "transformers.trainer"}


def serve(arm: str, name: str, device: str) -> None:
    """Loads what an arm needs, waits for a line with its settings, runs it and prints its figures."""
    torch.set_num_threads(1)
    importlib.import_module(_IMPORTS.get(arm, "transformers.models.qwen2.modeling_qwen2"))
    settings = json.loads(sys.stdin.readline())
    case = CASES[name] if device == "cuda" or name == "tiny" else scaled_down(CASES[name])
    print(json.dumps(ARMS[arm](replace(case, **settings), device) | settings))


_LIMIT_S = {"cpu": 600.0, "cuda": 120.0}  # the longest that one arm may take


def order_of(cases: list[str], *, rounds: int) -> list[tuple[str, str]]:
    """Ours and TRL's in ABBA order, `rounds` times a case, then the rest; 0 rounds: each once, nothing is measured."""
    pairs = ["ours", "trl", "trl", "ours"] * rounds or ["ours", "trl"]
    first = [(case, arm) for case in cases for arm in pairs]
    compiled = [] if cases == ["tiny"] else [(case, "ours_compiled") for case in cases]
    return first + compiled + [(case, "padded") for case in cases]


def summary(case: str, unit: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each arm's runs beside the others': on a shared machine single runs differ by a fifth."""
    found: dict[str, list[float]] = {}
    for run in runs:
        if unit in run:
            found.setdefault(run["arm"], []).append(run[unit])
    medians = {arm: statistics.median(values) for arm, values in found.items()}
    ratios = {
        f"{arm}_over_{rival}": round(medians[arm] / medians[rival], 2)
        for arm in ("ours", "ours_compiled")
        for rival in ("trl", "padded")
        if arm in medians and rival in medians
    }
    return {"case": case, "unit": unit} | ratios | {"runs": runs}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", nargs="+", choices=CASES, default=["tiny"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--budget", type=float, default=3600.0, help="seconds after which nothing new begins")
    parser.add_argument("--output", type=Path, help="where the result is written besides benchmarks/results")
    parser.add_argument("--tests", default="", help="how the tests of the device ended, for the record")
    parser.add_argument("--arm", choices=ARMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.arm:
        serve(options.arm, options.cases[0], options.device)
        return 0
    missing = [name for name in ("trl", "accelerate", "datasets") if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"benchmarks.train_trl: {', '.join(missing)} missing, so there is nothing to compare with; "
            f"pip install {' '.join(missing)} into a scratch environment and run it there\n"
        )
        return 2
    deadline = time.monotonic() + options.budget
    measures = options.device == "cuda" or options.cases == ["tiny"]
    rounds = (3 if options.device == "cpu" else 1) if measures else 0  # a shared CPU differs by a fifth in minutes
    if not measures:
        scale = "models of two layers, rows and packs a 32nd as long, two steps, each arm once"
        print(f"on a CPU: {scale}; it runs, it measures nothing", flush=True)
    name = "train_trl" if options.cases == ["tiny"] else f"train_device_{options.device}"
    outputs = [REPOSITORY / "benchmarks" / "results" / f"{name}.json"] if measures else []
    outputs += [options.output] if options.output else []
    unit = "tokens_per_s" if options.device == "cuda" else "tokens_per_cpu_s"
    facts = {"benchmark": name, **machine(), "device": options.device, "trl": version("trl")}
    facts |= {"tests": options.tests} if options.tests else {}
    facts["device_name"] = torch.cuda.get_device_name() if options.device == "cuda" else None
    runs: dict[str, list[dict[str, Any]]] = {case: [] for case in options.cases}
    text = ""
    for case, result in measured(
        order_of(options.cases, rounds=rounds),
        options.device,
        deadline=deadline,
        limit_s=_LIMIT_S[options.device],
        ahead=options.cases != ["tiny"],
    ):
        runs[case].append(result)  # written after each: a call that is cut short keeps what it measured
        text = json.dumps(facts | {"cases": [summary(done, unit, runs[done]) for done in runs]}, indent=1) + "\n"
        for path in outputs:
            path.write_text(text, encoding="utf-8")
    print(text)
    return 0 if all("failed" not in run for done in runs.values() for run in done) else 1


if __name__ == "__main__":
    sys.exit(main())
