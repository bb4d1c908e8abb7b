"""The sections that show rows: reasons with evidence, contamination, bias, the sample browser, provenance."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.verdict import Check, Status, Verdict
from validation.dataset.gate import Judgement
from validation.dataset.quality import Spread, worst_ids
from validation.dataset.recheck.contamination import OVERLAP
from validation.dataset.report.beside import Evidence, beside, gather, pair
from validation.dataset.report.checks import linked_ids
from validation.dataset.report.figures import bar
from validation.dataset.report.formulas import rich_text
from validation.dataset.report.markup import Markup, coded, counted, join, number, percent, tag
from validation.dataset.report.quality import outstanding
from validation.dataset.report.samples import fetch, render_example
from validation.dataset.report.tables import section, table
from validation.dataset.shard import Row, smallest

RANDOM_ROWS = 24
WORST_ROWS = 24
SHOWN = 4  # candidates shown for each reason
LEAKS = 8  # items shown, each beside an example


def draw(judgement: Judgement) -> list[Row]:
    """The rows of the sample browser, worst first: those that break a check, those that stand out, strata, random."""
    findings, folder = judgement.findings, judgement.folder
    worst = _named(judgement.verdict)[:WORST_ROWS] + worst_ids(findings.facts.quality)
    found = fetch(folder, findings.read, worst)
    rows = [Row(0, "worst", found[one]) for one in worst if one in found]
    for stratum in sorted(findings.strata)[:12]:
        rows += [Row(row.key, stratum, row.values) for row in findings.strata[stratum][:2]]
    rows += [Row(row.key, "random", row.values) for row in smallest(findings.answers, RANDOM_ROWS)]
    distinct: dict[str, Row] = {}
    for row in rows:
        distinct.setdefault(str(row.values["id"]), row)
    return list(distinct.values())


def _named(verdict: Verdict) -> list[str]:
    """Examples that checks name, as many of each as the page links to: the first of each check, then the second."""
    order = sorted(verdict.checks, key=lambda check: check.status is not Status.FAILED)
    named = [linked_ids(check) for check in order if check.status is not Status.PASSED]
    ranked = [ids[at] for at in range(max(map(len, named), default=0)) for ids in named if at < len(ids)]
    return [*dict.fromkeys(ranked)]


def reasons(judgement: Judgement, numbers: Mapping[str, Any]) -> Markup:
    """Why the rest is not here: each reason with its rule, its count and a few candidates."""
    most = max((one["candidates"] for one in numbers["reasons"]), default=1)
    shown = [row for one in numbers["reasons"] for row in one["examples"][:SHOWN]]
    texts = gather(judgement, shown)
    entries = [_reason(one, most, numbers["counts"]["candidates"], texts) for one in numbers["reasons"]]
    lead = (
        "The first reason wins. Removed is wrong by itself; quarantined is what a person could settle. "
        "Open one to see candidates and the evidence. Bars are measured against the most frequent reason."
    )
    if not entries:
        lead = "Every candidate was kept."
    return section("reasons", "Why the rest is not here", lead, entries)


def _reason(one: Mapping[str, Any], most: int, candidates: int, texts: Evidence) -> Markup:
    share = one["candidates"] / max(candidates, 1)
    series = "bad" if one["outcome"] == "removed" else "doubt"
    summary = tag(
        "summary",
        tag("code", one["reason"]),
        tag("span", coded(one["meaning"]), class_="meaning"),
        tag("span", number(one["candidates"]), class_="count"),
        bar(one["candidates"] / most, series=series, label=f"{percent(share)} of candidates"),
    )
    rows = [_candidate(row, texts) for row in one["examples"][:SHOWN]]
    return tag(
        "details",
        summary,
        tag(
            "p",
            f"{one['outcome']} · {percent(share)} of candidates · ",
            counted([*one["sources"].items()]),
            class_="fine",
        ),
        tag("ul", rows, class_="evidence") if rows else None,
        class_="reason",
    )


def _candidate(row: Mapping[str, Any], texts: Evidence) -> Markup:
    partner = join(["lost to ", tag("code", row["partner"])]) if row.get("partner") else None
    facts = [tag("code", row["id"]), f"{row['source']} row {number(row['row'])}", *([partner] if partner else [])]
    return tag(
        "li",
        tag("p", [join([" · " * (at > 0), fact]) for at, fact in enumerate(facts)], class_="fine"),
        tag("p", rich_text(str(row.get("detail") or "no detail was recorded")[:600]), dir="auto"),
        beside(row, texts),
    )


def contamination(judgement: Judgement, numbers: Mapping[str, Any]) -> Markup:
    """Leaks by benchmark and tier: what curation took out, and what the independent search still found."""
    measured = numbers["contamination"]
    stored, leaks = measured["items"], measured["leaks_found"]
    if not stored:
        return section(
            "contamination",
            "Contamination",
            "Not checked: the config names no benchmark, so there was nothing to look for.",
        )
    items = f"{number(sum(stored.values()))} items of {', '.join(stored)} are stored with the data"
    lead = f"{items} and were searched for again by brute force." if numbers["rows"] else f"{items}."
    tiers = [
        [name, number(stored[name]), *(number(counts[tier]) if counts[tier] else "–" for tier in _TIER_HEAD)]
        for name, counts in measured["by_benchmark"].items()
    ]
    found = _one_an_item(leak for leak in leaks if leak["tier"] != OVERLAP)[:LEAKS]
    wording = _one_an_item(leak for leak in leaks if leak["tier"] == OVERLAP)[:LEAKS]
    texts = fetch(judgement.folder, judgement.findings.read, [leak["id"] for leak in found + wording])
    return section(
        "contamination",
        "Contamination",
        lead,
        table(["Benchmark", "Items", *_TIER_HEAD.values()], tiers, class_="stack"),
        tag(
            "p",
            "Up to “variant”: candidates that curation took out; one that was kept is only reported. Then: examples "
            "that the search found again, and those that share ten words in a row with an item without being it.",
            class_="fine",
        ),
        [tag("h3", "Still found"), _leaks(found, texts)] if numbers["rows"] else None,
        tag(
            "details",
            tag("summary", "False alarms: examples that share wording with an item, and are no leak"),
            _leaks(wording, texts),
        )
        if wording
        else None,
    )


_TIER_HEAD = {
    "benchmark_exact": "exact",
    "benchmark_ngram": "ten words",
    "benchmark_paraphrase": "reworded",
    "benchmark_variant": "variant",
    "kept": "variant, kept",
    "still_exact": "exact, again",
    "still_ngram": "ten words, again",
    "still_overlap": "wording, no leak",
}


def _one_an_item(leaks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first leak of each benchmark item."""
    return list({(leak["benchmark"], leak["position"]): leak for leak in reversed([*leaks])}.values())[::-1]


