"""The fast look at windows misses nothing that the plain one finds."""

import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from validation.dataset.recheck.contamination import BenchmarkIndex, Item, numbers_of, words_of
from validation.dataset.recheck.windows import WindowFilter

ITEM = "A farmer has 17 red hens and 24 brown hens in the yard behind the barn. How many hens?"
WORDS = ["two", "1,000", "3.5", "x", "naïve", "Straße", "ﬁnd", "x²", "Größe", "7/8", "a_b", "İz", "苹果", "don't", "É"]
FLAT = pa.schema([(name, pa.string()) for name in ("id", "question", "solution", "system", "answer")])
BETWEEN = [" ", "  ", "\n", ", ", " – ", "... ", "\u00a0", " (", ") ", "$ ", " = "]


def plain_windows(text: str, length: int) -> set[tuple[str, ...]]:
    words = list(words_of(text))
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def sentence(choice: random.Random, words: int) -> str:
    return "".join(choice.choice(WORDS) + choice.choice(BETWEEN) for _ in range(words))


@pytest.mark.parametrize("seed", range(20))
def test_a_shared_window_is_never_missed(seed):
    choice = random.Random(seed)
    items = [sentence(choice, 8) for _ in range(5)]
    known = set().union(*(plain_windows(item, 3) for item in items))
    texts = [sentence(choice, choice.randint(0, 12)) for _ in range(200)]
    flags = WindowFilter(items, 3).may_share(pa.chunked_array([texts[:50], texts[50:]]))
    shares = np.array([bool(plain_windows(text, 3) & known) for text in texts])
    assert shares.any()
    assert not (shares & ~flags).any()


def test_texts_do_not_run_into_each_other_and_null_shares_nothing():
    found = WindowFilter(["one two three four"], 3).may_share(pa.chunked_array([["one two", "three four", None, ""]]))
    assert found.tolist() == [False, False, False, False]


@pytest.mark.parametrize(
    ("text", "flagged"),
    [("zero ONE, two: three", True), ("onet wo three", False), ("one two 3", False), ("three two one", False)],
)
def test_case_and_punctuation_make_no_difference_and_words_do(text, flagged):
    assert WindowFilter(["one two three four"], 3).may_share(pa.chunked_array([[text]])).tolist() == [flagged]


def test_nothing_to_look_for_flags_nothing():
    assert WindowFilter([], 10).may_share(pa.chunked_array([["a " * 20]])).tolist() == [False]


def test_exact_and_near_leaks_are_found_among_clean_rows():
    index = BenchmarkIndex([Item("farm", 0, ITEM, tuple(words_of(ITEM)), numbers_of(ITEM))])
    rows = [
        ("clean", "How many apples are there if 2 fall and 3 stay on the old tree in the yard?", "5", "Be kind."),
        ("exact", ITEM.upper(), "41", None),
        ("near", f"Tell me. {ITEM} Show each step.", "41", None),
        ("wording", ITEM.replace("17", "18"), "42", None),
        ("solution", "What now?", f'"""{ITEM}"""\nprint(17 + 24)', None),
        ("whole turn", "Solve it.", "41", ITEM.upper()),
        ("in a turn", "Solve it.", "41", f"You teach class 7. {ITEM} Answer briefly."),
        ("turn in other numbers", "Solve it.", "42", f"You teach. {ITEM.replace('17', '18')}"),
        ("empty", None, None, None),
    ]
    names = ("id", "question", "solution", "system")
    table = pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(names)})
    table = table.append_column("answer", pa.nulls(len(rows), pa.string()))
    assert [(leak.id, leak.tier) for leak in index.search(table)] == [
        ("exact", "exact"),
        ("near", "ngram"),
        ("wording", "overlap"),
        ("solution", "ngram"),
        ("whole turn", "exact"),
        ("in a turn", "ngram"),
        ("turn in other numbers", "overlap"),
    ]


@pytest.mark.parametrize(
    ("question", "tier"),
    [
        (r"Simplify $\frac{1-i}{2+3i}$, where $i^2 = -1.$ Write it as a sum of two parts.", "overlap"),
        (r"Simplify $\frac{1+i}{2+3i}$, where  $i^2=-1$. Write it as a SUM of two parts!", "exact"),
        (r"Please simplify $\frac{1+i}{2+3i}$, where $i^2 = -1.$ Write it as a sum of two parts.", "ngram"),
    ],
)
def test_the_same_numbers_under_another_sign_are_another_question(question, tier):
    item = r"Simplify $\frac{1+i}{2+3i}$, where $i^2 = -1.$ Write it as a sum of two parts."
    index = BenchmarkIndex([Item("signs", 0, item, tuple(words_of(item)), numbers_of(item))])
    row = {"id": "r", "question": question, "prose": "", "solution": "", "system": "", "answer": None}
    (leak,) = index.search(pa.Table.from_pylist([row]))
    assert leak.tier == tier


TEMPLATE = "In the right triangle $ABC$ with the right angle at $A$ we have $AB = 6$ and $BC = 10$. Find $\\cos A$."


@pytest.mark.parametrize(
    ("asked", "answer", "tier"),
    [
        (TEMPLATE.replace("cos A", "cos C"), "4/5", "overlap"),
        (TEMPLATE.replace("cos A", "cos C"), "0.0", "ngram"),
        (TEMPLATE.replace("cos A", "cos C"), None, "ngram"),
        (f"Dear reader! {TEMPLATE}", "4/5", "ngram"),
        (TEMPLATE.upper(), "4/5", "exact"),
    ],
    ids=["another answer", "the item's answer", "no answer", "all of the item", "the item itself"],
)
def test_another_answer_makes_another_problem_of_most_of_an_item(asked, answer, tier):
    item = Item("angles", 0, TEMPLATE, tuple(words_of(TEMPLATE)), numbers_of(TEMPLATE), "0")
    row = {"id": "r", "question": asked, "solution": "", "system": "", "answer": answer}
    (leak,) = BenchmarkIndex([item]).search(pa.Table.from_pylist([row], FLAT))
    assert leak.tier == tier


@pytest.mark.parametrize(("word", "tier"), [("RADII", "overlap"), ("Cease", "exact"), ("CEASE once", "ngram")])
def test_another_word_to_spell_makes_another_problem_whatever_its_answer(word, tier):
    spelled = "Determine the number of ways to arrange the letters of the word"
    item = Item("words", 0, f"{spelled} CEASE.", tuple(words_of(f"{spelled} CEASE")), Counter(), "60")
    row = {"id": "r", "question": f"{spelled} {word}.", "solution": "", "system": "", "answer": "60"}
    (leak,) = BenchmarkIndex([item]).search(pa.Table.from_pylist([row], FLAT))
    assert leak.tier == tier


def test_a_number_that_python_does_not_read_is_itself_by_its_digits():
    long = "9" * 5000
    assert numbers_of(f"{long} and 00{long}, 1,000 and 1000") == {long: 2, Fraction(1000): 2}
    assert numbers_of(long) != numbers_of(f"{long}8")
