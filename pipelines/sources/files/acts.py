"""Where a journal is whole: JSON lines that only grow, some of them in groups that one act writes.

    {"row_id": "a", "act": "1"}
    {"row_id": "b", "act": "2", "together": 2}
    {"row_id": "c", "act": "2", "together": 2}      whole up to here
    {"row_id": "d", "act": "3", "together": 2}      a group begun
    {"row_id": "e", "ac                             torn

A kill, or a writer who is still there, leaves one act half-written at the end and nothing broken before it.
"""

import io
from typing import IO

import orjson

from schemas.wording import amount

TOGETHER = "together"
"""the field of a line that says how many lines its act has, where there are several"""
_TOGETHER = f'"{TOGETHER}":'.encode()


def whole_acts(stream: IO[bytes], size: int) -> int:
    """How many of the first bytes of a journal hold whole acts.

    A last line without its end counts where it is a whole object: people's files often end so.

    Args:
        stream: from its beginning.
        size: bytes that are looked at.
    """
    act, start, lines, together, offset = None, 0, 0, 1, 0
    while line := stream.readline(size - offset):
        if not line.endswith(b"\n") and not _is_object(line):
            break
        found = _act_of(line)
        if found is None or found[0] != act:
            start, lines = offset, 0
        act, together = found or (None, 1)
        lines += 1
        offset += len(line)
    return start if lines < together else offset


def whole_lines(content: bytes) -> bytes:
    """Content up to its last whole act, where it is JSON lines: its first line is an object by itself."""
    is_lines = _is_object(content.partition(b"\n")[0])
    return content[: whole_acts(io.BytesIO(content), len(content))] if is_lines else content


def passed_over(torn: int) -> str:
    """What is told of the bytes behind the last whole act."""
    return f"the last {amount(torn, 'byte')} are an act that was not written to its end; passed over"


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _act_of(line: bytes) -> tuple[str, int] | None:
    """The act that a line belongs to and how many lines that has; None for a line by other hands."""
    if _TOGETHER not in line:
        return None
    try:
        value = orjson.loads(line)
        return str(value["act"]), int(value[TOGETHER])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
