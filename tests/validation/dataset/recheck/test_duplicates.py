import copy

from tests.validation.dataset.handmade import examples, write_data
from validation.dataset.recheck.duplicates import Compared, check_near_duplicates, find_near_duplicates, shingles_of
from validation.dataset.shard import Row


def find(folder, rows):
    write_data(folder, rows)
    shards = [f"shards/{path.name}" for path in sorted((folder / "shards").iterdir())]
    return find_near_duplicates(folder, shards, [Row(0, "", row) for row in rows])


def near_twin(change: dict[str, str], answer: str | None = None):
    story = " ".join(f"word{chr(97 + at // 26)}{chr(97 + at % 26)}" for at in range(120))
    long = examples()[0] | {"question": f"{story}. She has 3 and 2."}
    twin = copy.deepcopy(long) | {"id": "r9000-cot", "source_row": 9000}
    for old, new in change.items():
        twin["question"] = twin["question"].replace(old, new, 1)
    return [*examples()[1:], long, twin | {"answer": answer or twin["answer"]}]


def test_a_word_changed_in_a_long_text_is_a_near_duplicate(tmp_path):
    found = find(tmp_path, near_twin({"She has": "She got"}))
    assert [(pair.id, pair.other) for pair in found.pairs] == [("r0000-cot", "r9000-cot")]
    assert found.pairs[0].similarity >= 0.9


def test_another_number_or_another_answer_is_another_problem(tmp_path):
    assert find(tmp_path / "number", near_twin({"3 and 2": "4 and 2"})).pairs == []
    assert find(tmp_path / "answer", near_twin({"She has": "She got"}, answer="6")).pairs == []


def test_honest_variants_are_no_near_duplicates(tmp_path):
    assert find(tmp_path, examples()).pairs == []


def test_nothing_sampled_is_not_checked():
    assert check_near_duplicates(Compared([], 0, 0), rows=9).status == "not_checked"


def test_a_short_text_is_one_shingle():
    assert shingles_of("2 + 2") == {("2", "+", "2")}
    assert len(shingles_of("a b c d e f")) == 2
