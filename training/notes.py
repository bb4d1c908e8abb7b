"""What a user is told before step 1 about how this model is run: what is slower than it could be, and what is off."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.config import Train
from training.adapters import passed_over
from training.forward import Forward
from training.turn_layout import DAY, writes_the_day
from training.untyped import Model, Tokenizer


def notes_of(config: Train, model: Model, forward: Forward, lengths: NDArray[np.int64]) -> tuple[str, ...]:
    """One line a matter.

    Args:
        config: the table `train`.
        model: as it is trained.
        forward: how it is run.
        lengths: tokens of the examples that enter.
    """
    notes = [f"isolation of documents checked in {forward.checked}"] if forward.checked else []
    if len(config.phases) > 1:
        parts = (f"{phase.objective} for {phase.share:.0%} of the steps" for phase in config.phases)
        notes.append(f"objectives: {', then '.join(parts)}; what follows is of the last")
    if not forward.packed:
        fit = max(1.0, config.capacity / float(lengths.mean()))
        notes.append(f"one document a row, exact by construction, because: {forward.why[0]}")
        notes.append(
            f"its price: {fit:.1f} times as many forward passes as packs of {config.capacity:,} tokens would need"
        )
    if forward.formula is None:
        notes.append(f"the model computes all scores of a row at once, more memory, because: {forward.why[-1]}")
    if rates := _dropout_of(model.config):
        state = "on (train.dropout)" if config.dropout else "off; train.dropout turns it on"
        notes.append(f"dropout of the model's config ({', '.join(rates)}) is {state}")
    if config.router_loss or _has_router(model.config):
        on = f"on, {config.router_loss:g} times its mean over examples, and in no figure"
        state = on if config.router_loss else "off: J_SFT alone is optimised"
        notes.append(f"the router's auxiliary loss is {state}")
    if config.lora is not None and (bare := passed_over(model)):
        kinds = ", ".join(sorted({name.rpartition(".")[2] for name in bare}))
        notes.append(f"{kinds}: {len(bare)} layers bear no adapter, for the model's own code goes past it")
    return tuple(notes)


def notes_on_template(tokenizer: Tokenizer) -> tuple[str, ...]:
    """What stands in the place of today, where the chat template asks for it."""
    if not (tokenizer.chat_template and writes_the_day(tokenizer)):
        return ()
    return (f"the chat template asks for today's date: {DAY:%d %B %Y} stands in every prompt, so tokens stay the same",)


def _dropout_of(model_config: Any) -> list[str]:  # noqa: ANN401
    """The rates in a model's config that are not 0, such as `attention_dropout 0.1`."""
    table = model_config.get_text_config().to_dict()
    rates = {key: value for key, value in table.items() if "drop" in key or key.endswith("_jitter_noise")}
    return [f"{key} {value:g}" for key, value in rates.items() if isinstance(value, float) and value > 0]


def _has_router(model_config: Any) -> bool:  # noqa: ANN401
    """Whether the model is a mixture of experts with a loss on its router."""
    table = model_config.get_text_config().to_dict()
    return any(table.get(name) for name in ("router_aux_loss_coef", "aux_loss_alpha", "router_z_loss_coef"))
