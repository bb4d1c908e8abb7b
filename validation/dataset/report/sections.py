"""The sections of the page about the whole data set: verdict, funnel, reasons, make-up, lengths, verification."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.verdict import Check, Status, Verdict
from validation.dataset.facts import NONE
from validation.dataset.report.figures import bar, heat, histogram, legend, stacked
from validation.dataset.report.markup import Child, Markup, coded, join, number, percent, tag

FORMAT_SERIES = {"cot": "s1", "pot": "s2", "tir": "s3"}
_WORDS = {
    Status.PASSED: "passed",
    Status.FAILED: "failed",
    Status.WARNING: "warning",
    Status.NOT_CHECKED: "not checked",
}
_GROUPS = {
    "files": "Files",
    "schema": "Schema and nulls",
    "suite": "Suite, row by row",
    "facts": "Facts of the whole",
    "recheck": "Independent re-checks",
}


def section(anchor: str, title: str, lead: Child, *body: Child) -> Markup:
    """One section: a heading, one sentence that says what it means, and what it shows."""
    return tag("section", tag("h2", title), tag("p", lead, class_="lead") if lead else None, *body, id=anchor)


def table(head: Sequence[Child], rows: Sequence[Sequence[Child]], *, class_: str = "") -> Markup:
    """A table that scrolls on a narrow screen; without rows it says so."""
    if not rows:
        return tag("p", "Nothing to show.", class_="fine")
    header = tag("tr", [tag("th", cell, scope="col") for cell in head])
    body = [tag("tr", [tag("td", cell) for cell in row]) for row in rows]
    inner = tag("table", tag("thead", header), tag("tbody", body), class_=class_ or None)
    return tag("div", inner, class_="scroll", tabindex="0")


def checks(verdict: Verdict, linked: frozenset[str]) -> Markup:
    """What failed first, then warnings and what was not checked, then everything.

    Args:
        verdict: the verdict.
        linked: ids of examples that stand further down.
    """
    by_status = {status: [one for one in verdict.checks if one.status is status] for status in Status}
    failed, passed = by_status[Status.FAILED], len(by_status[Status.PASSED])
    open_points = by_status[Status.WARNING] + by_status[Status.NOT_CHECKED]
    lead = f"{passed} of {len(verdict.checks)} checks passed. What could not be looked at never counts as passed."
    return section(
        "checks",
        "What was checked",
        lead,
        _failures(failed, linked),
        tag("ul", [_point(one, linked) for one in open_points], class_="points") if open_points else None,
        tag("details", tag("summary", "Every check"), [_group(name, verdict.checks) for name in _GROUPS]),
    )


def gravest_first(failed: Sequence[Check]) -> list[Check]:
    """What was looked at and found wrong stands before what could not be looked at."""
    return sorted(failed, key=lambda check: not check.checked)


def _failures(failed: Sequence[Check], linked: frozenset[str]) -> list[Markup]:
    """One box a failure; but checks that saw nothing for one and the same cause share a box."""
    blind: dict[str, list[Check]] = {}
    for check in failed:
        if not check.checked:
            blind.setdefault(check.detail.rpartition(": ")[2], []).append(check)
    shared = {cause: checks for cause, checks in blind.items() if len(checks) > 2}
    together = {check.name for checks in shared.values() for check in checks}
    alone = [_failure(one, linked) for one in gravest_first(failed) if one.name not in together]
    return alone + [_blind(cause, checks) for cause, checks in shared.items()]


def _blind(cause: str, checks: Sequence[Check]) -> Markup:
    return tag(
        "div",
        tag("h3", tag("span", "failed", class_="status failed"), f"{number(len(checks))} checks could not be made"),
        tag("p", coded(cause)),
        tag("p", [join([tag("code", one.name), " "]) for one in checks], class_="fine"),
        class_="failure",
    )


def _failure(check: Check, linked: frozenset[str]) -> Markup:
    counts = f"{number(check.unexpected)} of {number(check.checked)}" if check.checked else "nothing was looked at"
    about = _GROUPS[check.group] if check.group == "facts" else f"{_GROUPS[check.group]} · {counts}"
    return tag(
        "div",
        tag("h3", tag("span", "failed", class_="status failed"), tag("code", check.name)),
        tag("p", coded(check.detail)),
        tag("p", about, _ids(check.ids, linked), class_="fine"),
        class_="failure",
    )


def _ids(ids: Sequence[str], linked: frozenset[str]) -> Markup:
    shown = [
        tag("a", tag("code", one), href=f"#example-{one}") if one in linked else tag("code", one) for one in ids[:8]
    ]
    more = f" and {len(ids) - 8} more" if len(ids) > 8 else ""
    return join([" · ", [join([one, " "]) for one in shown], more]) if shown else Markup()


def _point(check: Check, linked: frozenset[str]) -> Markup:
    name = check.status.value.replace("_", "-")
    return tag(
        "li",
        tag("span", _WORDS[check.status], class_=f"status {name}"),
        tag("span", tag("code", check.name), " ", coded(check.detail), _ids(check.ids[:3], linked)),
    )


def _group(group: str, checks: Sequence[Check]) -> Markup:
    rows = [
        [
            tag("span", _WORDS[one.status], class_=f"status {one.status.value.replace('_', '-')}"),
            tag("code", one.name),
            coded(one.detail),
            number(one.checked),
            number(one.unexpected),
        ]
        for one in checks
        if one.group == group
    ]
    if not rows:
        return Markup()
    head = ["", "Check", "What it says", "Looked at", "Break it"]
    return join([tag("h3", _GROUPS[group]), table(head, rows, class_="checks")])


def funnel(numbers: Mapping[str, Any]) -> Markup:
    """From rows to examples, stage by stage, with a sum that adds up or a line that says it does not."""
    counts, steps = numbers["counts"], numbers["funnel"]
    candidates = max(counts["candidates"], 1)
    rows: list[list[Child]] = [
        ["rows read", number(counts["rows"]), None, None],
        ["candidates", number(counts["candidates"]), bar(1.0, series="quiet"), "one per row and format"],
    ]
    for step in steps:
        lost = step["removed"] + step["quarantined"]
        why = ", ".join(f"{reason} {number(count)}" for reason, count in step["reasons"].items())
        parts = [
            (step["left"] / candidates, "s1", f"{number(step['left'])} left"),
            (step["removed"] / candidates, "bad", f"{number(step['removed'])} removed"),
            (step["quarantined"] / candidates, "doubt", f"{number(step['quarantined'])} quarantined"),
        ]
        note = "left out (`skip`)" if step["skipped"] else why
        rows.append([step["stage"], f"−{number(lost)}" if lost else "0", stacked(parts), note])
    rows.append(
        [
            tag("b", "kept"),
            tag("b", number(counts["kept"])),
            bar(counts["kept"] / candidates),
            percent(counts["kept"] / candidates),
        ]
    )
    legend_ = legend([("s1", "still there"), ("bad", "removed"), ("doubt", "quarantined: a person could settle it")])
    return section(
        "funnel",
        "From rows to examples",
        _sum(numbers),
        legend_,
        table(["Stage", "", "", "Why"], rows, class_="funnel"),
    )


def _sum(numbers: Mapping[str, Any]) -> Markup:
    counts = numbers["counts"]
    total = counts["kept"] + counts["removed"] + counts["quarantined"]
    said = (
        f"{number(counts['candidates'])} candidates {{}} {number(counts['kept'])} kept + "
        f"{number(counts['removed'])} removed + {number(counts['quarantined'])} quarantined."
    )
    if total == counts["candidates"]:
        return tag("span", said.format("="))
    return tag("strong", said.format("≠") + " The sum does not add up.", class_="alarm")


def make_up(numbers: Mapping[str, Any]) -> Markup:
    """Formats by source, and what the mixture means for the objective."""
    by_source = numbers["crosses"].get("format|source", {})
    sources = sorted(numbers["categories"].get("source", {}).items(), key=lambda one: (-one[1], one[0]))
    total = max(numbers["rows"], 1)
    rows = []
    for source, count in sources:
        parts = [
            (
                by_source.get(name, {}).get(source, 0) / total,
                series,
                f"{name} {number(by_source.get(name, {}).get(source, 0))}",
            )
            for name, series in FORMAT_SERIES.items()
        ]
        line = numbers["sources"].get(source)
        kept = percent(line["kept"] / line["candidates"]) if line and line["candidates"] else "–"
        rows.append([source, number(count), stacked(parts), kept])
    return section(
        "make-up",
        "What it is made of",
        "Rows, characters and the objective are three mixtures: J_SFT gives every example one weight, however long.",
        tag("h3", "Formats by source"),
        legend([(series, name) for name, series in FORMAT_SERIES.items()]),
        table(["Source", "Examples", "", "Kept"], rows, class_="wide-bars"),
        tag("h3", "Shares of rows, characters and J"),
        _shares(numbers["shares"].get("format", {})),
        tag("h3", "The same by source"),
        _shares_by(numbers["shares"].get("source", {})),
        _outweighs(numbers),
    )


def _shares(groups: Mapping[str, Mapping[str, float]]) -> Markup:
    rows = []
    for label, key in (
        ("rows", "share_of_rows"),
        ("supervised characters", "share_of_characters"),
        ("J", "share_of_j"),
    ):
        parts = [
            (group[key], FORMAT_SERIES.get(name, "s6"), f"{name} {percent(group[key])}")
            for name, group in groups.items()
        ]
        rows.append([label, stacked(parts), " · ".join(part[2] for part in parts)])
    return table(["Share of", "", ""], rows, class_="wide-bars shares")


def _shares_by(groups: Mapping[str, Mapping[str, float]]) -> Markup:
    keys = ("share_of_rows", "share_of_characters", "share_of_j")
    rows = [[name, *(percent(group[key]) for key in keys), bar(group["share_of_j"])] for name, group in groups.items()]
    return table(["Source", "Rows", "Supervised characters", "J", ""], rows[:40], class_="wide-bars")


def _outweighs(numbers: Mapping[str, Any]) -> Markup | None:
    shortest, longest = numbers["shortest_supervised"], numbers["longest_supervised"]
    if not shortest:
        return None
    return tag(
        "p",
        f"The shortest solution has {number(shortest)} supervised characters, the longest {number(longest)}: under "
        f"sequence_mean a character of the shortest weighs {number(longest / shortest)} times one of the longest.",
        class_="fine",
    )


def topics(numbers: Mapping[str, Any]) -> Markup:
    """Topic by difficulty, with empty cells marked."""
    counts = numbers["crosses"].get("topic|difficulty", {})
    rows = sorted(counts, key=lambda topic: (topic == NONE, -sum(counts[topic].values()), topic))[:30]
    columns = sorted(
        {column for row in counts.values() for column in row}, key=lambda text: (not text.isdecimal(), text.zfill(4))
    )
    empty = sum(1 for row in rows for column in columns if not counts[row].get(column))
    lead = f"{number(len(counts))} topics by difficulty; {number(empty)} cells are empty."
    if columns in ([], [NONE]):
        lead = f"{number(len(counts))} topics. No example names a difficulty."
    more = (
        tag("p", f"{number(len(counts) - 30)} smaller topics stand in report.json.", class_="fine")
        if len(counts) > 30
        else None
    )
    predicted = [tag("p", _prediction(one), class_="fine") for one in numbers["labels"]]
    return section(
        "topics",
        "Topics and difficulty",
        lead,
        heat(rows, columns, counts, corner="topic") if rows else None,
        more,
        predicted,
    )


def _prediction(label: Mapping[str, Any]) -> str:
    measured = "too few rows to measure" if label["macro_f1"] is None else f"macro-F1 {label['macro_f1']:.2f}"
    where = f"{label['column']}, {label['taxonomy']} ({label['language']})"
    return (
        f"{where}: {number(label['predicted'])} predicted where the source gives none; {label['method']}, {measured} "
        f"on {number(label['held_out'])} rows held out."
    )


def lengths(numbers: Mapping[str, Any]) -> Markup:
    """How long questions and solutions are."""
    series = []
    for (name, title), colour in zip(
        (("question_chars", "questions"), ("solution_chars", "solutions")), ("s4", "s1"), strict=True
    ):
        measured = numbers["lengths"].get(name)
        if measured and measured["bins"]:
            low, middle, high = (number(measured[name]) for name in ("p05", "p50", "p95"))
            caption = f"{title}: 5 % below {low}, half below {middle}, 95 % below {high}"
            series.append((caption, {int(at): count for at, count in measured["bins"].items()}, colour))
    body = histogram(series) if series else tag("p", "nothing to measure", class_="fine")
    counted = next(one for one in numbers["verdict"]["checks"] if one["name"] == "lengths_fit_context")
    return section(
        "lengths",
        "How long they are",
        coded(f"Characters, on a logarithmic axis. In tokens: {counted['detail']}."),
        body,
        _by_format(numbers),
        _tokens(numbers),
    )


def _by_format(numbers: Mapping[str, Any]) -> Markup:
    """How long the solutions of each format are."""
    measured = {name: numbers["lengths"].get(f"solution_chars|{name}") for name in FORMAT_SERIES}
    rows = [
        [name, *(number(one[at]) for at in ("p05", "p50", "p95"))]
        for name, one in measured.items()
        if one and one["bins"]
    ]
    return table(["Solutions", "5 % below", "half below", "95 % below"], rows, class_="numbers") if rows else Markup()


def _tokens(numbers: Mapping[str, Any]) -> Markup | None:
    """Tokens of whole examples with the context as a line; nothing where no tokenizer was named."""
    measured = numbers["lengths"].get("tokens")
    if not measured or not measured["bins"]:
        return None
    bins = {int(at): count for at, count in measured["bins"].items()}
    context = numbers["context"]
    caption = f"tokens of whole examples; the line is the context, {number(context)}"
    return join([tag("h3", "In tokens"), histogram([(caption, bins, "s3")], mark=context)])


def verification(numbers: Mapping[str, Any]) -> Markup:
    """How answers were verified, and whether a reference was evidence at all."""
    total = max(numbers["rows"], 1)
    references = numbers["categories"].get("reference", {})
    independent, self_ = references.get("independent", 0), references.get("self", 0)
    lead = (
        f"{number(independent)} answers equal a reference that was given apart from the solution. "
        f"{number(self_)} equal one taken from the same text: that is consistency, not evidence."
    )
    parts = [
        (independent / total, "s1", f"independent {percent(independent / total)}"),
        (self_ / total, "doubt", f"self {percent(self_ / total)}"),
    ]
    paths = sorted(numbers["categories"].get("path", {}).items(), key=lambda one: (-one[1], one[0]))
    rows = [[path, number(count), bar(count / total)] for path, count in paths]
    rechecks = [
        [what, *(number(counts.get(one, 0)) for one in names)]
        for what, counts, names in (
            ("answers, by math-verify alone", numbers["rechecks"]["answers"], ("equal", "different", "unknown")),
            ("programs, in fresh processes", numbers["rechecks"]["programs"], ("agrees", "differs", "unknown")),
        )
    ]
    return section(
        "verification",
        "How answers were verified",
        lead,
        stacked(parts),
        legend([("s1", parts[0][2]), ("doubt", parts[1][2])]),
        tag("h3", "By path"),
        table(["Path", "Examples", ""], rows, class_="wide-bars"),
        tag("h3", "Judged again, on a sample"),
        table(["What", "Agree", "Differ", "Not checked"], rechecks),
    )
