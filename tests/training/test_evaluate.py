"""pass@1: the judge's word on what a model wrote, and the dialogue with a tool."""

import json

import pyarrow as pa
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from schemas.config import Config, Evaluate, FreshModel, ProgramLimits, Train
from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from training.chat import ChatLayout
from training.evaluate import evaluate, wilson
from training.generate import Writer
from training.judge import judge, reference_of
from training.shards import Example
from training.train import train

LIMITS = ProgramLimits()


def example(form, answer="15"):
    return Example(
        "e1",
        "p1",
        "What is 12 + 3?",
        Format(form),
        (Segment(SegmentKind.TEXT, "so \\boxed{15}"),),
        answer,
        "en",
        "hand",
    )


@pytest.mark.parametrize(
    ("form", "response", "outcome"),
    [
        ("cot", "12 + 3 = 15\n\\boxed{15}", "equal"),
        ("cot", "12 + 3 = 16\n\\boxed{16}", "not_equal"),
        ("cot", "I do not know", "no_answer"),
        ("pot", "```python\nprint(12 + 3)\n```", "equal"),
        ("pot", "```python\nprint(12 - 3)\n```", "not_equal"),
        ("pot", "12 + 3 = 15", "no_program"),
        ("tir", "```python\nprint(12 + 3)\n```\n```output\n15\n```\nSo \\boxed{15}.", "equal"),
    ],
)
def test_an_answer_passes_only_when_the_judge_finds_it_equal(form, response, outcome):
    judged = judge(example(form), "15", response, LIMITS)
    assert judged.outcome == outcome
    assert judged.passed == (outcome == "equal")


def test_a_program_that_fails_does_not_pass_and_says_why():
    judged = judge(example("pot"), "15", "```python\nprint(1/0)\n```", LIMITS)
    assert not judged.passed
    assert "ZeroDivisionError" in judged.outcome


def test_the_reference_is_the_rows_answer_else_its_solutions():
    assert reference_of(example("cot")) == "15"
    assert reference_of(example("cot", answer=None)) == "15"


def test_wilson_intervals_are_honest_at_the_ends():
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)


@pytest.fixture(scope="module")
def memoriser(make_data, make_row, tmp_path_factory):
    """A model that has learnt four problems in each format by heart, and its data."""
    folder = tmp_path_factory.mktemp("memoriser")
    data = make_data(folder / "DATA", [make_row(n, form) for n in range(4) for form in ("cot", "pot", "tir")])
    settings = Train(
        model=FreshModel(hidden_size=64, layers=2, heads=4, vocabulary=400),
        examples_per_step=12,
        steps=120,
        context=1024,
        learning_rate=1e-2,
        schedule="cosine",
        warmup_steps=10,
        checkpoint_every=1000,
    )
    config = Config(train=settings, evaluate=Evaluate(split="train", max_new_tokens=64, batch_size=3))
    return config, train(config, [data], folder / "RUN"), data


def test_a_model_that_knows_the_problems_passes_them_in_every_format(memoriser, tmp_path):
    config, run, data = memoriser
    told = []
    result = evaluate(
        config, run.output, tmp_path / "EVAL", data=data, on_progress=lambda done, total: told.append((done, total))
    )
    assert {name: (line.n, line.passed) for name, line in result.formats.items()} == {
        "cot": (4, 4),
        "pot": (4, 4),
        "tir": (4, 4),
    }
    assert told[-1] == (12, 12)
    with pa.ipc.open_stream(str(tmp_path / "EVAL" / "generations" / "tir.arrow")) as reader:
        rows = reader.read_all().to_pylist()
    assert {row["tool_calls"] for row in rows} == {1}
    assert all("```output\n" in row["response"] for row in rows)
    assert json.loads((tmp_path / "EVAL" / "results.json").read_text())["formats"]["pot"]["pass_at_1"] == 1.0
    with pytest.raises(UserError, match="holds another evaluation"):
        evaluate(config, run.output, tmp_path / "EVAL", data=data)


def test_the_untrained_model_passes_nothing(memoriser, tmp_path):
    config, run, data = memoriser
    result = evaluate(config, run.output / "checkpoints" / "step-00000000", tmp_path / "EVAL", data=data)
    assert [line.passed for line in result.formats.values()] == [0, 0, 0]


def test_batches_with_padding_write_what_the_model_writes_alone(memoriser):
    _, run, _ = memoriser
    model = AutoModelForCausalLM.from_pretrained(run.model).eval()
    layout = ChatLayout(AutoTokenizer.from_pretrained(run.model))
    questions = ["Ada has 3 apples.", "Ben has 10 books and gets 13 more. How many books does Ben have?", "?", "1 2 3"]
    prompts = [layout.prompt(Example("e", "p", question, Format.COT, (), None, "en", "hand")) for question in questions]
    together = Writer(model, layout, batch_size=4).answer(prompts, max_new_tokens=40)
    alone = [Writer(model, layout, batch_size=1).answer([prompt], max_new_tokens=40)[0] for prompt in prompts]
    assert [answer.tokens for answer in together] == [answer.tokens for answer in alone]
    for prompt, answer in zip(prompts, together, strict=True):
        ids = layout.tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
        whole = model.generate(**ids, max_new_tokens=40, do_sample=False)[0, ids["input_ids"].shape[1] :].tolist()
        assert answer.tokens == [token for token in whole if token != layout.stop_id]


@pytest.mark.parametrize("kind", ["mamba", "recurrent_gemma"])
def test_recurrent_models_write_row_by_row_what_greedy_choice_writes(memoriser, kind):
    _, run, _ = memoriser
    layout = ChatLayout(AutoTokenizer.from_pretrained(run.model))
    torch.manual_seed(0)
    sizes = {"vocab_size": len(layout.tokenizer), "hidden_size": 32, "num_hidden_layers": 3, "intermediate_size": 48}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "lru_width": 32} if kind == "recurrent_gemma" else {}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes, **heads)).eval()
    prompts = ["Ada has 3 apples.", "?"]
    answers = Writer(model, layout, batch_size=4).answer(prompts, max_new_tokens=6)
    for prompt, answer in zip(prompts, answers, strict=True):
        tokens = layout.encode([prompt])[0]
        for _ in range(6):
            with torch.no_grad():
                chosen = int(model(input_ids=torch.tensor([tokens]), use_cache=False).logits[0, -1].argmax())
            if chosen == layout.stop_id:
                break
            tokens.append(chosen)
        assert answer.tokens == tokens[len(tokens) - len(answer.tokens) :]
        assert len(tokens) == len(layout.encode([prompt])[0]) + len(answer.tokens)


def test_a_budget_ends_an_answer_that_does_not_stop(memoriser):
    _, run, _ = memoriser
    model = AutoModelForCausalLM.from_pretrained(run.model).eval()
    layout = ChatLayout(AutoTokenizer.from_pretrained(run.model))
    (answer,) = Writer(model, layout, batch_size=1).answer(["Ada"], max_new_tokens=3)
    assert len(answer.tokens) <= 3
