"""What a finished run gives to others: RUN/model in the dtype of the model that it came from, and a push to the hub."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from schemas import hub
from schemas.config import Train
from schemas.exits import RunFailedError, UserError
from training.untyped import Model

_INDEX = "model.safetensors.index.json"


def source_dtype(config: Train) -> torch.dtype:
    """The dtype that the model which training begins with is kept in; float32 where nobody can tell any more."""
    from transformers import AutoConfig

    if config.export_dtype != "source":
        return getattr(torch, config.export_dtype)
    if not isinstance(config.model, str):
        return torch.float32
    try:
        dtype = AutoConfig.from_pretrained(config.model).get_text_config().dtype
    except (OSError, ValueError):
        return torch.float32
    return dtype if isinstance(dtype, torch.dtype) else torch.float32


def cast_folder(folder: Path, model: Model, dtype: torch.dtype) -> None:
    """Rewrites the float32 weights of an exported model in another dtype.

    Args:
        folder: an exported model.
        model: the same in memory: it says which weights must stay float32.
        dtype: float32 leaves the folder as it is.
    """
    if dtype == torch.float32:
        return
    stays = [name for group in _FULL for name in getattr(model, group, None) or ()]
    total = 0
    for path in folder.glob("*.safetensors"):
        tensors = {
            name: tensor.to(dtype) if tensor.dtype == torch.float32 and not any(s in name for s in stays) else tensor
            for name, tensor in load_file(path).items()
        }
        save_file(tensors, path, metadata={"format": "pt"})
        total += sum(tensor.nbytes for tensor in tensors.values())
    _rewrite(folder / "config.json", lambda table: _say_dtype(table, str(dtype).removeprefix("torch.")))
    if (folder / _INDEX).is_file():
        _rewrite(folder / _INDEX, lambda table: table["metadata"].update(total_size=total))


_FULL = ("_keep_in_fp32_modules", "_keep_in_fp32_modules_strict")


def _rewrite(path: Path, change: Any) -> None:  # noqa: ANN401  a function that changes a table in place
    table = json.loads(path.read_text(encoding="utf-8"))
    change(table)
    path.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _say_dtype(table: dict[str, Any], name: str) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _say_dtype(value, name)
        elif key == "dtype":
            table[key] = name


def require_hub(config: Train) -> None:
    """Refuses before step 1 what could not be pushed when the run has ended.

    Raises:
        UserError: the hub does not answer, or does not know who asks.
    """
    if config.push_to_hub is None:
        return
    from huggingface_hub import HfApi, constants
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError

    if constants.HF_HUB_OFFLINE or not hub.answers(constants.ENDPOINT):
        raise UserError("train.push_to_hub: the hub cannot be reached from here; leave it out and push RUN/model later")
    try:
        HfApi().whoami()
    except (LocalTokenNotFoundError, HfHubHTTPError) as error:
        raise UserError(
            f"train.push_to_hub: the hub does not know who asks ({str(error).splitlines()[0]}); run `hf auth login`, "
            "or set HF_TOKEN"
        ) from error


def push(config: Train, folder: Path) -> str | None:
    """Pushes an exported model to a private repository of the hub and returns its address; None where not asked.

    Raises:
        RunFailedError: it could not be pushed; the folder is whole all the same.
    """
    if config.push_to_hub is None:
        return None
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi()
    try:
        address = api.create_repo(config.push_to_hub, private=True, exist_ok=True)
        api.upload_folder(repo_id=config.push_to_hub, folder_path=folder, commit_message="A model trained by mathmill")
    except (HfHubHTTPError, OSError) as error:
        raise RunFailedError(
            f"{folder}: the model is whole and was not pushed to {config.push_to_hub} "
            f"({str(error).strip().splitlines()[0]}); push it with `hf upload {config.push_to_hub} {folder}`"
        ) from error
    return str(address)
