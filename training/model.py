"""Models: Hugging Face in, Hugging Face out. Weights are float32 masters; the forward pass may run in bfloat16."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from schemas.exits import UserError
from training import attention
from training.untyped import Model, Tokenizer


def load_tokenizer(source: Path | str) -> Tokenizer:
    """Loads a tokenizer by name or folder.

    Raises:
        UserError: there is none.
    """
    from transformers import AutoTokenizer

    with _explained(source, "tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(str(source), padding_side="left")
    if not tokenizer.is_fast:
        raise UserError(f"{source}: its tokenizer has no fast version; convert it to tokenizer.json")
    return tokenizer


def load_model(source: Path | str, *, implementation: str = attention.NAME) -> Model:
    """Loads a causal language model with float32 weights.

    Args:
        source: Hugging Face name or folder.
        implementation: attention; documents of a pack apart by default.

    Raises:
        UserError: there is no such model, or it has no plain linear head.
    """
    from transformers import AutoModelForCausalLM

    attention.register()
    _hush()
    with _explained(source, "model"):
        model = AutoModelForCausalLM.from_pretrained(
            str(source), dtype=torch.float32, attn_implementation=implementation
        )
    head = model.get_output_embeddings()
    if head is None or getattr(head, "bias", None) is not None:
        raise UserError(f"{source}: its output layer is not a plain matrix, which the objective needs")
    return model


@contextmanager
def _explained(source: Path | str, what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise UserError(f"train.model {source}: no {what} could be loaded: {first}") from error


def export(
    model: Model, tokenizer: Tokenizer, folder: Path, *, stop_id: int, weights: dict[str, torch.Tensor] | None = None
) -> None:
    """Writes a folder that `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer` load, weights in float32.

    Args:
        model: the model.
        tokenizer: its tokenizer.
        folder: where to.
        stop_id: the token that ends a response.
        weights: whole weights by name; None takes the model's own.
    """
    from transformers import GenerationConfig

    stops = [stop_id]
    if tokenizer.eos_token_id not in (None, stop_id):
        stops.append(tokenizer.eos_token_id)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else stop_id
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=stops, pad_token_id=pad, do_sample=False
    )
    _hush()
    model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)


def parameter_count(model: Model) -> int:
    """Parameters, shared ones once."""
    return sum(parameter.numel() for parameter in model.parameters())


def _hush() -> None:
    """Transformers draws its own progress bars over ours otherwise."""
    from transformers.utils import logging

    logging.disable_progress_bar()
