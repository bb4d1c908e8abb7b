import json
import pickle
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.engine.rejection import Note, Rejection
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check, shared_ngrams
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Decontaminate
from schemas.example import SEGMENTS
from schemas.ledger import LedgerRule
from schemas.reason import Reason
from validation.answers import extract

DUCKS = (
    "Janet’s ducks lay 16 eggs per day. She eats three for breakfast every morning and bakes muffins for her friends "
    "every day with four. How much does she make every day at the farmers' market?"
)
TANGENT = r"Compute $\tan 60^\circ$."
MATRIX = r"Let $A = \begin{pmatrix} 1 \\ 2 \end{pmatrix}$ be a vector and let $B$ be its double. Find $B$."
NUMBERLESS = "How many ways are there to arrange the letters of the word BANANA on a long shelf?"


def index_of(*questions, name="bench", variants="report", answers=None):
    rows = [
        {"benchmark": name, "position": position, "question": question, "answer": answer, "language": "en"}
        for position, (question, answer) in enumerate(zip(questions, answers or [None] * len(questions), strict=True))
    ]
    return BenchmarkIndex.build(pa.Table.from_pylist([row | {"variants": variants} for row in rows], BENCHMARK_SCHEMA))


INDEX = index_of(DUCKS, TANGENT, MATRIX, NUMBERLESS)


def batch_of(questions, segments=None, answers=None, language="en"):
    return pa.RecordBatch.from_pydict(
        {
            "question": pa.array(questions, pa.string()),
            "segments": pa.array(segments or [[]] * len(questions), SEGMENTS),
            "answer": pa.array(answers or [None] * len(questions), pa.string()),
            "language": pa.array([language] * len(questions), pa.string()),
        }
    )


def rejections(batch, index, settings=Decontaminate()):  # noqa: B008  a frozen constant
    return [one if isinstance(one, Rejection) else None for one in check(batch, index, settings)]


def verdict(question, *segments, index=INDEX, ngram="guarded", answer=None, language="en"):
    segments = [{"kind": kind, "text": text} for kind, text in segments]
    batch = batch_of([question], [segments], [answer], language)
    return rejections(batch, index, Decontaminate(ngram=ngram))[0]


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


def test_a_short_item_above_its_options_is_an_exact_leak():
    index = index_of("Add: +45 and -30", DUCKS)
    found = verdict("Add: +45 and -30\n(A) -30\n(B) +30\n(C) 0\n(D) 15\n(E) None", index=index)
    assert (found.reason, found.partner) == (Reason.BENCHMARK_EXACT, "bench/0")
    assert verdict("Add: +45 and -31\n(A) -30\n(B) +30\n(C) 0\n(D) 15\n(E) None", index=index) is None
    assert verdict("Add: +45 and -30\n(A) -30\nand double the sum", index=index).reason != Reason.BENCHMARK_EXACT


@pytest.mark.parametrize("options", ["\nA) -30\nB) 30", " (A) -30 (B) 30 (C) 0", "\nA. -30\nB. 30"])
def test_options_may_be_laid_out_in_any_way(options):
    index = index_of("Add: +45 and -30", DUCKS)
    assert verdict("Add: +45 and -30" + options, index=index).reason == Reason.BENCHMARK_EXACT
    assert verdict("Add: +45 and -31" + options, index=index) is None


