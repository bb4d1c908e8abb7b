"""Which examples are longer than a limit: exactly those that a count of all finds, and mostly without counting."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from schemas.config import FreshModel
from training import shards, token_counts
from training.chat import ChatLayout
from training.encoder import Encoder
from training.fresh import fit_tokenizer
from training.token_counts import Lengths, _growth, bound_of
from training.world import World

ALONE = World(0, 1, torch.device("cpu"))
TEXTS = ["plain", "é" * 30, "क़" * 9, "ﷺ x", "$\\frac{1}{2}$ " * 12, "日本語" * 20, "a\u0301\u0327 b", "1 2 3" * 40]


@pytest.fixture(scope="module")
def examples(make_data, make_row, tmp_path_factory):
    """Texts of many scripts, thoughts, system turns, instructions of their own."""
    rows = []
    for number in range(60):
        row = make_row(number, ("cot", "pot", "tir")[number % 3])
        row["question"] += TEXTS[number % len(TEXTS)] * (1 + number % 4)
        if number % 4 == 0:
            row["segments"] = [{"kind": "think", "text": TEXTS[number % 7]}, *row["segments"]]
        if number % 5 == 0:
            row["instruction"] = "Say it in words. " + TEXTS[number % 6]
        if number % 7 == 0:
            row["system"] = "You are a teacher. " + TEXTS[number % 5]
        rows.append(row)
    return shards.open(make_data(tmp_path_factory.mktemp("texts") / "DATA", rows))


def layout_of(examples, *, normalizer=None, template=None):
    tokenizer = fit_tokenizer(examples, FreshModel(vocabulary=400), context=256)
    if normalizer:
        tokenizer.backend_tokenizer.normalizer = normalizer
    if template:
        tokenizer.chat_template = template
    return ChatLayout(tokenizer)


def lengths_of(encoder, key):
    return Lengths(encoder, bound_of(encoder.layout), keys=[key], world=ALONE)


@pytest.mark.parametrize("normalizer", [None, normalizers.NFC(), normalizers.NFKC()], ids=["none", "NFC", "NFKC"])
def test_no_example_has_more_tokens_than_its_bound(examples, normalizer):
    encoder = Encoder(examples, layout_of(examples, normalizer=normalizer), supervise_think=True)
    tokens = encoder(np.arange(60)).lengths
    bound = bound_of(encoder.layout)
    assert bound.growth == {None: 1, "NFC": 3, "NFKC": 11}[normalizer and type(normalizer).__name__]
    for index, example in enumerate(examples.rows(0, 60)):
        texts = [example.question, example.instruction or "", example.system or "", *(s.text for s in example.segments)]
        assert tokens[index] <= bound(sum(len(text.encode()) for text in texts), len(example.segments))


@pytest.mark.parametrize("limit", [16, 100, 180, 260, 400, 5000])
@pytest.mark.parametrize(
    "normalizer", [None, normalizers.NFC(), normalizers.Replace("Ada", "Ada Ada")], ids=["none", "NFC", "other"]
)
def test_the_long_ones_are_those_that_a_count_of_all_finds(examples, normalizer, limit):
    encoder = Encoder(examples, layout_of(examples, normalizer=normalizer), supervise_think=True)
    tokens = encoder(np.arange(60)).lengths
    rows, found = lengths_of(encoder, f"count {limit} {normalizer}").beyond(limit)
    assert rows.tolist() == np.flatnonzero(tokens > limit).tolist()
    assert found.tolist() == tokens[tokens > limit].tolist()


class _Counting(Encoder):
    counted = 0

    def _encode(self, indices):
        self.counted += len(indices)
        return super()._encode(indices)


def test_only_what_may_be_longer_is_counted_and_only_once(examples):
    encoder = _Counting(examples, layout_of(examples), supervise_think=True)
    first = lengths_of(encoder, "once").beyond(700)
    assert 0 < encoder.counted < 40
    once = encoder.counted
    lengths = lengths_of(encoder, "once")
    assert np.array_equal(lengths.beyond(700), first)
    assert encoder.counted == once
    lengths.beyond(450)
    assert once < encoder.counted <= 60
    lengths_of(encoder, "another").beyond(700)
    assert encoder.counted > 60 - once


def test_a_damaged_count_is_made_again(examples):
    encoder = _Counting(examples, layout_of(examples), supervise_think=True)
    lengths = lengths_of(encoder, "damaged")
    first, once = lengths.beyond(700), encoder.counted
    content = bytearray(lengths._paths[0].read_bytes())
    content[-40] ^= 1
    lengths._paths[0].write_bytes(content)
    assert np.array_equal(lengths_of(encoder, "damaged").beyond(700), first)
    assert encoder.counted == 2 * once


def test_a_cache_that_cannot_be_written_is_one_line(examples, monkeypatch, tmp_path, warnings_of):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    (tmp_path / "file").write_text("no folder")
    warned = warnings_of(token_counts)
    encoder = Encoder(examples, layout_of(examples), supervise_think=True)
    assert lengths_of(encoder, "nowhere").beyond(700).shape[0] == 2
    (line,) = warned
    assert line.endswith("cannot be kept (Not a directory): the next run counts again")


def test_the_longest_is_exact_where_a_boundary_lies_between(examples):
    encoder = _Counting(examples, layout_of(examples), supervise_think=True)
    tokens = encoder(np.arange(60)).lengths
    lengths, seen = lengths_of(encoder, "longest"), int(tokens[:5].max())
    lengths.beyond(10_000)
    encoder.counted = 0
    assert lengths.longest_within(10_000, seen=seen, boundaries=[5, 9000]) >= tokens.max()
    assert encoder.counted == 0
    assert lengths.longest_within(10_000, seen=seen, boundaries=[int(tokens.max()) - 1]) == tokens.max()
    assert 0 < encoder.counted < 60


def test_what_may_make_more_tokens_than_bytes_has_no_bound(examples):
    assert bound_of(layout_of(examples, normalizer=normalizers.Replace("Ada", "Ada Ada"))) is None
    assert bound_of(layout_of(examples)) is not None
    with_spaces = Tokenizer(models.BPE())
    with_spaces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    assert _growth(with_spaces) is None
    with_spaces.pre_tokenizer = pre_tokenizers.Metaspace()
    assert _growth(with_spaces) is None
    with_spaces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    assert _growth(with_spaces) == 1
    layout = layout_of(examples)
    layout.tokenizer.chat_template = (
        "{% for m in messages %}{% if m['role'] == 'assistant' %}<|assistant|>{{ m['content'] }}<|end|>"
        "{% else %}<|user|>{{ m['content'] }}{{ m['content'] }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}<|assistant|>{% endif %}"
    )
    assert bound_of(ChatLayout(layout.tokenizer)) is None


def test_a_mixture_finds_what_was_counted_for_its_parts(examples, make_data, make_row, tmp_path):
    others = make_data(tmp_path / "OTHERS", [make_row(number, "cot") for number in range(9)])
    folder = Path(examples.parts[0].name)
    layout = layout_of(examples)
    alone = _Counting(examples, layout, supervise_think=True)
    lengths_of(alone, "part").beyond(600)
    places = {"others": others, "part": folder}

    def mixed(*keys):
        """What counts of a mixture, whatever was counted for it, and the number of its tokens."""
        encoder = _Counting(shards.open(*(places[key] for key in keys)), layout, supervise_think=True)
        tokens = encoder(np.arange(69)).lengths
        encoder.counted = 0
        return encoder, Lengths(encoder, bound_of(layout), keys=list(keys), world=ALONE), tokens

    both, lengths, tokens = mixed("others", "part")
    assert lengths.beyond(600)[0].tolist() == np.flatnonzero(tokens > 600).tolist()
    assert both.counted == 0
    lengths.beyond(200)
    again, turned, tokens = mixed("part", "others")
    assert turned.beyond(200)[0].tolist() == np.flatnonzero(tokens > 200).tolist()
    assert again.counted == 0
    assert (both.counted, alone.counted) > (0, 0)
