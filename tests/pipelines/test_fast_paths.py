"""The whole-column shortcuts clear only what the rule on one text would clear."""

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from pipelines import screen, skeleton
from pipelines.normalise import MAY_CHANGE, control_characters, normalise

_SIGNS = r"{ } [ ] ( ) \ a 1 , ! $ ~ é \[ \] \( \{ \\ \begin{a} \end{a} [asy] [/asy] \times \frac12 \left( \geq \dfrac"
_HIDDEN = [" ", "\n", "\t", "\r", "\x07", "\times", "\u00a0", "e\u0301", "\u200b"]
pieces = st.lists(st.sampled_from([*_SIGNS.split(), *_HIDDEN]), max_size=12).map("".join)


@given(pieces)
def test_what_the_screen_does_not_look_at_balances(text: str) -> None:
    if not screen._maybe_unbalanced(pa.array([text]))[0]:
        assert screen.check_latex(text) is None


@given(pieces)
def test_what_is_not_normalised_needs_none(text: str) -> None:
    if not pc.match_substring_regex(pa.array([text]), MAY_CHANGE)[0].as_py():
        assert normalise(text) == text
        assert control_characters(text) is None


@given(pieces)
def test_what_matches_no_rule_of_latex_is_changed_by_none(text: str) -> None:
    lower = pc.ascii_lower(pa.array([text]))
    if not pc.match_substring_regex(lower, skeleton._ODD_LATEX)[0].as_py():
        for pattern, replacement in skeleton._LATEX_RULES:
            assert pc.replace_substring_regex(lower, pattern, replacement).equals(lower)


def test_the_shortcuts_see_the_odd_ones() -> None:
    assert screen._maybe_unbalanced(pa.array(["{", "\\[", "a{b}", "\\begin{a}"])).tolist() == [True, True, False, True]
    odd = pc.match_substring_regex(pa.array(["a \n", "a", "\\!", " a", "\t"]), MAY_CHANGE)
    assert odd.to_pylist() == [True, False, True, True, True]