PREFIXES = [
    "Problem: ",
    "Solve this step by step.\n\nQuestion: ",
    "Please help me! ",
    "(AMC 2010, Question 5, 6 points) ",
    "[2010 #5] Problem 3 (6 points): ",
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_short_item_behind_a_label_or_instruction_is_an_exact_leak(prefix):
    assert verdict(prefix + TANGENT).partner == "bench/1"


def test_a_short_item_behind_other_numbers_or_without_its_own_is_another_problem():
    assert verdict("Let $\\tan x = 2$. " + TANGENT) is None
    index = index_of("Find the area.")
    assert verdict("A circle is drawn in a square of side four. Find the area.", index=index) is None


@pytest.mark.parametrize(
    "segment",
    [
        ("code", f'def solution():\n    """{DUCKS}"""\n    return 16 - 3 - 4'),
        ("code", "# " + DUCKS.replace("morning and", "morning\n# and") + "\nprint(9)"),
        ("text", f"The question was: {DUCKS} So she makes 18."),
        ("code", f'"""{MATRIX}"""'.replace("\\", "\\\\")),
        ("code", "// " + DUCKS.replace("morning and", "morning\n// and")),
        ("text", "> " + DUCKS.replace("morning and", "morning\n> and")),
        ("code", 'asked = (\n    "' + DUCKS.replace("morning and", 'morning "\n    "and') + '"\n)'),
        ("text", DUCKS.replace(" ", "&nbsp;")),
        ("code", DUCKS.replace("’", "\\u2019")),
    ],
)
def test_an_item_hidden_in_the_solution_is_an_exact_leak(segment):
    found = verdict("What is asked in the program?", segment)
    assert found.reason == Reason.BENCHMARK_EXACT
    assert found.detail == "the solution holds the item"


def test_an_item_of_two_words_is_found_in_a_docstring():
    program = 'def solution():\n    """{}"""\n    return 1'
    index = index_of(r"Evaluate $\log_5 \frac{1}{625}$.".replace("5 ", "5"), "Solve it.")
    held = program.format(r"Evaluate $\log_5\frac{1}{625}$.")
    assert verdict("What is returned?", ("code", held), index=index).reason == Reason.BENCHMARK_NGRAM
    assert verdict("What is returned?", ("code", held.replace("625", "25")), index=index) is None
    assert verdict("What is returned?", ("code", program.format("Solve it.")), index=index) is None


def test_the_own_solution_of_an_item_is_a_leak_under_any_question():
    solution = (
        "Every day Janet sells 16 - 3 - 4 = <<16-3-4=9>>9 duck eggs.\n"
        "She makes 9 * 2 = $<<9*2=18>>18 every day at the farmers' market in the middle of the town.\n#### 18"
    )
    row = {"benchmark": "bench", "position": 7, "question": DUCKS, "answer": "18", "solution": solution}
    index = BenchmarkIndex.build(
        pa.Table.from_pylist([row | {"language": "en", "variants": "report"}], BENCHMARK_SCHEMA)
    )
    stripped = (
        "Every day Janet sells 16 - 3 - 4 = 9 duck eggs. "
        "She makes 9 * 2 = $18 every day at the farmers' market in the middle of the town."
    )
    found = verdict("What does Janet earn with her birds?", ("text", stripped + " So it is 18."), index=index)
    assert found.reason is Reason.BENCHMARK_EXACT
    assert (found.rule, found.partner, found.benchmark, found.item) == (LedgerRule.OWN_SOLUTION, "bench/7", "bench", 7)
    assert verdict("What does Janet earn?", ("text", stripped.replace("16", "17")), index=index) is None
    variant = DUCKS.replace("16", "17")
    assert verdict(variant, ("text", stripped), index=index, answer="20") is None
    assert verdict(variant, ("text", stripped), index=index, answer="18").reason == Reason.BENCHMARK_EXACT
    assert verdict("What does Janet earn?", ("text", stripped), index=index, answer="20").partner == "bench/7"


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


def test_the_same_numbers_in_another_order_and_another_answer_are_a_variant():
    movies = (
        "Colby has 150 dollars to spend on going to the movies with all of his friends. "
        "Every ticket there costs 10 dollars on a Friday. How many tickets can he buy?"
    )
    index = index_of(movies, answers=["15"], variants="quarantine")
    swapped = movies.replace("150", "x").replace("10", "150").replace("x", "10")
    assert verdict(swapped, index=index, answer="0").reason == Reason.BENCHMARK_VARIANT
    assert verdict(swapped, index=index, answer="15").reason == Reason.BENCHMARK_NGRAM
    assert verdict(swapped, index=index).reason == Reason.BENCHMARK_NGRAM
    turned = " ".join(f"{one}." for one in (movies.split(". ")[1], movies.split(". ")[0], movies.split(". ")[2]))
    assert verdict(turned, index=index, answer="15").reason == Reason.BENCHMARK_NGRAM
    assert verdict("Well! " + movies.replace("buy", "get"), index=index, answer="0").reason == Reason.BENCHMARK_NGRAM


def test_a_numeric_variant_is_never_removed():
    assert verdict(DUCKS.replace("16", "20")) is None
    assert verdict(DUCKS.replace("three", "five")) is None
    assert verdict(TANGENT.replace("60", "30")) is None


def test_ten_words_of_an_item_without_numbers_are_a_leak():
    assert verdict(NUMBERLESS.replace("on a long shelf", "in a row")).reason == Reason.BENCHMARK_NGRAM


@pytest.mark.parametrize(("answer", "leaks"), [("180", False), ("60", True), (None, True)])
def test_a_template_with_another_answer_is_another_problem(answer, leaks):
    index = index_of(NUMBERLESS, answers=["60"])
    other = NUMBERLESS.replace("on a long shelf", "in such a way")
    assert (verdict(other, index=index, answer=answer) is not None) is leaks
    assert verdict(f"{NUMBERLESS} It is a shelf of oak.", index=index, answer=answer) is not None  # all of the item


def test_another_word_to_spell_is_another_problem_whatever_its_answer():
    index = index_of(NUMBERLESS, answers=["60"])
    assert verdict(NUMBERLESS.replace("BANANA", "COFFEE"), index=index, answer="60") is None
    assert verdict(NUMBERLESS.replace("a long", "one long"), index=index, answer="60") is not None


RIGHT = r"In right triangle $PQR$ with a right angle at $P$ we have $PQ = 20$ and $QR = 29$. Find $\cos Q$."
RING = (
    r"Let $u$ be a nonreal root of $z^5 = 1.$ Find the number of different values of \[(u + 1)^n,\] for integers $n$."
)


@pytest.mark.parametrize(
    ("item", "other"),
    [
        (RIGHT, RIGHT.replace("cos Q", "cos R")),
        (RIGHT, RIGHT.replace("cos Q", "sin Q")),
        (RING, r"Let $u$ be a nonreal root of $z^5 = 1.$ Find the number of different values of \[|a u - b| = 1.\]"),
        (NUMBERLESS, NUMBERLESS.replace("on a long shelf", "by 7 painters in 9 rooms")),
    ],
)
def test_in_an_items_words_something_else_may_be_asked(item, other):
    index = index_of(item, answers=["20"])
    assert verdict(other, index=index, answer="21" if "painters" in other else "20") is None
    assert verdict(item.replace("Find", "Then find").replace("How many", "So how many"), index=index, answer="20")


WALK = "Ann walks 20 minutes and rests 40 minutes, seven times over. How long does that take?"
FARE = "A ticket of 20 dollars and a meal of 40 dollars are paid for all of the seven of us. What do we pay?"


@pytest.mark.parametrize(
    ("solution", "leaks"),
    [
        ("20 and 40 is 60, and seven times 60 is 420.", True),
        ("Seven times 20 is 140, seven times 40 is 280, so 420.", False),
        ("That takes 420.", True),
    ],
)
def test_another_story_must_be_solved_by_numbers_of_the_items_solution(solution, leaks):
    row = {"benchmark": "bench", "position": 0, "question": FARE, "answer": "420", "language": "en"}
    row |= {"variants": "report", "solution": "One pays 20 + 40 = 60, so all pay 7 * 60 = 420.\n#### 420"}
    index = BenchmarkIndex.build(pa.Table.from_pylist([row], BENCHMARK_SCHEMA))
    found = verdict(WALK, ("text", solution), index=index, answer="420")
    assert (found is not None and found.reason == Reason.BENCHMARK_PARAPHRASE) is leaks
    assert verdict(WALK, ("program", "print(7 * 20 + 280)"), index=index, answer="420") is not None


def test_the_same_numbers_and_another_question_are_another_problem():
    shared = "Our choir has 24 singers, 14 women and 10 men. In how many ways can it choose a speaker and a cashier"
    index = index_of(f"{shared} if nobody may be both of them at once?", answers=["552"])
    other = f"{shared} of whom exactly one is a woman, when a woman must be the speaker?"
    assert verdict(other, index=index, answer="140") is None
    assert verdict(other, index=index, answer="552").reason == Reason.BENCHMARK_NGRAM


def test_options_that_two_questions_share_are_no_leak():
    options = "What is the shape of this curve? (A) a line (B) a circle (C) a spiral (D) an ellipse (E) none of them."
    item = f"Let the sine of t and the cosine of t be the coordinates of a point that moves for all real t. {options}"
    index = index_of(item, answers=["B"])
    assert (
        verdict(f"The points with $r = 4$ are drawn in polar coordinates. {options}", index=index, answer="B") is None
    )
    assert verdict(item.replace("moves", "runs"), index=index, answer="B").reason == Reason.BENCHMARK_NGRAM


def test_a_number_that_goes_on_is_another_number():
    index = index_of("Natalia sold 48 clips to her friends, then she sold exactly 5")
    assert verdict("Natalia sold 48 clips to her friends, then she sold exactly 57", index=index) is None


def test_a_phrase_in_a_solution_is_no_leak():
    phrase = "She eats three for breakfast every morning and bakes muffins for her friends, so 3 + 4 + 16."
    assert verdict("How many eggs are left?", ("text", phrase)) is None


def test_candidates_without_text_are_clean():
    assert check(batch_of([None, ""], [None, []]), INDEX, Decontaminate()) == [None, None]


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
    hidden = batch_of(["Solve it."] * len(programs), [[{"kind": "code", "text": program}] for program in programs])
    certain = {Reason.BENCHMARK_EXACT, Reason.BENCHMARK_NGRAM}
    assert not [found for found in rejections(batch_of(train), index) if found and found.reason in certain]
    assert all(found.reason == Reason.BENCHMARK_EXACT for found in rejections(hidden, index))


CLIPS = (
    "Natalia sold 48 clips in April and half as many in May for 3 dollars each. Rent was 16. What did she take home?"
)
AGAIN = (
    "At 3 dollars, 48 people bought clips from Olga in April, half of that in May. How much was left after 16 for rent?"
)


def test_an_item_in_other_words_is_quarantined_with_its_evidence():
    index = index_of(CLIPS, answers=["200"])
    found = verdict(AGAIN, index=index, answer="200")
    assert (found.reason, found.partner) == (Reason.BENCHMARK_PARAPHRASE, "bench/0")
    assert found.rule is LedgerRule.QUESTION_REWORDED
    assert "numbers alike 1.00, the same answer" in found.detail


def test_the_answer_of_the_solution_stands_in_for_a_missing_reference():
    index = index_of(CLIPS, answers=["200"])
    assert verdict(AGAIN, ("text", "In all \\boxed{200}"), index=index).reason == Reason.BENCHMARK_PARAPHRASE


def test_the_same_numbers_with_another_answer_are_another_problem():
    index = index_of(CLIPS, answers=["200"])
    assert verdict(AGAIN, index=index, answer="128") is None


def test_other_numbers_in_other_words_are_another_problem():
    assert verdict(AGAIN.replace("48", "64"), index=index_of(CLIPS, answers=["200"]), answer="200") is None


def test_an_item_in_another_language_is_known_by_its_numbers_and_answer():
    index = index_of("A train goes 120 km in 3 hours and stops 15 minutes. How far does it get in 7?", answers=["280"])
    german = "Ein Zug fährt 120 km in drei Stunden und hält 15 Minuten. Wie weit kommt er in sieben?"
    found = verdict(german, index=index, answer="280", language="de")
    assert (found.reason, found.rule) == (Reason.BENCHMARK_PARAPHRASE, LedgerRule.QUESTION_TRANSLATED)
    assert verdict(german, index=index, answer="281", language="de") is None
    assert verdict(german, index=index, answer=None, language="de") is None


VARIED = DUCKS.replace("16", "20").replace("four", "nine")


@pytest.mark.parametrize(
    ("question", "solution", "rule"),
    [
        (DUCKS, "It is 18.", LedgerRule.QUESTION_IS_ITEM),
        (f"Please solve this. {DUCKS}", "It is 18.", LedgerRule.QUESTION_IS_ITEM),
        (f"Here are 3 facts. {DUCKS} And tell me why.", "It is 18.", LedgerRule.QUESTION_HOLDS_ITEM),
        ("What is asked?", f"The 5 facts are: {DUCKS} So it is 18.", LedgerRule.SOLUTION_HOLDS_ITEM),
    ],
)
def test_a_leak_says_on_which_side_and_how_it_met_the_item(question, solution, rule):
    found = verdict(question, ("text", solution))
    assert (found.rule, found.benchmark, found.item) == (rule, "bench", 0)


def test_a_shared_run_of_words_says_on_which_side_it_stands():
    item = "On the way to the green market Ann counts 12 ships and 7 boats. How many is that?"
    index = index_of(item)
    inside = item.replace("How many is that?", "Say how many vessels there were.")
    found = verdict(inside, index=index)
    assert (found.reason, found.rule) == (Reason.BENCHMARK_NGRAM, LedgerRule.QUESTION_SHARES_WORDS)
    found = verdict("What is asked?", ("text", inside), index=index)
    assert (found.reason, found.rule) == (Reason.BENCHMARK_NGRAM, LedgerRule.SOLUTION_SHARES_WORDS)


@pytest.mark.parametrize("policy", ["quarantine", "remove"])
def test_variants_meet_the_policy_of_their_benchmark(policy):
    found = verdict(VARIED, index=index_of(DUCKS, variants=policy))
    assert (found.reason, found.rule) == (Reason.BENCHMARK_VARIANT, LedgerRule.QUESTION_VARIED)


def test_variants_that_are_only_reported_are_noted_with_their_item():
    found = check(batch_of([VARIED, "What is 2 + 2?"]), index_of(TANGENT, DUCKS), Decontaminate())
    assert found == [Note(LedgerRule.VARIANT_REPORTED, "bench/1", "bench", 1), None]


def rows_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def gsm8k(real_data):
    rows = rows_of(real_data / "eval" / "gsm8k_test.jsonl")
    answers = [row["answer"].split("####")[-1].strip().replace(",", "") for row in rows]
    return index_of(*[row["question"] for row in rows], answers=answers), answers


def caught(index, questions, answers, language="en"):
    return [found is not None for found in rejections(batch_of(questions, None, answers, language), index)]


def test_most_rewordings_of_gsm8k_items_are_caught(gsm8k):
    index, answers = gsm8k
    rows = rows_of(Path(__file__).with_name("gsm8k_rewordings.jsonl"))  # written for this project
    texts, wanted = [row["question"] for row in rows], [answers[row["position"]] for row in rows]
    assert sum(caught(index, texts, wanted)) >= 0.9 * len(texts)
    assert sum(caught(index, texts, None)) >= 0.65 * len(texts)


def test_most_rewordings_of_math_items_are_caught(real_data):
    items = rows_of(real_data / "eval" / "math_test.jsonl")
    answers = [extract(row["solution"]).answer for row in items]
    rows = rows_of(Path(__file__).with_name("math_rewordings.jsonl"))  # written for this project
    index = index_of(*[row["problem"] for row in items], answers=answers)
    found = caught(index, [row["question"] for row in rows], [answers[row["position"]] for row in rows])
    assert sum(found) >= 0.65 * len(rows)


def test_gsm8k_train_is_hardly_ever_taken_for_a_rewording(gsm8k, real_data):
    rows = rows_of(real_data / "cot" / "gsm8k_train.jsonl")
    answers = [row["answer"].split("####")[-1].strip().replace(",", "") for row in rows]
    assert sum(caught(gsm8k[0], [row["question"] for row in rows], answers)) <= 0.001 * len(rows)


@pytest.mark.parametrize("language", ["bn", "th", "sw"])
def test_items_in_scripts_and_words_that_are_further_away_are_caught(gsm8k, language):
    written = rows_of(Path(__file__).with_name("gsm8k_translations.jsonl"))  # for this project
    rows = [row for row in written if row["language"] == language]
    questions, answers = zip(*((row["question"], row["answer"]) for row in rows), strict=True)
    assert answers == tuple(gsm8k[1][row["item"]] for row in rows)
    found = rejections(batch_of(questions, None, list(answers), language), gsm8k[0])
    assert [one and one.item for one in found].count(None) <= 1  # the one with 3 and 60 alone
    assert all(one is None or one.item == row["item"] for one, row in zip(found, rows, strict=True))
    assert not any(caught(gsm8k[0], questions, [f"{answer}7" for answer in answers], language))


@pytest.mark.parametrize(("language", "recall"), [("zh", 0.8), ("de", 0.74), ("fr", 0.72), ("es", 0.76), ("ja", 0.8)])
def test_translations_of_gsm8k_items_are_caught_by_numbers_and_answer(gsm8k, real_data, language, recall):
    lines = (real_data / "multiling" / f"mgsm_{language}.tsv").read_text(encoding="utf-8").splitlines()
    questions, answers = zip(*(line.split("\t") for line in lines), strict=True)
    found = caught(gsm8k[0], list(questions), [answer.replace(",", "") for answer in answers], language)
    assert sum(found) >= recall * len(found)


def test_human_variants_of_math_items_are_not_taken_for_leaks(real_data):
    items = rows_of(real_data / "eval" / "math_test.jsonl")
    answers = [extract(row["solution"]).answer for row in items]
    index = index_of(*[row["problem"] for row in items], answers=answers)
    rows = rows_of(real_data / "variants" / "math_perturb_simple.jsonl")
    batch = batch_of([row["problem"] for row in rows], None, [str(row["answer"]) for row in rows])
    reworded = [found for found in rejections(batch, index) if found]
    assert sum(found.reason == Reason.BENCHMARK_PARAPHRASE for found in reworded) <= 0.02 * len(rows)


def verdict_on_system(*systems, question="Solve the problem above.", ngram="guarded"):
    batch = batch_of([question] * len(systems)).append_column("system", pa.array(systems, pa.string()))
    return rejections(batch, INDEX, Decontaminate(ngram=ngram))


@pytest.mark.parametrize(
    ("system", "rule"),
    [
        (DUCKS, LedgerRule.SYSTEM_HOLDS_ITEM),
        (TANGENT, LedgerRule.SYSTEM_HOLDS_ITEM),
        (f"Solve the following problem.\n\n{TANGENT}", LedgerRule.SYSTEM_HOLDS_ITEM),
        (f"You are a tutor of 7 pupils. An example: {DUCKS} She makes 18.", LedgerRule.SYSTEM_HOLDS_ITEM),
        (f"You are a tutor.\n{MATRIX}\nBe brief.", LedgerRule.SYSTEM_HOLDS_ITEM),
        (DUCKS.replace("every morning", "at dawn"), LedgerRule.SYSTEM_SHARES_WORDS),
    ],
)
def test_an_item_in_a_system_turn_is_found(system, rule):
    found, other, none = verdict_on_system(system, "You are a tutor.", None)
    assert (found.rule, other, none) == (rule, None, None)
    assert found.detail.startswith("the system turn ")


@pytest.mark.parametrize(
    "system",
    [
        "You are a helpful assistant. Please reason step by step, and put your final answer within \\boxed{}.",
        DUCKS.replace("16", "17").replace("three", "five"),
        "How much does she make every day at the farmers' market?",
        "Compute what you are asked for.",
        "",
    ],
)
def test_a_system_turn_that_holds_no_item_is_none(system):
    assert verdict_on_system(system) == [None]


def test_the_question_is_named_before_the_system_turn():
    (found,) = verdict_on_system(DUCKS, question=MATRIX)
    assert (found.item, found.rule) == (2, LedgerRule.QUESTION_IS_ITEM)


def test_an_item_in_other_words_in_a_system_turn_is_quarantined():
    index = index_of(CLIPS, answers=["200"])
    other = "In April Natalia sold 48 clips for 3 dollars each, in May half as many. With a rent of 16, what is home?"
    system = f"You are a tutor of 12 pupils.\n\nAn example:\n{other}\nIt is 200."
    none = system.replace("48", "50").replace("16", "18")
    batch = batch_of(["Solve it."] * 3).append_column("system", pa.array([system, none, None], pa.string()))
    found, *others = rejections(batch, index, Decontaminate())
    assert (found.reason, found.rule, found.item) == (Reason.BENCHMARK_PARAPHRASE, LedgerRule.SYSTEM_REWORDED, 0)
    assert found.detail.startswith("the system turn holds the item in other words (cosine ")
    assert others == [None, None]
