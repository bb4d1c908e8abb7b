"""What a question asks for, as far as it changes when two answers are equal.

Percent, unit, rounding, base, order, form, options.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from validation.answers.choices import read_numbered, read_options
from validation.answers.units import UNITS, Unit, find_unit

_PERCENT = re.compile(
    r"(?<![a-z\\])[b-z]\$? ?\\?(?:%|percent\b)|"
    r"(?:what|which|how many) percent|percent(?:age)? (?:of|is|was|did|does|chance|increase|decrease|change|more|less)"
    r"[^.?]{0,300}\?|"
    r"what (?:is|was|'s) (?:the |his |her |their |its )?(?:\w+ ){0,3}percent|(?:as|in|to) (?:a )?percent|percentage|"
    r"百分之几|百分之多少|百分比|百分率|占百分|"
    r"Prozent (?:ist|sind|hat)|wie viel Prozent|qué porcentaje|quel pourcentage",
    re.IGNORECASE,
)
_PLACES = re.compile(
    r"\b(?:to|correct to|rounded to|up to) (?:the )?(\d|one|two|three|four|five|six) (?:decimal|places|d\.?p)|"
    r"保留(\d|一|两|二|三|四)位小数|(\d|one|two|three|four|five) decimal (?:places?|digits?)",
    re.IGNORECASE,
)
_NEAREST = re.compile(
    r"nearest[- ](?:whole |integer )?(tenths?|hundredths?|thousandths?|ten[- ]thousandths?|tens?|hundreds?|thousands?|"
    r"cents?|penny|integers?|"
    r"whole|dollars?|degrees?|percent|minutes?|seconds?|hours?|miles?|inch(?:es)?|f(?:oo|ee)t|meters?|number|units?|pounds?|days?|years?)",
    re.IGNORECASE,
)
_ROUNDING = re.compile(
    r"\bround|approximat|estimate|nearest|decimal places?|significant|四舍五入|保留|精确到|约|\babout how"
    r"|arrondi|redond|rund|décimales?\b|\bdecimales\b|casas? decima|dezimalstelle|nachkommastelle|cifr[ae] decimal"
    r"|arredond|arrotond|округл|десятых|сотых|四捨五入|小数第|반올림|소수 ?(?:첫|둘|셋)|làm tròn"
    r"|yuvarla|zaokrągl|afgerond|decimalen",
    re.IGNORECASE,
)
_BASE = re.compile(
    r"\bbase[-~ $]*\{?(\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen)\b|(?<=\d)_\{?\d+\}?"
    r"|\bbinary\b|\bhexadecimal\b|\boctal\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\bin order\b|least to greatest|greatest to least|smallest to largest|largest to smallest|ascending|descending|"
    r"ordered (?:pair|triple|quadruple)|respectively|(?:in|from) (?:increasing|decreasing)|"
    r"increasing order|decreasing order|coordinates|"
    r"sequence|next (?:two|three|four) (?:terms|numbers)",
    re.IGNORECASE,
)
_FACTOR = re.compile(
    r"\bfactor(?:ize|ise|ization|isation| completely| the|ed form|\s+\$)|product of (?:two|its) (?:\w+ )?factors",
    re.IGNORECASE,
)
_SOUGHT = re.compile(
    r"\b(?:find|compute|determine|evaluate|calculate|what is|what's|give|report|enter|submit|value of|求)\s?"
    r"(?:(?:the|your|an?) (?:[a-z]+ ){1,4})?(?:\$|\\\()([^$=]{1,40}?)(?:\$|\\\))",
    re.IGNORECASE,
)
_FACTOR_START = re.compile(r"^\s*(?:completely )?factor\b", re.IGNORECASE)
_RATIO = re.compile(r"\bratio\b|比是|之比|比例|odds|Verhältnis|razón|rapport", re.IGNORECASE)
_ASKED_UNIT = re.compile(
    r"(?:how many|in|express\w{0,5} (?:your answer )?in|number of|measured in|combien d[e'’]|cuántos|wie viele)"
    r"\s+((?:square |cubic )?[^\W\d_]+(?: per [^\W\d_]+)?)",
    re.IGNORECASE,
)
_ASKED_CJK = re.compile("(?:多少|几)([\u4e00-\u9fff]{1,4})")
_COUNTED = re.compile(r"how many ((?:[^\W\d_]+ ?){1,4})", re.IGNORECASE)
_BASES = {
    "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "sixteen": 16, "binary": 2, "hexadecimal": 16, "octal": 8,
}  # fmt: skip
_DIGITS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "一": 1, "两": 2, "二": 2, "三": 3, "四": 4}
_STEPS = {
    "tenth": 1,
    "hundredth": 2,
    "thousandth": 3,
    "ten-thousandth": 4,
    "cent": 2,
    "penny": 2,
    "ten": -1,
    "hundred": -2,
    "thousand": -3,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for; the empty one stands for no question.

    `exact`: no rounding counts, whoever asks. `sought` are the formulas whose value it asks for, `numbered` its options
    where these have numbers.
    """

    percent: bool = False
    rounding: bool = False
    places: int | None = None
    bases: frozenset[int] = frozenset()
    ordered: bool = False
    factored: bool = False
    ratio: bool = False
    unit: Unit | None = None
    options: dict[str, str] = field(default_factory=dict)
    counted: frozenset[str] = frozenset()
    text: str = ""
    exact: bool = False
    sought: tuple[str, ...] = ()
    numbered: dict[int, str] = field(default_factory=dict)


