"""Rules on what no problem and no solution holds: endless repetition, marks of templates, lost characters.

    degenerate        a line, a fence or a phrase again and again
    template_tokens   `<|im_start|>`, `[INST]`: marks of a chat template; what a model was asked or says of itself
    placeholder       `[Your Name]`, `{{name}}`
    garbled_text      U+FFFD, or letters of one encoding read as another that could not be mended
    no_options        the answer is a letter of options that the question does not hold
    answer_only       the solution is nothing but its answer
    no_mathematics    nothing in question and solution is about a quantity, a figure or a proof

Bounds come from GSM8K, MATH, OlympiadBench, carp_en and AIME: at most 0.2 % of what people wrote there falls to one.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial

import ftfy.badness
import numpy as np
import pyarrow.compute as pc

from pipelines.engine.rejection import Rejection
from pipelines.stages.screen.flattened import Columns, Found, Rule, flags, in_texts, matching
from pipelines.stages.screen.placeholders import has_placeholder
from schemas.config import Screen
from schemas.problem import Format
from schemas.reason import Reason
from validation.answers.endings import announcements

_FEWEST_REPEATS = 8
_FEWEST_RUN = 6
_MOST_LINES = 6
_ITEM = re.compile(r"^(?:(?:step|case|line)\s?)?\(?\d{1,4}[.):]\s*", re.IGNORECASE)
_SAYS = re.compile(r"[^\W\d_]{2}")
# One character 60 times, a digit 100 times, a sign of rulers 200 times, up to four characters 40 times.
_RUN = re.compile(
    r"([^\s\d\-=_*.~#\\|&\u2500-\u257f])\1{59,}|(\d)\2{99,}|([^\s\w])\3{199,}"
    r"|([^\s\d\-=_*.~#\\|&\u2500-\u257f]{2,4})\4{39,}"
)
_JOINERS = str.maketrans(dict.fromkeys((0x200D, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400))))  # inside of an emoji
_PICTURE = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]|[^\\x00-\u04ff\\W\\d_]")
_FEWEST_IN_A_ROW = 60
_STRIDE = 12  # a multiple of the length of each unit: of what follows itself 60 times, five such characters are equal
_SAMPLED = re.compile(r"(\S)\1{3,}")
_RULER_SIGNS = "-=_*.~#\\|&0123456789+"
_SENTENCE_END = re.compile(r"(?<=[.!?\u3002])\s+|\n+")
_FEWEST_SENTENCES = 12
_FEWEST_WORDS = 20
_TAIL = 600
_LEAST_COMPRESSED = 0.1


def repeated(text: str, name: str = "the solution") -> str | None:
    """Says what stands in a text again and again, None when nothing does.

    A line that makes up half of all lines, or follows itself; several lines that do, numbers of items aside; a sentence
    that makes up a quarter of a text; a word or a sign in a long row. A phrase is found by how far the text, or its
    end, can be compressed: prose of people stays above 0.2 of its size.
    """
    lines = [line for line in map(str.strip, text.split("\n")) if line]
    if len(lines) >= _FEWEST_RUN:
        line, count = Counter(lines).most_common(1)[0]
        if (count >= _FEWEST_REPEATS and 2 * count >= len(lines)) or _longest_run(lines) >= _FEWEST_RUN:
            return f"{count} of {len(lines)} lines are {line[:40]!r}"
        unnumbered = [_ITEM.sub("", line) for line in lines]
        again = [
            (line, count) for line, count in Counter(unnumbered).most_common(_MOST_LINES) if count >= _FEWEST_REPEATS
        ]
        again = [(line, count) for line, count in again if _SAYS.search(line) and not line.startswith("\\")]
        if again and 2 * sum(count for _, count in again) >= len(lines):
            return f"{again[0][1]} of {len(lines)} lines are {again[0][0][:40]!r}"
    if run := _in_a_row(text):
        return run
    for part, where in ((text, name), (text[-_TAIL:], "its end")):
        data = part.encode()
        if len(part) >= _TAIL and len(zlib.compress(data)) < _LEAST_COMPRESSED * len(data):
            return f"{where} says {part.strip()[-40:]!r} again and again"
    return _said_again(text)


def _said_again(text: str) -> str | None:
    """Says which sentences, each twelve times there, make up a quarter of a text, or which word stands in a row."""
    sentences = Counter(map(str.strip, _SENTENCE_END.split(text)))
    again = {said: count for said, count in sentences.items() if count >= _FEWEST_SENTENCES and _SAYS.search(said)}
    if 4 * sum(count * len(said) for said, count in again.items()) >= len(text) > 0:
        said, count = max(again.items(), key=lambda item: len(item[0]) * item[1])
        return f"{count} sentences are {said[:40]!r}"
    return None


def _in_a_row(text: str) -> str | None:
    """Says which sign or which word follows itself again and again."""
    if len(text) < 2 * _FEWEST_WORDS:
        return None
    plain = text if text.isascii() else text.translate(_JOINERS)
    for alike in _SAMPLED.finditer(plain[::_STRIDE]):
        begin, end = max(0, alike.start() - 1) * _STRIDE, (alike.end() + 1) * _STRIDE
        if found := _RUN.search(plain, begin, end):
            unit = next(group for group in found.groups() if group)
            return f"{unit!r} stands {len(found[0]) // len(unit)} times in a row"
    for word, run in _runs(plain.split()):
        says = _SAYS.search(word) or _PICTURE.search(word)
        if says or (run >= _FEWEST_IN_A_ROW and word.strip(_RULER_SIGNS)):
            return f"{word[:40]!r} stands {run} times in a row"
    return None


def _runs(words: list[str]) -> Iterator[tuple[str, int]]:
    """Yields the words that follow themselves twenty times or more: in such a row three samples are equal."""
    step, at = _FEWEST_WORDS // 3, 0
    while at + 2 * step < len(words):
        word = words[at]
        if not word == words[at + step] == words[at + 2 * step]:
            at += step
            continue
        begin = at
        while begin and words[begin - 1] == word:
            begin -= 1
        while at < len(words) and words[at] == word:
            at += 1
        if at - begin >= _FEWEST_WORDS:
            yield word, at - begin


def _longest_run(lines: list[str]) -> int:
    longest = run = 1
    for line, before in zip(lines[1:], lines, strict=False):
        run = run + 1 if line == before and len(line) > 2 else 1
        longest = max(longest, run)
    return longest


def _degenerate(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    lines = pc.fill_null(pc.count_substring(columns.texts, "\n"), 0).to_numpy(zero_copy_only=False)
    long = (columns.lengths >= _TAIL) | (lines >= _FEWEST_RUN - 1)
    words = columns.is_words & alive[columns.of_row] & (columns.lengths >= 2 * _FEWEST_WORDS)
    found: dict[int, str] = {}
    for place in np.flatnonzero(words).tolist():
        text = columns.text_list[place]
        if what := repeated(text) if long[place] else _in_a_row(text):
            found.setdefault(int(columns.of_row[place]), what)
    for row in np.flatnonzero(alive & (columns.question_lengths >= 2 * _FEWEST_WORDS)).tolist():
        text = columns.question_list[row]
        if row not in found and (what := repeated(text, "the question") if len(text) >= _TAIL else _in_a_row(text)):
            found[row] = f"question: {what}"
    systems = {text: repeated(text, "the system turn") for text in pc.unique(columns.systems).to_pylist()}
    for row in np.flatnonzero(alive).tolist() if any(systems.values()) else ():
        if what := systems[columns.system_list[row]]:
            found.setdefault(row, f"system: {what}")
    for row, detail in found.items():
        yield row, Rejection(Reason.DEGENERATE, detail)


_TEMPLATE_TOKEN = (
    r"<\|[a-z_]+(?:_\d+)?\|>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>|</s>|\A\s*<s>"
    "|<\uff5c[^<>\n]{1,30}\uff5c>"
    r"|^\[Round \d{1,3}\]|<extra_id_\d{1,3}>|<0x[0-9a-f]{2}>|<reserved_\w{1,20}>|\[(?:PAD|CLS|SEP|UNK|EOS|BOS)\]"
    r"|^### (?:Instruction|Response|Input|Human|Assistant|User|System):|^(?:human|user|assistant):[ \t]*$"
    r"|^(?:human|user):[^\n]*\n(?:[^\n]*\n){0,9}assistant:"
)
# What a model was asked, or said of itself, where rows were translated or rewritten by one.
_LANGUAGE = (
    r"(?:English|Chinese|Spanish|French|German|Japanese|Korean|Russian|Arabic|Hindi|Portuguese|Italian|Vietnamese)"
)
_LEFT_PROMPT = (
    rf"\btranslate (?:the (?:above|following|given|below)|this|it) [^.\n]{{0,60}}\b(?:in|into|to) {_LANGUAGE}\b"
    r"|\b(?:here is|below is|this is) the (?:translated|rewritten|rephrased|paraphrased)"
    r" (?:text|problem|question|version|sentence)\b"
    rf"|\b(?:here is|below is|this is) the {_LANGUAGE} translation\b"
    r"|\b(?:rewrite|rephrase|paraphrase) the (?:above|following|given) (?:question|problem|text|prompt)\b"
    r"|#(?:The )?(?:Given|Rewritten|Created|New) Prompt#|\bas an? (?:AI(?: language)?|language) (?:model|assistant),"
    r"|\bI(?:'m| am) sorry, but (?:I|as an AI)\b|\bI can(?:not|'t) (?:assist|help) (?:you )?with (?:that|this)\b"
)
_LOST = "\ufffd"
_MOJIBAKE = (
    r"[\x{c2}\x{c3}\x{e2}\x{f0}\x{2c3}\x{102}\x{442}\x{432}]"
    r"|[\x{420}\x{421}][\x{80}-\x{bf}\x{400}-\x{40f}\x{450}-\x{45f}\x{2010}-\x{2122}]"
)


def _marked(pattern: str, reason: Reason) -> Rule:
    """The rule that no question and no words hold what a pattern (Python's and RE2's) finds."""
    marks = re.compile(pattern, re.IGNORECASE | re.MULTILINE)

    def find(text: str) -> str | None:
        mark = marks.search(text)
        return None if mark is None else repr(mark[0].strip())

    def rule(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
        return in_texts(columns, alive, partial(matching, pattern=f"(?im){pattern}"), reason, find)

    return rule


def garbled(text: str) -> str | None:
    """Shows the first place where characters were lost or belong to another encoding, None when there is none."""
    if _LOST in text:
        place = text.index(_LOST)
    elif ftfy.badness.badness(text) > 1 and (mark := ftfy.badness.BADNESS_RE.search(text)):
        place = mark.start()
    else:
        return None
    return repr(text[max(0, place - 12) : place + 12])


def _garbled(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    suspect = partial(matching, pattern=f"{_LOST}|{_MOJIBAKE}")
    return in_texts(columns, alive, suspect, Reason.GARBLED_TEXT, garbled)


_LETTER = re.compile(r"\s*(?:\\(?:text|textbf|mathrm|boxed)\{)?\s*\(?([A-H])\)?\.?\s*\}?\s*|\s*\(([a-h])\)\s*")
_STATED_LETTER = re.compile(
    r"(?:\b(?:answer|option|choice)(?: is)?:?\s*|\\boxed\{)(?:\\(?:text|textbf|mathrm)\{)?\(?([A-H])\)?\}{0,2}[.$*\s]*$"
)
_OPTION = r"(?:^|[\s({\[$*}])\(?{}\s*+[}})]*\s*[).:\uff0e\u3001\uff1a\uff09\]]"


def lacks_options(question: str, answer: str | None, solution: str) -> str | None:
    """Names the letter that answers a question without options; None where it has them, or speaks of the letter."""
    if answer is None:
        stated = _STATED_LETTER.search(solution)
        letter = stated[1] if stated else None
    else:
        found = _LETTER.fullmatch(answer)
        letter = found and (found[1] or found[2])
    if not letter:
        return None
    other = "B" if letter.upper() == "A" else "A"
    options = (_OPTION.replace("{}", f"[{name}{name.lower()}]", 1) for name in (letter.upper(), other))
    if all(re.search(option, question) for option in options) or re.search(_mention(letter), question):
        return None
    if re.search(r"(?i)\bletters?\b", question):
        return None
    return letter


def _mention(letter: str) -> str:
    """A letter that stands for itself; `A` before a word is an article."""
    return r"(?<![A-Za-z'])A(?![A-Za-z'])(?!\s+[a-z])" if letter == "A" else rf"(?<![A-Za-z'\\]){letter}(?![A-Za-z'])"


def _options(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    answers = columns.batch.column("answer")
    short = flags(pc.less_equal(pc.utf8_length(answers), 20)) | flags(pc.is_null(answers))
    for row in np.flatnonzero(alive & short).tolist():
        answer = answers[row].as_py()
        if answer is not None and _LETTER.fullmatch(answer) is None:
            continue
        letter = lacks_options(columns.question_list[row], answer, columns.last_words(row))
        if letter:
            yield row, Rejection(Reason.NO_OPTIONS, f"the answer is {letter}, and the question has no options")


_NO_VALUE = frozenset({"na", "n/a", "nan", "null", "none", "unknown", "not found", "notfound", "no answer", "-", "?"})
_EMPHASIS = "*_# \n"
_LONGEST_UNIT = 12  # letters of what was counted: `12 pens`
_FRAME = re.compile(
    r"(?i)^(?:#{4}|(?:the )?(?:final )?answer(?: is)?:?|ans\.?\s?[:=])\s*|\\boxed(?=\{)|\\[\[\]()]|[\s.$*{}()\[\]]+"
)
_BARE_NUMBER = re.compile(r"[-+]?[\d,/]{1,24}%?")  # as `_FRAME` leaves it: `3.5` is `35`
_BARE_FORMULA = re.compile(r"(?:\\[A-Za-z]++|pi|sqrt|[^\W\d_](?![^\W\d_])|[-+*/^%°,\d])+")
_THEREFORE = re.compile(r"(?i)(?:therefore|thus|hence|so),? ")


def is_bare(solution: str, answer: str | None) -> bool:
    """Whether a solution is its answer and nothing else: a letter, `NA`, a number or a formula, or the reference."""
    plain = solution.lstrip(_EMPHASIS)
    plain = plain[therefore.end() :] if (therefore := _THEREFORE.match(plain)) else plain
    announced = next((match.end() for match in announcements(plain) if not match.start()), 0)
    text = _FRAME.sub("", plain[announced:])
    if text.lower() in _NO_VALUE:
        return True
    reference = "" if answer is None else _FRAME.sub("", answer)
    behind = text.removeprefix(reference)
    named = behind.isalpha() and len(behind) <= _LONGEST_UNIT and reference[-1:].isdigit()
    if answer is None and (_BARE_NUMBER.fullmatch(text) or _BARE_FORMULA.fullmatch(text)):
        return True
    return bool(re.fullmatch(r"[A-Ha-h]", text)) or (len(reference) > 0 and (text == reference or named))


def _bare(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    answers = columns.batch.column("answer")
    sizes = np.diff(columns.ends)
    for row in np.flatnonzero(alive & (sizes == 1) & (columns.solution_lengths <= 60)).tolist():
        solution = columns.text_list[columns.ends[row]]
        if columns.formats[row] == Format.COT and is_bare(solution, answers[row].as_py()):
            yield row, Rejection(Reason.ANSWER_ONLY, f"the solution is {solution!r}")


_SIGNS = r"\d|[=+<>\^%$\\]|[\x{d7}\x{f7}\x{221a}\x{2211}\x{3c0}]|\p{Nd}"
_TERMS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("dozen", "hundred", "thousand", "half", "third", "quarter", "twice", "double", "percent", "fraction", "average"),
    *("sum", "number", "count", "equal", "equation", "triangle", "square", "circle", "angle", "prime", "even", "odd"),
    *("divis", "multipl", "probabilit", "function", "matrix", "vector", "integer", "prove", "proof", "theorem", "set"),
    *("greater", "less", "more than", "how many", "how much", "how far", "how long", "calculate", "compute", "solve"),
)
_MATHEMATICS = rf"(?i){_SIGNS}|\b(?:{'|'.join(_TERMS)})"


def _no_mathematics(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    english = flags(pc.equal(pc.fill_null(columns.batch.column("language"), "en"), "en"))
    about = matching(columns.questions, _MATHEMATICS)
    about |= columns.any(matching(columns.texts, _MATHEMATICS))
    about |= matching(columns.batch.column("answer"), _MATHEMATICS)
    for row in np.flatnonzero(alive & english & ~about).tolist():
        yield row, Rejection(Reason.NO_MATHEMATICS, f"the question is {columns.question_list[row][:60]!r}")


DIRT: tuple[Rule, ...] = (
    _degenerate,
    _marked(f"{_TEMPLATE_TOKEN}|{_LEFT_PROMPT}", Reason.TEMPLATE_TOKENS),
    has_placeholder,
    _garbled,
    _options,
    _bare,
    _no_mathematics,
)
