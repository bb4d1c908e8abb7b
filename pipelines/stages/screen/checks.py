r"""Screens: structure, length, LaTeX, truncation, figures, proofs, language, licence. One reason per candidate at most.

Every rule is narrow on purpose: a rule that fires wrongly on human rows costs more than one that misses. A dollar sign
is money in GSM8K, so formulas are never counted by `$` (a naive check rejects 16 % of it); two words can be a problem.
Most candidates are cleared by whole-column arithmetic; only those with something odd in them become Python strings.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.rejection import Rejection
from pipelines.stages.screen.dirt import DIRT
from pipelines.stages.screen.flattened import Columns, Found, Rule, flags, in_texts, matching
from pipelines.stages.screen.languages import LATIN, NOT_LATIN, wrong_script
from pipelines.stages.screen.pictures import PICTURES
from pipelines.stages.screen.referring import refers_elsewhere
from pipelines.stages.screen.structure import check_order, check_structure
from pipelines.text.arrays import bytes_of
from schemas.blocks import BlockMarks, without_blocks
from schemas.config import Screen
from schemas.problem import Format
from schemas.reason import Reason
from schemas.transcript import is_faithful
from validation.answers import Relation, compare_exactly, extract

_LETTERS = np.frombuffer(b"thco", np.uint8)  # SegmentKind in order: text, think, code, output
_FORMATS = {format.value: format for format in Format}
_ODD_TEXT = r"```|<[/|]?(?:llm-code|tool_call|think|text|code|execution|endofblock)|^\s|\s$|^$"


def screen(batch: pa.RecordBatch, settings: Screen, kept: frozenset[str] = frozenset()) -> list[Rejection | None]:
    """Screens candidates (`CANDIDATE_SCHEMA`); those that have a reason already, or no format, get None.

    Args:
        batch: the candidates.
        settings: the bounds.
        kept: reasons that stop none, as the run's policy has it.
    """
    columns = Columns(batch)
    found: list[Rejection | None] = [None] * batch.num_rows
    alive = columns.alive
    for rule in _RULES:
        for row, rejection in rule(columns, settings, alive):
            if rejection.reason not in kept:
                found[row] = rejection
                alive[row] = False
    return found


def _structure(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    """bad_segments: a structure that is not the format's, or a layout that could not be read back."""
    letters = _LETTERS[columns.kinds].tobytes().decode()
    odd = columns.any(matching(columns.texts, _ODD_TEXT))
    for row in np.flatnonzero(alive).tolist():
        format = _FORMATS[columns.formats[row]]
        order = letters[columns.ends[row] : columns.ends[row + 1]]
        wrong = check_order(format, order)
        if wrong is None and (odd[row] or "tt" in order):
            segments = columns.segments(row)
            wrong = check_structure(format, segments)
            if wrong is None and not is_faithful(segments):
                wrong = "a segment holds a fence or a tag of its own"
        if wrong is not None:
            yield row, Rejection(Reason.BAD_SEGMENTS, wrong)


def _too_long(columns: Columns, settings: Screen, alive: np.ndarray) -> Found:
    """too_long: before any rule that reads a text from its beginning to its end."""
    sizes = columns.system_lengths + columns.question_lengths + columns.solution_lengths
    for row in np.flatnonzero(alive & (sizes > settings.max_chars)).tolist():
        texts = "system turn, question and solution" if columns.system_lengths[row] else "question and solution"
        detail = f"{texts} have {sizes[row]} characters; at most {settings.max_chars}"
        yield row, Rejection(Reason.TOO_LONG, detail)


def _too_short(columns: Columns, settings: Screen, alive: np.ndarray) -> Found:
    """too_short."""
    questions, solutions = columns.question_lengths, columns.solution_lengths
    for row in np.flatnonzero(alive & (np.minimum(questions, solutions) < settings.min_chars)).tolist():
        where, size = (
            ("question", questions[row]) if questions[row] < settings.min_chars else ("solution", solutions[row])
        )
        yield row, Rejection(Reason.TOO_SHORT, f"the {where} has {size} characters; at least {settings.min_chars}")


_DRAWINGS = BlockMarks(re.compile(r"(?P<asy>\[asy\])"), {"asy": re.compile(r"\[/asy\]")})
_BRACKETS = r"\\(?:[\[\](){}\\]|begin|end)|\[asy\]"
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}")


