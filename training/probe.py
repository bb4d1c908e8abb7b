"""The probe before step 1: how this model can be run so that J_SFT is exact, or why it cannot be trained.

Documents are run one at a time as transformers wrote the model: that is the truth, when the model is causal, finite and
says the same twice. Packed, the same documents must give the same states, and changing one must leave the others alone.
The first document is longer than every window and RoPE length below the longest example. What fails runs one document
a row: exact by construction, and slower.

Compared in float64 where memory and time allow; else in float32 within rounding. Experts round by how many tokens they
get, so bits may differ there.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch

from schemas.exits import UserError
from training.attention import Documents
from training.forward import (
    Forward,
    MicroBatch,
    arrange,
    autocast,
    formula_scores,
    hidden_states,
    in_float64,
    loss,
    own_scores,
    router_scores,
    run_as_written,
)
from training.heads import measured_formula
from training.memory import free_on
from training.parallel import Gathered, run_on
from training.router import require_router
from training.untyped import Model

T = TypeVar("T")

_SHORT = (11, 7, 13)
_FIRST = 3  # the first token of texts: those before it may be for padding, beginnings and ends
# Distances of a token's states, relative to their norm. Norms and softmaxes inside models round to float32 even in
# float64 (measured: 5e-8); rounding grows with depth; a leak moves states by more than a tenth (measured: 0.3 and up).
_TOLERANCE = {torch.float64: 1e-5, torch.float32: 1e-3, torch.bfloat16: 5e-2}
# Weights times tokens that float64 is affordable for: some seconds.
_AFFORDABLE = {"cpu": 2e10, "cuda": 2e12}
_LENGTHS_IN_CONFIG = ("window", "chunk", "block", "original_max", "max_position", "n_positions", "seq_len")
_ALONE = Forward(packed=False)
_ALONE_WITH_OWN_SCORES = Forward(packed=False, formula=None)


def choose_forward(
    model: Model,
    *,
    name: str,
    longest: int = 0,
    capacity: int = 0,
    half: bool = False,
    root: Gathered | None = None,
) -> Forward:
    """Finds how a model is to be run, on its own device, and arranges it so.

    Args:
        model: the model.
        name: how messages call it.
        longest: tokens of the longest example.
        capacity: most tokens of a pack.
        half: the forward pass runs in bfloat16.
        root: what a sharded model runs through.

    Raises:
        UserError: no way is exact.
    """
    lengths = probe_lengths(model.config, longest)
    was_training, before = model.training, _modes_of(model)
    model.eval()
    try:
        forward = _in_double(model, lengths, name, longest) if root is None else None
        probe = _Probe(model, root or model, lengths, name)
        if forward is None:
            with torch.no_grad():
                forward = probe.forward(longest)
        _require_constant(before, _modes_of(model), name=name)
        if forward.packed and any(length < capacity for length in lengths_in(model.config.to_dict())):
            forward = probe.full(forward, capacity)
        if half and forward.packed:
            forward = probe.half(forward)
        arrange(model, forward)
        _require_gradient(model, root or model, forward, half=half, name=name)
    finally:
        model.train(was_training)
    return forward


def _modes_of(model: Model) -> dict[str, str]:
    """What modules call their ways of computing, such as `attention_type` block_sparse."""
    return {
        f"{place}.{key}".removeprefix("."): value
        for place, module in model.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, str)
    }


def _require_constant(before: dict[str, str], after: dict[str, str], *, name: str) -> None:
    """Refuses a model that computes otherwise once it has seen a short document: BigBird gives up its sparse attention.

    Raises:
        UserError: naming what changed.
    """
    changed = next((place for place, mode in before.items() if after.get(place) != mode), None)
    if changed is not None:
        raise UserError(
            f"{name}: running it changed its {changed} from {before[changed]!r} to {after.get(changed)!r}, so what it "
            "computes depends on the documents before; J_SFT is not defined on it"
        )


def balanced(model: Model, root: Model, forward: Forward, coefficient: float, *, name: str) -> Forward:
    """The same way with the router's loss on.

    Raises:
        UserError: the model shows no scores of a router.
    """
    micro = probe_batch(probe_tokens(model, 4), [4], model.get_input_embeddings().weight.device)
    try:
        with torch.no_grad():
            scores = run_on(root, router_scores, micro, forward)
    except Exception:  # noqa: BLE001  foreign code may raise anything
        scores = None
    require_router(scores, model.config.get_text_config(), name=name)
    return replace(forward, balance=coefficient)


def _require_gradient(model: Model, root: Any, forward: Forward, *, half: bool, name: str) -> None:  # noqa: ANN401
    """Computes one gradient and drops it.

    Raises:
        UserError: the model's code knows none.
    """
    device, count = model.get_input_embeddings().weight.device, _SHORT[0]
    tokens = probe_tokens(model, count)
    places = torch.arange(count - 1)
    micro = replace(
        probe_batch(tokens, [count], device),
        predict=places.to(device),
        targets=tokens[1:].to(device),
        weights=torch.full((count - 1,), 1 / (count - 1), device=device),
    )
    try:
        run_on(root, loss, micro, forward, half, False)[0].backward()  # type: ignore[no-untyped-call]
    except Exception as error:
        raise UserError(f"{name}: its gradient cannot be computed: {_first_line(error)}") from error
    for parameter in model.parameters():
        parameter.grad = None


def probe_lengths(config: Any, longest: int) -> tuple[int, ...]:  # noqa: ANN401  a config of transformers
    """Lengths of the probe's documents: the first reaches beyond every length of the config below the longest."""
    below = [length for length in lengths_in(config.to_dict()) if length < longest]
    return (min(longest, max(below) + _SHORT[0]) if below else _SHORT[0], *_SHORT[1:])


