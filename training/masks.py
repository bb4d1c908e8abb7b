"""Proves masks and layout from the decoded text: another way than the one that made them."""

from collections.abc import Iterator, Sequence

from schemas.config import Train
from training.chat import ChatLayout
from training.encode import Encoded
from training.results import ProofLine, control
from training.shards import Example, Examples

MOST_ROWS = 512


def prove_masks(train: Train, examples: Examples, encoded: Encoded, layout: ChatLayout) -> Iterator[ProofLine]:
    """Whether the first rows begin as generation does, bear loss on what the model writes, and end with the stop."""
    count = min(len(encoded), MOST_ROWS)
    prefixes = texts = stops = 0
    worst = ""
    rows = examples.rows(0, count)
    for index, example in enumerate(rows):
        tokens, flags = encoded[index].tokens.tolist(), encoded[index].supervised.tolist()
        first = flags.index(1)
        asked = layout.encode([layout.prompt(example)], begins=True)[0]
        prefixes += tokens[: len(asked)] == asked and first >= len(asked)
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
    if layout.templated:
        yield from _prove_layout(rows, [encoded[index].tokens.tolist() for index in range(count)], layout)


def _prove_layout(rows: Sequence[Example], tokens: Sequence[list[int]], layout: ChatLayout) -> Iterator[ProofLine]:
    """Whether whole rows, stop token included, are what the template itself writes for the same turn."""
    dropped = [layout.turn(example.thinks).dropped for example in rows]
    kept = [(example, row) for example, row, drops in zip(rows, tokens, dropped, strict=True) if not drops]
    golds = [
        layout.decode_all(tokens)  # as the tokenizer spells it: Llama 2's writes a space behind control tokens
        for tokens in layout.encode([layout.as_template(example) for example, _ in kept], begins=True)
    ]
    texts = [layout.decode_all(row) for _, row in kept]
    bare = [text.removesuffix(layout.stop_token) for text in texts]
    stops = _agreeing(golds, texts) > 0
    same = _agreeing(golds, texts if stops else bare)  # a template may leave the end to the end-of-sequence token
    left = f"; {sum(dropped)} thoughts are left out by the template and stand between <think> tags"
    detail = f"{same} of {len(kept)} rows are what the chat template itself writes{left if any(dropped) else ''}"
    yield ProofLine("layout", same == len(kept), detail)
    plain = [f"User: {layout.asked(example)[1]}\n\nAssistant: " for example, _ in kept]
    yield control("another layout", not _agreeing(golds, plain))
    if stops:
        other = _another(layout)
        yield control("another stop token", not _agreeing(golds, [text + other for text in bare]))


def _agreeing(golds: Sequence[str], texts: Sequence[str]) -> int:
    """How many texts are what a whole conversation begins with, each with its own."""
    return sum(gold.startswith(text) for gold, text in zip(golds, texts, strict=True))


def _another(layout: ChatLayout) -> str:
    """A token that does not end turns here: the end-of-sequence token where that is another, as many trainers take."""
    eos = layout.tokenizer.eos_token_id
    chosen = eos if eos not in (None, layout.stop_id) else (layout.stop_id + 1) % len(layout.tokenizer)
    return str(layout.decode_all([chosen]))


def _written(tokens: Sequence[int], flags: Sequence[int], layout: ChatLayout) -> list[str]:
    """The text of each stretch that bears loss, the stop token aside."""
    stretches: list[list[int]] = []
    for position, (token, flag) in enumerate(zip(tokens[:-1], flags[:-1], strict=True)):
        if flag and (position == 0 or not flags[position - 1]):
            stretches.append([])
        if flag:
            stretches[-1].append(token)
    return [layout.decode_all(stretch) for stretch in stretches]


def _supervised_text(example: Example, layout: ChatLayout, supervise_think: bool) -> list[str]:
    stretches = layout.stretches(example, supervise_think=supervise_think)
    return [layout.uncut(text) for text, supervised in stretches if supervised]
