import difflib
import itertools
import json
import random
from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.duplicates import near as minhash
from pipelines.stages.duplicates.identity import content_keys
from pipelines.stages.duplicates.near import bands, near_duplicates, near_keys, shingles_of, signatures
from pipelines.text.skeleton import template_forms
from schemas.example import SEGMENTS
from validation.answers import extract

SENTENCE = (
    "In the morning the baker puts 12 rolls into every basket and carries 5 baskets to the shop around the corner , "
    "where people stand in a long queue because the rolls are warm and smell of butter and honey"
)
WORDS = SENTENCE.split()


def replaced(*places, by="cat"):
    return " ".join(by if place in places else word for place, word in enumerate(WORDS))


def table(rows):
    """Rows are (question, solution) or (question, solution, {column: value})."""
    questions, solutions = [row[0] for row in rows], [row[1] for row in rows]
    given = [row[2] if len(row) > 2 else {} for row in rows]
    segments = pa.array([[{"kind": "text", "text": solution}] for solution in solutions], SEGMENTS)
    formats = pa.array([one.get("format", "cot") for one in given])
    systems = pa.array([one.get("system") for one in given], pa.string())
    batch = {"question": questions, "system": systems, "format": formats, "segments": segments}
    keys = near_keys(pa.RecordBatch.from_pydict(batch))
    names = [one.get("name", f"{place:02d}") for place, one in enumerate(given)]
    return pa.table(
        {
            "guard": keys.column("guard"),
            "shingles": keys.column("shingles"),
            "terms": keys.column("terms"),
            "accepted": pa.array([one.get("accepted", False) for one in given], pa.bool_()),
            "source_rank": pa.array([one.get("rank", 0) for one in given], pa.int32()),
            "completeness": pa.array([0] * len(rows), pa.int32()),
            "row_id": pa.array(names, pa.string()),
            "source_row": pa.array(range(len(rows)), pa.int64()),
            "part": pa.array([0] * len(rows), pa.int64()),
            "index": pa.array(range(len(rows)), pa.int32()),
            "id": pa.array(names, pa.string()),
            "answer": pa.array([one.get("answer") for one in given], pa.string()),
            "earlier": pa.array([one.get("earlier", False) for one in given], pa.bool_()),
        }
    )


def losers(*rows, threshold=0.7):
    lost = near_duplicates(table(rows), threshold=threshold, differ=lambda one, other: one != other)[0]
    return dict(zip(lost.column("index").to_pylist(), lost.column("partner").to_pylist(), strict=True))


def test_near_duplicates_keep_the_earlier_row_and_say_how_near_they_are():
    rows = [(SENTENCE, "60", {"name": "b"}), (replaced(2), "60", {"name": "a"})]
    lost = near_duplicates(table(rows), threshold=0.7, differ=lambda one, other: one != other)[0]
    shingles = len(WORDS) + 1 - 4
    assert lost.to_pydict() == {
        "part": [0],
        "index": [1],
        "partner": ["b"],
        "partner_row": [0],
        "partner_part": [0],
        "score": [(shingles - 3) / (shingles + 3)],
    }


def test_the_pick_of_a_human_is_never_lost_to_a_copy():
    assert losers((SENTENCE, "60", {"rank": 0}), (replaced(2), "60", {"rank": 3, "accepted": True})) == {0: "01"}


@pytest.mark.parametrize(
    "variant",
    [
        SENTENCE.replace("12", "13"),
        SENTENCE.replace("every basket", "no basket"),
        SENTENCE.replace("and carries", "+ carries"),
    ],
)
def test_a_variant_is_never_removed(variant):
    assert losers((SENTENCE, "60"), (variant, "60")) == {}


def test_a_unit_exchanged_for_another_is_never_removed_and_a_lost_one_is_no_problem():
    kilograms = SENTENCE.replace("12 rolls", "12 kilograms")
    assert losers((kilograms, "60"), (kilograms.replace("kilograms", "grams"), "60")) == {}
    assert losers((kilograms, "60"), (SENTENCE, "60")) == {1: "00"}


def test_another_number_in_the_solution_makes_another_solution():
    assert losers((SENTENCE, "12 * 5 = 60"), (replaced(2), "5 * 12 = 60")) == {}


def test_answers_known_to_differ_keep_both():
    assert losers((SENTENCE, "x", {"answer": "60"}), (replaced(2), "x", {"answer": "61"})) == {}
    assert losers((SENTENCE, "x", {"answer": "60"}), (replaced(2), "x", {"answer": None})) == {1: "00"}


def test_what_earlier_data_holds_falls_to_nobody_and_outlives_every_near_copy():
    earlier, accepted = {"earlier": True, "rank": 9}, {"accepted": True}
    assert losers((SENTENCE, "60", accepted), (replaced(2), "60", earlier), (replaced(3), "60", earlier)) == {0: "01"}
    assert losers((SENTENCE, "61", accepted), (replaced(2), "60", earlier)) == {}


