import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.files.scan import read_records, scan
from pipelines.sources.normalise import control_characters, normalise, trimmed


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("plain", "plain"),
        (" a \t\r\nb\rc\u2028d\u0085e \n", "a\nb\rc\nd\ne"),
        ("a\rB", "a\nB"),
        ("line 1\r\rline", "line 1\n\rline"),
        ("cafe\u0301", "café"),
        ("x² ½ ﬁ １２ ⅷ", "x² ½ ﬁ １２ ⅷ"),
        ("1\u00a0000\u202f€", "1 000 €"),
        ("zero\u200bwidth\ufeff and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("10,\\!000 and \\\\!", "10,000 and \\\\!"),
        ("\\\\\\!x", "\\\\x"),
        ("a\n\n\n  indented\n", "a\n\n\n  indented"),
        ("−3 × 4 ÷ 2 ≤ 5", "−3 × 4 ÷ 2 ≤ 5"),
        ("[asy]\ndraw((0,0)--(1,1));  \n[/asy]", "[asy]\ndraw((0,0)--(1,1));\n[/asy]"),
        ("\t indented\t", "indented"),
        ("\tan apple", "an apple"),
        ("\n\tau = 5", "\tau = 5"),
        (" \theta ", "\theta"),
        ("", ""),
    ],
)
def test_canonical_text(text, canonical):
    assert normalise(text) == canonical


def test_code_changes_in_line_ends_only():
    assert normalise("\n  x = '\\!  '  \r\ny\u00a0= 1\n\n", code=True) == "  x = '\\!  '  \ny\u00a0= 1"


@given(st.text(st.sampled_from("aé\u0301 \t\n\r\u00a0\u200b\\!{}$\u2028\u0085²"), max_size=30))
def test_it_is_idempotent(text):
    assert normalise(normalise(text)) == normalise(text)
    assert normalise(normalise(text, code=True), code=True) == normalise(text, code=True)


@given(st.text("0123456789+-*/=<>^_.,()[]×÷−²½abc", max_size=40))
def test_operators_and_digits_stay(text):
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tabs\tand\nlines é 结 −", None),
        ("an\tindented\tcell", None),
        ("cell\tan apple\ta tangent\tau lait\tto town\to be", None),
        ("\tan x", "TAB (a lost \\t...?) before 'an x'"),
        ("x \to \\infty", "TAB (a lost \\t...?) before 'o \\\\infty'"),
        ("\tau = 5", "TAB (a lost \\t...?) before 'au = 5'"),
        ("\x0crac{1}{2}", "FORM FEED (a lost \\f...?) before 'rac{1}{2}'"),
        ("\x08oxed{5}", "BACKSPACE (a lost \\b...?) before 'oxed{5}'"),
        ("2 \times 3", "TAB (a lost \\t...?) before 'imes 3'"),
        ("\textbf{(A)}", "TAB (a lost \\t...?) before 'extbf{(A)}'"),
        ("\right)", "CARRIAGE RETURN (a lost \\r...?) before 'ight)'"),
        ("a\x00b\nc", "NUL before 'b'"),
        ("é\x00", "NUL at the end"),
        ("right\u202eto left", "U+202E before 'to left'"),
        ("\ud800", "U+D800 at the end"),
        ("\x7f", "U+007F at the end"),
    ],
)
def test_control_characters(text, found):
    assert control_characters(text) == found


def test_the_one_lost_backslash_of_math_is_found(real_data):
    found = [
        (record.row, control_characters(normalise(record.value[field])))
        for name in ("cot/math_train_problems_7500.jsonl", "eval/math_test.jsonl")
        for file in scan(str(real_data / name))
        for split in file.splits
        for record in read_records(split)
        if record.value is not None
        for field in ("problem", "solution")
        if field in record.value
    ]
    assert len(found) == 17_500
    assert [hit for hit in found if hit[1]] == [(6942, "TAB (a lost \\t...?) before 'extbf{(C)} 9'")]


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        (" \u00a0 a b \x0c", "a b"),
        ("\x0cPage two", "Page two"),
        (" \x0crac{1}{2}", "\x0crac{1}{2}"),
        ("\right)", "\right)"),
        ("\r\nright", "right"),
        ("\x0bec{v}", "\x0bec{v}"),
        ("\times 5", "\times 5"),
        ("\tthe cell", "the cell"),
        (" \n", ""),
    ],
)
def test_outer_space_goes_and_what_a_lost_backslash_left_stays(text, inner):
    assert trimmed(text) == inner
