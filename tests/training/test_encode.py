"""Masks: who wrote a token decides whether it bears loss."""

import numpy as np
import pytest

from schemas.config import FreshModel
from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from training import shards
from training.admit import admit
from training.chat import ChatLayout
from training.encode import Encoded, encode, encode_all, encoding_key
from training.fresh import fit_tokenizer
from training.shards import Example


@pytest.fixture(scope="module")
def layout(data):
    return ChatLayout(fit_tokenizer(shards.open(data), FreshModel(vocabulary=400), context=256))


def example(*segments, form=Format.TIR):
    parts = tuple(Segment(SegmentKind(kind), text) for kind, text in segments)
    return Example("e1", "p1", "What is 3 + 4?", form, parts, "7", "en", "hand")


def stretches(layout, one):
    """The example's text as (text, bears loss) stretches, the stop token written out."""
    told = []
    for token, flag in zip(one.tokens.tolist(), one.supervised.tolist(), strict=True):
        if not told or told[-1][1] != bool(flag):
            told.append(([], bool(flag)))
        told[-1][0].append(token)
    return [(layout.tokenizer.decode(tokens), flag) for tokens, flag in told]


TIR = example(("text", "We add."), ("code", "print(3 + 4)"), ("output", "7"), ("text", "The answer is \\boxed{7}."))


def test_tool_output_and_its_closing_fence_bear_no_loss_but_the_opening_fence_and_the_stop_token_do(layout):
    (one,) = encode([TIR], layout, supervise_think=True)
    prompt, *response = stretches(layout, one)
    assert prompt[0].startswith("<|begin|><|user|>What is 3 + 4?\nPlease integrate")
    assert prompt[0].endswith("<|assistant|>")
    assert not prompt[1]
    assert response == [
        ("We add.\n```python\nprint(3 + 4)\n```\n```output\n", True),
        ("7\n```\n", False),
        ("The answer is \\boxed{7}.<|end|>", True),
    ]


def test_thoughts_bear_loss_unless_the_config_says_no(layout):
    thought = example(("think", "3 and 4 make 7"), ("text", "\\boxed{7}"), form=Format.COT)
    (on,) = encode([thought], layout, supervise_think=True)
    (off,) = encode([thought], layout, supervise_think=False)
    assert [flag for _, flag in stretches(layout, on)] == [False, True]
    assert stretches(layout, off)[-1] == ("\\boxed{7}<|end|>", True)
    assert stretches(layout, off)[0][0].endswith("</think>\n")


def test_training_continues_exactly_the_prefix_that_generation_gives(layout):
    (one,) = encode([TIR], layout, supervise_think=True)
    prompt = layout.encode([layout.prompt(TIR)])[0]
    written = layout.encode(["We add.\n```python\nprint(3 + 4)\n```\n```output\n"])[0]
    said = layout.encode(["7\n```\n"])[0]
    start = prompt + written + said
    assert one.tokens.tolist()[: len(start)] == start


def test_digits_are_tokens_of_their_own(layout):
    tokens = layout.encode(["1024"])[0]
    assert [layout.decode([token]) for token in tokens] == ["1", "0", "2", "4"]


def test_a_solution_that_writes_the_stop_token_as_text_ends_once(layout):
    (row,) = encode([example(("text", "7<|end|>8"), form=Format.COT)], layout, supervise_think=True)
    assert row.tokens.tolist().count(layout.stop_id) == 1
    assert layout.decode_all(row.tokens).endswith("7<|end|>8<|end|>")


class _Tokenizer:
    """A tokenizer at the process boundary: only what ChatLayout asks for."""

    name_or_path = "bare"
    chat_template = None
    eos_token_id = None
    bos_token = None


def test_a_tokenizer_without_a_stop_token_is_refused():
    with pytest.raises(UserError, match="bare: a tokenizer without a stop token"):
        ChatLayout(_Tokenizer())


def test_without_a_template_the_layout_is_deepseekmaths(layout):
    tokenizer = layout.tokenizer.__class__(
        tokenizer_object=layout.tokenizer.backend_tokenizer, eos_token="<|end|>", bos_token="<|begin|>"
    )
    plain = ChatLayout(tokenizer)
    (one,) = encode([example(("text", "\\boxed{7}"), form=Format.COT)], plain, supervise_think=True)
    text = tokenizer.decode(one.tokens)
    assert text.startswith("<|begin|>User: What is 3 + 4?\n")
    assert text.endswith("\n\nAssistant: \\boxed{7}<|end|>")
    assert stretches(plain, one)[-1] == (" \\boxed{7}<|end|>", True)


def test_encoding_is_cached_by_what_it_depends_on(layout, data, tmp_path):
    examples = shards.open(data)
    key = encoding_key(examples, layout, split="train", supervise_think=True)
    first = encode_all(examples, layout, tmp_path, key=key, supervise_think=True)
    stamp = (tmp_path / "tokens.bin").stat().st_mtime_ns
    again = encode_all(examples, layout, tmp_path, key=key, supervise_think=True)
    assert (tmp_path / "tokens.bin").stat().st_mtime_ns == stamp
    assert np.array_equal(first.tokens, again.tokens)
    assert len(first) == 48
    assert first.supervised_lengths[0] == first[0].supervised.sum()
    (tmp_path / "supervised.bin").write_bytes(b"\1" * (tmp_path / "supervised.bin").stat().st_size)
    mended = encode_all(examples, layout, tmp_path, key=key, supervise_think=True)
    assert np.array_equal(mended.supervised, first.supervised)
    assert not mended.supervised.all()


def lengths_of(*lengths):
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Encoded(np.zeros(offsets[-1], np.int32), np.ones(offsets[-1], np.uint8), offsets)


def test_long_examples_are_refused_or_dropped_by_name_and_never_cut():
    encoded = lengths_of(10, 16, 17, 40, 9)
    with pytest.raises(UserError, match=r"2 of 5 examples are longer than train.context 16 \(1 of 17 to 32 tokens, 1"):
        admit(encoded, encoded.supervised_lengths, context=16, long_rows="refuse")
    enters, dropped = admit(encoded, encoded.supervised_lengths, context=16, long_rows="drop")
    assert enters.tolist() == [True, True, False, False, True]
    assert dropped == {"17 to 32 tokens": 1, "33 to 64 tokens": 1}


def test_a_context_shorter_than_most_rows_is_refused_even_when_long_rows_are_dropped():
    encoded = lengths_of(10, 20, 30)
    with pytest.raises(UserError, match=r"that is most of the data; set train.context to 30"):
        admit(encoded, encoded.supervised_lengths, context=16, long_rows="drop")


def test_an_example_without_supervised_tokens_is_refused():
    encoded = lengths_of(4, 5)
    told = r"1 of 2 examples have no supervised token \(1 of 5 to 8 tokens; the first is example 1 of the train split\)"
    with pytest.raises(UserError, match=told):
        admit(encoded, np.array([4, 0]), context=16, long_rows="refuse")
