"""Rules on pictures that a text does not hold: `needs_figure`.

The question refers to a picture, in words or by a mark in its place, and no figure stands there as text (Asymptote,
TikZ, a table, a description); or any text holds such a mark, whatever else stands there.

Marks are those of data sets (`<image_1>`, `<img_3438>`), of Markdown, HTML and LaTeX, and words in brackets
(`[IMAGE]`). On 41,832 real rows of 30 files they stand in 85 of OlympiadBench and in no other.
"""

import re
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.rejection import Rejection
from pipelines.stages.screen.flattened import Columns, Found, Rule, first_matches, in_texts, matching
from schemas.config import Screen
from schemas.reason import Reason

_NOUN = r"(?:image|img|picture|pic|photo|figure|fig|diagram)s?"
_FILE = r"\.(?:png|jpe?g|gif|svg|webp|bmp)"
_TAG = (
    rf"<\|?/?{_NOUN}(?:[_:#.-][a-z0-9_]+|\d+[a-z0-9_]*| \d+|here|pad|placeholder|token|start|end)*(?: ?/)?\|?>"
    r"|<img[\s/]"
)
_BRACKETED = (
    rf"\[{{1,2}}(?:image|img|picture|pic|photo)s?(?:[_ :#-]{{0,2}}\d+|[_:] ?[a-z0-9_./-]+{_FILE})?\]{{1,2}}"
    r"|\[(?:(?:see |the )?(?:figure|diagram|graph|chart|plot|table|drawing|sketch|illustration)(?: here)?)\]"
    rf"|[\[(]{_NOUN}(?: \d+)?(?: is)? (?:omitted|missing|here|placeholder|removed|unavailable"
    r"|not (?:shown|available|included|displayed|provided))[\])]"
    r"|[\[【<（](?:图片?|圖片?|插图|附图|图像)\d*[\]】>）]"
)
_LINK = (
    r"(?:^|[^a-z0-9_)}\]])!\[(?:[^\]\n]*\]\([^)\n]*\)|[^\]\n]*\]\[[^\]\n]*\]|\[[^\]\n]+\]\])"  # behind a letter: `n![`
    rf"|!\[\]\(|!\[[^\]\n]*\]\([^)\n]*(?:{_FILE}|https?:)[^)\n]*\)|data:image/|\\includegraphics\b"
)
_MARK = f"{_TAG}|{_BRACKETED}|{_LINK}"
_FIRST_MARK = f"(?im)(?P<mark>{_MARK})"
_DESCRIBED = re.compile(r"\[/(?:figure|diagram|image|graph|chart|table)\]", re.IGNORECASE)
_REFERENCE = (
    rf"https?://\S+{_FILE}\b|!\[[^\]]*\]\([^)]*\)"
    r"|\b(?:as )?(?:shown|pictured|depicted|illustrated|given|seen) (?:in|on|by) the "
    r"(?:(?:following|above|below|accompanying|attached|adjacent) )?"
    r"(?:figure|diagram|picture|image|drawing|sketch|photo)\b"
    r"|\b(?:figure|diagram) (?:shown )?(?:below|above|at (?:the )?(?:right|left))\b"
    r"|\b(?:picture|image|drawing) (?:shown )?(?:below|above|at (?:the )?(?:right|left))(?:[,.;:?!]|$| is\b| shows\b)"
    r"|\b(?:accompanying|attached|adjacent) (?:figure|diagram|picture|image|drawing)\b"
    r"|如图|如圖|下图|下圖|上图|右图|左图|图中所示"
)
_FIGURE = f"(?im){_MARK}|{_REFERENCE}"
_HAS_FIGURE = (
    r"\[asy\]|\\begin\{(?:tikzpicture|asy|picture|array|tabular)\}|<svg|\|\s*-{3}"
    r"|(?i:\[/(?:figure|diagram|image|graph|chart|table)\]"
    r"|\[(?:figure|diagram|image)(?: ?\d+)?: ?(?:[^\]\s]+\s+){2,}[^\]\s]"
    r"|\[(?:figure|diagram|image) (?:[^\]\s]+\s+){3,}[^\]\s])"
)


def _figures(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    suspect = np.flatnonzero(alive & matching(columns.questions, _FIGURE))
    questions = columns.questions.take(suspect)
    missing = ~matching(questions, _HAS_FIGURE)
    marks = first_matches(questions, _FIGURE).to_pylist()
    for place in np.flatnonzero(missing).tolist():
        yield int(suspect[place]), Rejection(Reason.NEEDS_FIGURE, f"{marks[place].strip()!r} and no figure in the text")


def marked(text: str) -> str | None:
    """Shows the first mark that stands in the place of a picture, None when there is none.

    What stands between a mark and its closing one describes the figure: `[figure] a circle in a square [/figure]`.
    """
    mark = None if _DESCRIBED.search(text) else pc.extract_regex(pa.array([text]), _FIRST_MARK)[0].as_py()
    return None if mark is None else repr(mark["mark"].strip())


def _marks(columns: Columns, _settings: Screen, alive: np.ndarray) -> Found:
    return in_texts(columns, alive, partial(matching, pattern=f"(?im){_MARK}"), Reason.NEEDS_FIGURE, marked)


PICTURES: tuple[Rule, ...] = (_figures, _marks)
