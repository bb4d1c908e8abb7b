"""A sample of answers compared again by math-verify alone, in a child that can be killed.

The final answer is found by other and plainer code than curation's: the last box, the text after `####`, or what
follows "the answer is". A row whose answer cannot be found or compared so is counted as not checked.
"""

import json
import os
import re
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from schemas.attempts import Crash, attempted
from schemas.problem import Format, SegmentKind
from schemas.verdict import Check
from schemas.wording import amount
from validation.answers.growth import outgrows
from validation.dataset.check import check_of, unchecked
from validation.dataset.shard import Row

BY_PEOPLE = "human"
_LINE_TIMEOUT_S = 5.0
_START_TIMEOUT_S = 60.0
_MOST_ENDS = 4  # children that were killed, after which no more are started: crafted answers cost no more than that
_LONGEST = 300  # characters of an answer that math-verify is asked about
_ASKED = re.compile(r"\bround|approximat|estimate|nearest|decimal|significant|四舍五入|保留|约", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?](?=\s)|[。！？]")
_SAID = re.compile(r"(?:####|[Tt]he (?:final )?answer is:?|答案[是为:：]+)\s*(.+)")


@dataclass(frozen=True, slots=True)
class Compared:
    """One row's answer compared again. `outcome`: equal | different | unknown."""

    id: str
    answer: str
    final: str
    outcome: str


class MathVerify:
    """A child process that compares answers, killed and started anew when it takes too long."""

    def __init__(self, *, rounding: str = "places") -> None:
        """Starts nothing yet.

        Args:
            rounding: the policy of the data; with `never` a rounding is another answer.
        """
        self._rounds = rounding != "never"
        self._child: subprocess.Popen[bytes] | None = None
        self._ended = 0

    def __enter__(self) -> "MathVerify":
        """Starts nothing yet: the child starts with the first question."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the child."""
        self._end()

    def compare(self, first: str, second: str, question: str = "") -> str:
        """Returns equal | different | unknown; unknown when the child gives up, dies or takes too long.

        The same text is equal unasked; what is long or grows when it is worked out is unknown unasked.
        """
        if first.strip() == second.strip():
            return "equal"
        if max(len(first), len(second)) > _LONGEST or outgrows(first) or outgrows(second):
            return "unknown"
        asked = _ASKED.search(question) is not None
        child = self._started()
        if child is None or child.stdin is None:
            return "unknown"
        try:
            child.stdin.write(json.dumps([first, second, self._rounds, asked]).encode() + b"\n")
            child.stdin.flush()
        except BrokenPipeError:
            self._give_up()
            return "unknown"
        answer = self._line(child, _LINE_TIMEOUT_S)
        if answer not in ("equal", "different", "unknown"):
            self._give_up()
            return "unknown"
        return answer

    def _started(self) -> subprocess.Popen[bytes] | None:
        if self._child is None and self._ended < _MOST_ENDS:
            command = [sys.executable, "-P", "-W", "ignore", "-m", "validation.dataset.recheck.math_verify_child"]
            places = [str(Path(__file__).resolve().parents[3]), *filter(None, sys.path)]  # ours before a user's folders
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
            self._child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
            if self._line(self._child, _START_TIMEOUT_S) != "ready":
                self._give_up()
        return self._child

    @staticmethod
    def _line(child: subprocess.Popen[bytes], timeout: float) -> str:
        assert child.stdout is not None, "the child was started with a pipe"
        ready, _, _ = select.select([child.stdout], [], [], timeout)
        return child.stdout.readline().decode().strip() if ready else ""

    def _give_up(self) -> None:
        self._ended += 1
        self._end()

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


def final_answer(solution_format: str, segments: Sequence[dict[str, str]]) -> str | None:
    """The final answer that a solution states in words, found without curation's extractor."""
    texts = [segment["text"] for segment in segments if segment["kind"] == SegmentKind.TEXT]
    if not texts:
        return None
    text = texts[-1] if solution_format == Format.TIR else "\n".join(texts)
    if (box := _last_box(text)) is not None:
        return box
    stated = _SAID.findall(text)
    return _SENTENCE_END.split(stated[-1], 1)[0].strip().rstrip(".").strip("$").strip() if stated else None


def _last_box(text: str) -> str | None:
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 1, start + len("\\boxed{")
    for at in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[begin:at]
    return None


def compare_answers(rows: Sequence[Row], *, rounding: str = "places") -> list[Compared]:
    """Compares the final answers of CoT and TIR rows with their references, under the data's policy on roundings."""
    compared = []
    with MathVerify(rounding=rounding) as judge:
        for row in rows:
            if row.values["format"] != Format.POT:
                found = attempted(partial(_compared, row.values, judge))
                unknown = Compared(row.values["id"], "", "", "unknown")
                compared.append(unknown if isinstance(found, Crash) else found)
    return compared


def _compared(values: Mapping[str, Any], judge: MathVerify) -> Compared:
    answer, final = values["answer"], final_answer(values["format"], values["segments"] or [])
    known = answer and final and not decided_by_people(values)
    outcome = judge.compare(str(answer), str(final), values["question"]) if known else "unknown"
    return Compared(values["id"], str(answer or ""), final or "", outcome)


def decided_by_people(values: Mapping[str, Any]) -> bool:
    """Whether a person accepted the example over the judge: there is nothing left that a machine could check."""
    return (values["verification"] or {}).get("path") == BY_PEOPLE


def check_answers(compared: Sequence[Compared]) -> Check:
    """Draws the verdict on the sample of answers."""
    different = [answer for answer in compared if answer.outcome == "different"]
    unknown = sum(answer.outcome == "unknown" for answer in compared)
    checked = len(compared) - unknown
    detail = f"{amount(checked, 'answer')} compared again by math-verify alone ({unknown:,} not checked)"
    if not checked:
        return unchecked("answers_hold", "recheck", detail)
    problems = []
    if different:
        first = different[0]
        shown = f"{first.id} ends in {first.final[:60]!r}, its reference is {first.answer[:60]!r}"
        problems = [f"{len(different):,} differ: {detail}; {shown}"]
    ids = [answer.id for answer in different]
    return check_of("answers_hold", "recheck", detail, problems, checked=checked, unexpected=len(different), ids=ids)
