r"""Text with LaTeX in it as HTML with MathML, without a script; what does not convert stays as it is written.

Formulas stand in `$...$`, `$$...$$`, `\(...\)`, `\[...\]` or an environment such as align. A dollar sign is usually
money in word problems, so `$...$` is a formula only by pandoc's rule: no space inside its dollars, and no digit behind
the closing one.
"""

import logging
import re
import warnings
from collections.abc import Mapping
from functools import lru_cache
from xml.etree import ElementTree

from schemas.blocks import Block, BlockMarks
from schemas.wording import visible
from validation.dataset.report.markup import Markup, join, tag

logger = logging.getLogger(__name__)

MAX_FORMULA = 2000  # characters; a 100 kB formula is shown as text
_ROWS = {
    f"rows{at}": f"{{{name}}}"
    for at, name in enumerate(
        name + star for name in ("align", "eqnarray", "equation", "gather", "multline") for star in ("", "*")
    )
}
_OPENINGS = {
    "display": r"\$\$",
    "bracket": r"\\\[",
    "paren": r"\\\(",
    "inline": r"(?<![\\$])\$(?![\s$])(?:[^$\\]|\\.)+?(?<!\s)\$(?!\d)",
    "boxed": r"\\boxed\{",
    **{group: re.escape(rf"\begin{name}") for group, name in _ROWS.items()},
    "drawing": r"\[asy\]",
}
_CLOSINGS = {
    "display": r"\$\$",
    "bracket": r"\\\]",
    "paren": r"\\\)",
    **{group: re.escape(rf"\end{name}") for group, name in _ROWS.items()},
    "drawing": r"\[/asy\]",
}
_MARKS = BlockMarks(
    re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in _OPENINGS.items()), re.DOTALL),
    {name: re.compile(pattern) for name, pattern in _CLOSINGS.items()},
    least=1,
)
_BRACE = re.compile("[{}]")
_LINE_ENDS = re.compile("\n*")
_ALIKE = re.compile(r"\{(?:aligned|align|eqnarray\*?|gather(?:ed|\*)?|multline\*?)\}")
_COMMAND = re.compile(r"\\[a-zA-Z]")
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
MAX_UNBROKEN = 10  # signs of an inline formula in one piece: about the width of a phone
_CLOSES = (".", ",", ";", ":", "?", "!", ")")  # a browser would break the line between a formula and these
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_BREAKS = frozenset("=<>≤≥≠≈≡≅+−-→⇒")
_THOUSANDS = re.compile(r"<mn>(\d{1,3})</mn><mo>,</mo><mn>(\d{3}(?:\.\d+)?)</mn>")
_ELEMENTS = frozenset(
    {
        "math",
        "menclose",
        "merror",
        "mfrac",
        "mi",
        "mmultiscripts",
        "mn",
        "mo",
        "mover",
        "mpadded",
        "mphantom",
        "mprescripts",
        "mroot",
        "mrow",
        "mspace",
        "msqrt",
        "mstyle",
        "msub",
        "msubsup",
        "msup",
        "mtable",
        "mtd",
        "mtext",
        "mtr",
        "munder",
        "munderover",
        "none",
        "semantics",
    }
)
_ATTRIBUTES = frozenset(
    {
        "accent",
        "depth",
        "display",
        "displaystyle",
        "fence",
        "form",
        "height",
        "linethickness",
        "lspace",
        "mathvariant",
        "maxsize",
        "minsize",
        "movablelimits",
        "rspace",
        "scriptlevel",
        "separator",
        "stretchy",
        "symmetric",
        "voffset",
        "width",
    }
)


def rich_text(text: str) -> Markup:
    """Renders prose with formulas; everything else is escaped."""
    pieces: list[str | Markup] = []
    end = 0
    braces = _closing_braces(text) if "\\boxed{" in text else {}
    for block in _MARKS.blocks(text):
        if block.start < end:
            continue
        if block.group == "drawing":  # Asymptote, as MATH has it: a program that draws
            before = text[end : block.start].rstrip("\n")
            pieces += [before, tag("code", text[block.start : block.end], class_="drawing", tabindex="0")]
            end = _behind_lines(text, block.end)
            continue
        formula, display, stop = _formula_at(text, block, braces)
        rendered = _render(formula, display, text[block.start : stop])
        if not display and text.startswith(_CLOSES, stop) and rendered.count("<math") == 1:
            rendered = tag("span", rendered, text[stop], class_="tied")
            stop += 1
        pieces += [text[end : block.start], rendered]
        end = stop + (display and text.startswith("\n", stop))  # a display formula ends its line by itself
    return join([*pieces, text[end:]])


