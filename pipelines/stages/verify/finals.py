"""The final answer of a candidate: where its text states it, marked or not, and what stands behind it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from schemas.problem import Format, SegmentKind
from validation.answers import Extraction, Relation, compare, extract
from validation.answers.boxes import boxes, listed_boxes
from validation.answers.concluded import find_concluded
from validation.answers.outcome import Comparison, Rounding
from validation.answers.stated import find_stated, is_open


@dataclass(frozen=True, slots=True)
class Case:
    """What the judge looks at. `index` is the candidate's position in its part."""

    index: int
    format: Format
    question: str
    segments: tuple[tuple[str, str], ...]
    answer: str | None
    independent: bool
    language: str
    annotations: tuple[str, ...] | None

    def texts(self, kind: SegmentKind) -> list[str]:
        """The texts of the segments of one kind, in order."""
        return [text for its_kind, text in self.segments if its_kind == kind]


def candidates_of(batch: pa.RecordBatch, indices: Sequence[int]) -> list[Case]:
    """Returns what the judge looks at of some candidates of a part."""
    columns = ["format", "question", "segments", "answer", "independent", "language", "annotations"]
    rows = batch.select(columns).take(pa.array(indices, pa.int32())).to_pylist()
    return [
        Case(
            index=index,
            format=Format(row["format"]),
            question=row["question"],
            segments=tuple((segment["kind"], segment["text"]) for segment in row["segments"]),
            answer=row["answer"],
            independent=row["independent"],
            language=row["language"],
            annotations=None if row["annotations"] is None else tuple(row["annotations"]),
        )
        for index, row in zip(indices, rows, strict=True)
    ]


def find_final(case: Case) -> tuple[str, Extraction]:
    """Finds the final answer of a solution in words: behind the last output where there are outputs.

    Returns:
        The text that was searched, and what was found. A last sentence without a marker that repeats the last output's
        value (`Four containers ...` after 4.0) says that output.
    """
    texts = case.texts(SegmentKind.TEXT)
    if case.format is not Format.TIR or not texts:
        text = "\n".join(texts)
        return text, _as_list(case, text, extract(text, case.language))
    found = extract(texts[-1], case.language)
    outputs = case.texts(SegmentKind.OUTPUT)
    if found.answer is not None or not outputs:
        return texts[-1], found
    text = f"```output\n{outputs[-1]}\n```\n{texts[-1]}"
    return text, extract(text, case.language)


def _as_list(case: Case, text: str, found: Extraction) -> Extraction:
    """Boxes that differ, as the list that the question asks for."""
    listed = listed_boxes(text, case.question) if found.path == "boxed" and found.disagree else None
    return found if listed is None else replace(found, answer=listed, disagree=False)


_GIVEN = re.compile(r"(?<![A-Za-z\\])([A-Za-z]) ?= ?(-?\d[\d,]{0,12})(?![\d.])")
_LAST_SIGNS = "$\\[](){}*.,;!?。 \t\n"
_CLOSING = re.compile(r"(?:\s*(?:\$\$?|\\[\])]|\\end\{[a-z]+\*?\}|\\\\|\*\*|[)\]}.,;!?。]))*")
_SENTENCE_END = re.compile(r"\n|(?<=[.!?])\s|(?<=[。！？])")
_PAIRS = ((r"\[", r"\]"), (r"\(", r"\)"), (r"\begin{", r"\end{"))


def behind_final(case: Case, text: str, found: Extraction) -> str:
    """Returns what stands behind the sentence of the final answer, in the last text; nothing inside a formula."""
    if not text[found.end :].strip(_LAST_SIGNS):
        return ""
    last = case.texts(SegmentKind.TEXT)[-1]
    closing = _CLOSING.match(text, found.end)
    assert closing is not None
    if found.path not in ("boxed", "hashes", "phrase"):
        return ""
    for end in _SENTENCE_END.finditer(text, closing.end()):
        cut = text[end.start() :]
        kept = last.removesuffix(cut)
        whole = all(kept.count(left) == kept.count(right) for left, right in _PAIRS)
        if kept != last and whole and kept.count("$") % 2 == last.count("$") % 2:
            return cut if cut.strip() else ""
    return ""


def find_stated_final(case: Case, text: str, gold: str, rounding: Rounding) -> Extraction | None:
    """Finds the reference in the last sentences of a solution; None where it came from the same text, or is not there.

    Returns:
        The reference as the text has it, by path `stated`.
    """
    if not case.independent or not gold.strip():
        return None
    words = case.texts(SegmentKind.TEXT)[-1:] if case.format is Format.TIR else [text]
    found = find_stated("".join(words), gold, case.question, case.language, rounding=rounding)
    return None if found is None else Extraction(found[0], 1, False, "stated", found[1], found[2])


def find_concluded_final(case: Case, text: str) -> Extraction | None:
    """Finds what the last sentence of a solution concludes with; None where the row brings an answer of its own."""
    found = find_concluded(text, case.language) if case.answer is None else None
    return None if found is None else Extraction(found[0], 1, False, "concluded", found[1], found[2])


def compare_final(
    case: Case, text: str, found: Extraction, gold: str, rounding: Rounding
) -> tuple[Extraction, Comparison]:
    """Compares what a solution ends in with its reference.

    Of several boxes joined as one list the last alone may be the answer, and where a phrase names no value
    (`the answer is then the units digit of ...`), what the last sentences state decides.
    """
    assert found.answer is not None, case
    verdict = compare(gold, found.answer, case.question, case.language, rounding=rounding)
    if verdict.outcome is Relation.EQUAL or not case.independent:
        return found, verdict
    if found.path == "boxed" and ", " in found.answer:
        last = [content for content, _, _ in boxes(text)][-1]
        alone = compare(gold, last, case.question, case.language, rounding=rounding)
        if alone.outcome is Relation.EQUAL:
            return replace(found, answer=last), alone
    if found.path == "phrase" and (verdict.outcome is Relation.UNKNOWN or is_open(found.answer, gold)):
        stated = find_stated_final(case, text, gold, rounding)
        if stated is not None:
            return stated, Comparison(Relation.EQUAL, "stated")
        given = _given_before(text, found)
        if given and compare(gold, given, case.question, case.language, rounding=rounding).outcome is Relation.EQUAL:
            return replace(found, answer=given), Comparison(Relation.EQUAL, "given")
        return found, Comparison(Relation.UNKNOWN, "phrase", "what the sentence names is not worked out")
    return found, verdict


def _given_before(text: str, found: Extraction) -> str | None:
    """The value that the sentence of an answer gives to the letter that the answer is: `for n = 80 the answer is n`."""
    letter = found.answer if found.answer and len(found.answer) == 1 and found.answer.isalpha() else None
    sentence = re.split(r"[.\n]", text[max(0, found.start - 80) : found.start])[-1]
    return {match[1]: match[2] for match in _GIVEN.finditer(sentence)}.get(letter or "")
