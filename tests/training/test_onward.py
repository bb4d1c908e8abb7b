"""Tokenizers that write a space before the first word: stretches keep their text, rows are proven, models are asked."""

import json

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from schemas.problem import Format, Segment, SegmentKind
from tests.training.models import small_run, tiny_model
from training import shards
from training.chat import ChatLayout
from training.encode import encode
from training.onward import onward
from training.prove import prove
from training.shards import Example
from training.train import train

SPELT = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
STRIPPED = decoders.Sequence([*SPELT, decoders.Strip(" ", 1, 0)])
INSTRUCT = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] + eos_token }}{% endif %}{% endfor %}"
)
TURNS = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + ' <|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
KINDS = ["always", "first", "never", "Llama 2"]
STRETCHES = ["We add.\n```output\n", "12\n```\n", " So  12,\n\té ∑ 12."]
ROW = Example(
    "e1",
    "p1",
    "1 + 1?",
    Format.TIR,
    (
        Segment(SegmentKind.TEXT, "Run it."),
        Segment(SegmentKind.CODE, "for i in range(2):\n    print(i + 1)"),
        Segment(SegmentKind.OUTPUT, "1\n2"),
        Segment(SegmentKind.TEXT, "So \\boxed{2}."),
    ),
    "2",
    "en",
    "hand",
)


def tokenizer_of(kind, texts, template=INSTRUCT):
    """A BPE with bytes for what it does not know, that marks spaces as SentencePiece does."""
    backend = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    if kind == "Llama 2":
        backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=kind, split=False)
    backend.decoder = decoders.Sequence(SPELT) if kind == "never" else STRIPPED
    control = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    letters = [chr(code) for code in range(32, 127)]
    backend.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=400, special_tokens=control, initial_alphabet=letters, show_progress=False),
    )
    written = json.loads(backend.to_str())
    for byte in range(256):
        written["model"]["vocab"].setdefault(f"<0x{byte:02X}>", len(written["model"]["vocab"]))
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(written)),
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        chat_template=template,
    )


@pytest.fixture(scope="module")
def texts(data):
    return [f"{example.question} {example.segments[0].text}" for example in shards.open(data).rows(0, 40)]


def spelt(backend, stretches):
    """Stretches encoded one by one, and decoded as one."""
    tokens = [token for text in stretches for token in backend.encode(text, add_special_tokens=False).ids]
    return backend.decode(tokens, skip_special_tokens=False)


@pytest.mark.parametrize("kind", KINDS)
def test_stretches_keep_their_text(texts, kind):
    backend = tokenizer_of(kind, texts).backend_tokenizer
    assert spelt(onward(backend), STRETCHES) == "".join(STRETCHES)
    assert (spelt(backend, STRETCHES) == "".join(STRETCHES)) == (kind == "never")
    assert (onward(backend) is backend) == (kind == "never")


@pytest.mark.parametrize("template", [INSTRUCT, TURNS], ids=["instruct", "turns"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_begins_as_generation_does_and_goes_on_in_its_own_words(texts, kind, template):
    tokenizer = tokenizer_of(kind, texts, template)
    layout = ChatLayout(tokenizer)
    (row,) = encode([ROW], layout, supervise_think=True)
    prompt = tokenizer(layout.prompt(ROW), add_special_tokens=False)["input_ids"]  # as a server encodes it
    assert row.tokens[: len(prompt)].tolist() == prompt
    words = layout.decode_all(row.tokens[len(prompt) :])
    assert words.removeprefix(" ") == f"{layout.message(ROW)['content']}{layout.trail}{layout.stop_token}"
    assert layout.trail == (" " if template is TURNS else "")
    assert layout.response(row.tokens[len(prompt) : -1]) == layout.message(ROW)["content"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_of_such_a_tokenizer_is_proven_and_trained(data, texts, tmp_path, kind):
    tokenizer = tokenizer_of(kind, texts)
    tiny_model("llama", vocab_size=len(tokenizer)).save_pretrained(tmp_path / "MODEL")
    tokenizer.save_pretrained(tmp_path / "MODEL")
    config = small_run(model=str(tmp_path / "MODEL"), steps=2)
    assert [line.name for line in prove(config, [data], rows=3) if not line.passed] == []
    assert train(config, [data], tmp_path / "RUN").steps == 2
