"""What an evaluation asks and what comes back, whoever writes: a model in this process or one behind an endpoint."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple, Protocol

from schemas.config import ProgramLimits
from schemas.problem import Format, SegmentKind
from schemas.transcript import OUTPUT_FENCE, parse_response
from training.asking import Item

MOST_OUTPUT = 2000
"""characters of a tool's output that a model is shown; the rest is cut with a mark"""


class Key(NamedTuple):
    """What tells one answer of an evaluation from all others."""

    suite: str
    form: str
    id: str
    sample: int


@dataclass(frozen=True, slots=True)
class Query:
    """One answer that is asked for: a problem in a format, for the nth time."""

    suite: str
    item: Item
    sample: int

    @property
    def form(self) -> Format:
        """The format that is asked for."""
        return self.item.example.format

    @property
    def key(self) -> Key:
        """What tells it from all others."""
        return Key(self.suite, str(self.form), self.item.example.id, self.sample)

    def seed(self, seed: int) -> int:
        """The seed of its sampling: the same in every batch, order and run."""
        text = f"sample:{seed}:{self.item.example.problem_id}:{self.form}:{self.sample}"
        return int.from_bytes(blake2b(text.encode(), digest_size=7).digest())


@dataclass(frozen=True, slots=True)
class Response:
    """What came back.

    Attributes:
        text: what the model wrote, tool outputs included.
        ended: it stopped of its own accord.
        tokens: how many of them it wrote.
        tool_calls: programs that were run for it.
        refusal: why nothing was written; None when something was.
    """

    text: str
    ended: bool
    tokens: int
    tool_calls: int = 0
    refusal: str | None = None


class Backend(Protocol):
    """Whoever writes answers."""

    def respond(self, queries: Sequence[Query], done: Collection[Key]) -> Iterator[list[tuple[Query, Response]]]:
        """Answers queries, some at a time, in an order of its own.

        Args:
            queries: all of the evaluation, those that were answered before included: what is written to one query may
                depend on those beside it in the last digit, so a batch is the same however often a run was stopped.
            done: what was answered before.
        """
        ...


def at_fence(text: str) -> int | None:
    """Where the model hands over to the tool: the end of its first output fence, None where it opened none."""
    found = ("\n" + text).find("\n" + OUTPUT_FENCE)
    return None if found < 0 else found + len(OUTPUT_FENCE)


def tool_reply(text: str, limits: ProgramLimits) -> str:
    """Runs the programs of a response, as a notebook does, and returns what its last one printed.

    Args:
        text: the response so far.
        limits: what its programs may use together.
    """
    from validation.programs import run_blocks

    blocks = [segment.text for segment in parse_response(text) if segment.kind is SegmentKind.CODE]
    if not blocks:
        return "no program"
    execution = run_blocks(blocks, limits)[-1]
    parts = [execution.stdout.rstrip("\n"), execution.error or ""]
    shown = "\n".join(part for part in parts if part)
    return shown if len(shown) <= MOST_OUTPUT else shown[:MOST_OUTPUT] + " ..."
