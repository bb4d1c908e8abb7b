"""One canonical spelling for an answer before it is read: Unicode and LaTeX decoration go, meaning stays.

Never NFKC over the whole text, which would turn `x²` into `x2`: superscripts, fractions and operators are rewritten
first, and only full-width forms are folded after that.
"""

import re
import unicodedata

from validation.answers.brackets import closes_at_end
from validation.answers.reprs import without_repr
from validation.answers.units import UNIT_LETTERS, find_unit

_SYMBOLS = {
    "−": "-", "–": "-", "—": "-", "﹣": "-", "－": "-", "×": "\\times ", "÷": "\\div ", "·": "\\cdot ",
    "⋅": "\\cdot ", "∙": "\\cdot ", "π": "\\pi ", "∞": "\\infty ", "≤": "\\le ", "≥": "\\ge ", "≠": "\\ne ",
    "≈": "\\approx ", "∪": "\\cup ", "∩": "\\cap ", "∅": "\\emptyset ", "°": "^\\circ ", "±": "\\pm ", "∈": "\\in ",
    "ℝ": "\\mathbb{R}", "√": "\\sqrt ", "⁄": "/", "∕": "/", "，": ",", "、": ",", "。": ".", "：": ":", "；": ";",
    "（": "(", "）": ")", "％": "%", "﹪": "%", "∶": ":", "‘": "'", "’": "'", "“": '"', "”": '"', "\xa0": " ",
    "\u202f": " ", "\u2009": " ", "\u200b": "", "\ufeff": "", "￥": "¥", "＄": "$", "¢": " cents", "θ": "\\theta ",
    "α": "\\alpha ", "β": "\\beta ", "λ": "\\lambda ", "⟨": "\\langle ", "⟩": "\\rangle ", "…": "\\ldots ",
    "⌊": "\\lfloor ", "⌋": "\\rfloor ", "⌈": "\\lceil ", "⌉": "\\rceil ", "٫": ".", "٬": ",", "٪": "%",
    "′": "'", "″": "''", "º": "^\\circ ", "˚": "^\\circ ", "萬": "万", "億": "亿", "負": "负", "點": "点", "兩": "两",
}  # fmt: skip
_TRANSLATION = str.maketrans(_SYMBOLS)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", "0123456789+-n")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")
_SUPERSCRIPT_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ]+")
_SUBSCRIPT_RUN = re.compile("[₀₁₂₃₄₅₆₇₈₉₊₋]+")
CIRCLED = re.compile("([\u2460-\u2473])")  # the signs 1 and 3 in circles name two statements and are no 13
_DIGIT = re.compile(r"[^\W\D0-9]")  # of any other script: ৭, ๗, ७
_VULGAR = re.compile("[¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞]")
_OVERLINED = re.compile("(?:\\d\u0305)+")
_CENTS_FIRST = re.compile(r"¢\s*(\d+(?:\.\d+)?)")
_CJK_PREFIX = re.compile(r"\A\s*+(?:答案?(?:是|为)?|故?选择?)\s*+:?\s*+(?=\S)")
_CJK_MIXED = re.compile(r"(?<=\d)又(?=\d)")
_ANSWER_IS = re.compile(
    r"\A\W*(?:the )?(?:(?:final|correct|right) )?(?:answer|option|choice|result)(?: is|:)\s*+:?\s*+(?=\S)",
    re.IGNORECASE,
)
_TIMES_TEN = re.compile(r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*))")
_INFINITE = {
    "infinity": "\\infty", "positive infinity": "\\infty", "+infinity": "\\infty", "+\\infty": "\\infty",
    "inf": "\\infty", "+inf": "\\infty", "-inf": "-\\infty",
    "negative infinity": "-\\infty", "-infinity": "-\\infty", "oo": "\\infty", "-oo": "-\\infty",
}  # fmt: skip
_SQRT_BARE = re.compile(r"\\sqrt +(\d+(?:\.\d+)?|[a-zA-Z])")

