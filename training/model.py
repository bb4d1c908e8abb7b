"""Models: Hugging Face in, Hugging Face out. Weights are float32 masters; the forward pass may run in bfloat16."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from schemas import hub
from schemas.exits import UserError
from training.adapters import patterns_unheard
from training.sealed import require_whole
from training.untyped import Model, Tokenizer


def load_tokenizer(source: Path | str, *, template: str | None = None, option: str = "train.model") -> Tokenizer:
    """Loads a tokenizer by name or folder.

    Args:
        source: Hugging Face name or folder.
        template: a file that holds a chat template; None takes the tokenizer's own.
        option: where the user named it.

    Raises:
        UserError: there is none.
        RunFailedError: it is one that a run exported, and not as it was written.
    """
    from transformers import AutoTokenizer

    require_whole(Path(source), weights=False)
    with _explained(source, "tokenizer", option):
        local = _local_only(str(source))
        tokenizer = AutoTokenizer.from_pretrained(str(source), padding_side="left", local_files_only=local)
    if not tokenizer.is_fast:
        raise UserError(f"{source}: its tokenizer has no fast version; convert it to tokenizer.json")
    if template is not None:
        try:
            tokenizer.chat_template = Path(template).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"train.chat_template {template}: cannot be read: {error}") from error
    return tokenizer


def load_model(source: Path | str, *, option: str = "train.model", hollow: bool = False) -> Model:
    """Loads a causal language model with float32 weights and the attention that transformers gives it.

    Args:
        source: Hugging Face name or folder.
        option: where the user named it.
        hollow: its weights are to come from another rank: they have a place, and nothing stands there.

    Raises:
        UserError: there is no such model.
        RunFailedError: it is one that a run exported, and not as it was written.
    """
    from transformers import AutoConfig, AutoModelForCausalLM
    from transformers.initialization import no_init_weights

    _hush()
    if not hollow:
        require_whole(Path(source))
    with _explained(source, "model", option):
        local = _local_only(str(source))
        if hollow:
            config = AutoConfig.from_pretrained(str(source), local_files_only=local)
            with no_init_weights():
                model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
            model.tie_weights()
        else:
            with patterns_unheard():
                model = AutoModelForCausalLM.from_pretrained(str(source), dtype=torch.float32, local_files_only=local)
    _keep_scale(model)
    return model


def _keep_scale(model: Model) -> None:
    """RWKV divides weights in place when it leaves training, against overflow in float16: they would be exported so.

    Its base reads a config of its own, so the one that is exported still says so.
    """
    if getattr(model.config, "rescale_every", 0):
        model.base_model.config = copy(model.config)
        model.base_model.config.rescale_every = 0


@contextmanager
def _explained(source: Path | str, what: str, option: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        first = str(error).strip().splitlines()[0]
        raise UserError(f"{option} {source}: no {what} could be loaded: {first}") from error


def _local_only(source: str) -> bool:
    """Whether a model is to be read from this machine: a folder, or from the cache where the hub cannot be reached.

    The loaders would find out too, but by half a minute of retries, each of which they tell.

    Raises:
        FileNotFoundError: neither a folder nor to be had from the hub or its cache.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    if Path(source).is_dir():
        return True
    if source.startswith((".", "/", "~")) or source.count("/") > 1:  # never a name of the hub's
        raise FileNotFoundError("no such folder")
    if not constants.HF_HUB_OFFLINE and hub.answers(constants.ENDPOINT):
        return False
    if not isinstance(try_to_load_from_cache(source, "config.json"), str):
        raise FileNotFoundError("no such folder, and the hub of models cannot be reached")
    return True


def export(
    model: Model, tokenizer: Tokenizer, folder: Path, *, stop_id: int, weights: dict[str, torch.Tensor] | None = None
) -> None:
    """Writes a folder that `AutoModelForCausalLM.from_pretrained` and `AutoTokenizer` load, weights in float32.

    Of a model with adapters they are what is written; the folder names its base.

    Args:
        model: the model.
        tokenizer: its tokenizer.
        folder: where to.
        stop_id: the token that ends a response.
        weights: whole weights by name; None takes the model's own.
    """
    model.generation_config = _generation_config(model, tokenizer, stop_id)
    _hush()
    model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)


def stop_ids(model: Model, tokenizer: Tokenizer, stop_id: int) -> list[int]:
    """Every token that ends a response: the layout's, the model's own by its generation config, the tokenizer's."""
    own = getattr(model.generation_config, "eos_token_id", None)
    listed = [stop_id, *(own if isinstance(own, list) else [own]), tokenizer.eos_token_id]
    return list(dict.fromkeys(token for token in listed if token is not None))


def _generation_config(model: Model, tokenizer: Tokenizer, stop_id: int) -> Any:  # noqa: ANN401
    """The model's own, with the stop tokens added; without its sampling where that contradicts itself."""
    from transformers import GenerationConfig

    stops = stop_ids(model, tokenizer, stop_id)
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else stop_id
    own = copy(model.generation_config) or GenerationConfig(bos_token_id=tokenizer.bos_token_id, do_sample=False)
    own.eos_token_id = stops
    own.pad_token_id = pad if own.pad_token_id is None else own.pad_token_id
    try:
        own.validate(strict=True)
    except ValueError:
        return GenerationConfig(bos_token_id=own.bos_token_id, eos_token_id=stops, pad_token_id=own.pad_token_id)
    return own


def parameter_count(model: Model) -> int:
    """Parameters, shared ones once."""
    return sum(parameter.numel() for parameter in model.parameters())


def _hush() -> None:
    """Transformers draws its own progress bars over ours otherwise, and warns of what the probe finds out."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
