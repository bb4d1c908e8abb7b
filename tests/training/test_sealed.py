"""Weights and tokenizer are taken as they were written or not at all; what was edited is told; others' pass."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.exits import RunFailedError
from tests.training.models import small_model
from training.model import load_model
from training.sealed import CHECKSUMS, require_whole, seal


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) * 7 // 10] ^= 0x40
    path.write_bytes(content)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {}}}')
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    (tmp_path / "README.md").write_text("a card")
    seal(tmp_path)
    return tmp_path


def whole(folder: Path) -> None:
    """As a verb that loads both looks at a model."""
    require_whole(folder, weights=False)
    require_whole(folder)


DAMAGE = {
    "weights": ("model.safetensors", flip),
    "weights cut": ("model.safetensors", lambda path: os.truncate(path, 100)),
    "weights gone": ("model.safetensors", Path.unlink),
    "tokenizer": ("tokenizer.json", flip),
    "its seal": (CHECKSUMS, lambda path: path.write_text("{")),
    "no seal at all": (CHECKSUMS, lambda path: path.write_text("[]")),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_not_as_it_was_written_is_told_in_one_line(sealed: Path, what: str) -> None:
    whole(sealed)
    name, spoil = DAMAGE[what]
    spoil(sealed / name)
    with pytest.raises(RunFailedError, match=f"{name} is not as it was written") as told:
        whole(sealed)
    assert "\n" not in str(told.value)


def test_a_card_may_be_edited_and_a_folder_without_a_seal_passes(sealed: Path) -> None:
    (sealed / "README.md").write_text("another card")
    whole(sealed)
    (sealed / CHECKSUMS).unlink()
    flip(sealed / "model.safetensors")
    whole(sealed)


@pytest.mark.parametrize("edit", [lambda path: path.write_text("{{ other }}"), Path.unlink])
def test_a_chat_template_that_was_edited_is_told_and_taken(
    sealed: Path, edit: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    whole(sealed)
    assert not caplog.messages
    edit(sealed / "chat_template.jinja")
    whole(sealed)
    assert caplog.messages == [f"{sealed}: chat_template.jinja is not as the run wrote it; it is taken as it is now"]


def test_no_verb_loads_weights_with_a_flipped_byte(tmp_path: Path) -> None:
    small_model().save_pretrained(tmp_path)
    seal(tmp_path)
    load_model(tmp_path)
    flip(tmp_path / "model.safetensors")
    with pytest.raises(RunFailedError, match=r"model\.safetensors is not as it was written"):
        load_model(tmp_path)
