"""Blocks between marks: what one pattern for a whole block would find, at a cost in proportion to the text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.blocks import BlockMarks, without_blocks

MARKS = BlockMarks(
    re.compile(r"^(?P<fence>```)\n|(?P<tag><a>)|(?P<bar>\|>)", re.MULTILINE),
    {"fence": re.compile(r"\n?^```$", re.MULTILINE), "tag": re.compile("</a>"), "bar": re.compile(r"<\|")},
)
WHOLE = re.compile(r"^```\n(?P<fence>.*?)\n?^```$|<a>(?P<tag>.*?)</a>|\|>(?P<bar>.*?)<\|", re.MULTILINE | re.DOTALL)


def found(text: str) -> list[tuple[int, int, str, str]]:
    return [(block.start, block.end, block.group, block.body) for block in MARKS.blocks(text)]


def test_a_block_ends_at_its_own_first_closing_and_none_stands_in_another() -> None:
    assert found("x<a>1|></a>2</a><a></a>") == [(1, 11, "tag", "1|>"), (16, 23, "tag", "")]


def test_an_opening_without_closing_hides_no_block_behind_it() -> None:
    assert found("<a><a>|>1<|```\n```\n2\n```") == [(6, 11, "bar", "1"), (15, 24, "fence", "2")]
    assert found("```\n```") == [(0, 7, "fence", "")]
    assert found("```\n") == []


@given(st.lists(st.sampled_from(["```", "\n", "<a>", "</a>", "|>", "<|", "x", " "]), max_size=14).map("".join))
def test_the_same_blocks_are_found_as_by_one_pattern(text: str) -> None:
    expected = [(one.start(), one.end(), one.lastgroup, one[str(one.lastgroup)]) for one in WHOLE.finditer(text)]
    assert found(text) == expected


def test_a_mark_may_begin_inside_one_that_opens_nothing() -> None:
    marks = BlockMarks(
        re.compile(r"(?P<slash>/<)|(?P<tag><a>)"), {"slash": re.compile(">/"), "tag": re.compile("</a>")}
    )
    assert [block.body for block in marks.blocks("/<a>1</a>")] == ["1"]


def test_an_opening_without_a_closing_of_its_kind_is_all_of_its_block_and_a_body_may_need_a_sign() -> None:
    marks = BlockMarks(re.compile(r"(?P<word>\w+)|(?P<money>\$)"), {"money": re.compile(r"\$")}, least=1)
    assert [(block.group, block.body) for block in marks.blocks("ab $$ $c$ $")] == [
        ("word", "ab"),
        ("money", "$ "),
        ("word", "c"),
        ("money", " "),
    ]


class Counting:
    """A pattern that counts the characters that it looks at."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.pattern, self.looked_at = pattern, 0

    def search(self, text: str, place: int) -> re.Match[str] | None:
        match = self.pattern.search(text, place)
        self.looked_at += (match.end() if match else len(text)) - place
        return match


def work(text: str) -> int:
    """Characters looked at by all patterns."""
    opening = Counting(MARKS.opening)
    closings = {name: Counting(pattern) for name, pattern in MARKS.closings.items()}
    list(BlockMarks(opening, closings).blocks(text))  # type: ignore[arg-type]  # all that is asked of a pattern
    return opening.looked_at + sum(closing.looked_at for closing in closings.values())


@pytest.mark.parametrize("unit", ["<a>", "|>", "```\n", "<a>|>```\n", "<a></a>", "<a>|><|", "</a>", "```\n```\n", "`"])
@pytest.mark.parametrize("tail", ["", "</a>", "<|", "\n```"])
def test_the_work_is_in_proportion_to_the_text_whatever_stands_in_it(unit: str, tail: str) -> None:
    text = unit * 4000 + tail
    assert work(text) <= 4 * len(text)  # once for the openings, and at most once in vain for each kind of closing


@pytest.mark.parametrize(
    ("text", "left"), [("a<a>1</a>b|>2<|c", "abc"), ("<a><a>x", "<a><a>x"), ("", ""), ("<a></a>", "")]
)
def test_what_is_left_without_blocks(text: str, left: str) -> None:
    assert without_blocks(text, MARKS) == left
