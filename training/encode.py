"""Examples -> tokens and masks, once per (data, tokenizer, layout), into flat files that every rank maps.

    tokens.bin       int32[T]      every example's tokens, one after another
    supervised.bin   uint8[T]      1 where the token bears loss
    offsets.bin      int64[n + 1]  where each example begins
    index.json       written last: the key of what was encoded, and the hashes of the three

The mask comes from schemas.transcript: the prompt, tool outputs and their closing fences bear no loss; the opening
output fence and the stop token do.
"""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.exits import UserError
from schemas.files import write_text
from schemas.manifest import sha256_of
from training.chat import ChatLayout
from training.shards import Example, Examples

_BATCH = 1024
_FILES = {"tokens.bin": np.int32, "supervised.bin": np.uint8, "offsets.bin": np.int64}
_INDEX = "index.json"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """tokens[L] and supervised[L] of one example; the first token is never supervised."""

    tokens: NDArray[np.int32]
    supervised: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Encoded:
    """All examples of a split as flat arrays."""

    tokens: NDArray[np.int32]
    supervised: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> EncodedExample:
        start, stop = self.offsets[index], self.offsets[index + 1]
        return EncodedExample(self.tokens[start:stop], self.supervised[start:stop])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each example, prompt included."""
        return np.diff(self.offsets)

    @property
    def supervised_lengths(self) -> NDArray[np.int64]:
        """|o| of each example: the tokens that bear loss."""
        sums = np.concatenate([[0], np.cumsum(self.supervised, dtype=np.int64)])
        return np.diff(sums[self.offsets])


def encode(examples: list[Example], layout: ChatLayout, *, supervise_think: bool) -> list[EncodedExample]:
    r"""Encodes a batch of examples.

    Worked example (TIR): prompt 000, `We add.\n```python...```output\n` 111, `12\n```\n` 000, `So 12.` 111, stop 1.

    Raises:
        UserError: the layout puts the stop token inside a response.
    """
    texts: list[str] = []
    runs: list[list[bool]] = []
    for example in examples:
        texts.append(layout.prompt(example))
        flags = [False]
        for text, supervised in layout.stretches(example, supervise_think=supervise_think):
            texts.append(text)
            flags.append(supervised)
        runs.append(flags)
    pieces = iter(layout.encode(texts))
    return [_join(example, flags, pieces, layout) for example, flags in zip(examples, runs, strict=True)]


def _join(example: Example, flags: list[bool], pieces: Iterator[list[int]], layout: ChatLayout) -> EncodedExample:
    tokens: list[int] = []
    mask: list[int] = []
    for position, flag in enumerate(flags):
        piece = next(pieces)
        if position and layout.stop_id in piece:
            raise UserError(
                f"example {example.id}: its layout holds the stop token {layout.stop_token!r} inside the response, so "
                "the model would learn to stop there; give another template by train.chat_template"
            )
        tokens += piece
        mask += [int(flag)] * len(piece)
    tokens.append(layout.stop_id)
    mask.append(1)
    return EncodedExample(np.array(tokens, np.int32), np.array(mask, np.uint8))


def encode_all(
    examples: Examples, layout: ChatLayout, folder: Path, *, key: dict[str, str], supervise_think: bool
) -> Encoded:
    """Encodes a split into `folder`, or maps what an earlier call with the same key left there whole."""
    if (found := open_encoded(folder, key=key)) is not None:
        return found
    if (folder / _INDEX).is_file() and _key_in(folder) in (key, None):
        logger.warning("%s: what was encoded earlier is damaged; it is encoded again", folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _INDEX).unlink(missing_ok=True)
    offsets = [0]
    with (folder / "tokens.bin").open("wb") as tokens, (folder / "supervised.bin").open("wb") as supervised:
        for start in range(0, len(examples), _BATCH):
            rows = examples.rows(start, min(start + _BATCH, len(examples)))
            for one in encode(rows, layout, supervise_think=supervise_think):
                tokens.write(one.tokens.tobytes())
                supervised.write(one.supervised.tobytes())
                offsets.append(offsets[-1] + len(one.tokens))
    (folder / "offsets.bin").write_bytes(np.array(offsets, np.int64).tobytes())
    index = {"key": key, "sha256": {name: sha256_of(folder / name) for name in _FILES}}
    write_text(folder / _INDEX, json.dumps(index, indent=1) + "\n")
    encoded = open_encoded(folder, key=key)
    assert encoded is not None, folder
    return encoded


def open_encoded(folder: Path, *, key: dict[str, str]) -> Encoded | None:
    """Maps an earlier encoding; None when it is of something else, incomplete, or its bytes changed."""
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        if index["key"] != key or any(sha256_of(folder / name) != index["sha256"][name] for name in _FILES):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Encoded(**{name.removesuffix(".bin"): _map(folder / name, kind) for name, kind in _FILES.items()})


def _key_in(folder: Path) -> Any:  # noqa: ANN401  whatever an index holds; None when it cannot be read
    try:
        return json.loads((folder / _INDEX).read_text(encoding="utf-8"))["key"]
    except (ValueError, KeyError, TypeError):
        return None


def encoding_key(examples: Examples, layout: ChatLayout, *, split: str, supervise_think: bool) -> dict[str, str]:
    """What an encoding depends on."""
    tokenizer = layout.tokenizer.backend_tokenizer.to_str() + str(layout.tokenizer.chat_template)
    return {
        "layout": "3",
        "data": " ".join(examples.fingerprints),
        "split": split,
        "tokenizer": sha256(tokenizer.encode()).hexdigest(),
        "stop": str(layout.stop_id),
        "supervise_think": str(supervise_think),
    }


def _map(path: Path, kind: type) -> NDArray[Any]:
    if path.stat().st_size == 0:
        return np.empty(0, kind)
    return np.asarray(np.memmap(path, kind, mode="r"))  # a plain view: slicing a memmap object is slow
