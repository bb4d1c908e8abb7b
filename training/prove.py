"""`mathmill prove`: the objective, the masks and the isolation of documents, on the user's own model and rows.

The reference computes J_SFT by its formula, one example at a time, in float64, with transformers' own attention. Beside
it stand controls that compute what other trainers do: a proof that cannot tell them apart proves nothing.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from schemas.config import Config, FreshModel, Train
from schemas.exits import UserError
from schemas.files import as_paths
from training import shards
from training.admit import admit
from training.attention import Documents
from training.chat import ChatLayout
from training.encode import Encoded, encode_all, encoding_key
from training.fresh import fit_tokenizer, fresh_model
from training.masks import prove_masks
from training.mistakes import train_table
from training.model import export, load_model, load_tokenizer, parameter_count
from training.plan import Plan
from training.probe import probe_model
from training.results import ProofLine
from training.shards import Examples
from training.step import Gradients, Likelihood, MicroBatch, accumulate, micro_batches, plan_batch
from training.untyped import Model
from training.world import device_of

# Measured: packed against alone differs by 1e-15 in float64 on small models; norms inside newer models round to
# float32, where a last bit may flip on large ones.
_EXACT = 1e-10
# float32 and bfloat16 differ from float64 by their own rounding (reference: 5e-7 and 1e-2 on three layers).
_ROUNDING = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
# A control is told apart when its gradient is off by more than this; token mean was off by 0.61 on lognormal lengths.
_TOLD_APART = 1e-3


def prove(
    config: Config, data: str | Path | Sequence[str | Path], *, model: str | None = None, rows: int = 8
) -> Iterator[ProofLine]:
    """Proves the objective on a model and the first rows of its first step, and yields each line when it is known.

    Args:
        config: `train` must be there.
        data: judged data sets.
        model: Hugging Face name or folder; None takes `train.model`.
        rows: examples to compute in float64.

    Raises:
        UserError: it could not start, or the machine has not the memory that float64 needs.
    """
    train = train_table(config)
    if model is not None:
        train = train.model_copy(update={"model": model})
    examples = shards.open(*as_paths(data))
    with TemporaryDirectory(prefix="mathmill-prove-") as temporary:
        source = _source(train, examples, Path(temporary))
        option = "train.model" if model is None else "--model"
        layout = ChatLayout(load_tokenizer(source, option=option))
        key = encoding_key(examples, layout, split="train", supervise_think=train.supervise_think)
        encoded = encode_all(
            examples, layout, Path(temporary) / "tokens", key=key, supervise_think=train.supervise_think
        )
        yield from prove_masks(train, examples, encoded, layout)
        yield from _Gradient(train, encoded, source, rows, option=option).lines()


def _source(train: Train, examples: Examples, temporary: Path) -> Path | str:
    if not isinstance(train.model, FreshModel):
        return train.model
    tokenizer = fit_tokenizer(examples, train.model, context=train.context)
    model = fresh_model(train.model, tokenizer, context=train.context, seed=train.seed)
    export(model, tokenizer, temporary / "model", stop_id=ChatLayout(tokenizer).stop_id)
    return temporary / "model"


class _Gradient:
    """J and its gradient, ours against the formula."""

    def __init__(self, train: Train, encoded: Encoded, source: Path | str, rows: int, *, option: str) -> None:
        self._train = train
        self._encoded = encoded
        self._source = source
        self._option = option
        self._supervised = encoded.supervised_lengths
        enters, _ = admit(encoded, self._supervised, context=train.context, long_rows=train.long_rows)
        plan = Plan(enters.astype(np.float64), examples_per_step=rows, seed=train.seed, steps=1)
        self._indices: NDArray[np.int64] = plan.order(0)[:rows]
        self._lengths = [int(length) for length in encoded.lengths[self._indices]]
        self._device = device_of(train.device)
        self._half = train.dtype == "bfloat16" or (train.dtype == "auto" and self._device.type == "cuda")

    def lines(self) -> Iterator[ProofLine]:
        """Everything that needs the model."""
        model = load_model(self._source, option=self._option)
        require_memory(self._source, self._bytes_needed(model), free_bytes())
        yield self._leak(model.to(self._device))
        double = model.to("cpu").double()
        truth, gradient = self._reference(double)
        sums = [micro.weights.sum() for micro in self._micros(double, max(self._lengths), world=1)]
        total = float(torch.stack(sums).sum())
        yield ProofLine(
            "weights", abs(total - 1) < 1e-12, f"the weights of the step's tokens sum to 1 {total - 1:+.1e}"
        )
        yield from self._exact(double, truth, gradient)
        yield from self._controls(double, gradient)
        yield self._own_dtype(gradient, truth)

    def _leak(self, model: Model) -> ProofLine:
        try:
            probe_model(model, name=str(self._source), half=self._half)
        except UserError as error:
            return ProofLine("isolation", False, str(error))
        return ProofLine("isolation", True, "changing one document of a pack leaves the others identical to the bit")

    def _exact(self, model: Model, truth: float, gradient: torch.Tensor) -> Iterator[ProofLine]:
        longest, whole = max(self._lengths), sum(self._lengths)
        for name, capacity, world in (
            ("J and gradient", whole, 1),
            ("any packing", longest, 1),
            ("any ranks", longest, 3),
        ):
            objective, ours = self._ours(model, self._micros(model, capacity, world=world))
            off = _distance(ours, gradient)
            detail = f"float64 gradient off by {off:.1e}, J by {abs(objective - truth):.1e} ({self._layout(capacity)}"
            yield ProofLine(name, off < _EXACT and abs(objective - truth) < _EXACT, f"{detail}, {world} ranks)")

    def _controls(self, model: Model, gradient: torch.Tensor) -> Iterator[ProofLine]:
        micros = self._uneven(model)
        whole = list(self._micros(model, sum(self._lengths), world=1))
        count = sum(len(micro.targets) for micro in micros)
        spoilt = {
            "token mean": [_weighed(micro, 1 / count) for micro in micros],
            "mean of means": [_weighed(micro, 1 / len(micro.targets) / len(micros)) for micro in micros],
            "naive concatenation": [_one_document(micro) for micro in whole],
        }
        alike = len(set(self._supervised[self._indices].tolist())) == 1
        for name, control in spoilt.items():
            off = _distance(self._ours(model, iter(control))[1], gradient)
            same = alike and name != "naive concatenation"
            detail = f"gradient off by {off:.1e}: caught"
            if same:
                detail = "cannot be told apart: all rows have the same |o|"
            elif off <= _TOLD_APART:
                detail = f"gradient off by {off:.1e} only: NOT caught, so the proof proves nothing"
            yield ProofLine(f"control: {name}", same or off > _TOLD_APART, detail)

    def _own_dtype(self, gradient: torch.Tensor, truth: float) -> ProofLine:
        dtype = torch.bfloat16 if self._half else torch.float32
        model = load_model(self._source).to(self._device)
        micros = self._micros(model, self._train.context, world=1)
        objective, ours = self._ours(model, micros, half=self._half)
        off, bound = _distance(ours, gradient), _ROUNDING[dtype]
        detail = f"gradient off by {off:.1e}, J by {abs(objective - truth):.1e}; its rounding allows {bound:.0e}"
        return ProofLine(str(dtype).removeprefix("torch."), off < bound, detail)

    def _reference(self, model: Model) -> tuple[float, torch.Tensor]:
        """J and its gradient by eq. 6 and 7, one example at a time, with transformers' own attention."""
        model.set_attn_implementation("sdpa")
        gradients = Gradients(list(model.parameters()))
        gradients.clear()
        objective = 0.0
        for index in self._indices.tolist():
            one = self._encoded[index]
            tokens = torch.from_numpy(one.tokens.astype(np.int64))[None]
            where = torch.from_numpy(np.flatnonzero(one.supervised))
            hidden = model.base_model(input_ids=tokens, use_cache=False).last_hidden_state[0, where - 1]
            scores = torch.log_softmax(hidden @ model.get_output_embeddings().weight.t(), -1)
            example = scores.gather(1, tokens[0, where, None]).sum() / len(where)
            (-example / len(self._indices)).backward()  # type: ignore[no-untyped-call]
            objective += float(example.detach()) / len(self._indices)
        model.set_attn_implementation("mathmill_documents")
        return objective, gradients.flat.clone()

    def _uneven(self, model: Model) -> list[MicroBatch]:
        """The longest solution alone, the others together: where means of means go wrong."""
        batch = plan_batch(self._encoded, self._supervised, self._indices, capacity=sum(self._lengths))
        order = np.argsort(-batch.supervised, kind="stable").tolist()
        batch = replace(batch, packs=[order[:1], order[1:]])
        weight = model.get_output_embeddings().weight
        return list(micro_batches(self._encoded, batch, weight.device, weight.dtype))

    def _micros(self, model: Model, capacity: int, *, world: int) -> Iterator[MicroBatch]:
        weight = model.get_output_embeddings().weight
        dtype = torch.promote_types(weight.dtype, torch.float32)
        for rank in range(world):
            batch = plan_batch(
                self._encoded,
                self._supervised,
                self._indices,
                capacity=max(capacity, *self._lengths),
                objective="sequence_mean",
                rank=rank,
                world=world,
            )
            yield from micro_batches(self._encoded, batch, weight.device, dtype)

    def _ours(self, model: Model, micros: Iterator[MicroBatch], *, half: bool = False) -> tuple[float, torch.Tensor]:
        gradients = Gradients(list(model.parameters()))
        gradients.clear()
        likelihood = Likelihood(len(self._indices), model.get_output_embeddings().weight.device)
        accumulate(model, micros, likelihood, half=half)
        means = likelihood.totals[:, 0].cpu().numpy() / self._supervised[self._indices]
        return -float(means.mean()), gradients.flat.cpu()

    def _layout(self, capacity: int) -> str:
        batch = plan_batch(self._encoded, self._supervised, self._indices, capacity=max(capacity, *self._lengths))
        return f"{len(self._indices)} examples in {len(batch.packs)} packs"

    def _bytes_needed(self, model: Model) -> int:
        """Weights and three gradients in float64, and the scores of the longest solution."""
        longest = int(self._supervised[self._indices].max())
        return 8 * (5 * parameter_count(model) + 4 * longest * len(model.get_output_embeddings().weight))