def test_what_is_said_under_another_system_turn_is_never_compared():
    kind, terse = {"system": "Be kind."}, {"system": "Be terse."}
    copies = (SENTENCE, "60"), (replaced(3), "60")
    assert losers((*copies[0], kind), (*copies[1], kind)) == {1: "00"}
    assert losers((*copies[0], kind), (*copies[1], terse)) == {}
    assert losers((*copies[0], kind), copies[1]) == {}


def test_formats_are_never_compared():
    assert losers((SENTENCE, "60"), (replaced(2), "60", {"format": "pot"})) == {}


def test_the_threshold_is_the_boundary():
    other = replaced(2)
    shingles = len(WORDS) + 1 - 4
    similarity = (shingles - 3) / (shingles + 3)
    assert losers((SENTENCE, "60"), (other, "60"), threshold=similarity) == {1: "00"}
    assert losers((SENTENCE, "60"), (other, "60"), threshold=similarity + 1e-9) == {}


def test_a_chain_does_not_delete_its_far_end():
    near, far = replaced(2), replaced(2, 20, 28)
    assert losers((SENTENCE, "60"), (near, "60"), threshold=0.5) == {1: "00"}
    assert losers((near, "60"), (far, "60"), threshold=0.5) == {1: "00"}
    assert losers((SENTENCE, "60"), (near, "60"), (far, "60"), threshold=0.5) == {1: "00"}


def test_short_texts_are_duplicates_when_all_words_agree():
    assert losers(("Add 2", "4"), ("add  2", "4"), ("Sum 2", "4")) == {1: "00"}


def test_texts_without_spaces_are_compared_by_characters():
    one = "小明家有3棵苹果树，每棵树上结了12个苹果，小明把苹果平均分给邻居，请问一共有几个苹果？"
    assert losers((one, "36"), (one.replace("邻居", "同学"), "36"), (one.replace("12", "15"), "36")) == {1: "00"}


def test_nothing_and_one_candidate_lose_nothing():
    assert losers((SENTENCE, "60")) == {}
    assert near_duplicates(table([(SENTENCE, "1")]).slice(0, 0), threshold=0.7, differ=str.__ne__)[0].num_rows == 0


def test_a_crowd_of_one_guard_goes_through_bands_and_loses_the_same(monkeypatch):
    chance = random.Random(0)
    crowd = [
        " ".join(chance.choices(("cat", "dog", "hen", "fox", "owl", "bee", "ant", "cow", "pig", "rat"), k=40))
        for _ in range(40)
    ]
    rows = [(text, "y") for text in crowd] + [(text.replace("cat", "elk", 1), "y") for text in crowd]
    everything = losers(*rows)
    monkeypatch.setattr(minhash, "GROUP_CAP", 8)
    assert losers(*rows) == everything
    assert len(everything) == 40


def crowded(*rows):
    told = near_duplicates(table(rows), threshold=0.7, differ=lambda one, other: one != other)[1]
    return told.column("index").to_pylist()


def test_who_was_not_compared_with_all_of_a_crowd_is_told(monkeypatch):
    monkeypatch.setattr(minhash, "GROUP_CAP", 3)
    alike = [(SENTENCE, "60", {"answer": str(place)}) for place in range(6)]  # answers differ, so nobody falls
    assert losers(*alike) == {}
    assert crowded(*alike) == [3, 4, 5]
    assert crowded(*alike[:4]) == []  # the fourth was compared with the three before it: nothing is missing
    apart = [(" ".join(f"{word}{place}" for word in "abcdefgh"), "60") for place in "klmnopqr"]
    assert crowded(*apart) == []  # a large guard alone is no crowd: its members meet by bands


