"""What a forward pass must keep: windows and RoPE lengths beyond their ends, and no dropout. Each with its control."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from training.forward import Forward, MicroBatch, arrange, formula_scores, hidden_states, own_scores, scores_as_written
from training.probe import distance, lengths_in, probe_batch, probe_lengths, probe_tokens
from training.results import ProofLine, control
from training.untyped import Model

# Of the worst token: what models round to float32 even in float64 came to 1e-6 there (the softmax of a router).
_EXACT = 1e-5
_TOLD_APART = 1e-4
_ENDLESS = 2**30


def fault_in_float64(model: Model) -> str | None:
    """Why a model in float64 does not run: its own code may insist on float32; None where it runs."""
    try:
        with torch.no_grad():
            scores_as_written(model, probe_tokens(model, 8)[None])
    except RuntimeError as error:
        return str(error).splitlines()[0]
    return None


def prove_windows(model: Model, forward: Forward, longest: int) -> Iterator[ProofLine]:
    """Whether scores behind the end of every window and RoPE length are those of transformers itself.

    Args:
        model: in float64, arranged as `forward` says.
        forward: how it is run.
        longest: tokens of the longest example.
    """
    below = sorted({length for length in lengths_in(model.config.to_dict()) if length < longest})
    if not below:
        yield ProofLine("windows", True, f"no window or RoPE length is below the longest example ({longest} tokens)")
        return
    lengths = probe_lengths(model.config, longest)
    tokens = probe_tokens(model, sum(lengths))
    expected = _as_written(model, tokens, lengths)
    arrange(model, forward)
    off = distance(_scores(model, forward, tokens, lengths), expected)
    reach = f"scores of {lengths[0]} tokens, beyond {', '.join(map(str, below))}"
    yield ProofLine("windows", off < _EXACT, f"{reach}, are those of transformers' own attention (off by {off:.1e})")
    with _endless_windows(model, longest) as changed:
        if changed and not torch.equal(_as_written(model, tokens, lengths), expected):  # else no layer looks at them
            arrange(model, forward)
            off = distance(_scores(model, forward, tokens, lengths), expected)
            yield _control("windows ignored", off)


def prove_dropout(model: Model, forward: Forward, *, on: bool) -> Iterator[ProofLine]:
    """Whether two passes of a training step agree to the bit, and a pass with dropout does not."""
    tokens = 3 + torch.arange(13) % (len(model.get_input_embeddings().weight) - 3)
    if on:
        yield ProofLine("dropout", True, "on by train.dropout: steps maximise J over random masks, measured without")
        return
    first, second = (_seeded(model, forward, tokens, seed) for seed in (0, 1))
    same = torch.equal(first, second)
    yield ProofLine("dropout", same, "off: two passes of other seeds agree to the bit" if same else "passes differ")

    def drop(_module: torch.nn.Module, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.dropout(output, 0.1)

    hook = model.get_input_embeddings().register_forward_hook(drop)
    try:
        first, second = (_seeded(model, forward, tokens, seed) for seed in (0, 1))
    finally:
        hook.remove()
    yield _control("dropout 0.1", distance(first, second))


def _seeded(model: Model, forward: Forward, tokens: torch.Tensor, seed: int) -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _scores(model, forward, tokens, (len(tokens),))


def _as_written(model: Model, tokens: torch.Tensor, lengths: tuple[int, ...]) -> torch.Tensor:
    """Scores as transformers alone computes them, document by document."""
    with torch.no_grad():
        return torch.cat([scores_as_written(model, part[None]) for part in torch.split(tokens, list(lengths))])


def _scores(model: Model, forward: Forward, tokens: torch.Tensor, lengths: tuple[int, ...]) -> torch.Tensor:
    """Scores as the objective sees them: packed, or document by document."""
    device = torch.device("cpu")
    packs = [(tokens, lengths)] if forward.packed else [(p, (len(p),)) for p in torch.split(tokens, list(lengths))]
    with torch.no_grad():
        return torch.cat([_of_pack(model, forward, probe_batch(part, sizes, device)) for part, sizes in packs])


def _of_pack(model: Model, forward: Forward, micro: MicroBatch) -> torch.Tensor:
    if forward.formula is None:
        return own_scores(model, micro, forward)
    return formula_scores(model, hidden_states(model, micro, forward), forward.formula)


@contextmanager
def _endless_windows(model: Model, longest: int) -> Iterator[bool]:
    """A model whose windows never end, for a while; yields whether it had any below the longest example."""
    changed = []
    for place in (model.config.get_text_config(), *model.modules()):
        for name in ("sliding_window", "attention_chunk_size", "window_size"):
            value = vars(place).get(name)
            if isinstance(value, int) and 0 < value < longest:
                changed.append((place, name, value))
                setattr(place, name, _ENDLESS)
    try:
        yield bool(changed)
    finally:
        for place, name, value in changed:
            setattr(place, name, value)


def _control(name: str, off: float) -> ProofLine:
    return control(name, off > _TOLD_APART, f"scores off by {off:.1e}")