def require_memory(source: Path | str, needed: int, free: int) -> None:
    """Refuses to begin what would be killed half-way.

    Raises:
        UserError: naming the bytes.
    """
    if needed > free:
        raise UserError(
            f"{source}: float64 needs {needed:,} bytes of memory and {free:,} are free; prove a smaller model of the "
            "same architecture, or use a machine with more memory"
        )


def free_bytes(group: Path = Path("/sys/fs/cgroup")) -> int:
    """Memory that can be had without swapping, in this machine and in the container that it may be.

    Args:
        group: the container's control group (v2), whose cached file pages count as used until they are wanted.
    """
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    limit = group / "memory.max"
    if limit.is_file() and (most := limit.read_text(encoding="ascii").strip()) != "max":
        used = int((group / "memory.current").read_text(encoding="ascii"))
        free = min(free, int(most) - used + _cached(group / "memory.stat"))
    return free


def _cached(stat: Path) -> int:
    lines = stat.read_text(encoding="ascii").splitlines() if stat.is_file() else []
    return sum(int(line.split()[1]) for line in lines if line.startswith(("active_file ", "inactive_file ")))


def _distance(gradient: torch.Tensor, truth: torch.Tensor) -> float:
    return float((gradient.double() - truth).norm() / truth.norm())


def _weighed(micro: MicroBatch, weight: float) -> MicroBatch:
    return replace(micro, weights=torch.full_like(micro.weights, weight))


def _one_document(micro: MicroBatch) -> MicroBatch:
    length = micro.tokens.shape[1]
    device = micro.tokens.device
    return replace(micro, positions=torch.arange(length, device=device)[None], documents=Documents([length], device))
