"""The sample browser: examples in groups, the worst first, that read without a script and filter with one."""

from collections.abc import Mapping, Sequence

from schemas.verdict import Check, Status, Verdict
from schemas.wording import amount
from validation.dataset.gate import Judgement
from validation.dataset.report.check_list import linked_ids
from validation.dataset.report.markup import Markup, number, tag
from validation.dataset.report.readability import outstanding
from validation.dataset.report.samples import fetch, render_example
from validation.dataset.report.section_parts import section
from validation.dataset.shard import Row, smallest
from validation.dataset.spreads import Spread, worst_ids

RANDOM_ROWS = 24
WORST_ROWS = 24
ALL_OPEN = 12  # examples that stand open together; of more, only the first group does
_GROUPS = {
    "named": "Named by a check",
    "outstanding": "Stand out by how they read",
    "stratum": "Some of every source and format",
    "random": "Drawn at random",
}


def draw(judgement: Judgement) -> list[Row]:
    """The rows of the sample browser, worst first: those that break a check, those that stand out, strata, random."""
    findings, folder = judgement.findings, judgement.folder
    worst = _named(judgement.verdict)[:WORST_ROWS] + worst_ids(findings.facts.quality)
    found = fetch(folder, findings.read, worst)
    rows = [Row(0, "worst", found[id_]) for id_ in worst if id_ in found]
    for stratum in sorted(findings.strata)[:12]:
        rows += [Row(row.key, stratum, row.values) for row in findings.strata[stratum][:2]]
    rows += [Row(row.key, "random", row.values) for row in smallest(findings.answers, RANDOM_ROWS)]
    distinct: dict[str, Row] = {}
    for row in rows:
        distinct.setdefault(str(row.values["id"]), row)
    return list(distinct.values())


def _named(verdict: Verdict) -> list[str]:
    """Examples that checks name, as many of each as the page links to: the first of each check, then the second."""
    named = [linked_ids(check) for check in _unpassed(verdict)]
    ranked = [ids[at] for at in range(max(map(len, named), default=0)) for ids in named if at < len(ids)]
    return [*dict.fromkeys(ranked)]


def _unpassed(verdict: Verdict) -> list[Check]:
    """The checks that did not pass, those that failed first."""
    unpassed = [check for check in verdict.checks if check.status is not Status.PASSED]
    return sorted(unpassed, key=lambda check: check.status is not Status.FAILED)


def examples(drawn: Sequence[Row], verdict: Verdict, measured: Mapping[str, Spread], seed: object) -> Markup:
    """The sample browser.

    Args:
        drawn: the rows.
        verdict: its checks may name some of them.
        measured: facts on how solutions read; in each some of them stand out.
        seed: what the random ones were drawn with.
    """
    marks: dict[str, list[Check]] = {}
    for check in _unpassed(verdict):
        for id_ in check.ids:
            marks.setdefault(id_, []).append(check)
    groups: dict[str, list[Markup]] = {name: [] for name in _GROUPS}
    for row in drawn:
        id_ = str(row.values["id"])
        why = row.shard if row.shard == "random" else "stratum"
        if row.shard == "worst":
            why = "named" if id_ in marks else "outstanding"
        groups[why].append(
            render_example(row.values, why=why, marks=marks.get(id_, []), outstanding=outstanding(measured, id_))
        )
    there = [name for name, articles in groups.items() if articles]
    shown = [
        _group(
            f"{_GROUPS[name]} (seed {seed})" if name == "random" else _GROUPS[name],
            groups[name],
            opened=name == there[0] or len(drawn) <= ALL_OPEN,
        )
        for name in there
    ]
    legend = tag(
        "p",
        tag("span", "trained on", class_="key supervised"),
        tag("span", "not trained on: the tool's words", class_="key unsupervised"),
        class_="fine keys",
    )
    lead = f"{amount(len(drawn), 'example')}, each in the first group that it belongs to. Long texts are folded."
    return section("examples", "Examples", lead, legend, _filters(drawn), shown)


def _group(title: str, articles: Sequence[Markup], *, opened: bool) -> Markup:
    summary = tag("summary", title, " ", tag("span", number(len(articles)), class_="fine"))
    return tag("details", summary, articles, class_="group", open=opened)


def _filters(drawn: Sequence[Row]) -> Markup:
    def options(name: str) -> Markup:
        values = sorted({str(row.values[name]) for row in drawn})
        choices = [tag("option", f"every {name}", value=""), *(tag("option", value, value=value) for value in values)]
        return tag("select", choices, id=f"filter-{name}", aria_label=f"Filter by {name}")

    search = tag("input", type="search", id="search", placeholder="search these examples", aria_label="Search examples")
    count = tag("output", id="shown")
    return tag("div", search, options("format"), options("source"), count, id="filters", hidden=True)
