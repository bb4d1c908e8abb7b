"""Numbers that a solution works out: of two solutions of one problem nearly all have some of them in common.

On GSM8K 734 of 771 right solutions of a model share one with the human solution, in MATH a rewording and its item did
in every case that was looked at, two problems with the same numbers and the same answer by chance in none.
"""

import re

import pyarrow as pa

from pipelines.text.skeleton import skeletons

_NUMBER = re.compile(rb"\d+(?:\.\d+)?")
_DRAWING = re.compile(rb"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_SMALL = frozenset((b"0", b"1", b"2"))


def worked_numbers(solution: bytes, question: str) -> frozenset[bytes]:
    """The numbers above two in the key form of a solution that its question has not; drawings aside."""
    asked = skeletons(pa.array([question])).cast(pa.large_binary())[0].as_py()
    return frozenset(_NUMBER.findall(_DRAWING.sub(b"", solution))) - {*_NUMBER.findall(asked)} - _SMALL


def shared_work(own: frozenset[bytes], theirs: frozenset[bytes], answer: str) -> bool | None:
    """Whether two solutions have a number in common besides the answer; None where one of them has no other."""
    known = {*_NUMBER.findall(answer.encode())}
    return bool((own & theirs) - known) if own - known and theirs - known else None
