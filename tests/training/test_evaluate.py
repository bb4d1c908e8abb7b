"""pass@1: the judge's word on what a model wrote, and the dialogue with a tool."""

import json
import re
from functools import partial

import pyarrow as pa
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from benchmarks.model_server import serving_model
from schemas.config import Config, EndpointSettings, Evaluate, Lora, ProgramLimits
from schemas.exits import UserError
from schemas.problem import Format, Segment, SegmentKind
from training.adapters import has_adapters
from training.asking import reference_of
from training.chat import ChatLayout
from training.evaluate import evaluate
from training.generate import Writer
from training.in_process import InProcess, model_folder
from training.judge import judge
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
    assert judged.outcome == "program_error"
    assert "ZeroDivisionError" in judged.detail


def test_the_reference_is_the_rows_answer_else_its_solutions():
    assert reference_of(example("cot")) == "15"
    assert reference_of(example("cot", answer=None)) == "15"


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
    other = config.model_copy(update={"evaluate": config.evaluate.model_copy(update={"max_new_tokens": 63})})
    with pytest.raises(UserError, match=r"holds another evaluation \(evaluate.max_new_tokens was 64 and is 63 now\)"):
        evaluate(other, run.output, tmp_path / "EVAL", data=data)


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


ITEMS = [
    {"q": "Ada has 3 apples and gets 2 more. How many apples does Ada have?", "a": "5", "kind": "sums"},
    {"q": "Ben has 10 books and gets 13 more. How many books does Ben have?", "a": "23", "kind": "sums"},
    {"q": "What is 6 times 7?", "a": "42", "kind": "products"},
]


@pytest.fixture
def asking(memoriser, tmp_path):
    """A config that asks a benchmark of one's own, and the model that will be asked."""
    config, run, _ = memoriser
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    table = {"name": "mine", "path": str(path), "question": "q", "answer": "a", "topic": "kind"}

    def settings(**changes):
        asked = {"benchmarks": [table], "max_new_tokens": 48, "batch_size": 4, **changes}
        return config.model_copy(update={"evaluate": Evaluate.model_validate(asked)})

    return settings, run


def rows_of(folder, name):
    with pa.ipc.open_stream(str(folder / "generations" / f"{name}.arrow")) as reader:
        return reader.read_all().to_pylist()


def test_a_benchmark_is_asked_in_every_format_and_marked(asking, tmp_path):
    settings, run = asking
    told = []
    with pytest.raises(UserError, match=r"may have been trained on mine: its data .* was not decontaminated"):
        evaluate(settings(), run.output, tmp_path / "EVAL")
    result = evaluate(settings(), run.output, tmp_path / "EVAL", allow_contaminated=True, on_note=told.append)
    assert result.formats == {}
    assert {form: line.n for form, line in result.benchmarks["mine"].items()} == {"cot": 3, "pot": 3, "tir": 3}
    written = json.loads((tmp_path / "EVAL" / "results.json").read_text())
    assert {line["contamination"] for line in written["benchmarks"]["mine"].values()} == {"contaminated"}
    assert set(written["benchmarks"]["mine"]["cot"]["topics"]) == {"sums", "products"}
    assert [note for note in told if "may have been trained on it" in note]


def test_a_question_longer_than_the_model_knows_positions_costs_its_own_answer_only(asking, tmp_path):
    settings, run = asking
    with (tmp_path / "items.jsonl").open("a") as items:
        items.write(json.dumps({"q": "ab " * 3000, "a": "1", "kind": "sums"}) + "\n")
    result = evaluate(settings(formats=["cot"]), run.output, tmp_path / "EVAL", allow_contaminated=True)
    rows = rows_of(tmp_path / "EVAL", "mine-cot")
    assert [row["outcome"] == "refused" for row in rows] == [len(row["question"]) > 2048 for row in rows]
    assert "and the model knows 2,048 positions" in next(row["detail"] for row in rows if row["outcome"] == "refused")
    assert result.benchmarks["mine"]["cot"].n == len(ITEMS) + 1


