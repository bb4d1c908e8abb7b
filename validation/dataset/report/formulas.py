r"""Text with LaTeX in it as HTML with MathML, without a script; what does not convert stays as it is written.

Formulas stand in `$...$`, `$$...$$`, `\(...\)` or `\[...\]`. A dollar sign is usually money in word problems, so
`$...$` is a formula only by pandoc's rule: no space inside its dollars, and no digit behind the closing one.
"""

import logging
import re
import warnings
from functools import lru_cache
from xml.etree import ElementTree

from validation.dataset.report.markup import Markup, join, tag

logger = logging.getLogger(__name__)

MAX_FORMULA = 2000  # characters; a 100 kB formula is shown as text
_FORMULA = re.compile(
    r"\$\$(?P<display>.+?)\$\$|\\\[(?P<bracket>.+?)\\\]|\\\((?P<paren>.+?)\\\)"
    r"|(?<![\\$])\$(?P<inline>(?![\s$])(?:[^$\\]|\\.)+?(?<!\s))\$(?!\d)|(?P<boxed>\\boxed\{)",
    re.DOTALL,
)
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
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
    for match in _FORMULA.finditer(text):
        if match.start() < end:
            continue
        formula, display, stop = _formula_at(text, match)
        pieces += [text[end : match.start()], _render(formula, display, text[match.start() : stop])]
        end = stop
    return join([*pieces, text[end:]])


def _formula_at(text: str, match: re.Match[str]) -> tuple[str, bool, int]:
    if match["boxed"]:  # a box outside dollars, as many solutions write it
        stop = _closing_brace(text, match.end())
        return text[match.start() : stop], False, stop
    display = match["display"] or match["bracket"]
    return display or match["paren"] or match["inline"] or "", display is not None, match.end()


def _closing_brace(text: str, start: int) -> int:
    depth = 1
    for at in range(start, min(len(text), start + MAX_FORMULA)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if not depth:
            return at + 1
    return start


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
            known = formula.replace("{aligned}", "{align*}")  # the same to a reader, and the converter knows it
            root = ElementTree.fromstring(convert(known, display="block" if display else "inline"))
    except Exception:  # the judge's boundary: LaTeX from data may break a converter in any way
        logger.debug("no MathML for %r", formula[:80], exc_info=True)
        return None
    return _clean(root)


def _clean(root: ElementTree.Element) -> str | None:
    """Keeps only MathML that shows something: no links, scripts, styles or ids out of data."""
    for element in root.iter():
        name = element.tag.removeprefix(_MATHML)
        if name not in _ELEMENTS:
            return None
        align = element.attrib.get("columnalign", "")
        element.tag = name
        for attribute in set(element.attrib) - _ATTRIBUTES:
            del element.attrib[attribute]
        _for_browsers(element, align)
    return _THOUSANDS.sub("<mn>\\1,\\2</mn>", ElementTree.tostring(root, encoding="unicode"))


def _for_browsers(element: ElementTree.Element, align: str) -> None:
    """MathML Core, which browsers draw, knows no enclosures and no column alignment: classes stand in for them."""
    if element.tag == "menclose":
        element.tag = "mrow"
        element.attrib.clear()
        element.set("class", "boxed")
    if element.tag == "mtd" and align in ("left", "right"):
        element.set("class", align)
