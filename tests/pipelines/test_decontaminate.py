import json
import pickle

import pyarrow as pa
import pytest

from pipelines.decontaminate import ITEM_SCHEMA, BenchmarkIndex, check, shared_ngrams
from schemas.config import Decontaminate
from schemas.example import SEGMENTS
from schemas.reason import Reason

DUCKS = (
    "Janet’s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. How much does she make every day at the farmers' market?"
)
TANGENT = r"Compute $\tan 60^\circ$."
MATRIX = r"Let $A = \begin{pmatrix} 1 \\ 2 \end{pmatrix}$ be a vector and let $B$ be its double. Find $B$."
NUMBERLESS = "How many ways are there to arrange the letters of the word BANANA on a long shelf?"


def index_of(*questions, name="bench"):
    rows = [
        {"benchmark": name, "position": position, "question": question, "language": "en", "variants": "report"}
        for position, question in enumerate(questions)
    ]
    return BenchmarkIndex.build(pa.Table.from_pylist(rows, schema=ITEM_SCHEMA))


INDEX = index_of(DUCKS, TANGENT, MATRIX, NUMBERLESS)


def verdict(question, *segments, index=INDEX, ngram="guarded"):
    segments = [{"kind": kind, "text": text} for kind, text in segments]
    batch = pa.RecordBatch.from_pydict({"question": [question], "segments": pa.array([segments], SEGMENTS)})
    return check(batch, index, Decontaminate(ngram=ngram))[0]


@pytest.mark.parametrize(
    "leak",
    [
        DUCKS,
        DUCKS.upper(),
        "  ".join(DUCKS.split(" ")),
        DUCKS.replace(" ", "\n"),
        DUCKS.replace("a", "а").replace("e", "е").replace("o", "ο"),
        "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in DUCKS),
        "\u200b".join(DUCKS),
        "Question: " + DUCKS,
        DUCKS + "\nPlease reason step by step, and put your final answer within \\boxed{}.",
        "Solve the following problem.\n\n" + DUCKS,
    ],
)
def test_an_item_typed_differently_is_an_exact_leak(leak):
    found = verdict(leak)
    assert (found.reason, found.partner) == (Reason.BENCHMARK_EXACT, "bench/0")


def test_a_short_item_behind_a_label_is_an_exact_leak():
    assert verdict("Problem: " + TANGENT).partner == "bench/1"


@pytest.mark.parametrize(
    "segment",
    [
        ("code", f'def solution():\n    """{DUCKS}"""\n    return 16 - 3 - 4'),
        ("code", "# " + DUCKS.replace("morning and", "morning\n# and") + "\nprint(9)"),
        ("text", f"The question was: {DUCKS} So she makes 18."),
        ("code", f'"""{MATRIX}"""'.replace("\\", "\\\\")),
    ],
)
def test_an_item_hidden_in_the_solution_is_an_exact_leak(segment):
    found = verdict("What is asked in the program?", segment)
    assert found.reason == Reason.BENCHMARK_EXACT
    assert found.detail == "the solution holds the item"


def test_ten_shared_words_with_the_same_numbers_are_a_leak():
    reworded = DUCKS.replace("How much does she make", "What does she earn")
    found = verdict(reworded)
    assert (found.reason, found.partner) == (Reason.BENCHMARK_NGRAM, "bench/0")
    assert "ducks lay 16 eggs per day. She eats three" in found.detail
    assert 0.5 < found.score < 1


def test_ten_shared_words_with_other_numbers_are_no_leak_but_strictly():
    variant = DUCKS.replace("16", "17").replace("How much does she make", "What does she earn")
    assert verdict(variant) is None
    assert verdict(variant, ngram="strict").reason == Reason.BENCHMARK_NGRAM


def test_a_numeric_variant_is_never_removed():
    assert verdict(DUCKS.replace("16", "20")) is None
    assert verdict(DUCKS.replace("three", "five")) is None
    assert verdict(TANGENT.replace("60", "30")) is None


def test_ten_words_of_an_item_without_numbers_are_a_leak():
    assert verdict(NUMBERLESS.replace("on a long shelf", "in a row")).reason == Reason.BENCHMARK_NGRAM


def test_a_number_that_goes_on_is_another_number():
    index = index_of("Natalia sold 48 clips to her friends, then she sold exactly 5")
    assert verdict("Natalia sold 48 clips to her friends, then she sold exactly 57", index=index) is None


def test_a_phrase_in_a_solution_is_no_leak():
    phrase = "She eats three for breakfast every morning and bakes muffins for her friends, so 3 + 4 + 16."
    assert verdict("How many eggs are left?", ("text", phrase)) is None


def test_candidates_without_text_are_clean():
    batch = pa.RecordBatch.from_pydict({"question": pa.array([None, ""]), "segments": pa.array([None, []], SEGMENTS)})
    assert check(batch, INDEX, Decontaminate()) == [None, None]


def test_an_index_of_no_items_finds_nothing():
    assert verdict(DUCKS, index=index_of()) is None


def test_an_index_can_be_pickled():
    assert verdict(DUCKS, index=pickle.loads(pickle.dumps(INDEX))).partner == "bench/0"


def questions(path, field="question"):
    return [json.loads(line)[field] for line in path.read_text(encoding="utf-8").splitlines()]


def test_ten_rows_of_gsm8k_train_share_a_ten_gram_with_its_test_set(real_data):
    train = pa.array(questions(real_data / "cot" / "gsm8k_train.jsonl"))
    items = pa.array(questions(real_data / "eval" / "gsm8k_test.jsonl"))
    assert [(shared_ngrams(train, items, n=n) > 0).sum() for n in (8, 10, 13)] == [70, 10, 4]


def test_gsm8k_train_holds_no_leak_and_every_recorded_trajectory_on_its_test_set_is_one(real_data):
    index = index_of(*questions(real_data / "eval" / "gsm8k_test.jsonl"), name="gsm8k_test")
    train = questions(real_data / "cot" / "gsm8k_train.jsonl")
    tora = real_data / "tir" / "tora70b_gsm8k_test_outputs.jsonl"
    programs = [json.loads(line)["code"][0] for line in tora.read_text(encoding="utf-8").splitlines()]
    segments = pa.array([[{"kind": "code", "text": program}] for program in programs], SEGMENTS)
    clean = pa.RecordBatch.from_pydict({"question": train, "segments": pa.array([[]] * len(train), SEGMENTS)})
    hidden = pa.RecordBatch.from_pydict({"question": ["Solve it."] * len(programs), "segments": segments})
    assert [found for found in check(clean, index, Decontaminate()) if found] == []
    assert all(found.reason == Reason.BENCHMARK_EXACT for found in check(hidden, index, Decontaminate()))