@pytest.mark.parametrize("harm", [b"", b"\xff junk", None])
def test_damaged_items_of_a_benchmark_are_read_again(asking, tmp_path, harm):
    """A question that rotted on the disk would be asked, and its answer judged wrong."""
    settings, run = asking
    asked = partial(evaluate, settings(formats=["cot"]), run.output, tmp_path / "EVAL", allow_contaminated=True)
    before = asked()
    path = tmp_path / "EVAL" / "benchmarks.arrow"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"6 times 7", b"6 times 9") if harm is None else harm)
    after = asked()
    assert path.read_bytes() == content
    assert after.benchmarks == before.benchmarks
    assert b"6 times 7" in content


def test_another_benchmark_in_the_same_folder_is_another_evaluation(asking, tmp_path):
    settings, run = asking
    with pytest.raises(UserError, match="may have been trained on mine"):
        evaluate(settings(formats=["cot"]), run.output, tmp_path / "EVAL")  # gives up behind the reading of its items
    path = tmp_path / "others.jsonl"
    path.write_text(json.dumps({"question": "What is 1+1?", "answer": "2"}) + "\n")
    other = settings(formats=["cot"], benchmarks=[{"name": "other", "path": str(path)}])
    result = evaluate(other, run.output, tmp_path / "EVAL", allow_contaminated=True)
    assert list(result.benchmarks) == ["other"]
    with pytest.raises(UserError, match=r"holds another evaluation \(evaluate.benchmarks was"):
        evaluate(settings(formats=["cot"]), run.output, tmp_path / "EVAL", allow_contaminated=True)


def test_samples_are_the_same_in_every_batch_and_after_a_kill(asking, tmp_path):
    settings, run = asking
    sampled = {"samples": 3, "temperature": 1.0, "formats": ["cot", "tir"]}

    class KilledError(Exception):
        pass

    def kill(done, _total):
        if done >= 8:
            raise KilledError

    def ask(name, batch_size, **more):
        config = settings(**sampled, batch_size=batch_size)
        return evaluate(config, run.output, tmp_path / name, allow_contaminated=True, **more)

    with pytest.raises(KilledError):
        ask("KILLED", 4, on_progress=kill)
    assert len((tmp_path / "KILLED" / "generations.jsonl").read_text().splitlines()) == 8
    counted = []
    result = ask("KILLED", 4, on_progress=lambda done, total: counted.append((done, total)))
    assert (counted[0], counted[-1]) == ((9, 18), (18, 18))
    straight = ask("STRAIGHT", 4)
    assert rows_of(tmp_path / "KILLED", "mine-tir") == rows_of(tmp_path / "STRAIGHT", "mine-tir")
    assert rows_of(tmp_path / "KILLED", "mine-cot") == rows_of(tmp_path / "STRAIGHT", "mine-cot")
    assert result.benchmarks == straight.benchmarks
    assert len({row["response"] for row in rows_of(tmp_path / "STRAIGHT", "mine-cot")}) > 3
    ask("ALONE", 1)
    assert [row["response"] for row in rows_of(tmp_path / "ALONE", "mine-cot")] == [
        row["response"] for row in rows_of(tmp_path / "STRAIGHT", "mine-cot")
    ]


def test_two_evaluations_stand_beside_each_other(asking, tmp_path):
    settings, run = asking
    evaluate(settings(), run.output / "checkpoints" / "step-00000000", tmp_path / "OLD", allow_contaminated=True)
    result = evaluate(settings(), run.output, tmp_path / "NEW", allow_contaminated=True, against=tmp_path / "OLD")
    apart = result.against["mine"]["pot"]
    assert apart.n == 3
    assert apart.value == pytest.approx(result.benchmarks["mine"]["pot"].pass_at_1)
    with pytest.raises(UserError, match=r"--against .*: no finished evaluation"):
        evaluate(settings(), run.output, tmp_path / "NEW", allow_contaminated=True, against=tmp_path)