def _leaks(leaks: Sequence[Mapping[str, Any]], texts: Mapping[str, Mapping[str, Any]]) -> Markup:
    if not leaks:
        return tag("p", "Nothing.", class_="fine")
    return tag("ul", [_leak(leak, texts.get(leak["id"])) for leak in leaks], class_="evidence")


def _leak(leak: Mapping[str, Any], example: Mapping[str, Any] | None) -> Markup:
    item = f"{leak['benchmark']}/{leak['position']}"
    texts = [example["question"] or "", *(one["text"] or "" for one in example["segments"] or [])] if example else []
    return tag(
        "li",
        tag("p", tag("code", leak["id"]), f" · shares “{leak['shared']}” with ", tag("code", item), class_="fine"),
        pair(_holding(texts, leak["shared"]), leak["item"], labels=("example", item)),
    )


def _holding(texts: Sequence[str], words: str) -> str:
    """The text that holds most of some words."""
    asked = set(words.split())
    return max(texts, key=lambda text: len(asked & set(re.findall(r"\w+", text.lower()))), default="")


def examples(drawn: Sequence[Row], verdict: Verdict, measured: Mapping[str, Spread], seed: object) -> Markup:
    """The sample browser. It reads without a script; with one it searches and filters.

    Args:
        drawn: the rows.
        verdict: its checks may name some of them.
        measured: facts on how solutions read; in each some of them stand out.
        seed: what the random ones were drawn with.
    """
    marks: dict[str, list[Check]] = {}
    for check in verdict.checks:
        if check.status is not Status.PASSED:
            for one in check.ids:
                marks.setdefault(one, []).append(check)
    articles = []
    for row in drawn:
        why = row.shard if row.shard in ("worst", "random") else "stratum"
        one = str(row.values["id"])
        articles.append(
            render_example(row.values, why=why, marks=marks.get(one, []), outstanding=outstanding(measured, one))
        )
    lead = (
        f"{len(drawn)} examples: those that a check names first, a few of each, then those that stand out by how they "
        f"read, then some of every source and format, then random ones (seed {seed})."
    )
    legend = tag(
        "p",
        tag("span", "trained on", class_="key supervised"),
        tag("span", "not trained on: the tool's words", class_="key unsupervised"),
        class_="fine keys",
    )
    return section("examples", "Examples", lead, legend, _filters(drawn), articles)


def _filters(drawn: Sequence[Row]) -> Markup:
    def options(name: str) -> Markup:
        values = sorted({str(row.values[name]) for row in drawn})
        choices = [tag("option", f"every {name}", value=""), *(tag("option", value, value=value) for value in values)]
        return tag("select", choices, id=f"filter-{name}", aria_label=f"Filter by {name}")

    search = tag("input", type="search", id="search", placeholder="search these examples", aria_label="Search examples")
    count = tag("output", id="shown")
    return tag("div", search, options("format"), options("source"), count, id="filters", hidden=True)


def provenance(numbers: Mapping[str, Any]) -> Markup:
    """What was read, by what code, and the hashes that bind this report to the data."""
    about = numbers["provenance"]
    facts = [
        ("data set", about["fingerprint"]),
        ("manifest", about["manifest_sha256"]),
        ("suite", about["suite_sha256"]),
        (
            "versions",
            f"code {about['code_version']} · schema {about['schema_version']} · judge {about['judge_version']}",
        ),
        ("programs ran in", about["isolation"] or "nothing: none was run"),
        ("left out", ", ".join(about["skipped"]) or "no stage"),
        ("seed", str(about["seed"])),
        ("licence", about["licence"]),
    ]
    inputs = [[one["path"], number(one["bytes"]), tag("code", one["sha256"][:16])] for one in about["inputs"][:200]]
    benchmarks = [
        [one["name"], number(one["items"]), one["licence"], tag("code", one["sha256"][:16])]
        for one in about["benchmarks"]
    ]
    shards = [
        [one["path"], number(one["rows"]), number(one["bytes"]), tag("code", one["sha256"][:16])]
        for one in about["shards"][:200]
    ]
    return section(
        "provenance",
        "Provenance",
        "What was read, by what code, and the hashes that bind this report to the data.",
        tag("dl", [join([tag("dt", name), tag("dd", value)]) for name, value in facts], class_="facts"),
        tag("h3", "Read"),
        table(["File", "Bytes", "SHA-256"], inputs, class_="stack"),
        [tag("h3", "Benchmarks"), table(["Benchmark", "Items", "Licence", "SHA-256"], benchmarks, class_="stack")]
        if benchmarks
        else None,
        tag("h3", "Shards"),
        table(["File", "Rows", "Bytes", "SHA-256"], shards, class_="stack"),
    )