_SIZING = re.compile(
    r"\\(?:left|right|bigl|bigr|Bigl|Bigr|biggl|biggr|big|Big|bigg|Bigg|displaystyle|textstyle|limits|nolimits)(?![A-Za-z])\s*\.?(?<!\\\.)"
)
_APART = re.compile(
    r"(?<==)((?:(?!\\q?quad|\\text|\\m?box)[^=,;]){1,40})\\q?quad\s?(?=[A-Za-z]\w{0,8}\s?=)"
)  # a=2 \quad b=3
_SPACING = re.compile(r"\\(?:quad|qquad|enspace|thinspace|hspace\*?\{[^{}]*\})(?![A-Za-z])|(?<!\\)\\[;: >]|~")
_TEXT = re.compile(
    r"\\(?:text|mbox|textbf|textit|textrm|textnormal|texttt|mathrm|mathbf|mathit|mathsf|mathcal|operatorname|hbox|bm|boldsymbol)"
    r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
)
# Mathpix sets bold digits apart: \mathbf{1 3} is 13.
_BOLD_DIGITS = re.compile(r"\\(?:mathbf|boldsymbol|bm|textbf)\s*\{\s*(-?\s?\d(?:\s?[\d.,])*)(\s?\\pi)?\s*\}")
# And within the braces of a command: \frac{1 3}{2 4}, \mathrm{4 8}.
_SPACED_DIGITS = re.compile(r"(?<![\\\w ])\{\s?(-?\d(?: \d)+)\s?\}|(?<=[A-Za-z])\{\s?(-?\d(?: \d)+)\s?\}")
_AXIS = re.compile(
    r"\\(?:hat|vec|overrightarrow|mathbf|boldsymbol|bm)\s?(?:\{\s?\\?([ijk])(?:math)?\s?\}|([ijk])(?![A-Za-z]))"
)
_THOUSANDS_MARK = re.compile(r"(?<=\d)(?:,\s*\\!|\{,\}(?:\\!)?|\\,|\\ )\s*(?=\d{3}(?!\d))")
_DEGREES = re.compile(r"\^\s*(?:\{\s*\\circ\s*\}|\\circ)|\\degree(?![A-Za-z])|\\circ(?![A-Za-z])")
_BRACED_WORD = re.compile(r"\{(?<=[\d)\s]\{)([A-Za-z]{2,}(?:[/ .][A-Za-z]+)*\.?)\}")
_COUNTED = re.compile(r"(?<=\d) \((?!mod\b)([A-Za-z]{2,}(?: [A-Za-z]+){0,3})\)\Z")  # ASDiv's `9 (apples)`
_POWER_OF_UNIT = re.compile(r"(?<= )([A-Za-z]{2,}|[A-Za-z]+/[A-Za-z]+) (?:\} ?)?\^")
_LOST_UNIT = r"\\mathrm\s?\{\s?~?\s?\}(?:\s?\^\s?(?:\d|\{\d\}))?"
_SPELLINGS = [
    (re.compile(r"\\[dtc]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\(?:leqslant|leqq|leq)(?![A-Za-z])"), r"\\le"),
    (re.compile(r"\\(?:geqslant|geqq|geq)(?![A-Za-z])"), r"\\ge"),
    (re.compile(r"\\neq(?![A-Za-z])"), r"\\ne"),
    (re.compile(r"\\lt(?![A-Za-z])"), "<"),
    (re.compile(r"\\gt(?![A-Za-z])"), ">"),
    (re.compile(r"\\(?:varnothing|oslash|O)(?![A-Za-z])"), r"\\emptyset"),
    (re.compile(r"\\(?:lbrace)(?![A-Za-z])"), r"\\{"),
    (re.compile(r"\\(?:rbrace)(?![A-Za-z])"), r"\\}"),
    (re.compile(r"\\(?:lbrack)(?![A-Za-z])"), "["),
    (re.compile(r"\\(?:rbrack)(?![A-Za-z])"), "]"),
    (re.compile(r"\\dbinom|\\tbinom"), r"\\binom"),
    (re.compile(r"\\(?:rm|bf|it|sf|bfseries)(?![A-Za-z])"), ""),
    (re.compile(r"\\(?:thickapprox|simeq|doteq)(?![A-Za-z])"), r"\\approx"),
    (re.compile(r"\\overrightarrow(?![A-Za-z])"), r"\\vec"),
    (re.compile(r"\\ast(?![A-Za-z])"), "*"),
    (re.compile(r"\\colon(?![A-Za-z])"), ":"),
    (re.compile(r"\\euro?(?![A-Za-z])"), "€"),
    (re.compile(r"\\pounds(?![A-Za-z])"), "£"),
    # of a unit whose letters were lost: `20 \mathrm{~} / \mathrm{}` (NuminaMath 1.5)
    (re.compile(rf"{_LOST_UNIT}(?:\s?/\s?{_LOST_UNIT})?"), ""),
]
_PRIMES = re.compile(r"\s?\^\s?(?:\{\s?(?:(?:\\prime|')\s?)+\}|\\prime(?![A-Za-z]))")
_PRIME = re.compile("prime|'")
# Most answers hold none of the commands above: one search decides.
_SPELLED = re.compile("|".join(pattern.pattern for pattern, _ in _SPELLINGS))
_ESCAPED = re.compile(r"\\\$\s*(?=\d)")  # an amount of money inside of a formula
_WORD = re.compile(r"[^\W\d_]{2,}")
_FEW = 4  # words between formulas; a sentence with formulas in it is no answer
_MATHS = re.compile(r"[\\^_=(<>{°]")
_ATOM = re.compile(r"(?:USD )?[-+]?\d[\d.,]*|[A-Za-z]|[-+]?\d[\d.,]*[A-Za-z]")
_MEASURED = re.compile(r"[-+]?\d[\d.,]*\s+([A-Za-z]+(?:[/^]\w+)?)")
# What qualifies an answer behind it: `f(x) = 0 for all x`, `737/39 (about 18.9 cards)`.
_ASIDE = re.compile(
    r",? for (?:all|any|every|each|some|arbitrary) "
    r"(?:(?:real|positive|negative|complex|rational|integers?|numbers?|constants?) ){0,3}"
    r"\\?[A-Za-z]{1,8}\s*\Z|\s?\(\s?(?:about|approximately|roughly|\\approx)\s[^()]{1,60}\)\s*\Z"
)
# What sympy prints: its I is i, where nothing else is a capital letter.
_SYMPY = re.compile(r"(?=.*(?:\*I|I\*|[-+] ?I|I/))(?:[-+*/()\[\], .0-9I]|sqrt|exp|pi)*")
_EULER = re.compile(r"(?<![A-Za-z])E(?=\*\*)")
_IMAGINARY = re.compile(r"(?<![A-Za-z])I(?![A-Za-z])")
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{")
_SIGNED = re.compile(r"\A(?:[Nn]egative|[Mm]inus) (?=[\d\\(])")
_SENTENCE = re.compile(
    r"\A(?:(?:[Tt]he|[Ii]ts|[Tt]heir)(?: (?:[A-Za-z]+|\\?[A-Z]{1,4})){1,9}|[Ii]t|[Tt]h(?:is|at|ere)) "
    r"(?:is|are|equals)(?::| to)? (?=[-$\d\\(\[{])(?!.*(?:\.(?!\d)|;))"
)
# As programs print a value: `Total: 42`, `The sum of the digits is: 15`; no option, no part, no second label.
_LABELLED = re.compile(
    r"\A(?!(?:[Oo]ption|[Cc]hoice|[Ss]tep|[Pp]art|[Cc]ase|[Qq]uestion)\b)"
    r"(?:[A-Z][a-z]{2,}|[a-z]{3,})(?: [A-Za-z]+){0,7}: (?=[-$\d\\(\[{]|[a-z] ?= ?)(?!.{1,200}: (?![^{}]*\}))"
)
_ABOUT = re.compile(
    r"\A(?:about|approximately|approx\.?|roughly|around|约|大约|約|ungefähr|etwa|environ|około|примерно) ?(?=[-$\d\\])",
    re.IGNORECASE,
)
_EXACTLY = re.compile(
    r"\A(?:exactly|precisely|only|just|a total of|(?:恰好|正好|一共|共)(?:有|是)?) ?(?=[-$\d\\])", re.IGNORECASE
)
_EXACTLY_BEGINS = frozenset("eEpPoOjJaA恰正一共")
_ABOUT_BEGINS = frozenset("aAeErRuUоОпП约大約")
# TeX's own fractions: {1 \over 2}, {7 \choose 2}.
_INFIX = re.compile(
    r"\{([^{}\\]{1,40})\\(over|choose)(?![A-Za-z])([^{}\\]{1,40})\}"
    r"|\A([^{}\\]{1,40})\\(over|choose)(?![A-Za-z])([^{}\\]{1,40})\Z"
)
_BRACE_SPACE = re.compile(r"(?<=(?<!\\)\{) +|(?<! ) ++(?=\})")
_LINES = re.compile(r"(?<!\s)\s*(?:\n|\\\\(?![\[A-Za-z]))\s*")
_BEGINS_VALUE = re.compile(r"[-+−]?(?:[$\\(\[{\d√]|[A-Za-z](?![A-Za-z]))")
_GOES_ON = re.compile(r"[-+*/=<>,;:&(\[{^_]\Z")
_OPENERS = tuple("$\\*`")
_WRAPPERS = [("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]"), ("**", "**"), ("`", "`")]
UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""scripts whose words touch a number (有12个), as ranges of a set of characters"""
# Languages that write 3,5 for three and a half (CLDR decimal separators).
DECIMAL_COMMA = frozenset([
    "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "uk", "cs", "da", "sv", "nb", "no", "fi", "tr", "id", "ro",
    "hu", "el", "bg", "sk", "sl", "hr", "sr", "vi", "ca",
])  # fmt: skip


def _folded(text: str) -> str:
    """Folds full-width forms and writes the digits of every script as ours; a circled digit stays."""
    if CIRCLED.fullmatch(text):
        return text
    return _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit.group())), unicodedata.normalize("NFKC", text))


def _unwrap_text(match: re.Match[str]) -> str:
    content = match.group(1)
    stripped = content.strip()
    before = match.string[: match.start()].rstrip()
    if stripped in ("e", "i"):
        return f" {stripped}"
    if (before[-1:].isdigit() or before.endswith(("}", "\\pi"))) and stripped in UNIT_LETTERS:
        return f" {UNIT_LETTERS[stripped]} "
    return f" {content} " if stripped else " "


def _as_command(match: re.Match[str]) -> str:
    above, kind, below = (first or second for first, second in zip(match.groups()[:3], match.groups()[3:], strict=True))
    return rf"\{'frac' if kind == 'over' else 'binom'}{{{above.strip()}}}{{{below.strip()}}}"


def _closed_up(match: re.Match[str]) -> str:
    return f" {''.join(match.group(1).split()).rstrip('.')}{match.group(2) or ''} "


def _fold_unicode(text: str) -> str:
    text = _OVERLINED.sub(lambda m: "\\overline{" + m.group().replace("\u0305", "") + "}", text)
    text = _CENTS_FIRST.sub(r"\1 cents", text)
    text = _VULGAR.sub(lambda m: " " + unicodedata.normalize("NFKC", m.group()).replace("⁄", "/"), text)
    text = _SUPERSCRIPT_RUN.sub(lambda m: "^{" + m.group().translate(_SUPERSCRIPTS) + "}", text)
    text = _SUBSCRIPT_RUN.sub(lambda m: "_{" + m.group().translate(_SUBSCRIPTS) + "}", text)
    text = text.translate(_TRANSLATION)
    if not text.isascii():
        text = "".join(_folded(part) for part in CIRCLED.split(text))
    text = _CJK_MIXED.sub(" ", _CJK_PREFIX.sub("", text))
    return _SQRT_BARE.sub(r"\\sqrt{\1}", text)


def _unwrapped(text: str) -> str:
    box = _BOXED.match(text)
    if box:
        return text[box.end() : -1] if closes_at_end(text[box.end() - 1 :], "{", "}") else text
    if text[0] == "\\" and text[1:2] not in "([":
        return text
    for left, right in _WRAPPERS:
        if text.startswith(left) and text.endswith(right) and len(text) > len(left) + len(right):
            inner = text[len(left) : -len(right)]
            return text if left in inner or right in inner else inner
    return text


def _undelimited(text: str) -> str:
    r"""Removes the delimiters of formulas inside of an answer: `$1$ and $2$`; an amount of money keeps its sign."""
    pieces = text.replace("$$", "$").split("$")
    inside = pieces[1::2]
    if len(pieces) % 2 == 0 or not all(map(_is_formula, inside)) or len(_WORD.findall(" ".join(pieces[::2]))) > _FEW:
        return text
    return " ".join(pieces)


def without_sentence(text: str) -> str:
    """Removes the words of a sentence in front of its value: `The area of the triangle is 12`."""
    return _SENTENCE.sub("", text) if text[:1] in "tTiI" else text


def without_label(text: str) -> str:
    """Removes what a printed value is called in front of it: `Total: 42`."""
    return _LABELLED.sub("", text) if ": " in text else text


def _on_one_line(text: str) -> str:
    """Puts commas between values that stand on lines of their own."""
    if "\\begin" in text:
        return text
    lines = [line for line in _LINES.split(text) if line]
    if any(_GOES_ON.search(line) for line in lines[:-1]) or not all(map(_BEGINS_VALUE.match, lines)):
        return text
    return ", ".join(lines)


def _is_formula(piece: str) -> bool:
    piece = piece.strip()
    if not piece or _MATHS.search(piece) or _ATOM.fullmatch(piece):
        return bool(piece)
    measured = _MEASURED.fullmatch(piece)
    return measured is not None and find_unit(measured.group(1)) is not None


def strip_wrappers(text: str) -> str:
    """Removes what surrounds a whole answer: math delimiters, a box, emphasis, sentence ends."""
    while True:
        before = text
        text = text.strip()
        if text[-1:] in ".;,。" and not text.endswith((r"\,", r"\;", "...")):
            text = text[:-1].rstrip()
        if text[:1] in _OPENERS:
            text = _unwrapped(text)
        if text == before:
            return text


def normalise(text: str) -> str:
    r"""Rewrites an answer into plain ASCII LaTeX: `\dfrac` is `\frac`, `11,\!880` is `11880`, `（１）` is `(1)`.

    Units and words lose their `\text{}` but keep a space before them. Nothing that carries value is dropped.
    """
    if not text.isascii():
        text = _fold_unicode(text)
    if text.startswith("$") and "\\$" in text:
        text = _ESCAPED.sub("USD ", text)
    text = without_repr(strip_wrappers(text))
    if "\n" in text or "\\\\" in text:
        text = _on_one_line(text)
    if "\\" in text or "{" in text:
        if r"\!" in text or "{,}" in text or r"\," in text or "\\ " in text:
            text = _THOUSANDS_MARK.sub("", text)
        if "bf" in text or "\\b" in text:
            text = _BOLD_DIGITS.sub(_closed_up, text)
        if " " in text and "{" in text:
            text = _SPACED_DIGITS.sub(lambda digits: f"{{{(digits[1] or digits[2]).replace(' ', '')}}}", text)
        if ("j" in text or "k" in text) and len({axis[1] or axis[2] for axis in _AXIS.finditer(text)}) > 1:
            text = _AXIS.sub(r"\1\2", text)
        text = text.replace(r"\!", "").replace(r"\,", " ").replace(r"\%", "%").replace(r"\$", "$").replace(r"\#", "#")
        text = _SIZING.sub("", text)
        if "quad" in text:
            text = _APART.sub(r"\1, ", text)
        text = _SPACING.sub(" ", text)
        for pattern, spelling in _SPELLINGS if _SPELLED.search(text) else ():
            text = pattern.sub(spelling, text)
        if "prime" in text or "'" in text:
            text = _PRIMES.sub(lambda marks: "'" * len(_PRIME.findall(marks.group())), text)
        if "circ" in text or "degree" in text:
            text = _DEGREES.sub("° ", text)
        for _ in range(3):
            text, found = _TEXT.subn(_unwrap_text, text)
            if not found:
                break
        text = _BRACED_WORD.sub(r" \1 ", text)
        if "^" in text:
            text = _POWER_OF_UNIT.sub(r"\1^", text)
    if "nswer" in text or "ption" in text or "hoice" in text or "esult" in text or "ANSWER" in text:
        text = _ANSWER_IS.sub("", text)
    if text.endswith(")"):
        text = _COUNTED.sub(r" \1", text)
    if "\\over" in text or "\\choose" in text:
        text = _INFIX.sub(_as_command, text)
    if "\\boxed" in text:
        text = text.replace("\\boxed{", "{")
    if "\\mp" in text and "\\pm" not in text:
        text = text.replace("\\mp", "\\pm")
    if "{ " in text or " }" in text:
        text = _BRACE_SPACE.sub("", text)
    if text[:1] in _EXACTLY_BEGINS:
        text = _EXACTLY.sub("", text)
    if text[:1] in _ABOUT_BEGINS and (about := _ABOUT.match(text)):
        text = f"\\approx {text[about.end() :]}"
    if "10" in text:
        text = _TIMES_TEN.sub(r"\\times ", text)
    if "$" in text and text.count("$") > 1:
        text = _undelimited(text)
    text = " ".join(text.split())
    if text[:1] in "nNmM":
        text = _SIGNED.sub("-", text)
    if "for " in text or text.endswith(")"):
        text = _ASIDE.sub("", text)
    text = strip_wrappers(text)
    if text[-1:] == "\\" and not text.endswith("\\\\"):
        text = text[:-1].rstrip()
    if "E**" in text:
        text = _EULER.sub("e", text)
    if "I" in text and _SYMPY.fullmatch(text):
        text = _IMAGINARY.sub("i", text)
    return _INFINITE.get(text.lower(), text)
