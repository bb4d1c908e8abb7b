"""Blocks between marks, found in one pass: the cost is in proportion to the text, whatever stands in it.

One pattern for a whole block (opening, anything, closing) looks for the closing anew from each opening: a text of
openings alone takes the square of its length. Here a closing that is not there is looked for once.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A block in a text, characters [start, end) with its marks; `group` is that of its opening."""

    start: int
    end: int
    group: str
    body: str


@dataclass(frozen=True, slots=True)
class BlockMarks:
    """How blocks begin and end.

    Attributes:
        opening: a pattern of alternatives, each a group of its own.
        closings: by the name of that group, the pattern that ends such a block; an opening without is all of its block.
        least: characters between opening and closing.
    """

    opening: re.Pattern[str]
    closings: Mapping[str, re.Pattern[str]]
    least: int = 0

    def blocks(self, text: str) -> Iterator[Block]:
        """Yields the blocks of a text in their order; an opening without its closing begins none."""
        unclosed: set[str] = set()
        place = 0
        while opened := self.opening.search(text, place):
            group = opened.lastgroup
            assert group is not None, self.opening
            if group not in self.closings:
                yield Block(opened.start(), opened.end(), group, opened[0])
                place = opened.end()
                continue
            closed = None
            if group not in unclosed:
                closed = self.closings[group].search(text, opened.end() + self.least)
            if closed is None:
                unclosed.add(group)
                place = opened.start() + 1  # another opening may begin inside this one
            else:
                yield Block(opened.start(), closed.end(), group, text[opened.end() : closed.start()])
                place = closed.end()


def without_blocks(text: str, marks: BlockMarks, *, instead: str = "") -> str:
    """The text with something else in place of its blocks."""
    kept, end = list[str](), 0
    for block in marks.blocks(text):
        kept += text[end : block.start], instead
        end = block.end
    return "".join([*kept, text[end:]])
