"""How a model is run: documents packed or one at a time, and the objective from its last states or its own scores.

Legend: T tokens of a pack, M supervised positions of it, V vocabulary.

    packed, formula    our attention keeps documents apart; scores come chunk by chunk       dense models, most experts
    alone, ...         a pack is one document and the model runs as transformers wrote it    recurrent models, ALiBi
    ..., own scores    the model computes all scores of a pack itself: memory M V            heads without a formula

A document alone is exact by construction; `training.probe` chooses, and says why.
"""

import inspect
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from training import attention
from training.attention import Documents
from training.heads import PLAIN, Formula
from training.objective import weighted_cross_entropy, whole_cross_entropy
from training.router import router_loss
from training.untyped import Model


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """A pack, ready for the model.

    Attributes:
        tokens: int64[1, T].
        positions: int64[1, T], from 0 in every document.
        documents: where documents lie.
        predict: int64[M] positions whose hidden state predicts a supervised token.
        targets: int64[M] those tokens.
        weights: [M] w_t.
        owner: int64[M] which of the step's N examples each belongs to.
    """

    tokens: torch.Tensor
    positions: torch.Tensor
    documents: Documents
    predict: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    owner: torch.Tensor


@dataclass(frozen=True, slots=True)
class Forward:
    """How a model is run.

    Attributes:
        packed: documents share a pack; else each is a pack of its own.
        formula: what becomes of states times the output matrix; None: the model computes its scores itself.
        why: what speaks against the faster ways; empty when nothing does.
        checked: how it was found out: float64, or within rounding.
        balance: what the router's loss is multiplied by; 0: it is off.
    """

    packed: bool = True
    formula: Formula | None = PLAIN
    why: tuple[str, ...] = ()
    checked: str = ""
    balance: float = 0.0


PACKED = Forward()


def hidden_states(model: Model, micro: MicroBatch, forward: Forward) -> torch.Tensor:
    """Last hidden states[T, E] of a pack."""
    return _run(model.base_model, model, micro, forward).last_hidden_state[0]


def own_scores(
    model: Model, micro: MicroBatch, forward: Forward, *, positions: torch.Tensor | None = None
) -> torch.Tensor:
    """The model's own scores[M, V] at some positions[M] of a pack; None: at all."""
    keeps = positions is not None and "logits_to_keep" in accepted(type(model))
    settings = {"logits_to_keep": positions} if keeps else {}
    scores = _run(model, model, micro, forward, **settings).logits[0]
    return scores if keeps or positions is None else scores.index_select(0, positions)


def formula_scores(model: Model, states: torch.Tensor, formula: Formula) -> torch.Tensor:
    """The scores[T, V] that the formula makes of last hidden states[T, E]."""
    head = model.get_output_embeddings()
    return formula.scores(torch.nn.functional.linear(states, head.weight, head.bias))


def scores_as_written(model: Model, tokens: torch.Tensor) -> torch.Tensor:
    """The scores[T, V] of one document, tokens[1, T], as transformers computes them."""
    run_as_written(model)
    forget_lengths(model)
    settings = {"use_cache": False} if "use_cache" in accepted(type(model)) else {}
    return model(input_ids=tokens, **settings).logits[0]


def _run(module: Model, model: Model, micro: MicroBatch, forward: Forward, **settings: Any) -> Any:  # noqa: ANN401
    """Calls a model, or its base. `use_cache` must be off: left on, some models stop seeing documents."""
    if "use_cache" in accepted(type(module)):
        settings["use_cache"] = False
    if forward.packed:
        settings |= {"position_ids": micro.positions, "documents": micro.documents}
    else:
        forget_lengths(model)
    return module(input_ids=micro.tokens, **settings)


def accepted(kind: type[torch.nn.Module]) -> frozenset[str]:
    """The names of the settings that a model's forward pass takes."""
    names = set(inspect.signature(kind.forward).parameters)
    return frozenset(names | {"use_cache"} if "kwargs" in names else names)


