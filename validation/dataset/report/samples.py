"""Examples as people read them: segments told apart, and what the model is trained on marked as such.

The marks come from `schemas.transcript`, the same spans that the trainer and the exporter use.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.example import EXAMPLE_SCHEMA
from schemas.problem import Segment, SegmentKind
from schemas.transcript import transcribe
from schemas.verdict import Check, Status
from schemas.wording import visible
from validation.dataset.report.markup import Markup, join, number, tag
from validation.dataset.report.mathml import rich_text
from validation.dataset.streams import opened

MAX_TEXT = 6000  # characters of a segment that are shown
FOLDED = 900  # characters of a question or a solution that stand open; of longer ones the first lines show
_KINDS = {kind.value for kind in SegmentKind}
_LABELS = {
    SegmentKind.TEXT: "text",
    SegmentKind.THINK: "thoughts",
    SegmentKind.CODE: "program",
    SegmentKind.OUTPUT: "tool output",
}


def fetch(folder: Path, shards: Sequence[str], ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Reads a few examples by id; a shard that cannot be read gives none."""
    wanted = pa.array(sorted(set(ids)), pa.string())
    found: dict[str, dict[str, Any]] = {}
    if not len(wanted):
        return {}
    for path in shards:
        with opened(folder / path, EXAMPLE_SCHEMA) as reader:
            for rows in reader:
                found |= {row["id"]: row for row in rows.filter(pc.is_in(rows["id"], value_set=wanted)).to_pylist()}
    return found


def render_example(
    row: Mapping[str, Any], *, why: str, marks: Sequence[Check] = (), outstanding: Sequence[str] = ()
) -> Markup:
    """One example as an article.

    Args:
        row: a row of a shard.
        why: how it was drawn: random, by stratum, or worst.
        marks: the checks that name it.
        outstanding: the facts that it stands out by.
    """
    verification = row["verification"] or {}
    chips = [row["format"], row["source"], row["topic"], row["language"], row["split"]]
    if row["difficulty"] is not None:
        chips.append(f"difficulty {row['difficulty']}")
    segments = row["segments"] or []
    return tag(
        "article",
        tag(
            "header",
            tag("span", [tag("span", chip, class_="chip") for chip in chips if chip], class_="chips"),
            tag("code", row["id"], class_="id"),
        ),
        [_mark(check) for check in marks],
        tag("p", "stands out by ", "; ".join(outstanding), class_="breaks") if outstanding else None,
        tag("div", _folded(rich_text(bounded(row["system"])), len(row["system"])), class_="system", dir="auto")
        if row["system"]
        else None,
        tag(
            "div",
            _folded(rich_text(bounded(row["question"])), len(row["question"] or "")),
            class_="question",
            dir="auto",
        ),
        tag(
            "div",
            _folded(solution(segments), sum(len(segment["text"] or "") for segment in segments)),
            class_="solution",
        ),
        tag(
            "footer",
            tag("span", "answer ", tag("b", rich_text(as_formula(row["answer"] or "none")), dir="auto")),
            tag("span", _verified(verification)),
            tag("span", f"row {number(row['source_row'])} · {row['author']} · {row['licence']}"),
        ),
        class_="example",
        id=f"example-{row['id']}",
        data_format=row["format"],
        data_source=row["source"],
        data_why=why,
    )


def _folded(body: Markup, characters: int) -> Markup:
    """A long text behind its first lines; an old browser shows no lines of it until it is opened, paper shows all."""
    if characters <= FOLDED:
        return body
    shown = "all" if characters <= MAX_TEXT else f"{number(MAX_TEXT)} of"
    more = tag("span", f"Show {shown} {number(characters)} characters", class_="more")
    return tag("details", tag("summary", more, tag("span", "Show less", class_="less")), body, class_="fold")


def _verified(verification: Mapping[str, Any]) -> str:
    verdict, reference = verification.get("verdict"), verification.get("reference")
    if not reference or verdict != "equal":
        return "not verified"
    what = "its own text" if reference == "self" else f"an {reference} reference"
    return f"{verdict} to {what} (path {verification.get('path')})"


def _mark(check: Check) -> Markup:
    verb = "breaks " if check.status is Status.FAILED else "noted by "
    return tag("p", verb, tag("strong", check.name), class_=f"breaks {check.status.value}")


def as_formula(answer: str) -> str:
    """An answer as text whose LaTeX stands in dollars."""
    return f"${answer}$" if "\\" in answer and "$" not in answer else answer


def solution(segments: Sequence[Mapping[str, str | None]], prose: Callable[[str], Markup] = rich_text) -> Markup:
    """A solution, segment by segment; unsupervised stretches are told apart. `prose` renders what is no program."""
    known = [
        Segment(SegmentKind(segment["kind"]), segment["text"] or "")
        for segment in segments
        if segment["kind"] in _KINDS
    ]
    if len(known) != len(segments):
        return tag("p", "a segment of this solution has no known kind", class_="breaks")
    supervised = supervised_kinds(known)
    return join([_segment(segment, supervised[at], prose) for at, segment in enumerate(known)])


def supervised_kinds(segments: Sequence[Segment]) -> list[bool]:
    """Whether the body of each segment bears loss, by the spans of its transcript."""
    transcript = transcribe(segments)
    bodies, cursor = [], 0
    for segment in segments:
        start = transcript.response.index(segment.text, cursor)
        middle = start + len(segment.text) // 2
        bodies.append(next((span.supervised for span in transcript.spans if span.start <= middle < span.end), True))
        cursor = start + len(segment.text)
    return bodies


def _segment(segment: Segment, supervised: bool, prose: Callable[[str], Markup]) -> Markup:
    text = bounded(segment.text)
    body = {
        SegmentKind.CODE: lambda: tag("pre", tag("code", highlighted(text))),
        SegmentKind.OUTPUT: lambda: tag("pre", tag("code", text)),
    }.get(segment.kind, lambda: tag("div", prose(text), class_="prose", dir="auto"))()
    label = _LABELS[segment.kind] + ("" if supervised else " · no loss here")
    classes = f"segment {segment.kind.value} {'supervised' if supervised else 'unsupervised'}"
    return tag("div", tag("span", label, class_="kind"), body, class_=classes)


def highlighted(code: str) -> Markup:
    """Python with its syntax coloured at build time; what hides or reorders letters stands as its code."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Markup(highlight(visible(code), PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)).rstrip("\n"))


def bounded(text: str | None) -> str:
    """The text, or its beginning and how much more there is: a row of a megabyte must not keep anybody waiting."""
    text = text or ""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]} … ({number(len(text) - MAX_TEXT)} more characters)"
