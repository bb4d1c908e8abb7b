from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.duplicates.agreement import Member, disagreements
from validation.answers import Comparison, Relation, compare
from validation.answers.symbolic import SymbolicComparer


def member(row_id, gold="4", own="4", *, format="cot", derived=False, row=0, human=True):
    return Member(f"{row_id}-{format}", row_id, row, format, gold, own, derived=derived, human=human)


def reasons(*members):
    return {id_: rejection.reason.value for id_, rejection in disagreements(members).items()}


def test_equal_answers_in_other_notation_agree():
    assert reasons(member("a", "1/2", "0.5"), member("b", "0.5", r"\frac{1}{2}")) == {}


def test_unequal_references_are_a_conflict_and_every_side_names_the_other():
    found = disagreements([member("a", "4", "4", row=3), member("b", "5", "5", row=9), member("c", "4", "4")])
    assert {id_: (one.reason.value, one.partner) for id_, one in found.items()} == {
        "a-cot": ("answer_conflict", "b-cot"),
        "b-cot": ("answer_conflict", "c-cot"),
        "c-cot": ("answer_conflict", "b-cot"),
    }
    assert found["a-cot"].partner_row == 9
    assert found["a-cot"].detail == "answer 4; the same question has 5 elsewhere"


def test_rows_without_a_reference_conflict_by_what_they_end_in():
    assert reasons(member("a", None, "4"), member("b", None, "5")) == {
        "a-cot": "answer_conflict",
        "b-cot": "answer_conflict",
    }


def test_an_unknown_comparison_accuses_nobody():
    assert disagreements([member("a", "x"), member("b", "y")], lambda one, other: Relation.UNKNOWN) == {}


def test_two_rows_against_the_reference_make_it_suspect():
    found = disagreements([member("a", own="4"), member("b", own="5"), member("c", own="5")])
    assert {id_: one.reason.value for id_, one in found.items()} == {"a-cot": "suspect_gold"}
    assert found["a-cot"].detail == "2 rows end in 5, 1 in the reference 4"


def test_models_alone_accuse_no_person_and_each_other_all_the_same():
    models = [member("b", own="5", human=False), member("c", own="5", human=False)]
    assert reasons(member("a", own="4"), *models) == {}
    assert reasons(member("a", own="4", human=False), *models) == {"a-cot": "suspect_gold"}
    assert reasons(member("a", own="4"), *models, member("d", own="5"), member("e", own="5")) == {
        "a-cot": "suspect_gold"
    }


def test_a_reference_that_a_model_brought_conflicts_on_the_models_side_alone():
    assert reasons(member("a", "4"), member("b", "5", "5", human=False)) == {"b-cot": "answer_conflict"}
    assert reasons(member("a", "4", human=False), member("b", "5", "5", human=False)).keys() == {"a-cot", "b-cot"}


def test_one_row_against_the_reference_is_an_error_of_its_own():
    assert reasons(member("a", own="4"), member("b", own="5")) == {}


def test_as_many_rows_for_the_reference_as_against_it_clear_it():
    assert reasons(member("a"), member("b"), member("c", own="5"), member("d", own="5")) == {}


def test_rows_that_miss_the_reference_in_different_ways_clear_it():
    assert reasons(member("a"), member("b", own="5"), member("c", own="6")) == {}


def test_derived_solutions_are_no_witnesses():
    wrong = [member("b", own="5"), member("c", own="5", format="pot", derived=True)]
    assert reasons(member("a"), *wrong) == {}


def test_formats_of_one_row_that_end_apart_disagree():
    assert reasons(member("a", own="4"), member("a", own="5", format="pot"), member("b")) == {
        "a-cot": "format_disagreement",
        "a-pot": "format_disagreement",
    }


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            member,
            st.sampled_from("abc"),
            st.sampled_from(["4", "5", None]),
            st.sampled_from(["4", "5", "6", None]),
            format=st.sampled_from(["cot", "pot"]),
        ),
        max_size=6,
        unique_by=lambda one: one.id,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_members_does_not_matter(members, random):
    assert disagreements(random.sample(members, len(members))) == disagreements(members)


def test_rows_of_one_question_with_many_answers_are_compared_with_the_first_of_them_alone():
    compared = []

    def compare(one, other):
        compared.append((one, other))
        return Relation.EQUAL if one == other else Relation.NOT_EQUAL

    members = [member(f"{row:04}", str(row % 1000), None, row=row) for row in range(2000)]
    found = disagreements(members, compare)
    assert {rejection.reason.value for rejection in found.values()} == {"answer_conflict"}
    assert len(found) == 2000
    assert len(compared) < 200 * 1000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["1", "1.0", "2", "3", "x", "the sum", "y"]), st.booleans()), max_size=12))
def test_each_side_names_the_first_whose_answer_differs(answers):
    members = [member(f"r{n:02}", text, text, row=n, human=human) for n, (text, human) in enumerate(answers)]
    classes: list[list[Member]] = []
    for one in members:
        same = [group for group in classes if compare(group[0].gold, one.gold).outcome is Relation.EQUAL]
        if not same:
            classes.append([])
        [*same, classes[-1]][0].append(one)
    expected = {}
    for value, one in ((group[0].gold, one) for group in classes for one in group):
        others = (group for group in classes if compare(value, group[0].gold).outcome is Relation.NOT_EQUAL)
        speakers = ([m for m in group if m.human or not one.human] for group in others)
        if found := next(filter(None, speakers), None):
            expected[one.id] = found[0].id
    assert {id_: found.partner for id_, found in disagreements(members).items()} == expected


def test_a_problem_with_many_answers_costs_what_they_do():
    compared = []

    def unknown(one, other):
        compared.append((one, other))
        return Relation.EQUAL if one == other else Relation.UNKNOWN

    def comparisons(count):
        compared.clear()
        assert disagreements([member(f"r{n}", f"word {n}", f"word {n}", row=n) for n in range(count)], unknown) == {}
        return len(compared)

    few, many = comparisons(400), comparisons(800)
    assert few < many < 2.4 * few


def test_the_symbolic_child_is_asked_about_a_few_answers_of_a_question_and_not_about_many(monkeypatch):
    asked = []

    def ask(_, gold, answer):
        asked.append((gold, answer))
        return Comparison(Relation.NOT_EQUAL, "symbolic")

    monkeypatch.setattr(SymbolicComparer, "compare", ask)
    members = [member(f"{row}", gold := rf"\sin(x)\log(y+{row})=z", gold, row=row) for row in range(4)]
    assert len(disagreements(members[:3])) == 3
    assert asked
    asked.clear()
    assert disagreements(members) == {}
    assert not asked


def test_a_long_answer_is_compared_with_fewer_than_a_short_one():
    compared = []

    def unknown(one, other):
        compared.append((one, other))
        return Relation.EQUAL if one == other else Relation.UNKNOWN

    def comparisons(length):
        compared.clear()
        texts = [f"{row:03} ".ljust(length, "x") for row in range(200)]
        assert disagreements([member(f"r{n}", text, text, row=n) for n, text in enumerate(texts)], unknown) == {}
        return len(compared)

    assert comparisons(61) < comparisons(60) / 4
