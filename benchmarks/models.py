"""Every type in transformers' causal-LM mapping, tiny: trained exactly, or refused before step 1.

    python -m benchmarks.models [--work FOLDER] [--deadline SECONDS] [TYPE ...]

Each type runs in a process of its own with a deadline, on rows longer than its windows and RoPE lengths: two steps of
`mathmill train`, then J and gradient of the first step's rows in float64 against transformers alone, one row at a time
on a copy that has seen no other. What has been tried stays in FOLDER/results.jsonl, so a second call goes on.

    exact            J within 1e-6, gradient within 1e-5 of its norm, and the run's own J within float32's rounding
    refused          one line before step 1
    silently wrong   trained, and not exact
    traceback        anything but our one line before step 1
    late             failed after step 1 had begun, or ran past the deadline
    not built        no tiny config of this type builds here in time; told, and counted nowhere
"""

import argparse
import copy
import json
import multiprocessing
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from benchmarks.measuring import REPOSITORY, mathmill
from benchmarks.tiny_configs import VOCABULARY, tiny_config

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from training.encode import Encoded
    from training.forward import Forward
    from training.untyped import Model

    Found: TypeAlias = tuple[float, dict[str, torch.Tensor]]

VERDICTS = ("exact", "refused", "silently wrong", "traceback", "late")
_BUILT = "built"
_J, _GRADIENT, _OWN_J = 1e-6, 1e-5, 2e-3
_J_FLOAT32, _GRADIENT_FLOAT32 = 1e-5, 1e-4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("types", nargs="*", help="types; none: all")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "mathmill-models")
    parser.add_argument("--deadline", type=float, default=240.0, help="seconds a type")
    options = parser.parse_args()
    data = _data(options.work)
    import torch
    import transformers
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as MAPPING

    import training.train  # noqa: F401  once, before the processes part

    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    results = options.work / "results.jsonl"
    known = _read(results)
    for kind in options.types or MAPPING:
        if kind not in known or options.types:
            known[kind] = _apart(kind, data, options.work, options.deadline)
            with results.open("a") as file:
                file.write(json.dumps(known[kind]) + "\n")
        print(_line(known[kind]), flush=True)
    _keep(known, complete=not options.types)