NOTHING = Asked()


@lru_cache(maxsize=1024)
def read_question(question: str | None) -> Asked:
    """Reads what a question asks for."""
    if not question:
        return NOTHING
    places = _asked_places(question)
    return Asked(
        percent=_PERCENT.search(question) is not None,
        rounding=places is not None or _ROUNDING.search(question) is not None,
        places=places,
        bases=_bases(question),
        ordered=_ORDER.search(question) is not None,
        factored=bool(_FACTOR.search(question) or _FACTOR_START.search(question)),
        ratio=_RATIO.search(question) is not None,
        unit=_asked_unit(question),
        options=read_options(question),
        counted=frozenset(word for words in _COUNTED.findall(question.lower()) for word in words.split()),
        text=question.lower(),
        sought=tuple(_SOUGHT.findall(question)),
        numbered=read_numbered(question),
    )


def _bases(question: str) -> frozenset[int]:
    """Returns the bases that a question names, 10 apart: `base 8`, `binary`, `1011_2`."""
    found = set()
    for match in _BASE.finditer(question):
        name = (match.group(1) or match.group().strip("_{}")).lower()
        found.add(int(name) if name.isdigit() else _BASES[name])
    return frozenset(found)


def _asked_places(question: str) -> int | None:
    match = _PLACES.search(question)
    if match:
        word = next(group for group in match.groups() if group).lower()
        return _DIGITS.get(word) or int(word)
    match = _NEAREST.search(question)
    if match is None:
        return None
    word = match.group(1).lower().replace(" ", "-")
    return _STEPS.get(word, _STEPS.get(word.removesuffix("s"), 0))


def _asked_unit(question: str) -> Unit | None:
    sentences = re.split(r"(?<=[.?!])\s+", question.strip())
    asking = [s for s in sentences if "?" in s or "？" in s] or sentences[-1:]
    phrases = [match.group(1) for match in _ASKED_UNIT.finditer(asking[-1])]
    named = [find_unit(phrase) or find_unit(phrase.split()[0]) for phrase in phrases]
    for match in _ASKED_CJK.finditer(asking[-1]):
        name = match.group(1)
        named.append(next((UNITS[name[:size]] for size in (4, 3, 2, 1) if name[:size] in UNITS), None))
    known = [unit for unit in named if unit is not None and not unit.dimension.startswith("plain")]
    return known[0] if len(set(known)) == 1 else None
