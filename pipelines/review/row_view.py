"""One row as people read it: why it is in question, question and solution, answers side by side, and the evidence.

Nothing here trusts a row: every text becomes HTML by `validation.dataset.report.markup`, which escapes it.
"""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from pipelines.review.causes import group_of
from pipelines.review.opened import OpenedData, Row
from schemas.problem import SegmentKind
from schemas.reason import CRASHES, Outcome, Reason, meaning_of
from schemas.wording import amount, shortened
from validation.answers import check_arithmetic, extract
from validation.dataset.report.beside import pair, texts_of
from validation.dataset.report.markup import Child, Markup, coded, join, number, tag
from validation.dataset.report.mathml import formula_spans, rich_text
from validation.dataset.report.samples import as_formula, bounded, solution

_MOST_DETAIL = 600
_MOST_EQUATIONS = 8  # wrong calculations that are underlined
Example = Mapping[str, Any]


def row_view(
    data: OpenedData,
    row: Row,
    candidate: Example | None,
    comments: Sequence[tuple[str, str]] = (),
    *,
    audit: bool = False,
) -> Markup:
    """A row of the ledger as an article.

    Args:
        data: the data set.
        row: a row of its ledger.
        candidate: what the row says, as `OpenedData.candidate` finds it.
        comments: what people wrote about it: who, and what.
        audit: whether the rule is asked about, and not the row.
    """
    return tag(
        "article",
        _header(row, candidate),
        _why(row, audit),
        _partner(data, row, candidate),
        tag("h2", "Question"),
        *(_texts(row, candidate) if candidate else _fields(data.record(row["row_id"]) or {})),
        _answers(candidate) if candidate else None,
        _siblings(data.siblings(row)),
        _comments(comments),
        class_="example",
        tabindex="-1",
        id="row",
        aria_labelledby="why",
    )


def _header(row: Row, candidate: Example | None) -> Markup:
    known = candidate or {}
    chips = [row["format"], row["source"], known.get("topic"), known.get("language")]
    shown = tag("span", [tag("span", chip, class_="chip") for chip in chips if chip], class_="chips")
    place = tag("span", f"{row['source']}:{row['row']} · ", tag("code", row["id"]), class_="id")
    return tag("header", shown, place)


def _why(row: Row, audit: bool) -> Markup:
    """What stopped the row, in words."""
    if row["outcome"] == Outcome.KEPT:
        heading, meaning = "Kept", "No rule stopped it. Is it right that it stays?"
    else:
        heading, meaning = group_of(row).title, meaning_of(row["reason"])
    ended = f"{row['outcome']} at {row['stage']}" if row["stage"] else None
    asked = f" Is it right that it was {row['outcome']}?" if audit and row["outcome"] != Outcome.KEPT else ""
    return tag(
        "section",
        tag("h1", heading, id="why"),
        tag("p", coded(meaning), asked, class_="meaning"),
        tag("p", rich_text(shortened(row["detail"], _MOST_DETAIL)), class_="detail", dir="auto")
        if row["detail"]
        else None,
        tag("p", ended, class_="fine") if ended else None,
        tag("p", _NOBODYS, class_="fine") if row["reason"] in CRASHES else None,
        class_="why",
    )


_NOBODYS = "This is a failure of mathmill on this row: accepting it brings nothing back. Tell its makers the detail."


def _texts(row: Row, candidate: Example) -> list[Child]:
    segments = candidate["segments"] or []
    wrong = wrong_calculations(candidate) if row["reason"] == Reason.ARITHMETIC_ERROR else ()
    question = rich_text(bounded(candidate["question"]))
    return [
        tag("div", question, class_="question", dir="auto"),
        tag("h2", "Solution"),
        tag("div", solution(segments, partial(underlined, parts=wrong)), class_="solution"),
    ]


def _fields(record: Mapping[str, Any]) -> list[Child]:
    """A record of which no candidate could be made, field by field."""
    texts = texts_of(record) or {"record": shortened(str(record), _MOST_DETAIL)}
    return [
        tag("div", tag("span", name, class_="kind"), rich_text(bounded(text)), class_="question", dir="auto")
        for name, text in texts.items()
    ]


def _answers(candidate: Example) -> Markup:
    """The reference and what the solution ends in, side by side."""
    sides = (("reference", candidate["answer"]), ("the solution ends in", final_of(candidate)))
    return tag(
        "dl",
        [
            tag("div", tag("dt", name), tag("dd", rich_text(as_formula(text)) if text else "none", dir="auto"))
            for name, text in sides
        ],
        class_="answers",
    )


