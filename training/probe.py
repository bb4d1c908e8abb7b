"""The leak probe: refuses to train when packed documents see each other, on the user's own model.

Three documents are packed. Changing the first must leave the states of the others identical to the bit; each alone must
give the states that it has in the pack; and the head must be the plain matrix that the objective assumes.
"""

from collections.abc import Callable, Sequence

import torch

from schemas.exits import UserError
from training.attention import Documents
from training.parallel import Gathered, run_on
from training.step import MicroBatch, autocast, hidden_states
from training.untyped import Model

_LENGTHS = (11, 7, 13)
# Rounding grows with depth; a leak moves states by more than a tenth of their norm (measured: 0.3 and up).
_TOLERANCE, _HALF_TOLERANCE = 2e-3, 5e-2

States = Callable[[torch.Tensor, Sequence[int]], torch.Tensor]


def require_no_leak(states: States, vocabulary: int, *, name: str, tolerance: float = _TOLERANCE) -> None:
    """Probes a function (tokens[T], lengths of its documents) -> states[T, E].

    Raises:
        UserError: naming what is wrong.
    """
    tokens = torch.arange(sum(_LENGTHS)) * 7919 % vocabulary
    changed = tokens.clone()
    changed[: _LENGTHS[0]] = (changed[: _LENGTHS[0]] + 1) % vocabulary
    with torch.no_grad():
        packed, other = states(tokens, _LENGTHS), states(changed, _LENGTHS)
        alone = torch.cat([states(part, [len(part)]) for part in torch.split(tokens, list(_LENGTHS))])
    rest = slice(_LENGTHS[0], None)
    if not torch.equal(packed[rest], other[rest]):
        moved = float((packed[rest] - other[rest]).abs().max())
        raise UserError(
            f"{name}: attention crosses documents: changing one document of a pack moved another's states by "
            f"{moved:.3g}. "
            "Training on it would not optimise J_SFT; this architecture does not keep documents apart and is refused"
        )
    difference = float((packed - alone).norm() / alone.norm())
    if not difference < tolerance:
        raise UserError(
            f"{name}: a document's states differ between a pack and alone by {difference:.3g} of their norm: positions "
            "do not restart, or attention sees something else; this architecture is refused"
        )


def probe_model(model: Model, *, name: str, half: bool = False, root: Gathered | None = None) -> None:
    """Probes a model that is about to be trained, on its own device, as it will run.

    Args:
        model: the model.
        name: how messages call it.
        half: the forward pass runs in bfloat16.
        root: what a sharded model runs through.
    """
    device = model.get_output_embeddings().weight.device
    runs = root or model
    was_training = model.training
    model.eval()

    def states(tokens: torch.Tensor, lengths: Sequence[int]) -> torch.Tensor:
        with autocast(device.type, half=half):
            return run_on(runs, hidden_states, probe_batch(tokens, lengths, device)).float()

    try:
        tolerance = _HALF_TOLERANCE if half else _TOLERANCE
        require_no_leak(states, model.config.get_text_config().vocab_size, name=name, tolerance=tolerance)
        _require_plain_head(runs, device, name=name)
    finally:
        model.train(was_training)


def probe_batch(tokens: torch.Tensor, lengths: Sequence[int], device: torch.device) -> MicroBatch:
    """Lays out documents that nothing is predicted in."""
    positions = torch.cat([torch.arange(length) for length in lengths])
    empty = torch.empty(0, dtype=torch.int64)
    return MicroBatch(
        tokens[None].to(device),
        positions[None].to(device),
        Documents(lengths, device),
        empty,
        empty,
        empty,
        empty,
    )


def _scores(model: Model, micro: MicroBatch) -> tuple[torch.Tensor, torch.Tensor]:
    """The model's own scores, and the last states times the output matrix."""
    own = model(input_ids=micro.tokens, position_ids=micro.positions, use_cache=False, documents=micro.documents)
    return own.logits[0], hidden_states(model, micro) @ model.get_output_embeddings().weight.t()


def _require_plain_head(model: Model, device: torch.device, *, name: str) -> None:
    with torch.no_grad():
        own, plain = run_on(model, _scores, probe_batch(torch.arange(5), [5], device))
    difference = float((own - plain).norm() / own.norm())
    if not difference < _TOLERANCE:
        raise UserError(
            f"{name}: its scores are not the last states times the output matrix (they differ by {difference:.3g}); "
            "scaled or capped scores are not supported"
        )