def run_as_written(model: Model) -> None:
    """Gives a model the attention that transformers runs it with: SDPA, or written out where SDPA does not serve."""
    for implementation in ("sdpa", "eager"):
        try:
            model.set_attn_implementation(implementation)
        except ValueError:
            continue
        return


def arrange(model: Model, forward: Forward) -> None:
    """Gives a model the attention that it is to be run with."""
    if forward.packed:
        attention.register()
        model.set_attn_implementation(attention.NAME)
    else:
        run_as_written(model)


def in_float64(model: Model) -> Model:
    """The same model in float64, whose experts run one by one: grouped products know no float64."""
    if getattr(model.config, "_experts_implementation", None) is not None:
        model.set_experts_implementation("eager")
    return model.double()


def forget_lengths(model: Model) -> None:
    """Undoes what dynamic RoPE remembers: the longest document so far would set the frequencies of later ones."""
    for module in model.modules():
        if "dynamic" not in str(getattr(module, "rope_type", "")):
            continue
        for name in [name for name, _ in module.named_buffers(recurse=False) if name.endswith("original_inv_freq")]:
            kind = name.removesuffix("original_inv_freq")
            setattr(module, f"{kind}inv_freq", getattr(module, name).clone())
            setattr(module, f"{kind}max_seq_len_cached", module.original_max_seq_len)


def loss(
    model: Model, micro: MicroBatch, forward: Forward, half: bool, dft: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """sum_t w_t nll_t of a pack with gradient, each nll[M], and whether greedy decoding writes the target[M].

    Where the router's loss is on, it is in the sum alone.
    """
    if forward.balance:
        return _balanced_loss(model, micro, forward, half, dft)
    if forward.formula is None:
        with autocast(micro.tokens.device.type, half=half):
            scores = own_scores(model, micro, forward, positions=micro.predict)
        return whole_cross_entropy(scores, micro.targets, micro.weights, dft=dft)
    with autocast(micro.tokens.device.type, half=half):
        hidden = hidden_states(model, micro, forward)
    return _formula_loss(model, micro, forward, hidden, half=half, dft=dft)


def _balanced_loss(
    model: Model, micro: MicroBatch, forward: Forward, half: bool, dft: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    own = forward.formula is None
    with autocast(micro.tokens.device.type, half=half):
        outputs = _run(model if own else model.base_model, model, micro, forward, output_router_logits=True)
    if own:
        scores = outputs.logits[0].index_select(0, micro.predict)
        summed, nll, hit = whole_cross_entropy(scores, micro.targets, micro.weights, dft=dft)
    else:
        summed, nll, hit = _formula_loss(model, micro, forward, outputs.last_hidden_state[0], half=half, dft=dft)
    config = model.config.get_text_config()
    balance = router_loss(outputs.router_logits, config, micro.documents, micro.predict, micro.weights)
    return summed + forward.balance * balance, nll, hit


def router_scores(model: Model, micro: MicroBatch, forward: Forward) -> object:
    """The router's scores of each layer; None where a model shows none."""
    return getattr(_run(model.base_model, model, micro, forward, output_router_logits=True), "router_logits", None)


def _formula_loss(
    model: Model, micro: MicroBatch, forward: Forward, states: torch.Tensor, *, half: bool, dft: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    assert forward.formula is not None
    hidden = states.index_select(0, micro.predict)
    head = model.get_output_embeddings()
    return weighted_cross_entropy(
        hidden.to(torch.bfloat16) if half else hidden,
        head.weight,
        micro.targets,
        micro.weights,
        bias=getattr(head, "bias", None),
        formula=forward.formula,
        dft=dft,
    )


def autocast(device: str, *, half: bool) -> AbstractContextManager[Any]:
    """The forward pass in bfloat16, or as the weights are."""
    return torch.autocast(device, dtype=torch.bfloat16) if half else nullcontext()
