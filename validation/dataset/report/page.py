"""The page: sections in order, one style, one small script that only filters and toggles; and report.json beside it.

The security policy names the hashes of that style and that script: nothing else can run or load, whatever the data
says.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from schemas.files import write_text
from schemas.verdict import Check, Status
from schemas.wording import amount
from validation.dataset.gate import Judgement
from validation.dataset.report import bias, browse, check_list, evidence, people, sections, side_by_side
from validation.dataset.report.markup import Child, Markup, join, number, percent, policy, tag
from validation.dataset.report.measurements import measurements
from validation.dataset.report.readability import quality

SECTIONS = (
    ("checks", "Checks"),
    ("funnel", "Funnel"),
    ("reasons", "Reasons"),
    ("duplicates", "Duplicates"),
    ("drift", "Drift"),
    ("make-up", "Make-up"),
    ("topics", "Topics"),
    ("lengths", "Lengths"),
    ("verification", "Verification"),
    ("quality", "Reading"),
    ("people", "People"),
    ("contamination", "Contamination"),
    ("concentration", "Bias"),
    ("examples", "Examples"),
    ("provenance", "Provenance"),
)
_ABOUT_EXAMPLES = (
    "duplicates",
    "drift",
    "make-up",
    "topics",
    "lengths",
    "verification",
    "quality",
    "concentration",
    "examples",
)
"""Sections that have nothing to say about a data set without examples."""


def write_report(judgement: Judgement, folder: Path) -> None:
    """Writes `index.html` and `report.json`."""
    numbers = measurements(judgement)
    content = json.dumps(numbers, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    for name, text in (("report.json", content), ("index.html", render(judgement, numbers))):
        write_text(folder / name, text)


def render(judgement: Judgement, numbers: dict[str, Any]) -> str:
    """Renders the page."""
    style, script = (
        files("validation.dataset.report").joinpath(name).read_text("utf-8") for name in ("report.css", "report.js")
    )
    drawn = browse.draw(judgement)
    shown = frozenset(row.values["id"] for row in drawn)
    body: dict[str, Markup | None] = {
        "checks": check_list.checks(judgement.verdict, shown),
        "funnel": sections.funnel(numbers),
        "reasons": evidence.reasons(judgement, numbers),
        "duplicates": side_by_side.duplicates(judgement, numbers),
        "drift": side_by_side.drift(numbers),
        "make-up": sections.make_up(numbers),
        "topics": sections.topics(numbers),
        "lengths": sections.lengths(numbers),
        "verification": sections.verification(numbers),
        "quality": quality(numbers),
        "people": people.people(numbers),
        "contamination": evidence.contamination(judgement, numbers),
        "concentration": bias.bias(numbers),
        "examples": browse.examples(
            drawn, judgement.verdict, judgement.findings.facts.quality, judgement.manifest.config.get("seed", 0)
        ),
        "provenance": evidence.provenance(numbers),
    }
    if not numbers["rows"]:
        body |= dict.fromkeys(_ABOUT_EXAMPLES)
    there = [(anchor, name, body[anchor]) for anchor, name in SECTIONS if body[anchor] is not None]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag(
            "title", f"Quality report of {numbers['provenance']['fingerprint'][:12]}: {judgement.verdict.status.value}"
        ),
        tag("style", Markup(style)),
    )
    page = tag(
        "body",
        _masthead(judgement, numbers, [(anchor, name) for anchor, name, _ in there]),
        tag("main", [content for *_, content in there]),
        _colophon(judgement),
        tag("script", Markup(script)),
    )
    return "<!doctype html>\n" + tag("html", head, page, lang="en")


def _masthead(judgement: Judgement, numbers: dict[str, Any], there: list[tuple[str, str]]) -> Markup:
    verdict = judgement.verdict
    passed = verdict.status is Status.PASSED
    failed, warnings = (
        [check for check in verdict.checks if check.status is status] for status in (Status.FAILED, Status.WARNING)
    )
    draft = tag("span", "draft", class_="stamp") if verdict.draft else None
    because = _because(passed, check_list.gravest_first(failed), warnings, numbers, judgement.foreign)
    return tag(
        "header",
        tag(
            "div",
            tag("span", "mathmill", class_="brand"),
            tag("span", "quality report"),
            draft,
            _toggle(),
            class_="top",
        ),
        tag("h1", _headline(passed, judgement.foreign)),
        tag("p", because, class_="because"),
        tag("dl", [_tile(*tile) for tile in _tiles(judgement, numbers)], class_="tiles"),
        tag(
            "nav",
            [tag("a", name, href=f"#{anchor}") for anchor, name in there],
            aria_label="Sections",
        ),
        class_=f"masthead {verdict.status.value}",
    )


def _headline(passed: bool, foreign: bool) -> str:
    if foreign and passed:
        return "Nothing wrong was found in what could be checked."
    return "This data may be trained on." if passed else "This data may not be trained on."


def _toggle() -> Markup:
    return tag("button", "light / dark", type="button", id="theme", hidden=True)


def _because(passed: bool, failed: list[Check], warnings: list[Check], numbers: dict[str, Any], foreign: bool) -> str:
    if passed and foreign:
        return (
            "mathmill did not make this data; what it never claimed says “not checked”, and training does not take it."
        )
    if passed:
        look = f" Worth a look: {_some(warnings)}." if warnings else ""
        return f"Nothing that closes the gate was found.{look} The verdict is bound to the bytes that were judged."
    if not numbers["rows"]:
        return f"There is no example: nothing to train on.{_foremost(numbers)}"
    return f"{amount(len(failed), 'check')} failed: {_some(failed)}."


def _some(checks: list[Check]) -> str:
    names = ", ".join(check.name for check in checks[:3])
    return f"{names} and {len(checks) - 3} more" if len(checks) > 3 else names


def _foremost(numbers: dict[str, Any]) -> str:
    """What took most candidates of a data set without examples."""
    if not numbers["reasons"]:
        return ""
    first = numbers["reasons"][0]
    candidates = amount(numbers["counts"]["candidates"], "candidate").replace(",", "\u202f")
    return f" {number(first['candidates'])} of {candidates} went by {first['reason']}."


def _tiles(judgement: Judgement, numbers: dict[str, Any]) -> list[tuple[str, str, Child]]:
    counts, rows = numbers["counts"], numbers["rows"]
    statuses = [check.status for check in judgement.verdict.checks]
    independent = numbers["categories"].get("reference", {}).get("independent", 0)
    kept = (
        f"{percent(counts['kept'] / counts['candidates'])} of {number(counts['candidates'])} candidates"
        if counts["candidates"]
        else ""
    )
    splits = " · ".join(f"{name}\u00a0{number(count)}" for name, count in numbers["splits"].items())
    problems = numbers["concentration"]["problems"]["distinct"]
    each = f"{rows / problems:.1f} examples each" if rows > problems else "one example each" if rows else ""
    equal = numbers["categories"].get("verdict", {}).get("equal", 0)
    own = "the rest equal their own text" if equal else "no answer was compared" if rows else ""
    warnings = statuses.count(Status.WARNING)
    open_ = f"{amount(warnings, 'warning')} · {statuses.count(Status.NOT_CHECKED)} not checked"
    return [
        ("examples", number(rows), join([kept, tag("br") if kept else None, splits])),
        ("problems", number(problems), each),
        ("independent references", percent(independent / rows) if equal else "–", own),
        ("checks passed", f"{statuses.count(Status.PASSED)} / {len(statuses)}", open_),
    ]


def _tile(name: str, value: str, note: Child) -> Markup:
    return tag("div", tag("dt", name), tag("dd", value), tag("dd", note, class_="note"))


def _colophon(judgement: Judgement) -> Markup:
    verdict = judgement.verdict
    return tag(
        "footer",
        tag("p", join(["Judge ", verdict.judge_version, " · suite ", tag("code", verdict.suite_sha256[:12])])),
        tag(
            "p", "This page loads nothing and needs no script to be read. Every number stands in report.json beside it."
        ),
        class_="colophon",
    )