def formula_spans(text: str) -> list[tuple[int, int]]:
    """Where formulas stand in a text: [start, end) of each, its dollars or brackets included."""
    return [(block.start, block.end) for block in _MARKS.blocks(text)]


def _behind_lines(text: str, start: int) -> int:
    found = _LINE_ENDS.match(text, start)
    assert found is not None
    return found.end()


def _formula_at(text: str, block: Block, braces: Mapping[int, int]) -> tuple[str, bool, int]:
    """The formula of a block, whether it stands on lines of its own, and where its source ends."""
    if block.group == "boxed":  # a box outside dollars, as many solutions write it
        stop = braces.get(block.end - 1, block.end - 1) + 1
        stop = stop if stop - block.end <= MAX_FORMULA else block.end
        return text[block.start : stop], False, stop
    if block.group == "inline":
        return block.body[1:-1], False, block.end
    if block.group in _ROWS:
        return text[block.start : block.end], True, block.end
    return block.body, block.group != "paren", block.end


def _closing_braces(text: str) -> dict[int, int]:
    """Where each brace of a text is closed, by where it opens; those that never are have no entry."""
    opened: list[int] = []
    closed: dict[int, int] = {}
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            closed[opened.pop()] = brace.start()
    return closed


def _render(formula: str, display: bool, source: str) -> Markup:
    mathml = _mathml(formula.strip(), display) if len(formula) <= MAX_FORMULA else None
    if mathml is None:
        return tag("code", source, class_="tex")
    return Markup(mathml)


@lru_cache(maxsize=4096)
def _mathml(formula: str, display: bool) -> str | None:
    from latex2mathml.converter import convert

    if not formula:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = _ALIKE.sub("{align*}", formula)  # the same to a reader, and the converter knows it
            root = ElementTree.fromstring(convert(known, display="block" if display else "inline"))
    except Exception:  # the judge's boundary: LaTeX from data may break a converter in any way
        logger.debug("no MathML for %r", formula[:80], exc_info=True)
        return None
    return _clean(root)


def _clean(root: ElementTree.Element) -> str | None:
    """Keeps only MathML that shows something: no links, scripts, styles or ids out of data."""
    for element in root.iter():
        name = element.tag.removeprefix(_MATHML)
        words = element.text or ""
        if name not in _ELEMENTS or _COMMAND.match(words) or visible(words) != words:  # a command that was left
            return None
        align = element.attrib.get("columnalign", "")
        element.tag = name
        for attribute in set(element.attrib) - _ATTRIBUTES:
            del element.attrib[attribute]
        _for_browsers(element, align)
    pieces = [ElementTree.tostring(piece, encoding="unicode") for piece in _breakable(root)]
    return "\u200b".join(_THOUSANDS.sub("<mn>\\1,\\2</mn>", piece) for piece in pieces)


def _breakable(root: ElementTree.Element) -> list[ElementTree.Element]:
    """A long inline formula in pieces that a line may end between: browsers break none by themselves."""
    row = root[0] if len(root) else root
    if root.get("display") != "inline" or len(root) != 1 or row.tag != "mrow" or len(row) <= MAX_UNBROKEN:
        return [root]
    pieces: list[list[ElementTree.Element]] = [[]]
    depth = 0
    for element in row:
        sign = (element.text or "") if element.tag == "mo" else ""
        depth += (sign in _OPENING) - (sign in _CLOSING) if sign else 0
        if depth == 0 and pieces[-1] and sign in _BREAKS:
            element.set("form", "infix")  # as it is where something stands before it
            pieces.append([])
        pieces[-1].append(element)
    return [_formula_of(elements) for elements in pieces]


def _formula_of(elements: list[ElementTree.Element]) -> ElementTree.Element:
    formula = ElementTree.Element("math", {"display": "inline"})
    ElementTree.SubElement(formula, "mrow").extend(elements)
    return formula


def _for_browsers(element: ElementTree.Element, align: str) -> None:
    """MathML Core, which browsers draw, knows no enclosures and no column alignment: classes stand in for them."""
    if element.tag == "menclose":
        element.tag = "mrow"
        element.attrib.clear()
        element.set("class", "boxed")
    if element.tag == "mtd" and align in ("left", "right"):
        element.set("class", align)
