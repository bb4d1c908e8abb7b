"""Two problems of one template: where one asks for `sin` and the other for `cos`, neither is the other in other words.

Only what stands on both sides tells: a text that says more, or less, may still be the same problem. So a term of one
text counts beside another term of its kind in the other, and a letter that stands more often here beside another that
stands more often there. Letters tell nothing where all of a kind are renamed.
"""

import re
from collections import Counter

_FUNCTIONS = ("sin", "cos", "tan", "cot", "sec", "csc")
_FLAT = ("triangle", "trapezoid", "rectang", "rhombus", "pentagon", "hexagon", "octagon", "circle", "circular")
_SOLID = ("cube", "sphere", "cone", "cylinder", "pyramid", "tetrahedron")
_CURVES = ("ellipse", "parabola", "hyperbola")
_KINDS: tuple[dict[str, str], ...] = (
    {name: rf"(?<![a-z]){name}(?:e|ine|gent|ant)?h?\b" for name in _FUNCTIONS},
    {name: rf"arc{name}" for name in _FUNCTIONS},
    {"odd": r"\bodd\b", "even": r"\beven\b"},
    {
        "largest": r"(?<!at )(?<!the )\bmost\b|\b(?:largest|greatest|maxim(?:um|al|ise|ize))\b",
        "smallest": r"(?<!at )\bleast\b|\b(?:smallest|minim(?:um|al|ise|ize))\b",
    },
    {name: rf"\b{name}s?\b" for name in ("sum", "product", "quotient")},
    {name: rf"\b{name}" for name in ("area", "perimeter", "volume", "circumference")},
    {name: rf"\b{name}" for name in (*_FLAT, *_SOLID, *_CURVES)},
    {"mean": r"\b(?:mean|average)\b", "median": r"\bmedian\b", "mode": r"\bmode\b"},
    {"multiple": r"\bcommon multiple|\blcm\b", "divisor": r"\bcommon (?:divisor|factor)|\bg(?:cd|cf)\b"},
    {name: rf"\b{name}\$?[ -]axis\b" for name in "xyz"},
    {name: rf"\b{name}\$?[ -]intercept" for name in "xy"},
    {name: rf"\b{name} coordinates\b" for name in ("rectangular", "polar", "cylindrical", "spherical")},
    {name: rf"\b{name}" for name in ("numerator", "denominator")},
    {"constant": r"\bconstant (?:coefficient|term)", "other": r"\bcoefficient of \$?[a-z]"},
    {"chance": r"\bprobabilit|\bchance", "remainder": r"\bremainder", "area": r"\barea\b"},
    {name: rf"\b{name}\b" for name in ("positive", "negative")},
    {name: rf"\b{name}\b" for name in ("increasing", "decreasing")},
    {"in": r"\bin(?:scribed|circle|radius)\b", "around": r"\bcircum(?:scribed|circle|radius)\b"},
    {name: rf"\b{name} digit\b" for name in ("units", "tens", "hundreds", "thousands")},
)
_TERMS = tuple({term: re.compile(pattern) for term, pattern in kind.items()} for kind in _KINDS)
_PROSE = re.compile(r"(?<![\\a-z])[a-z]{2,} [a-z]{2,}")
_FORMULA = re.compile(r"\$[^$]*\$|\\\[(?:[^\\]|\\[^\[\]])*+\\\]|\\\((?:[^\\]|\\[^()])*+\\\)")
_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|$)", re.DOTALL)
_LETTERS = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]+|(?<=\{)[A-Za-z]+(?!\w*\})|\\(?:theta|phi|rho|alpha|beta)\b")
_SPELLED = re.compile(r"\b(?:letters|words?)\b[^.?!$]{0,30}?\b([A-Z]{3,})\b")


def opposed(text: str, item: str) -> bool:
    """Whether each of two texts has a term of a kind, or a spelled word, in whose place the other has another one."""
    words, others = (set(_SPELLED.findall(_FORMULA.sub(" ", each))) for each in (text, item))
    if words - others and others - words:
        return True
    text, item = text.lower(), item.lower()
    for kind in _TERMS:
        own = {term for term, pattern in kind.items() if pattern.search(text)}
        theirs = {term for term, pattern in kind.items() if pattern.search(item)}
        if own - theirs and theirs - own:
            return True
    return False


def siblings(text: str, item: str) -> bool:
    """Whether two texts of nearly the same words ask for different things: other terms, or other letters."""
    text, item = _DRAWING.sub(" ", text), _DRAWING.sub(" ", item)
    own, theirs = (Counter(_LETTERS.findall(_formulas(each))) for each in (text, item))
    more, fewer = own - theirs, theirs - own
    known = any(letter in "".join(theirs) for letter in more) or any(letter in "".join(own) for letter in fewer)
    return opposed(text, item) or (bool(more and fewer) and known)


def _formulas(text: str) -> str:
    """The formulas of a text; what stands between two prices is none."""
    return " ".join(formula for formula in _FORMULA.findall(text) if not _PROSE.search(formula))