def final_of(candidate: Example) -> str | None:
    """What a solution's text ends in; None where it states nothing."""
    return extract(_prose(candidate), language=candidate["language"] or "en").answer


def _partner(data: OpenedData, row: Row, candidate: Example | None) -> Markup | None:
    """What the row met: the benchmark item or the other candidate, with the words and numbers that differ marked."""
    if not row["partner"]:
        return None
    mine = _text_of(candidate) if candidate else ""
    if row["benchmark"] is not None:
        item = data.item(row["benchmark"], row["item"])
        other = str(item["question"]) if item else None
        answers = [item["answer"]] if item else []
        name = f"{row['benchmark']}, item {row['item']}"
    else:
        met = data.row_of(row["partner"])
        found = data.candidate(met) if met else None
        other, name = _text_of(found) if found else None, str(row["partner"])
        answers = [found["answer"]] if found else []
    if other is None:
        return tag("p", "what it met, ", tag("code", row["partner"]), ", is not in this data set", class_="fine")
    if row["benchmark"] is not None and candidate:
        mine = str(candidate["question"])
    stated = [tag("p", f"answer of {name}: ", tag("b", rich_text(as_formula(str(a))))) for a in answers if a]
    return tag("section", tag("h2", "Beside what it met"), pair(mine, other, labels=("this row", name)), stated)


def _text_of(candidate: Example) -> str:
    parts = (segment["text"] or "" for segment in candidate["segments"] or [])
    return "\n\n".join((str(candidate["question"]), *parts))


def _siblings(others: Sequence[Row]) -> Markup | None:
    if not others:
        return None
    entries = [
        tag("li", tag("code", other["id"]), f" · {other['outcome']}", f": {other['reason']}" if other["reason"] else "")
        for other in others
    ]
    summary = tag("summary", f"What else there is of this problem: {amount(len(others), 'candidate')}")
    return tag("details", summary, tag("ul", entries), class_="siblings")


def _comments(comments: Sequence[tuple[str, str]]) -> Markup | None:
    if not comments:
        return None
    entries = [tag("li", tag("bdi", tag("b", who)), ": ", tag("span", text, dir="auto")) for who, text in comments]
    return tag("section", tag("h2", "What people wrote"), tag("ul", entries), class_="comments")


def wrong_calculations(candidate: Example) -> tuple[str, ...]:
    """The calculations of a solution that do not hold, as the judge writes them."""
    return check_arithmetic(_prose(candidate), candidate.get("annotations") or ()).wrong[:_MOST_EQUATIONS]


def _prose(candidate: Example) -> str:
    """What a solution says in words, without thoughts, programs and their outputs."""
    parts = candidate["segments"] or []
    return "\n".join(part["text"] or "" for part in parts if part["kind"] == SegmentKind.TEXT)


_SIGN = re.compile(r"[\w.,]+|[^\s$]")


def underlined(text: str, parts: Sequence[str]) -> Markup:
    """Prose with formulas in which some parts are underlined, however their spaces stand.

    A part inside a formula marks all of the formula; one that the text does not hold marks nothing.
    """
    spans: list[tuple[int, int]] = []
    for part in parts:
        signs = [re.escape(sign) for sign in _SIGN.findall(part)]
        found = re.search(r"[\s$]*".join(signs), text) if signs else None
        if found:
            spans.append(_around_formula(text, *found.span()))
    pieces: list[Child] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            pieces += [rich_text(text[end:start]), tag("mark", rich_text(text[start:stop]), class_="wrong")]
            end = stop
    return join([*pieces, rich_text(text[end:])])


def _around_formula(text: str, start: int, stop: int) -> tuple[int, int]:
    """A span, widened to the formulas that it reaches into."""
    for first, last in formula_spans(text):
        if first < stop and start < last:
            start, stop = min(start, first), max(stop, last)
    return start, stop


def rerun_view(recorded: Sequence[str], ran: Sequence[str]) -> Markup:
    """What programs print here, beside what is recorded."""
    pairs = [
        pair(recorded[at] if at < len(recorded) else "", output, labels=("recorded", "run here"))
        for at, output in enumerate(ran)
    ]
    heading = f"Run again: {number(len(ran))} program{'s' if len(ran) != 1 else ''}"
    return tag("section", tag("h2", heading), pairs or tag("p", "This row holds no program."))
