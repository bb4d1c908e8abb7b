"""Our step beside TRL's packed SFTTrainer and a padded HF Trainer: same rows, same tokens per step, ABBA order.

    python -m benchmarks.train_trl [--cases tiny] [--device cpu]        needs trl and accelerate

Each arm runs in a process of its own on random weights. TRL has its best packed setting (bfd, one pack a micro-batch,
chunked loss); weights are float32, and on a GPU every forward pass is bfloat16. Tokens are real ones: padding is not
counted. CPU seconds decide on a CPU, wall clock on a GPU. The first step's rows of TRL are also put through our step in
token-mean mode, on the same weights: equal losses say that both train on the same thing.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from benchmarks.measuring import REPOSITORY, machine
from training import attention
from training.encode import Encoded
from training.flops import model_flops, peak_flops, shape_of
from training.pack import length_step
from training.prepare import compile_layers
from training.step import Gradients, Likelihood, accumulate, micro_batches, plan_batch

_TINY = {"vocab_size": 8000, "hidden_size": 256, "intermediate_size": 704, "num_hidden_layers": 4}
_HALF_B = {"vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24}
_ONE_AND_HALF_B = {"vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28}
_HEADS = {256: 4, 896: 14, 1536: 12, 128: 4}


@dataclass(frozen=True, slots=True)
class Case:
    """A model, rows and a step: `packs` packs of `capacity` tokens; lengths are lognormal around `mean`."""

    model: dict[str, int]
    capacity: int
    packs: int
    mean: int
    steps: int = 8
    warm: int = 2

    @property
    def rows_per_step(self) -> int:
        """Rows that fill the packs of a step."""
        return max(1, int(0.985 * self.capacity * self.packs / self.mean))


CASES = {
    "tiny": Case(_TINY, 1024, 2, 163),  # rows as long as GSM8K's
    "0.5b_short": Case(_HALF_B, 16384, 4, 163, steps=6),
    "0.5b_long": Case(_HALF_B, 32768, 2, 6000, steps=6),
    "1.5b_short": Case(_ONE_AND_HALF_B, 16384, 4, 163, steps=6),
    "1.5b_long": Case(_ONE_AND_HALF_B, 32768, 2, 6000, steps=6),
}


def scaled_down(case: Case) -> Case:
    """The same case for a CPU: to see that it runs, not to measure."""
    model = {"vocab_size": 2000, "hidden_size": 128, "intermediate_size": 352, "num_hidden_layers": 2}
    return replace(case, model=model, capacity=case.capacity // 32, mean=max(60, case.mean // 32), steps=3, warm=1)


def rows_of(case: Case) -> Encoded:
    """Rows for all steps and some more; 58 % of each bears loss, as in GSM8K."""
    random, count = np.random.default_rng(0), case.rows_per_step * (case.steps + 2)
    spread = 0.4 if case.mean < 1000 else 0.8
    lengths = random.lognormal(np.log(case.mean) - spread**2 / 2, spread, count)
    lengths = np.clip(lengths, 32, case.capacity).astype(np.int64)
    mask = np.concatenate([np.arange(length) >= 0.42 * length for length in lengths]).astype(np.uint8)
    tokens = random.integers(10, case.model["vocab_size"], int(lengths.sum())).astype(np.int32)
    return Encoded(tokens, mask, np.concatenate([[0], np.cumsum(lengths)]))


def model_of(case: Case, device: str, implementation: str) -> Any:  # noqa: ANN401
    from transformers import Qwen2Config, Qwen2ForCausalLM

    attention.register()
    torch.manual_seed(0)
    config = Qwen2Config(
        **case.model,
        num_attention_heads=_HEADS[case.model["hidden_size"]],
        num_key_value_heads=2,
        max_position_embeddings=32768,
        tie_word_embeddings=True,
        attn_implementation=implementation,
    )
    with torch.device(device):
        return Qwen2ForCausalLM(config).train()


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
    rows, model = rows_of(case), model_of(case, device, attention.NAME)
    gradients = Gradients(list(model.parameters()))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    if compiled:
        compile_layers(model)
    multiple = length_step(case.capacity) if compiled else 1
    clock, where, supervised = Clock(case, device), torch.device(device), rows.supervised_lengths
    for step in range(case.steps):
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
    theirs, mine = float(sum(losses)), token_mean(fresh, taken[0], device, case.capacity)
    return clock.figures(model) | {"first_loss": theirs, "first_loss_ours": mine}


def _arguments(case: Case, device: str, rows_per_device: int) -> dict[str, Any]:
    return {
        "output_dir": tempfile.mkdtemp(prefix="mathmill-bench-"),
        "per_device_train_batch_size": rows_per_device,
        "gradient_accumulation_steps": case.packs,
        "max_steps": case.steps,
        "logging_steps": case.steps,
        "use_cpu": device == "cpu",
        "bf16": device == "cuda",
        "report_to": [],
        "save_strategy": "no",
        "learning_rate": 1e-4,
        "lr_scheduler_type": "constant",
        "optim": "adamw_torch_fused",
        "gradient_checkpointing": False,
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
    data = Dataset.from_dict(
        {
            "input_ids": [rows[i].tokens.tolist() for i in range(len(rows))],
            "completion_mask": [rows[i].supervised.tolist() for i in range(len(rows))],
        }
    )
    settings = SFTConfig(
        **_arguments(case, device, 1),
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
    from transformers import Trainer, TrainingArguments

    rows = rows_of(case)

    def collate(members: list[int]) -> dict[str, torch.Tensor]:
        chosen = [rows[i] for i in members]
        width = max(len(one.tokens) for one in chosen)
        ids, labels = torch.zeros(len(chosen), width, dtype=torch.int64), torch.full((len(chosen), width), -100)
        mask = torch.zeros(len(chosen), width, dtype=torch.int64)
        for line, one in enumerate(chosen):
            size, bears = len(one.tokens), torch.from_numpy(one.supervised.astype(bool))
            ids[line, :size], mask[line, :size] = torch.from_numpy(one.tokens.astype(np.int64)), 1
            labels[line, :size][bears] = ids[line, :size][bears]
        return {"input_ids": ids, "labels": labels, "attention_mask": mask}

    arguments = TrainingArguments(
        **_arguments(case, device, max(1, case.rows_per_step // case.packs)), remove_unused_columns=False
    )
    data: Any = list(range(len(rows)))
    return Trainer(model=model, args=arguments, train_dataset=data, data_collator=collate, callbacks=[callback])


ARMS: dict[str, Callable[[Case, str], dict[str, Any]]] = {
    "ours": ours,
    "ours_compiled": lambda case, device: ours(case, device, compiled=True),
    "trl": lambda case, device: with_trainer(case, device, trl),
    "padded": lambda case, device: with_trainer(case, device, padded),
}


def apart(arm: str, case: str, device: str) -> dict[str, Any]:
    """Runs one arm in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.train_trl", "--arm", arm, "--cases", case, "--device", device]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"arm": arm, "failed": done.stderr.strip().splitlines()[-1][:300]}
    result: dict[str, Any] = {"arm": arm} | json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{case}: {json.dumps(result)}", flush=True)
    return result


