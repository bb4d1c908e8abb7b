"""Proves masks from the decoded text: another way than the one that made them."""

from collections.abc import Iterator, Sequence

from schemas.config import Train
from schemas.transcript import transcribe
from training.chat import ChatLayout
from training.encode import Encoded
from training.results import ProofLine
from training.shards import Example, Examples

_ROWS = 512


def prove_masks(train: Train, examples: Examples, encoded: Encoded, layout: ChatLayout) -> Iterator[ProofLine]:
    """Whether the first rows begin as generation does, bear loss on what the model writes, and end with the stop."""
    count = min(len(examples), _ROWS)
    prefixes = texts = stops = 0
    worst = ""
    for index, example in enumerate(examples.rows(0, count)):
        tokens, flags = encoded[index].tokens.tolist(), encoded[index].supervised.tolist()
        first = flags.index(1)
        asked = layout.prompt(example)
        prompt = layout.encode([asked])[0]
        prefixes += tokens[:first] == prompt
        right = _written(tokens, flags, layout) == _supervised_text(example, layout, train.supervise_think)
        texts += right
        worst = worst or ("" if right else f"; the first that is not: {example.id}")
        stops += tokens[-1] == layout.stop_id and flags[-1] == 1
    yield ProofLine(
        "prompt", prefixes == count, f"{prefixes} of {count} rows begin with generation's prefix, token for token"
    )
    yield ProofLine(
        "mask", texts == count, f"in {texts} of {count} rows loss lies on what the model writes, no more{worst}"
    )
    yield ProofLine("stop token", stops == count, f"{layout.stop_token} ends and bears loss in {stops} of {count} rows")


def _written(tokens: Sequence[int], flags: Sequence[int], layout: ChatLayout) -> list[str]:
    """The text of each stretch that bears loss, the stop token aside."""
    stretches: list[list[int]] = []
    for position, (token, flag) in enumerate(zip(tokens[:-1], flags[:-1], strict=True)):
        if flag and (position == 0 or not flags[position - 1]):
            stretches.append([])
        if flag:
            stretches[-1].append(token)
    return [layout.decode(stretch) for stretch in stretches]


def _supervised_text(example: Example, layout: ChatLayout, supervise_think: bool) -> list[str]:
    transcript = transcribe(example.segments, supervise_think=supervise_think)
    stretches: list[str] = [layout.lead] if layout.lead else []
    before = bool(layout.lead)
    for span in transcript.spans:
        text = transcript.response[span.start : span.end]
        if span.supervised and before:
            stretches[-1] += text
        elif span.supervised:
            stretches.append(text)
        before = span.supervised
    return [text for text in stretches if text]
