"""J and its gradient on a step's rows: ours, packed and dealt in any way, against the formula in float64.

The reference takes one example at a time, with the attention and the scores that transformers computes itself.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from training.attention import Documents
from training.encode import Encoded
from training.forward import Forward, MicroBatch, arrange, scores_as_written
from training.gradients import Gradients
from training.results import ProofLine, control
from training.step import Batch, Likelihood, accumulate, micro_batches, plan_batch, trained
from training.untyped import Model

# Measured: packed against alone differs by 1e-15 in float64 on small models. Inside models norms and softmaxes round
# to float32 even there: 5e-8 where attention is written out (Gemma 2, gpt-oss), and experts may flip on a last bit.
_EXACT = 1e-6
# float32 and bfloat16 differ from float64 by their own rounding (reference: 5e-7 and 1e-2 on three layers).
_ROUNDING = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
# A control is told apart when its gradient is off by more than this; token mean was off by 0.61 on lognormal lengths.
_TOLD_APART = 1e-4


class GradientProof:
    """J and its gradient on the rows of a step, ours against the formula.

    Args:
        model: in float64, on the CPU.
        forward: how it is run.
        encoded: the rows.
        indices: those of the step.
        dft: prove the gradient of DFT too.
    """

    def __init__(
        self, model: Model, forward: Forward, encoded: Encoded, indices: NDArray[np.int64], *, dft: bool = False
    ) -> None:
        self._dft = dft
        self.model, self._forward = model, forward
        self._encoded, self._indices = encoded, indices
        self._supervised = encoded.supervised_lengths
        self._lengths = [int(length) for length in encoded.lengths[indices]]
        self.objective, self.gradient = self._reference()

    def lines(self) -> Iterator[ProofLine]:
        """What holds exactly, and the controls."""
        total = float(sum(micro.weights.sum() for micro in self._micros(self.model, max(self._lengths), world=1)))
        yield ProofLine(
            "weights", abs(total - 1) < 1e-12, f"the weights of the step's tokens sum to 1 {total - 1:+.1e}"
        )
        yield from self._exact()
        yield from self._controls()
        if self._dft:
            yield self._prove_dft()

    def of(self, model: Model) -> "GradientProof":
        """The same rows on another model."""
        return GradientProof(model, self._forward, self._encoded, self._indices)

    def ours(self) -> tuple[float, torch.Tensor]:
        """J and its gradient, which parameters hold afterwards, from whole packs."""
        return self._ours(self.model, self._micros(self.model, sum(self._lengths), world=1))

    def in_own_dtype(self, model: Model, *, half: bool, context: int) -> ProofLine:
        """The same on the model as it is trained."""
        dtype = torch.bfloat16 if half else torch.float32
        objective, ours = self._ours(model, self._micros(model, context, world=1), half=half)
        off, bound = _distance(ours, self.gradient), _ROUNDING[dtype]
        detail = (
            f"gradient off by {off:.1e}, J by {abs(objective - self.objective):.1e}; its rounding allows {bound:.0e}"
        )
        return ProofLine(str(dtype).removeprefix("torch."), off < bound, detail)

    def _exact(self) -> Iterator[ProofLine]:
        longest, whole = max(self._lengths), sum(self._lengths)
        for name, capacity, world in (
            ("J and gradient", whole, 1),
            ("any packing", longest, 1),
            ("any ranks", longest, 3),
        ):
            objective, ours = self._ours(self.model, self._micros(self.model, capacity, world=world))
            off, apart = _distance(ours, self.gradient), abs(objective - self.objective)
            detail = f"float64 gradient off by {off:.1e}, J by {apart:.1e} ({self._layout(capacity)}, {world} ranks)"
            yield ProofLine(name, off < _EXACT and apart < _EXACT, detail)

    def _controls(self) -> Iterator[ProofLine]:
        uneven, counts = self._uneven()
        whole = list(self._micros(self.model, sum(self._lengths), world=1))
        spoilt = {
            "token mean": [_weighed(micro, 1 / sum(counts)) for micro in uneven],
            "mean of means": [_weighed(micro, 1 / counts[min(n, 1)] / 2) for n, micro in enumerate(uneven)],
            "naive concatenation": [_concatenated(whole)],
        }
        alike = len(set(self._supervised[self._indices].tolist())) == 1
        for name, micros in spoilt.items():
            if alike and name != "naive concatenation":
                yield ProofLine(f"control: {name}", True, "cannot be told apart: all rows have the same |o|")
                continue
            off = _distance(self._ours(self.model, iter(micros))[1], self.gradient)
            caught = off > _TOLD_APART
            yield control(name, caught, f"gradient off by {off:.1e}" + ("" if caught else " only"))

    def _prove_dft(self) -> ProofLine:
        """DFT's gradient by its formula: each token's log-likelihood times its likelihood, held fast."""
        truth = self._reference(dft=True)[1]
        ours = self._ours(self.model, self._micros(self.model, sum(self._lengths), world=1), dft=True)[1]
        off, apart = _distance(ours, truth), _distance(truth, self.gradient)
        detail = f"gradient off by {off:.1e} from its formula (2508.05629, eq. 9), which is {apart:.1e} from J_SFT's"
        return ProofLine("dft", off < _EXACT < apart, detail)

    def _reference(self, *, dft: bool = False) -> tuple[float, torch.Tensor]:
        """J and its gradient by eq. 6 and 7, one example at a time, with the model's own attention and scores."""
        model = self.model
        gradients = Gradients(trained(model))
        gradients.clear()
        objective = 0.0
        for index in self._indices.tolist():
            row = self._encoded[index]
            tokens = torch.from_numpy(row.tokens.astype(np.int64))[None]
            where = torch.from_numpy(np.flatnonzero(row.supervised))
            scores = torch.log_softmax(scores_as_written(model, tokens)[where - 1], -1)
            chosen = scores.gather(1, tokens[0, where, None])
            example = (chosen * chosen.detach().exp() if dft else chosen).sum() / len(where)
            (-example / len(self._indices)).backward()  # type: ignore[no-untyped-call]
            objective += float(example.detach()) / len(self._indices)
        arrange(model, self._forward)
        return objective, gradients.flat.clone()

    def _uneven(self) -> tuple[list[MicroBatch], list[int]]:
        """The longest solution alone, the others together: where means of means go wrong; and |o| of both."""
        batch = plan_batch(self._encoded, self._supervised, self._indices, capacity=sum(self._lengths))
        order = np.argsort(-batch.supervised, kind="stable").tolist()
        packs = [order[:1], order[1:]] if self._forward.packed else [[position] for position in order]
        counts = [int(batch.supervised[order[:1]].sum()), int(batch.supervised[order[1:]].sum())]
        micros = micro_batches(self._encoded, replace(batch, packs=packs), torch.device("cpu"), torch.float64)
        return list(micros), counts

    def _micros(self, model: Model, capacity: int, *, world: int) -> Iterator[MicroBatch]:
        weight = model.get_input_embeddings().weight
        dtype = torch.promote_types(weight.dtype, torch.float32)
        for rank in range(world):
            yield from micro_batches(self._encoded, self._batch(capacity, rank, world), weight.device, dtype)

    def _batch(self, capacity: int, rank: int = 0, world: int = 1) -> Batch:
        return plan_batch(
            self._encoded,
            self._supervised,
            self._indices,
            capacity=max(capacity, *self._lengths),
            rank=rank,
            world=world,
            packed=self._forward.packed,
        )

    def _ours(
        self, model: Model, micros: Iterator[MicroBatch], *, half: bool = False, dft: bool = False
    ) -> tuple[float, torch.Tensor]:
        gradients = Gradients(trained(model))
        gradients.clear()
        likelihood = Likelihood(len(self._indices), gradients.flat.device)
        accumulate(model, micros, likelihood, forward=self._forward, half=half, dft=dft)
        means = likelihood.totals[:, 0].cpu().numpy() / self._supervised[self._indices]
        return -float(means.mean()), gradients.flat.cpu()

    def _layout(self, capacity: int) -> str:
        return f"{len(self._indices)} examples in {len(self._batch(capacity).packs)} packs"


def _distance(gradient: torch.Tensor, truth: torch.Tensor) -> float:
    return float((gradient.double() - truth).norm() / truth.norm())


def _weighed(micro: MicroBatch, weight: float) -> MicroBatch:
    return replace(micro, weights=torch.full_like(micro.weights, weight))


def _concatenated(micros: list[MicroBatch]) -> MicroBatch:
    """All documents as one: what naive packing computes."""
    lengths = [micro.tokens.shape[1] for micro in micros]
    starts = [sum(lengths[:n]) for n in range(len(micros))]
    names = ("targets", "weights", "owner")
    joined = {name: torch.cat([getattr(micro, name) for micro in micros]) for name in names}
    total = sum(lengths)
    return MicroBatch(
        tokens=torch.cat([micro.tokens for micro in micros], 1),
        positions=torch.arange(total)[None],
        documents=Documents([total], torch.device("cpu")),
        predict=torch.cat([micro.predict + start for micro, start in zip(micros, starts, strict=True)]),
        **joined,
    )