def compare(case: str, device: str) -> dict[str, Any]:
    """Every arm of a case, ours and TRL's in ABBA order."""
    order = ["ours", "trl", "trl", "ours", "padded"] + (["ours_compiled"] if device == "cuda" else [])
    runs = [apart(arm, case, device) for arm in order]
    unit = "tokens_per_s" if device == "cuda" else "tokens_per_cpu_s"
    found = {arm: [run[unit] for run in runs if run["arm"] == arm and unit in run] for arm in set(order)}
    best = {arm: max(values) for arm, values in found.items() if values}
    ratios = {f"ours_over_{arm}": round(best["ours"] / best[arm], 2) for arm in ("trl", "padded") if arm in best}
    return {"case": case, "unit": unit} | ratios | {"runs": runs}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", nargs="+", choices=CASES, default=["tiny"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--arm", choices=ARMS)
    options = parser.parse_args()
    if options.arm:
        torch.set_num_threads(1)
        (name,) = options.cases
        small = options.device == "cpu" and name != "tiny"
        print(json.dumps(ARMS[options.arm](scaled_down(CASES[name]) if small else CASES[name], options.device)))
        return 0
    missing = [name for name in ("trl", "accelerate", "datasets") if importlib.util.find_spec(name) is None]
    if missing:
        sys.stderr.write(
            f"benchmarks.train_trl: {', '.join(missing)} missing, so there is nothing to compare with; "
            f"pip install {' '.join(missing)} into a scratch environment and run it there\n"
        )
        return 2
    facts = machine() | {"device": options.device}
    facts["trl"] = version("trl")
    facts["device_name"] = torch.cuda.get_device_name() if options.device == "cuda" else None
    name = "train_trl" if options.cases == ["tiny"] else f"train_device_{options.device}"
    cases: list[dict[str, Any]] = []
    for case in options.cases:  # written after each: a call that is cut short keeps what it measured
        cases.append(compare(case, options.device))
        text = json.dumps({"benchmark": name, **facts, "cases": cases}, indent=1) + "\n"
        if options.device == "cuda" or case == "tiny":  # scaled down, a case measures nothing
            (REPOSITORY / "benchmarks" / "results" / f"{name}.json").write_text(text)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
