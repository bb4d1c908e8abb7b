"""Examples -> tokens and masks: a pure function of the text, the tokenizer and the layout, whoever calls it and when.

The mask comes from schemas.transcript: the prompt, tool outputs and their closing fences bear no loss; the opening
output fence and the stop token do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from schemas.exits import UserError
from training.chat import ChatLayout
from training.shards import Example


@dataclass(frozen=True, slots=True)
class EncodedExample:
    """tokens[L] and supervised[L] of one example; the first token is never supervised."""

    tokens: NDArray[np.int32]
    supervised: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Examples as flat arrays: tokens and supervised flags one after another, and where each example begins."""

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
        """|o| of each example: the tokens that bear loss. An example has at least one token."""
        if not len(self):
            return np.empty(0, np.int64)
        return np.add.reduceat(self.supervised, self.offsets[:-1], dtype=np.int64)


def joined(examples: Sequence[EncodedExample]) -> Encoded:
    """Lays examples one after another."""
    offsets = np.concatenate([[0], np.cumsum([len(example.tokens) for example in examples], dtype=np.int64)])
    empty = EncodedExample(np.empty(0, np.int32), np.empty(0, np.uint8))
    parts = [empty, *examples]
    tokens, supervised = (np.concatenate([getattr(part, name) for part in parts]) for name in ("tokens", "supervised"))
    return Encoded(tokens, supervised, offsets)


def encode(examples: list[Example], layout: ChatLayout, *, supervise_think: bool) -> list[EncodedExample]:
    r"""Encodes a batch of examples.

    Worked example (TIR): prompt 000, `We add.\n```python...```output\n` 111, `12\n```\n` 000, `So 12.` 111, stop 1.

    Raises:
        UserError: the layout puts the stop token inside a response, or the tokenizer refuses a text: of which example.
    """
    try:
        return _encode(examples, layout, supervise_think=supervise_think)
    except UserError:
        raise
    except Exception as error:  # tokenizers has no error of its own: it raises plain Exception
        if len(examples) > 1:
            return [encode([example], layout, supervise_think=supervise_think)[0] for example in examples]
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise UserError(f"example {examples[0].id}: the tokenizer refuses its text ({why}); remove it") from error


def _encode(examples: list[Example], layout: ChatLayout, *, supervise_think: bool) -> list[EncodedExample]:
    prompts = layout.encode([layout.prompt(example) for example in examples], begins=True)
    stretches = [list(layout.stretches(example, supervise_think=supervise_think)) for example in examples]
    pieces = iter(layout.encode([text for response in stretches for text, _ in response]))
    return [
        _join(example, prompt, [(next(pieces), supervised) for _, supervised in response], layout)
        for example, prompt, response in zip(examples, prompts, stretches, strict=True)
    ]


def _join(
    example: Example, prompt: list[int], response: list[tuple[list[int], bool]], layout: ChatLayout
) -> EncodedExample:
    tokens = list(prompt)
    mask = [0] * len(prompt)
    for piece, flag in response:
        if layout.stop_id in piece:
            raise UserError(
                f"example {example.id}: its layout holds the stop token {layout.stop_token!r} inside the response, so "
                "the model would learn to stop there; give another template by train.chat_template"
            )
        tokens += piece
        mask += [int(flag)] * len(piece)
    tokens.append(layout.stop_id)
    mask.append(1)
    return EncodedExample(np.array(tokens, np.int32), np.array(mask, np.uint8))


def encoding_key(fingerprints: Sequence[str], layout: ChatLayout, *, split: str, supervise_think: bool) -> str:
    """A name for what an encoding depends on: data, tokenizer, template, layout."""
    facts = ["layout 4", *fingerprints, split, layout.digest, str(supervise_think)]
    return sha256("\0".join(facts).encode()).hexdigest()