def _data(work: Path) -> Path:
    """A data set of sums written out step by step: rows of some hundred tokens."""
    folder = work / "DATA"
    if (folder / "manifest.json").is_file():
        return folder
    work.mkdir(parents=True, exist_ok=True)
    draw = random.Random(0)
    with (work / "rows.jsonl").open("w") as file:
        for number in range(24):
            terms = [draw.randint(2, 99) for _ in range(3 + number % 9)]
            steps = [f"{sum(terms[:n])} + {terms[n]} = {sum(terms[: n + 1])}." for n in range(1, len(terms))]
            question = (
                f"Ada counts {', '.join(map(str, terms))} things in {len(terms)} boxes; how many in row {number}?"
            )
            solution = " ".join(["We add.", *steps, f"So it is \\boxed{{{sum(terms)}}}."])
            file.write(json.dumps({"question": question, "solution": solution, "answer": str(sum(terms))}) + "\n")
    source = {
        "name": "sums",
        "path": str(work / "rows.jsonl"),
        "adapter": "columns",
        "licence": "CC0-1.0",
        "format": "cot",
        "columns": {"answer": "answer"},
    }
    config = work / "curate.yaml"
    config.write_text(json.dumps({"curate": {"sources": [source], "heldout": 0.0}}))
    shutil.rmtree(folder, ignore_errors=True)
    command = mathmill("curate", config, "--output", folder)
    subprocess.run([str(part) for part in command], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    return folder


def _apart(kind: str, data: Path, work: Path, deadline: float) -> dict[str, Any]:
    """One type in a process of its own."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    began = time.monotonic()
    process = context.Process(target=_try, args=(kind, data, work / "models" / kind, sender))
    process.start()
    found, verdict = None, "not built"
    while found is None and receiver.poll(max(0.0, began + deadline - time.monotonic())):
        heard = receiver.recv()
        found, verdict = (None, "late") if heard == _BUILT else (heard, "")
    if found is None:
        process.kill()
        found = {"verdict": verdict, "detail": f"no end within {deadline:.0f} s"}
    process.join()
    return {"type": kind, **found, "seconds": round(time.monotonic() - began, 1)}


def _try(kind: str, data: Path, folder: Path, sender: "Connection") -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sys.stdout = sys.stderr = (folder / "said.txt").open("w")
    try:
        found = _trained(kind, data, folder, sender)
    except BaseException as error:  # noqa: BLE001  whatever it is, it is a row of the table
        found = {"verdict": "traceback", "detail": _first_line(error), "trace": traceback.format_exc()[-1500:]}
    sender.send(found)
    for name in ("model", "run"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _trained(kind: str, data: Path, folder: Path, sender: "Connection") -> dict[str, Any]:
    """The verdict on a type."""
    from schemas.config import Config
    from schemas.exits import UserError
    from training.train import train

    try:
        _build(kind, data, folder / "model")
    except Exception as error:  # noqa: BLE001  foreign code may raise anything
        return {"verdict": "not built", "detail": _first_line(error)}
    sender.send(_BUILT)
    table = {
        "model": str(folder / "model"),
        "examples_per_step": 6,
        "steps": 2,
        "context": 900,
        "pack_tokens": 1800,
        "learning_rate": 1e-4,
        "dtype": "float32",
        "device": "cpu",
        "trackers": [],
    }
    metrics = folder / "run" / "metrics.jsonl"
    try:
        notes: list[str] = []
        config = Config.model_validate({"train": table})
        train(config, data, folder / "run", draft=True, on_start=lambda plan: notes.extend(plan.notes))
    except BaseException as error:  # noqa: BLE001  foreign code may raise anything
        begun = metrics.is_file() and metrics.stat().st_size > 0
        refused = isinstance(error, UserError) and not begun
        verdict = "refused" if refused else "late" if begun else "traceback"
        return {"verdict": verdict, "detail": _first_line(error), "trace": traceback.format_exc()[-1500:]}
    return _compared(folder, json.loads(metrics.read_text().splitlines()[0])["objective"], notes)


def _build(kind: str, data: Path, folder: Path) -> None:
    """Writes a model of random weights, every one of them uneven, and a tokenizer fitted on the rows."""
    import torch
    from transformers import AutoModelForCausalLM

    from schemas.config import FreshModel
    from training import shards
    from training.fresh import fit_tokenizer

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(tiny_config(kind), dtype=torch.float32).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim < 2:
                parameter.add_(torch.randn_like(parameter) * 0.05)
        model(input_ids=torch.arange(20)[None] + 5)
    model.save_pretrained(folder)
    fit_tokenizer(shards.open(data, draft=True), FreshModel(vocabulary=VOCABULARY), context=900).save_pretrained(folder)


def _compared(folder: Path, trained: float, notes: list[str]) -> dict[str, Any]:
    """J and gradient of the first step's rows, ours in float64 against transformers alone."""
    import numpy as np

    from training import shards
    from training.chat import ChatLayout
    from training.encoder import Encoder
    from training.forward import arrange
    from training.losses import read_losses
    from training.model import load_model, load_tokenizer
    from training.probe import choose_forward

    examples = shards.open(json.loads((folder / "run" / "run.json").read_text())["data"][0]["path"], draft=True)
    encoder = Encoder(examples, ChatLayout(load_tokenizer(folder / "model")), supervise_think=True)
    rows = encoder(np.arange(len(examples)))
    seen = read_losses(folder / "run").filter(_first_step())["supervised_tokens"].to_pylist()
    indices = _rows_of_first_step(folder / "run", len(rows))
    assert sorted(rows.supervised_lengths[indices].tolist()) == sorted(seen), (indices, seen)
    model = load_model(folder / "model")
    forward = choose_forward(model, name="model", longest=int(rows.lengths.max()), capacity=1800)
    try:
        (objective, gradient), (expected, truth) = _both(folder / "model", model, forward, rows, indices, double=True)
        bounds, dtype = (_J, _GRADIENT), "float64"
    except RuntimeError:  # some code casts to float32 itself, and cannot be run in float64
        model = load_model(folder / "model")
        arrange(model, forward)
        (objective, gradient), (expected, truth) = _both(folder / "model", model, forward, rows, indices, double=False)
        bounds, dtype = (_J_FLOAT32, _GRADIENT_FLOAT32), "float32, which is all that it runs in"
    size = sum(float(tensor.square().sum()) for tensor in truth.values()) ** 0.5
    apart = sum(float((gradient[name] - truth[name]).square().sum()) for name in truth) ** 0.5 / size
    off, own = abs(objective - expected), abs(trained - expected)
    exact = off < bounds[0] and apart < bounds[1] and own < _OWN_J
    detail = f"J off by {off:.0e}, gradient by {apart:.0e} in {dtype}; the run's own J by {own:.0e}"
    way = "packed" if forward.packed else f"alone ({forward.why[0]})"
    scores = "" if forward.formula else "; own scores"
    return {"verdict": "exact" if exact else "silently wrong", "detail": f"{way}{scores}: {detail}", "notes": notes}


def _both(
    folder: Path, model: "Model", forward: "Forward", rows: "Encoded", indices: "NDArray[np.int64]", *, double: bool
) -> tuple["Found", "Found"]:
    """J and gradient by name: ours, and those of transformers alone."""
    return _ours(model, forward, rows, indices, double=double), _by_transformers(folder, rows, indices, double=double)


def _first_step() -> Any:  # noqa: ANN401  an expression of pyarrow
    import pyarrow.compute as pc

    return pc.field("step") == 1


def _rows_of_first_step(run: Path, count: int) -> "NDArray[np.int64]":
    import numpy as np

    from training.plan import Plan, Position

    seed = json.loads((run / "run.json").read_text())["train"]["seed"]
    return Plan(np.ones(count), examples_per_step=6, seed=seed, steps=2).examples_at(Position())


def _ours(
    model: "Model",
    forward: "Forward",
    rows: "Encoded",
    indices: "NDArray[np.int64]",
    *,
    double: bool,
) -> "Found":
    import torch

    from training.forward import in_float64
    from training.gradients import Gradients
    from training.step import Likelihood, accumulate, micro_batches, plan_batch

    if double:
        in_float64(model)
    Gradients(list(model.parameters()))
    device = torch.device("cpu")
    batch = plan_batch(rows, rows.supervised_lengths, indices, capacity=1800, packed=forward.packed)
    likelihood = Likelihood(len(indices), device)
    accumulate(
        model.eval(),
        micro_batches(rows, batch, device, torch.float64 if double else torch.float32),
        likelihood,
        forward=forward,
    )
    objective = -float((likelihood.totals[:, 0].numpy() / batch.supervised).mean())
    return objective, {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def _by_transformers(
    folder: Path,
    rows: "Encoded",
    indices: "NDArray[np.int64]",
    *,
    double: bool,
) -> "Found":
    """The formula, on a model that transformers loads as it does for everybody."""
    import numpy as np
    import torch
    from transformers import AutoModelForCausalLM

    from training.forward import accepted

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model = model.double() if double else model
    if getattr(model.config, "_experts_implementation", None) is not None:
        model.set_experts_implementation("eager")
    objective = 0.0
    total = {name: torch.zeros_like(parameter) for name, parameter in model.named_parameters()}
    for index in indices.tolist():
        alone, row = copy.deepcopy(model), rows[index]
        tokens = torch.from_numpy(row.tokens.astype(np.int64))[None]
        where = torch.from_numpy(np.flatnonzero(row.supervised))
        settings = {"use_cache": False} if "use_cache" in accepted(type(alone)) else {}  # else RWKV has no gradient
        scores = torch.log_softmax(alone(input_ids=tokens, **settings).logits[0, where - 1].double(), -1)
        example = scores.gather(1, tokens[0, where, None]).mean() / len(indices)
        (-example).backward()  # type: ignore[no-untyped-call]
        objective += float(example.detach())
        for name, parameter in alone.named_parameters():
            if parameter.grad is not None:
                total[name] += parameter.grad
    return objective, total


def _read(results: Path) -> dict[str, dict[str, Any]]:
    lines = results.read_text().splitlines() if results.is_file() else []
    return {row["type"]: row for row in map(json.loads, lines)}


def _keep(known: dict[str, dict[str, Any]], *, complete: bool) -> None:
    """Ends with the line that counts, and keeps the whole table under `benchmarks/results`."""
    counts = Counter(row["verdict"] for row in known.values())
    if not_built := counts["not built"]:
        print(f"not built here: {not_built}")
    if complete:
        folder = REPOSITORY / "benchmarks" / "results"
        folder.mkdir(exist_ok=True)
        rows = [{key: row[key] for key in ("type", "verdict", "detail")} for row in known.values()]
        (folder / "models.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
    names = ("exact", "refused", "silently wrong", "tracebacks", "late")
    print(", ".join(f"{name} {counts[verdict]}" for name, verdict in zip(names, VERDICTS, strict=True)))


def _line(row: dict[str, Any]) -> str:
    return f"{row['type']:<28} {row['verdict']:<14} {row['detail'][:150]}"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return re.sub(r"(/[\w.-]+)+/", ".../", f"{type(error).__name__}: {lines[0][:240]}")


if __name__ == "__main__":
    main()
