"""Writing token by token: what is drawn, where an answer hands over to the tool, and what is taken back."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from transformers import DynamicCache

from schemas.config import FreshModel, ProgramLimits
from tests.training.models import tiny_model
from training import shards
from training.chat import ChatLayout
from training.fresh import fit_tokenizer
from training.generate import Answer, Sampling, Writer
from training.key_cache import RoomyLayer, with_room

LIMITS = ProgramLimits()


class Parrot(torch.nn.Module):
    """A causal model that says tokens by rote, whatever stands before: a turn each time that it is asked anew."""

    generation_config = None

    def __init__(self, turns, stop, size):
        super().__init__()
        self.turns, self.stop, self.size = turns, stop, size
        self.device = torch.device("cpu")
        self.said = None

    def forward(
        self, input_ids, attention_mask=None, position_ids=None, past_key_values=None, use_cache=True, logits_to_keep=1
    ):
        said = [*self.turns.pop(0), self.stop] if past_key_values is None else past_key_values
        logits = torch.full((1, 1, self.size), -10.0)
        logits[0, 0, said[0]] = 10.0
        return SimpleNamespace(logits=logits, past_key_values=said[1:])


@pytest.fixture(scope="module")
def layout(data):
    tokenizer = fit_tokenizer(shards.open(data), FreshModel(vocabulary=400), context=512)
    tokenizer.add_tokens(["```output\n\n", "\n\n15"])  # as large vocabularies have them: a fence and more in one token
    return ChatLayout(tokenizer)


def converse(layout, *turns, **settings):
    encoded = [layout.encode([turn])[0] for turn in turns]
    parrot = Parrot(encoded, layout.stop_id, len(layout.tokenizer))
    asked = {"max_new_tokens": 200, "max_tool_calls": 4, "limits": LIMITS} | settings
    (answer,) = Writer(parrot, layout, batch_size=1).converse(["Ada"], **asked)
    return answer, layout.decode(answer.tokens)


PROGRAM = "```python\nprint(12 + 3)\n```\n"


def test_the_tool_writes_the_output_and_the_model_goes_on(layout):
    answer, text = converse(layout, f"{PROGRAM}```output\n", "So 15.")
    assert text == f"{PROGRAM}```output\n15\n```\nSo 15."
    assert (answer.tool_calls, answer.ended) == (1, True)


@pytest.mark.parametrize("forged", ["```output\n\n", "```output\n\n99\n```\nSo 99."])
def test_an_output_that_the_model_forges_in_one_breath_is_taken_back(layout, forged):
    answer, text = converse(layout, PROGRAM + forged, "So 15.")
    assert text == f"{PROGRAM}```output\n15\n```\nSo 15."
    assert answer.tool_calls == 1


def test_a_fence_inside_a_line_is_no_fence(layout):
    answer, text = converse(layout, "Write ```output\n and wait.")
    assert text == "Write ```output\n and wait."
    assert answer.tool_calls == 0


def test_programs_that_never_end_are_cut_at_the_limit_of_calls(layout):
    loop = f"{PROGRAM}```output\n"
    answer, _ = converse(layout, loop, loop, loop, max_tool_calls=2)
    assert (answer.tool_calls, answer.ended) == (2, False)


def test_a_hostile_program_prints_an_error_and_nothing_hangs(layout):
    program = "```python\nimport os\nos.system('echo caught')\n```\n```output\n"
    answer, text = converse(layout, program, "So 15.")
    assert answer.tool_calls == 1
    assert "caught" not in text.partition("```output")[2]


def choose(logits, draws, **sampling):
    writer = Writer.__new__(Writer)
    writer._sampling = Sampling(**sampling)
    return writer._choose(torch.tensor(logits), [np.array([draw]) for draw in draws])


def test_tokens_are_drawn_as_often_as_the_model_says():
    logits = torch.log(torch.tensor([0.5, 0.2, 0.3]))[None].expand(1000, 3)
    drawn = choose(logits.tolist(), np.linspace(0, 0.999, 1000), temperature=1.0)
    assert np.bincount(drawn).tolist() == pytest.approx([500, 200, 300], abs=2)


def test_a_nucleus_leaves_the_unlikely_out_and_a_temperature_flattens():
    logits = torch.log(torch.tensor([0.5, 0.2, 0.3]))[None].expand(1000, 3).tolist()
    draws = np.linspace(0, 0.999, 1000)
    assert set(choose(logits, draws, temperature=1.0, top_p=0.6)) == {0, 2}
    assert set(choose(logits, draws, temperature=1.0, top_p=0.5)) == {0}
    hot = np.bincount(choose(logits, draws, temperature=100.0))
    assert hot.tolist() == pytest.approx([333, 333, 333], abs=6)
    assert set(choose(logits, draws, temperature=0.0)) == {0}


BART = {"d_model": 32, "decoder_layers": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 48, "init_std": 0.3}
KINDS = {
    "llama": {},
    "gpt2": {},
    "mamba": {"state_size": 4},
    "bart": BART,  # counts positions from the padding on
    "minimax": {"num_local_experts": 4, "layer_types": ["linear_attention", "full_attention"]},  # sums over padding
}


def likeliest(model, row, count):
    """The likeliest continuation, each token of a whole pass."""
    row = list(row)
    for _ in range(count):
        with torch.no_grad():
            row.append(int(model(input_ids=torch.tensor([row]), use_cache=False).logits[0, -1].argmax()))
    return row[-count:]


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_in_a_batch_is_continued_as_it_is_alone(layout, kind):
    model = tiny_model(kind, vocab_size=len(layout.tokenizer), **KINDS[kind])
    model.generation_config.eos_token_id = None
    model.generation_config.repetition_penalty = 50.0  # a model's own habits of sampling are none of an evaluation's
    prompts = ["12 + 3", "Ada has 12 apples, and Ben gives her 3 more of them.", "So"]
    answers = Writer(model, layout, batch_size=3).answer(prompts, max_new_tokens=12)
    for prompt, answer in zip(prompts, answers, strict=True):
        (row,) = layout.encode([prompt])
        truth = likeliest(model, row, 12)
        assert answer.tokens == truth[: truth.index(layout.stop_id) if layout.stop_id in truth else 12]
    assert model.generation_config.repetition_penalty == 50.0


def test_an_answer_begins_with_nothing():
    assert (Answer().tokens, Answer().turn, Answer().ended) == ([], 0, False)


def test_a_cache_with_room_holds_what_transformers_own_holds():
    random = torch.Generator().manual_seed(0)
    own, roomy = DynamicCache(), DynamicCache()
    for at, tokens in enumerate([7, *[1] * 90, 3]):
        keys, values = (torch.randn(4, 2, tokens, 8, generator=random) for _ in range(2))
        if at == 50:
            own.batch_select_indices(torch.tensor([0, 3]))
            roomy.batch_select_indices(torch.tensor([0, 3]))
        rows = 2 if at >= 50 else 4
        mine = own.update(keys[:rows], values[:rows], 0)
        theirs = roomy.update(keys[:rows], values[:rows], 0)
        assert all(torch.equal(one, two) for one, two in zip(mine, theirs, strict=True))
        roomy = with_room(roomy) if at == 0 else roomy
    assert isinstance(roomy.layers[0], RoomyLayer)
    assert roomy.get_seq_length() == own.get_seq_length() == 100
