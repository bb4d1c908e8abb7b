import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.text.tokens import DIGIT, LETTER, SHORT_WORDS, SIGN, facets, letter_runs, lookup_of, runs_of
from pipelines.text.words import words_of

NAMES = {DIGIT: "digit", LETTER: "letter", SIGN: "sign"}
PIECES = [*"aAx3.,!'$+()é²三 \n", "4.5", "1,234", "\\frac"]


def cut(text):
    """The runs of a text as it stands after folding, with the class of each."""
    runs = runs_of(pa.array([text], pa.string()))
    data = runs.data.tobytes()
    spans = zip(runs.kinds.tolist(), runs.starts.tolist(), runs.lengths.tolist(), strict=True)
    return [(NAMES[kind], data[start : start + length].decode("latin-1")) for kind, start, length in spans]


def plain(text):
    return [run for _, run in cut(text)]


def test_a_text_is_cut_into_digits_letters_and_signs():
    assert cut("Is $x^2$ 40,000?") == [
        ("letter", "Is"),
        ("letter", "x"),
        ("sign", "^"),
        ("digit", "2"),
        ("digit", "40000"),
    ]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("3.14", ["3.14"]),
        ("3. 14", ["3", "14"]),
        ("x.5", ["x", "5"]),
        ("5.", ["5"]),
        ("a1b", ["a", "1", "b"]),
        ("1,2", ["1", "2"]),
        ("1,2345", ["1", "2345"]),
        ("++", ["+", "+"]),
        ("Tom's, \"I'm\"; so: why? Wow!", ["Tom", "s", "I", "m", "so", "why", "Wow"]),
        (r"\frac{1}{2}", ["frac", "{", "1", "}", "{", "2", "}"]),
        ("", []),
        (None, []),
    ],
)
def test_prose_signs_make_no_run_and_every_other_sign_its_own(text, runs):
    assert plain(text) == runs


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("5!", ["5", "!"]),
        ("n!!", ["n", "!", "!"]),
        ("n!!!!!", ["n", "!", "!", "!"]),
        ("(n + 1)!", ["(", "n", "+", "1", ")", "!"]),
        ("f'(x)", ["f", "'", "(", "x", ")"]),
        ("A'B", ["A", "'", "B"]),
        ("5'", ["5"]),
        ("Wow!!", ["Wow"]),
        ("x'y", ["x", "y"]),
    ],
)
def test_a_sign_behind_an_operand_counts_and_one_behind_a_word_does_not(text, runs):
    assert plain(text) == runs


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("x²", "x^2"),
        ("½", " 1/2 "),
        ("Äpfel", "Apfel"),
        ("3 – 2", "3 - 2"),
        ("’tis", "'tis"),
        ("\uff17", "7"),
        ("三", "三"),
    ],
)
def test_characters_beyond_ascii_are_what_they_mean(text, same):
    assert plain(text) == plain(same)


def test_ideographs_that_count_are_kept_and_others_are_prose():
    assert cut("三猫不") == cut("三") + cut("不") != cut("不三")
    assert cut("猫买花") == []


@given(st.lists(st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.none(), max_size=6))
def test_the_runs_of_a_text_do_not_depend_on_the_others_of_its_batch(texts):
    runs = runs_of(pa.array(texts, pa.string()))
    for row, text in enumerate(texts):
        alone = runs_of(pa.array([text], pa.string()))
        own = runs.rows == row
        assert runs.hashes[own].tolist() == alone.hashes.tolist()
        assert runs.kinds[own].tolist() == alone.kinds.tolist()


def words(text):
    return words_of(pa.array([text])).hashes.tolist()


def test_facets_are_numbers_joints_and_words():
    numbers, joints, told = facets(pa.array(["Tom has 3 cats and 40,000 mice.", "no numbers here"]))
    assert numbers.hashes.tolist() == words("3 40000")
    assert numbers.rows.tolist() == [0, 0]
    assert told.hashes.tolist() == words("tom has cats and mice no numbers here")
    assert told.rows.tolist() == [0] * 5 + [1] * 3
    assert len(joints.hashes) == 0


def joints_of(text):
    return facets(pa.array([text]))[1].hashes.tolist()


def test_joints_forget_which_letter_stands_there_and_keep_signs_and_numbers():
    assert joints_of("$x + y$") == joints_of("$p + Q$")
    assert len(joints_of("$x + y$")) == 2
    assert joints_of("$x - y$") != joints_of("$x + y$")
    assert joints_of("$x + 3$") != joints_of("$x + 4$")
    assert joints_of("$3 + x$") != joints_of("$x + 3$")
    assert joints_of(r"$\sin x$") != joints_of(r"$\cos x$")


def test_short_words_and_what_an_apostrophe_parts_are_no_letters_of_formulas():
    assert joints_of("I + a") == []
    assert joints_of("Tom's + 3") == joints_of("Tom + 3")
    assert len(joints_of("n + 3")) == 2


def test_nothing_is_joined_across_texts():
    assert facets(pa.array(["x +", "+ 3"]))[1].rows.tolist() == [0, 1]


def test_runs_of_letters_come_in_lower_case_with_the_words_that_have_a_capital():
    tokens, capital = letter_runs(pa.array(["Ann meets X and BOB", "émile 3"]))
    assert tokens.hashes.tolist() == words("ann meets x and bob emile")
    assert tokens.rows.tolist() == [0, 0, 0, 0, 0, 1]
    assert capital.tolist() == [True, False, False, False, True, False]


def test_a_lookup_finds_a_word_at_its_place():
    lookup = lookup_of(["plus", "minus"])
    places, items = lookup.hits(letter_runs(pa.array(["Minus what? PLUS"]))[0].hashes)
    assert (places.tolist(), items.tolist()) == ([0, 2], [1, 0])
    assert SHORT_WORDS.holds(letter_runs(pa.array(["An ox is I"]))[0].hashes).tolist() == [True, False, True, True]