ROWS = st.lists(
    st.tuples(
        st.sampled_from(
            [SENTENCE, replaced(2), replaced(2, 3), replaced(20), replaced(2, 20, 28), replaced(9, by="7")]
        ),
        st.just("60"),
        st.fixed_dictionaries({"accepted": st.booleans(), "rank": st.integers(0, 1), "name": st.sampled_from("abcd")}),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_result_does_not_depend_on_the_order_of_candidates(rows, chance):
    whole = table(rows)
    shuffled = whole.take(pa.array(chance.sample(range(len(rows)), len(rows))))
    expected = near_duplicates(whole, threshold=0.6, differ=str.__ne__)[0]
    assert near_duplicates(shuffled, threshold=0.6, differ=str.__ne__)[0].equals(expected)


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_removing_what_is_lost_leaves_nothing_to_remove(rows):
    whole = table(rows)
    lost = set(near_duplicates(whole, threshold=0.6, differ=str.__ne__)[0].column("index").to_pylist())
    kept = whole.filter(pa.array([place not in lost for place in range(len(rows))]))
    assert near_duplicates(kept, threshold=0.6, differ=str.__ne__)[0].num_rows == 0


def test_signatures_estimate_the_exact_similarity():
    chance = np.random.default_rng(0)
    errors = []
    for shared in range(0, 101, 5):
        pool = chance.integers(0, 2**32, 200, dtype=np.uint32)
        one, other = pool[:100], pool[100 - shared : 200 - shared]
        signed = signatures(np.concatenate((one, other)), np.array([0, 100, 200]))
        errors.append((signed[0] == signed[1]).mean() - shared / (200 - shared))
    assert abs(np.mean(errors)) < 0.02
    assert np.std(errors) < 0.05


def test_equal_sets_share_every_band_and_strangers_none():
    chance = np.random.default_rng(1)
    one, stranger = chance.integers(0, 2**32, (2, 80), dtype=np.uint32)
    keys = bands(signatures(np.concatenate((one, one, stranger)), np.array([0, 80, 160, 240])))
    assert (keys[0] == keys[1]).all()
    assert not (keys[0] == keys[2]).any()


def test_shingles_are_sets_of_five_words_in_lower_case():
    lists = shingles_of(pa.array(["a b c d e f", "A B  C d E", "a b c d e a b c d e", None, "a b"])).to_pylist()
    assert [len(one) for one in lists] == [2, 1, 5, 0, 1]
    assert lists[1][0] in lists[0]


@pytest.mark.slow
@pytest.mark.parametrize("known", [True, False])
def test_math_problems_lose_exactly_these(real_data, known):
    rows = []
    for path in ("cot/math_train_problems_7500.jsonl", "eval/math_test.jsonl"):
        for line in (real_data / path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            answer = row["answer"] if "answer" in row else extract(row["solution"]).answer
            rows.append((row["problem"], "", {"answer": answer if known else None, "name": f"{len(rows):05d}"}))
    lost = near_duplicates(table(rows), threshold=0.7, differ=lambda one, other: one != other)[0]
    assert {rows[index][0][:40] for index in lost.column("index").to_pylist()} == {
        "Real numbers $x$ and $y$ satisfy the equ",
        r"The points $(0,0)\,$, $(a,11)\,$, and $(",
    }


@pytest.mark.slow
def test_pairs_of_math_that_a_fuzzy_match_confuses_are_kept(real_data):
    rows = []
    for path in ("cot/math_train_problems_7500.jsonl", "eval/math_test.jsonl"):
        for line in (real_data / path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append((row["problem"], row["answer"] if "answer" in row else extract(row["solution"]).answer))
    groups = defaultdict(list)
    for place, form in enumerate(template_forms(pa.array([question for question, _ in rows])).to_pylist()):
        groups[form].append(place)
    confused = [
        (one, other)
        for members in groups.values()
        for one, other in itertools.combinations(members, 2)
        if rows[one][1] != rows[other][1]
        and difflib.SequenceMatcher(None, rows[one][0], rows[other][0], autojunk=False).ratio() >= 0.95
    ]
    assert len(confused) > 300
    lost = losers(*((question, "", {"name": f"{place:05d}"}) for place, (question, _) in enumerate(rows)))
    assert not [pair for pair in confused if set(pair) & set(lost)]


@pytest.mark.slow
def test_gsm8k_and_math_lose_nothing_but_listed_duplicates(real_data):
    rows = []
    for path, question, solution in (
        ("cot/gsm8k_train.jsonl", "question", "answer"),
        ("eval/gsm8k_test.jsonl", "question", "answer"),
        ("eval/math_test.jsonl", "problem", "solution"),
    ):
        for line in (real_data / path).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append((row[question], row[solution]))
    assert losers(*rows) == {}
    assert [rows[place][0][:38] for place in exact_losers(rows)] == []
    problems = [(question, "") for question, _ in rows]
    assert {problems[place][0][:38] for place in {*losers(*problems), *exact_losers(problems)}} == {
        "Suppose that $4^a = 5$, $5^b = 6$, $6^",  # twice in MATH test, spaced otherwise
        "Amanda received $50 as a gift. She pla",  # Josie in GSM8K test, word for word but for the name
    }


def exact_losers(rows):
    """Places of rows whose content an earlier row has."""
    segments = pa.array([[{"kind": "text", "text": solution}] for _, solution in rows], SEGMENTS)
    batch = {"question": [question for question, _ in rows], "format": ["cot"] * len(rows), "segments": segments}
    batch["system"] = pa.nulls(len(rows), pa.string())
    contents = content_keys(pa.RecordBatch.from_pydict(batch)).to_pylist()
    first = {one: place for place, one in reversed(list(enumerate(contents)))}
    return [place for place, one in enumerate(contents) if first[one] < place]