def _latex(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    r"""bad_latex: braces, environments or \[ \] that do not balance. Only where LaTeX is."""
    return in_texts(columns, alive, _maybe_unbalanced, Reason.BAD_LATEX, _wrong_latex)


def _maybe_unbalanced(texts: pa.Array) -> np.ndarray:
    """Which texts `check_latex` has to look at: all others hold no bracket but braces, as many opened as closed."""
    data, offsets = bytes_of(texts)
    opened, closed = (np.searchsorted(np.flatnonzero(data == ord(brace)), offsets) for brace in "{}")
    return matching(texts, _BRACKETS) | (np.diff(opened) != np.diff(closed))


def _wrong_latex(text: str) -> str | None:
    return check_latex(text) if "\\" in text else None


def check_latex(text: str) -> str | None:
    r"""Says what does not balance in a text with LaTeX, None when all does.

    Counted are braces, \[ \], \( \) and environments by name; `\\` and `\{` are no brackets, Asymptote code is no
    LaTeX.
    """
    if "[asy]" in text:
        text = without_blocks(text, _DRAWINGS)
    text = text.replace("\\\\", "")
    opened, closed = text.count("{") - text.count("\\{"), text.count("}") - text.count("\\}")
    if opened != closed:
        return f"{opened} opening braces and {closed} closing ones"
    for left, right in (("\\[", "\\]"), ("\\(", "\\)")):
        if (first := text.count(left)) != (second := text.count(right)):
            return f"{first} {left} and {second} {right}"
    if "\\begin" in text or "\\end" in text:
        return _check_environments(text)
    return None


def _check_environments(text: str) -> str | None:
    stack: list[str] = []
    for mark in _ENVIRONMENT.finditer(text):
        if mark[1] == "begin":
            stack.append(mark[2])
        elif not stack or stack.pop() != mark[2]:
            return f"\\end{{{mark[2]}}} closes nothing"
    return f"\\begin{{{stack[-1]}}} is never closed" if stack else None


_BREAKS_OFF = (
    r"(?:[,;:+\-*/=<({\[&^_\\]|\\(?:frac|cdot|times|left|sqrt|le|ge|leq|geq|Rightarrow|implies)"
    r"|(?:^|[\s$)])(?:the|an|of|and|or|is|are|to|we|so|because|that|which|with|for|in|by|as|if|then|from|than))$"
)
_FEWEST_TRUNCATED = 40  # characters: a bare `x = 5,` is a short solution, not a broken one


_BREAKS_OFF_PATTERN = re.compile(_BREAKS_OFF)
_EMPTY_ITEM = r"\n[ \t]*(?:\(?(?P<number>\d{1,3})[.)]|\(?(?P<letter>[b-h])\)|(?P<bullet>[-*\x{2022}]))$"
_EMPTY_ITEM_PATTERN = re.compile(_EMPTY_ITEM.replace(r"\x{2022}", "\u2022"))
_RULE = re.compile(r"(?:\n[ \t]*+(?:-{3,}+|\*{3,}+|_{3,}+)|\\\\|\s)++\Z")  # a line across, or a line break of LaTeX
_TAIL = 200  # characters of an end
_EMPHASIS = re.compile(r"(?<=[^\s*_`~])(\*{1,3}|_{1,3}|`{1,3}|~~)$")


def _truncated(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    """truncated: the last words break off inside a sentence, a formula or a list, and no answer was stated in them."""
    last = columns.ends[1:] - 1
    rows = np.flatnonzero(alive & (np.diff(columns.ends) > 0))
    rows = rows[columns.kinds[last[rows]] == 0]
    broken = matching(columns.texts.take(pa.array(last[rows])), f"{_BREAKS_OFF}|{_EMPTY_ITEM}")
    answers, languages = columns.batch.column("answer"), columns.batch.column("language")
    for row in rows[broken].tolist():
        text = columns.text_list[last[row]]
        if not breaks_off(text) or _states(text, answers[row].as_py(), languages[row].as_py() or "en"):
            continue
        yield row, Rejection(Reason.TRUNCATED, f"ends in {text[-40:]!r}")


def breaks_off(text: str) -> bool:
    """Whether a text ends inside a sentence, a formula or a list.

    Emphasis that closes there, a line across and a line break of LaTeX are no part of its end.
    """
    item = _EMPTY_ITEM_PATTERN.search(text)
    if item:
        before = rf"^[ \t]*{_mark_before(item)}[ \t]*\S"
        return re.search(before, text[: item.start()], re.MULTILINE) is not None
    text = text[: -len(rule[0])] if (rule := _RULE.search(text[-_TAIL:])) else text
    last_line = text[text.rfind("\n") + 1 :]
    if (emphasis := _EMPHASIS.search(text)) and last_line.count(emphasis[1]) % 2 == 0:
        text = text[: emphasis.start()]
    return len(text) >= _FEWEST_TRUNCATED and "boxed" not in text[-400:] and bool(_BREAKS_OFF_PATTERN.search(text))


def _mark_before(item: re.Match[str]) -> str:
    """The pattern of what marks the item of a list in front of one."""
    if item["number"]:
        return rf"\(?{int(item['number']) - 1}[.)]"
    return rf"\(?{chr(ord(item['letter']) - 1)}\)" if item["letter"] else re.escape(item["bullet"])


def _states(text: str, answer: str | None, language: str) -> bool:
    """Whether a text that seems to break off states the answer of its row: then it ends as its author ended it."""
    if answer is None:
        return False
    stated = extract(text, language).answer
    return stated is not None and compare_exactly(answer, stated).outcome is Relation.EQUAL


_PROOF = (
    r"(?i)\b(?:prove|show) (?:that|the|this|if|by|for|each|every|using|whether|any)\b"
    r"|(?:^|[.:]\s+)prove\b|\bdisprove\b|证明|求证|試證|доказать|докажите"
)
_NO_ANSWER = frozenset({"", "proof", "see solution", "see proof", "n/a", "none"})


def _proofs(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    """proof_only: a proof is asked for and neither the row nor its solution states an answer."""
    answers = columns.batch.column("answer")
    stated = flags(pc.equal(pc.utf8_lower(answers), "proof"))
    suspect = alive & (stated | matching(columns.questions, _PROOF))
    for row in np.flatnonzero(suspect).tolist():
        answer = (answers[row].as_py() or "").strip().lower().rstrip(".")
        words = "" if stated[row] else "\n".join(columns.words(row))
        if answer in _NO_ANSWER and (
            stated[row] or not re.search(r"\\boxed|####|answer is|答案", words, re.IGNORECASE)
        ):
            yield row, Rejection(Reason.PROOF_ONLY, "a proof is asked for and no answer is stated")


def _language(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    """wrong_language: question or words are mostly in a script that the language is not written in."""
    languages = pc.fill_null(columns.batch.column("language"), "en")
    odd = _not_latin(columns.questions) | columns.any(columns.is_words & _not_latin(columns.texts))
    expected = flags(pc.is_in(languages, value_set=pa.array(sorted(LATIN)))) & ~odd
    for row in np.flatnonzero(alive & ~expected).tolist():
        language = languages[row].as_py() or "en"
        for where, text in (("question", columns.question_list[row]), ("solution", "\n".join(columns.words(row)))):
            if wrong := wrong_script(text, language):
                yield row, Rejection(Reason.WRONG_LANGUAGE, f"{where}: {wrong}")
                break


def _not_latin(texts: pa.Array) -> np.ndarray:
    """Which texts hold a letter of another script."""
    found = ~flags(pc.string_is_ascii(texts))
    found[found] = matching(texts.filter(pa.array(found)), NOT_LATIN)
    return found


def _licence(columns: Columns, settings: Screen, alive: np.ndarray) -> Found:
    """forbidden_licence: the licence is not among those allowed."""
    if settings.allowed_licences is None:
        return
    allowed = {licence.casefold() for licence in settings.allowed_licences}
    licences = columns.batch.column("licence").to_pylist()
    for row in np.flatnonzero(alive).tolist():
        if (licences[row] or "").casefold() not in allowed:
            detail = f"{licences[row]} is not among {', '.join(settings.allowed_licences) or 'no licence'}"
            yield row, Rejection(Reason.FORBIDDEN_LICENCE, detail)


_RULES: tuple[Rule, ...] = (
    _too_long,
    _structure,
    _too_short,
    _latex,
    *DIRT,
    _truncated,
    *PICTURES,
    refers_elsewhere,
    _proofs,
    _language,
    _licence,
)
