"""Masks: who wrote a token decides whether it bears loss."""

import numpy as np
import pytest
from tokenizers import Tokenizer, models

from schemas.config import FreshModel
from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from training import shards
from training.chat import ChatLayout
from training.encode import encode, encoding_key, joined
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


def test_examples_are_joined_and_counted(layout):
    rows = encode([TIR, TIR], layout, supervise_think=True)
    encoded = joined(rows)
    assert len(encoded) == 2
    assert encoded.lengths.tolist() == [len(rows[0].tokens)] * 2
    assert encoded.supervised_lengths.tolist() == [int(rows[0].supervised.sum())] * 2
    assert np.array_equal(encoded[1].tokens, rows[1].tokens)
    assert joined([]).supervised_lengths.tolist() == []


def test_a_text_that_the_tokenizer_refuses_is_named_by_its_example(layout):
    only_ones = Tokenizer(models.WordLevel({"1": 0, "<|end|>": 1}, unk_token="?"))
    narrow = ChatLayout(layout.tokenizer)
    narrow.__dict__["_backend"] = only_ones  # at the boundary to a foreign library
    fine = example(("text", "1"), form=Format.COT)
    with pytest.raises(UserError, match=r"example e1: the tokenizer refuses its text \(WordLevel error: Missing"):
        encode([fine, TIR], narrow, supervise_think=True)


def test_what_an_encoding_depends_on_has_a_name(layout):
    keys = {
        encoding_key(marks, layout, split=split, supervise_think=think)
        for marks in (["a"], ["a", "b"])
        for split in ("train", "heldout")
        for think in (True, False)
    }
    assert len(keys) == 8
