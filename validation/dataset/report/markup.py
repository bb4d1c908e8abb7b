"""HTML that is safe by construction: text is escaped unless it was built here.

Data is hostile (`</script>`, markup or a line that reads from right to left in a question), so no caller ever joins
strings into a page: `tag` escapes every child and attribute that is not already `Markup`, and shows control and
bidirectional characters as their codes.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from schemas.wording import visible


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Markup | None | Iterable["Child"]

_SHAPES = frozenset({"rect", "line", "circle", "polyline"})
_VOID = frozenset({"meta", "link", "br", "hr", "input"}) | _SHAPES


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """Builds an element. `class_` gives `class`; other underscores give hyphens; None and False leave one out."""
    rendered = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(visible(str(value)))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _VOID:
        return Markup(f"<{name}{rendered}/>" if name in _SHAPES else f"<{name}{rendered}>")
    return Markup(f"<{name}{rendered}>{join(children)}</{name}>")


def join(children: Child) -> Markup:
    """Joins children, escaping those that are plain text."""
    if children is None:
        return Markup()
    if isinstance(children, Markup):
        return children
    if isinstance(children, str):
        return Markup(escape(visible(children)))
    return Markup("".join(join(child) for child in children))


def coded(text: str) -> Markup:
    """Escapes text; what stands in backticks becomes code."""
    return join([tag("code", part) if at % 2 else part for at, part in enumerate(text.split("`"))])


def policy(style: str, script: str = "") -> str:
    """The security policy of a page that is one file: its one style and its one script, and nothing else.

    Each is named by its hash, so that nothing can take its place.
    """
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (style, script)]
    return f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]}; base-uri 'none'; form-action 'none'"


def number(value: float) -> str:
    """A number for people: thousands apart by thin spaces, decimals only where they say something."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}".replace(",", "\u202f")
    return f"{value:,.0f}".replace(",", "\u202f") if abs(value) >= 1000 else f"{value:.3g}"


def counted(counts: Sequence[tuple[str, int]]) -> Markup:
    """Names with their numbers in a line; a name from right to left keeps its number beside it."""
    named = [join([tag("bdi", name), f"\u00a0{number(count)}"]) for name, count in counts]
    return join([[", " * (at > 0), entry] for at, entry in enumerate(named)])


def percent(share: float) -> str:
    """A share for people: small ones keep a digit, none is rounded to 0 or 100."""
    value = share * 100
    if value in (0, 100):
        return f"{value:.0f}\u202f%"
    if value < 0.1:
        return "<\u202f0.1\u202f%"
    if value > 99.9:
        return ">\u202f99.9\u202f%"
    return f"{value:.1f}\u202f%"