def boundaries_of(model: Model) -> list[int]:
    """The lengths at which a model changes or ends: those of its config, and of its tables of learned positions."""
    return sorted({*lengths_in(model.config.to_dict()), *(table.num_embeddings for table in _position_tables(model))})


def _position_tables(model: Model) -> Iterator[torch.nn.Embedding]:
    for place, module in model.named_modules():
        if isinstance(module, torch.nn.Embedding) and ("pos" in place or place.endswith("wpe")):
            yield module


def lengths_in(table: dict[str, Any]) -> Iterator[int]:
    """Every length in a config: windows, chunks, the lengths that RoPE was made for, positions."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from lengths_in(value)
        elif (
            isinstance(value, int)
            and not isinstance(value, bool)
            and value >= _SHORT[0]
            and any(part in str(key) for part in _LENGTHS_IN_CONFIG)
        ):
            yield value


def _in_double(model: Model, lengths: Sequence[int], name: str, longest: int) -> Forward | None:
    """What float64 finds; None where it is not affordable, or finds nothing: some code casts to float32 itself."""
    if not _affordable(model, sum(lengths)):
        return None
    with _in_float64(model), torch.no_grad(), suppress(UserError):
        return _Probe(model, model, lengths, name).forward(longest)
    return None


def _affordable(model: Model, tokens: int) -> bool:
    weights = sum(parameter.numel() for parameter in model.parameters())
    device = next(model.parameters()).device
    return weights * tokens < _AFFORDABLE.get(device.type, 0) and 10 * weights < free_on(device)


@contextmanager
def _in_float64(model: Model) -> Iterator[None]:
    """A model in float64, and back as it was: float32 survives the journey to the bit."""
    kinds = {name: tensor.dtype for name, tensor in model.named_buffers()}
    experts = getattr(model.config, "_experts_implementation", None)
    in_float64(model)
    try:
        yield
    finally:
        model.float()
        for name, tensor in model.named_buffers():
            tensor.data = tensor.data.to(kinds.get(name, tensor.dtype))
        if experts is not None:
            model.set_experts_implementation(experts)


@dataclass(frozen=True, slots=True)
class _Truth:
    """What documents give alone: states of each, and how they were computed."""

    states: torch.Tensor
    forward: Forward


class _Probe:
    """One look at one model in the dtype that it has."""

    def __init__(self, model: Model, root: Any, lengths: Sequence[int], name: str) -> None:  # noqa: ANN401
        weight = model.get_input_embeddings().weight
        self._model, self._root, self._name = model, root, name
        self._device, self._dtype = weight.device, weight.dtype
        self._lengths = lengths
        self._tokens = probe_tokens(model, sum(lengths))

    def forward(self, longest: int) -> Forward:
        """The way that is exact, for examples of up to `longest` tokens.

        Raises:
            UserError: none is.
        """
        run_as_written(self._model)
        truth = self._truth(self._head_within(longest))
        arrange(self._model, replace(truth.forward, packed=True))
        checked = "float64" if self._dtype == torch.float64 else f"{self._dtype}".removeprefix("torch.") + " rounding"
        why = self._apart(truth)
        chosen = replace(truth.forward, packed=why is None, checked=checked)
        return chosen if why is None else replace(chosen, why=(why, *truth.forward.why))

    def full(self, forward: Forward, capacity: int) -> Forward:
        """The same way, unless the model does not run on packs that are longer than it knows examples."""
        arrange(self._model, forward)
        count, rest = divmod(capacity, self._lengths[0])
        lengths = [*[self._lengths[0]] * count, *([rest] if rest else [])]
        try:
            self._states(probe_tokens(self._model, capacity), lengths, forward)
        except Exception as error:  # noqa: BLE001  foreign code may raise anything
            return replace(forward, packed=False, why=(_fails_on_packs(error), *forward.why))
        return forward

    def half(self, forward: Forward) -> Forward:
        """The same way, unless its kernels in bfloat16 do not keep documents apart."""
        run_as_written(self._model)
        truth = _Truth(self._alone(self._tokens, replace(forward, packed=False), half=True), forward)
        arrange(self._model, forward)
        why = self._apart(truth, half=True)
        return forward if why is None else replace(forward, packed=False, why=(f"in bfloat16 {why}", *forward.why))

    def _truth(self, forward: Forward) -> _Truth:
        """Documents one at a time, as transformers wrote the model.

        Raises:
            UserError: it cannot be run, or is no causal language model.
        """
        states, again = (self._run(lambda: self._alone(self._tokens, forward)) for _ in range(2))
        cut = self._run(lambda: self._alone_changed_at_the_end(forward))
        if not states.isfinite().all():
            raise UserError(f"{self._name}: its states are not finite, so J_SFT is not defined")
        if (off := distance(again, states)) > self._bound():
            raise UserError(f"{self._name}: it does not say the same twice (off by {off:.3g}); J_SFT is not defined")
        first = self._lengths[0] - 1
        if (off := distance(cut[:first], states[:first])) > self._bound():
            raise UserError(
                f"{self._name}: it is not causal: changing the last token moved the states before it by {off:.3g}, so "
                "it sees what it should predict; J_SFT is not defined on it"
            )
        return _Truth(states, forward)

    def _run(self, compute: Callable[[], T]) -> T:
        """What the model computes as transformers has it.

        Raises:
            UserError: it fails.
        """
        try:
            return compute()
        except Exception as error:
            raise UserError(f"{self._name}: it does not run as transformers has it: {_first_line(error)}") from error

    def _head_within(self, longest: int) -> Forward:
        """How scores come about, of a model whose learned positions reach the longest example.

        Raises:
            UserError: a table that a text of some tokens looks up ends before it.
        """
        tables: list[int] = []
        hooks = [
            module.register_forward_hook(lambda table, _inputs, _output: tables.append(table.num_embeddings))
            for module in _position_tables(self._model)
        ]
        try:
            forward = self._run(self._head)
        finally:
            for hook in hooks:
                hook.remove()
        if tables and (known := min(tables)) < longest:
            raise UserError(
                f"{self._name}: it has learned {known:,} positions and an example has {longest:,} tokens; set "
                f"train.context to at most {known} and train.long_rows to drop"
            )
        if tables and longest:  # some tables keep their first rows for padding
            tokens = probe_tokens(self._model, longest)
            self._run(lambda: self._states(tokens, [longest], _ALONE_WITH_OWN_SCORES))
        return forward

    def _head(self) -> Forward:
        """Whether scores follow a formula from the last states."""
        micro = probe_batch(self._tokens[: _SHORT[0]], [_SHORT[0]], self._device)
        formula = run_on(self._root, measured_formula, micro.tokens)
        if formula is not None:
            own, ours = run_on(self._root, _both_scores, micro, replace(_ALONE, formula=formula))
            if ours is not None and distance(ours, own) < self._bound():
                return replace(_ALONE, formula=formula)
        return replace(_ALONE, formula=None, why=("its scores follow no known formula of its last states",))

    def _apart(self, truth: _Truth, *, half: bool = False) -> str | None:
        """Why documents may not share a pack; None when they may."""
        bound = _TOLERANCE[torch.bfloat16] if half else self._bound()
        forward = replace(truth.forward, packed=True)
        changed = self._tokens.clone()
        changed[: self._lengths[0]] = self._others(changed[: self._lengths[0]])
        try:
            packed, other = (
                self._states(tokens, self._lengths, forward, half=half) for tokens in (self._tokens, changed)
            )
        except Exception as error:  # noqa: BLE001  foreign code may raise anything
            return _fails_on_packs(error)
        rest = slice(self._lengths[0], None)
        moved = distance(other[rest], packed[rest], whole=half)
        if not moved <= bound:
            return f"changing one document of a pack moved another's states by {moved:.2g}"
        off = distance(packed, truth.states, whole=half)
        return None if off <= bound else f"a document's states differ between a pack and alone by {off:.2g}"

    def _alone(self, tokens: torch.Tensor, forward: Forward, *, half: bool = False) -> torch.Tensor:
        parts = torch.split(tokens, list(self._lengths))
        return torch.cat([self._states(part, [len(part)], forward, half=half) for part in parts])

    def _alone_changed_at_the_end(self, forward: Forward) -> torch.Tensor:
        first = self._tokens[: self._lengths[0]].clone()
        first[-1] = self._others(first[-1])
        return self._states(first, [len(first)], forward)

    def _others(self, tokens: torch.Tensor) -> torch.Tensor:
        """Another token in the place of each."""
        return _FIRST + (tokens - _FIRST + 1) % (len(self._model.get_input_embeddings().weight) - _FIRST)

    def _states(
        self, tokens: torch.Tensor, lengths: Sequence[int], forward: Forward, *, half: bool = False
    ) -> torch.Tensor:
        run = own_scores if forward.formula is None else hidden_states
        with torch.no_grad(), autocast(self._device.type, half=half):
            states = run_on(self._root, run, probe_batch(tokens, lengths, self._device), forward)
        return torch.clamp(states.double(), -1e6, 1e6)  # some models mask scores with the least of all numbers

    def _bound(self) -> float:
        return _TOLERANCE[self._dtype]


def probe_tokens(model: Model, count: int) -> torch.Tensor:
    """int64[count] tokens of a model, spread over its vocabulary."""
    return _FIRST + torch.arange(count) * 7919 % (len(model.get_input_embeddings().weight) - _FIRST)


def probe_batch(tokens: torch.Tensor, lengths: Sequence[int], device: torch.device) -> MicroBatch:
    """Lays out documents that nothing is predicted in."""
    positions = torch.cat([torch.arange(length) for length in lengths])
    empty = torch.empty(0, dtype=torch.int64)
    return MicroBatch(
        tokens[None].to(device), positions[None].to(device), Documents(lengths, device), empty, empty, empty, empty
    )


def _both_scores(model: Model, micro: MicroBatch, forward: Forward) -> tuple[torch.Tensor, torch.Tensor | None]:
    """The model's own scores, and those of the formula; None where its base gives no last states."""
    own = own_scores(model, micro, forward)
    try:
        states = hidden_states(model, micro, forward)
    except AttributeError:
        return own, None
    assert forward.formula is not None
    return own, formula_scores(model, states, forward.formula)


def distance(found: torch.Tensor, expected: torch.Tensor, *, whole: bool = False) -> float:
    """How far states[T, E] lie apart, relative to their norm: of the worst token, or on the whole."""
    if whole:
        return float((found - expected).norm() / expected.norm())
    apart, size = (found - expected).norm(dim=1), expected.norm(dim=1)
    return float((apart / size.clamp(min=1e-3 * float(size.max()))).max())


def _fails_on_packs(error: Exception) -> str:
    """Our own attention says itself what it misses; other code says what broke."""
    return str(error) if isinstance(error, UserError) else f"its code does not run on packs ({_first_line(error)})"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
