"""Does every example fit the context that it will be trained with? Tokens are counted only when a tokenizer is named.

Prompt and response are laid out as the contract says (schemas.prompts, schemas.transcript). A chat template adds some
tokens that depend on the model and are not counted, so this warns: the trainer decides.
"""

from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.exits import UserError, one_line
from schemas.problem import Format, Segment, SegmentKind
from schemas.prompts import prompt_of
from schemas.transcript import transcribe
from schemas.verdict import Check, Severity, Status
from schemas.wording import amount
from validation.dataset.check import MAX_IDS
from validation.dataset.facts import length_bins
from validation.dataset.tallies import Tally


@lru_cache(maxsize=1)
def load_tokenizer(name: str) -> Any:  # noqa: ANN401  tokenizers has no types
    """Loads a tokenizer from a folder with `tokenizer.json`, from such a file, or by its name on the hub.

    Raises:
        UserError: there is none, or it cannot be read.
    """
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise UserError("validate.tokenizer: the package tokenizers is not installed; leave the key null") from error

    path = Path(name) / "tokenizer.json" if Path(name).is_dir() else Path(name)
    try:
        return Tokenizer.from_file(str(path)) if path.is_file() else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises nothing more precise
        reason = one_line(str(error))[:160]
        raise UserError(f"validate.tokenizer: {name}: no tokenizer can be loaded: {reason}") from error


def tokenizer_digest(name: str) -> str:
    """A hash of all that a tokenizer is: two of one name need not be the same.

    Raises:
        UserError: as `load_tokenizer`.
    """
    return blake2b(load_tokenizer(name).to_str().encode(), digest_size=8).hexdigest()


def measure_lengths(chunk: pa.Table, tokenizer: str, context: int) -> tuple[Tally, Counter[int]]:
    """Counts the examples that are longer than the context, and all of them by bin of their tokens."""
    encoder = load_tokenizer(tokenizer)
    rows = chunk.select(["id", "system", "question", "format", "language", "instruction", "segments"]).to_pylist()
    texts = [text for row in rows for text in _texts(row)]
    parts = [len(encoding.ids) for encoding in encoder.encode_batch(texts, add_special_tokens=False)]
    lengths = np.array(parts, np.int64).reshape(-1, 2).sum(axis=1) + 1  # the stop token
    long = sorted(str(row["id"]) for row, length in zip(rows, lengths, strict=True) if length > context)
    return Tally(len(rows), 0, len(long), tuple(long[:MAX_IDS])), length_bins(lengths)


def _texts(row: dict[str, Any]) -> tuple[str, str]:
    kinds, formats = {kind.value for kind in SegmentKind}, {form.value for form in Format}
    segments = [
        Segment(SegmentKind(segment["kind"]), segment["text"] or "")
        for segment in row["segments"]
        if segment["kind"] in kinds
    ]
    form = Format(row["format"]) if row["format"] in formats else Format.COT
    prompt = prompt_of(row["question"] or "", form, row["language"] or "en", row["instruction"])
    return "\n\n".join(filter(None, (row["system"], prompt))), transcribe(segments).response


def check_lengths(tally: Tally, *, tokenizer: str | None, context: int, rows: int) -> Check:
    """Draws the verdict on lengths."""
    check = Check(
        name="lengths_fit_context",
        group="facts",
        status=Status.PASSED,
        severity=Severity.WARNING,
        detail=f"every example fits into {context:,} tokens",
        checked=tally.rows,
        unexpected=tally.unexpected,
        ids=list(tally.ids),
    )
    if tokenizer is None:
        detail = "no `validate.tokenizer` is named: tokens were not counted"
        return check.model_copy(update={"status": Status.NOT_CHECKED, "detail": detail})
    if tally.unexpected or tally.rows != rows:
        detail = (
            f"{amount(tally.unexpected, 'example')} longer than {context:,} tokens ({tally.rows:,} of {rows:,} counted)"
        )
        return check.model_copy(update={"status": Status.WARNING, "detail": detail})
    return check
