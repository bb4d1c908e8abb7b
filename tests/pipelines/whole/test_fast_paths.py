"""The whole-column shortcuts clear only what the rule on one text would clear."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.normalise import (
    _composed,
    _plain,
    _with_line_ends,
    control_characters,
    normalise,
    normalised,
    suspects,
)
from pipelines.stages.screen import checks as screen
from pipelines.text import skeleton
from pipelines.text.arrays import foreign_runs
from pipelines.text.skeleton import _to_latin
from pipelines.text.tokens import _to_plain

_SIGNS = r"{ } [ ] ( ) \ a 1 , ! $ ~ é \[ \] \( \{ \\ \begin{a} \end{a} [asy] [/asy] \times \frac12 \left( \geq \dfrac"
_HIDDEN = [" ", "\n", "\t", "\r", "\x07", "\times", "\u00a0", "e\u0301", "\u200b"]
pieces = st.lists(st.sampled_from([*_SIGNS.split(), *_HIDDEN]), max_size=12).map("".join)
_FOREIGN = [*"é½²ⁿ₁７ßΣﬁ’×–三𝒙하٣한か\u3099\u200b\u0301\u2028\u00a0", "e\u0301"]
foreign = st.lists(st.sampled_from([*_FOREIGN, "a", "X", "1", "\n", "\r", " "]), max_size=12).map("".join)


@given(pieces)
def test_what_the_screen_does_not_look_at_balances(text: str) -> None:
    if not screen._maybe_unbalanced(pa.array([text]))[0]:
        assert screen.check_latex(text) is None


@given(pieces)
def test_what_is_no_suspect_holds_no_control_character(text: str) -> None:
    if not suspects(pa.array([text]))[0].as_py():
        assert control_characters(text) is None


@given(st.lists(st.one_of(pieces, st.none()), max_size=6))
def test_texts_are_normalised_as_each_is_alone(texts: list[str | None]) -> None:
    alone = [None if text is None else normalise(text) for text in texts]
    assert normalised(pa.array(texts, pa.string())).to_pylist() == alone


@given(st.lists(foreign, max_size=6), st.sampled_from([_plain, _composed, _to_plain, _to_latin]))
def test_runs_change_as_their_text_does(texts: list[str], change: Callable[[str], str]) -> None:
    def after(text: str) -> str:
        return _with_line_ends(text).lower() if change is not _to_plain else text

    found = foreign_runs(pa.array(texts, pa.string()), change).to_pylist()
    assert list(map(after, found)) == [after(change(text)) for text in texts]


@given(pieces)
def test_what_matches_no_rule_of_latex_is_changed_by_none(text: str) -> None:
    lower = pc.ascii_lower(pa.array([text]))
    if not pc.match_substring_regex(lower, skeleton._ODD_LATEX)[0].as_py():
        for pattern, replacement in skeleton._LATEX_RULES:
            assert pc.replace_substring_regex(lower, pattern, replacement).equals(lower)


def test_the_shortcuts_see_the_odd_ones() -> None:
    assert screen._maybe_unbalanced(pa.array(["{", "\\[", "a{b}", "\\begin{a}"])).tolist() == [True, True, False, True]
    assert suspects(pa.array(["a \n", "\x0c", "é", "\u202e", "\t"])).to_pylist() == [False, True, False, True, True]