def test_worked_examples_end_where_the_model_makes_up_the_next_problem(asking, tmp_path):
    settings, run = asking
    evaluate(settings(prompt="fewshot", formats=["cot"]), run.output, tmp_path / "EVAL", allow_contaminated=True)
    assert all("\n\nProblem:" not in row["response"] for row in rows_of(tmp_path / "EVAL", "mine-cot"))


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (["????", "🙂"], "the judge can read none of its 2 answers, such as '????'"),
        (["", ""], "has no answers to judge"),
    ],
)
def test_a_benchmark_that_cannot_be_judged_is_said_before_the_model_is_loaded(tmp_path, answers, says):
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps({"question": "Why?", "answer": answer}) + "\n" for answer in answers))
    config = Config(evaluate=Evaluate.model_validate({"benchmarks": [{"name": "odd", "path": str(path)}]}))
    with pytest.raises(UserError, match=re.escape(says)):
        evaluate(config, "/no/such/model", tmp_path / "EVAL")


def test_few_answers_that_cannot_be_read_are_told_and_the_rest_is_asked(memoriser, tmp_path):
    _, run, _ = memoriser
    path = tmp_path / "items.jsonl"
    path.write_text("".join(json.dumps({"question": f"{a}?", "answer": a}) + "\n" for a in ("????", "3", "", "4")))
    table = {"name": "odd", "path": str(path)}
    config = Config(evaluate=Evaluate.model_validate({"benchmarks": [table], "formats": ["cot"], "max_new_tokens": 4}))
    told = []
    result = evaluate(config, run.output, tmp_path / "EVAL", allow_contaminated=True, on_note=told.append)
    assert result.benchmarks["odd"]["cot"].n == 3
    assert told[:2] == [
        "odd: 1 of 4 items without an answer, not asked",
        "odd: the judge cannot read 1 answer of 3 ('????'): only the same text will count as right",
    ]


@pytest.fixture
def served(memoriser, tmp_path):
    """The model that has learnt by heart, behind `transformers serve` on the loopback."""
    pytest.importorskip("fastapi")
    pytest.importorskip("openai")
    _, run, _ = memoriser
    with serving_model(run.model, tmp_path, "--dtype", "float32") as address:
        yield address


@pytest.mark.slow
def test_a_real_server_writes_what_this_process_writes(memoriser, served, tmp_path):
    config, run, data = memoriser
    changes = {"batch_size": 1, "endpoint": EndpointSettings(tokenizer=str(run.model), concurrency=2)}
    config = config.model_copy(update={"evaluate": config.evaluate.model_copy(update=changes)})
    here = evaluate(config, run.output, tmp_path / "HERE", data=data)
    there = evaluate(config, served, tmp_path / "THERE", data=data)
    assert {form: line.passed for form, line in there.formats.items()} == {"cot": 4, "pot": 4, "tir": 4}
    assert here.formats.keys() == there.formats.keys()
    for form in here.formats:
        mine, theirs = rows_of(tmp_path / "HERE", form), rows_of(tmp_path / "THERE", form)
        told = ("id", "response", "answer", "outcome", "ended", "tool_calls")
        assert [[row[name] for name in told] for row in mine] == [[row[name] for name in told] for row in theirs]
    chat = config.evaluate.model_copy(update={"endpoint": EndpointSettings(), "formats": [Format.COT]})
    by_chat = evaluate(config.model_copy(update={"evaluate": chat}), served, tmp_path / "CHAT", data=data)
    assert by_chat.formats["cot"].passed == 4


def test_adapters_are_asked_beside_their_base_without_a_merge(memoriser, tmp_path):
    config, run, data = memoriser
    table = config.train.model_copy(update={"model": str(run.model), "lora": Lora(rank=2), "steps": 2})
    adapted = train(config.model_copy(update={"train": table}), [data], tmp_path / "RUN")
    backend = InProcess(model_folder(adapted.output / "adapter"), config.evaluate)
    assert has_adapters(backend._writer._model)
    beside = evaluate(config, adapted.output / "adapter", tmp_path / "BESIDE", data=data)
    merged = evaluate(config, adapted.output, tmp_path / "MERGED", data=data)
    assert beside.formats == merged.formats
    assert [row["response"] for row in rows_of(tmp_path / "BESIDE", "tir")] == [
        row["response"] for row in rows_of(tmp_path / "MERGED", "tir")
    ]
