"""The sections that show evidence: reasons with their candidates, contamination, provenance."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schemas.wording import amount
from validation.dataset.gate import Judgement
from validation.dataset.recheck.contamination import OVERLAP
from validation.dataset.report.beside import Evidence, beside, gather, items_of, pair
from validation.dataset.report.check_list import spaced
from validation.dataset.report.figures import bar, legend
from validation.dataset.report.markup import Markup, coded, counted, join, number, percent, tag
from validation.dataset.report.mathml import rich_text
from validation.dataset.report.samples import fetch
from validation.dataset.report.section_parts import long_table, section, table

SHOWN = 4  # candidates shown for each reason
LEAKS = 8  # items shown, each beside an example


def reasons(judgement: Judgement, numbers: Mapping[str, Any]) -> Markup:
    """Why the rest is not here: each reason with its rule, its count and a few candidates."""
    most = max((reason["candidates"] for reason in numbers["reasons"]), default=1)
    shown = [row for reason in numbers["reasons"] for row in reason["examples"][:SHOWN]]
    texts = gather(judgement, shown)
    entries = [_reason(reason, most, numbers["counts"]["candidates"], texts) for reason in numbers["reasons"]]
    lead = (
        "The first reason wins. Removed is wrong by itself; quarantined is what a person could settle. "
        "Open one to see candidates and the evidence. Bars are measured against the most frequent reason."
    )
    if not entries:
        kept = "Every row could be read." if numbers["foreign"] else "Every candidate was kept."
        nothing = kept if numbers["counts"]["candidates"] else "There was no candidate."
        return section("reasons", "Why the rest is not here", nothing)
    key = legend([("bad", "removed"), ("doubt", "quarantined")])
    return section("reasons", "Why the rest is not here", lead, key, entries)


def _reason(reason: Mapping[str, Any], most: int, candidates: int, texts: Evidence) -> Markup:
    share = reason["candidates"] / max(candidates, 1)
    series = "bad" if reason["outcome"] == "removed" else "doubt"
    summary = tag(
        "summary",
        tag("code", reason["reason"]),
        tag("span", coded(reason["meaning"]), class_="meaning"),
        tag("span", number(reason["candidates"]), class_="count"),
        bar(reason["candidates"] / most, series=series, label=f"{percent(share)} of candidates"),
    )
    rows = [_candidate(row, texts) for row in reason["examples"][:SHOWN]]
    return tag(
        "details",
        summary,
        tag(
            "p",
            f"{reason['outcome']} · {percent(share)} of candidates · ",
            counted([*reason["sources"].items()]),
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
    lead = f"{amount(sum(stored.values()), 'item')} of {', '.join(stored)}, stored with the data"
    lead = spaced(f"{lead} and searched for again by brute force." if numbers["rows"] else f"{lead}.")
    tiers = [
        [name, number(stored[name]), *(number(counts[tier]) for tier in _TIER_HEAD)]
        for name, counts in measured["by_benchmark"].items()
    ]
    found = _first_of_each_item(leak for leak in leaks if leak["tier"] != OVERLAP)[:LEAKS]
    wording = _first_of_each_item(leak for leak in leaks if leak["tier"] == OVERLAP)[:LEAKS]
    texts = fetch(judgement.folder, judgement.findings.read, [leak["id"] for leak in found + wording])
    whole = items_of(judgement.folder, map(_item_of, found + wording))
    return section(
        "contamination",
        "Contamination",
        lead,
        table(["Benchmark", "Items", *_TIER_HEAD.values()], tiers, class_="stack"),
        tag(
            "p",
            "From “exact” to “variant”: candidates that curation took out; a variant that was kept is only reported. "
            "“Again”: examples in which the search still found an item. “Wording”: ten words in a row are shared.",
            class_="fine",
        ),
        [tag("h3", "Still found"), _leaks(found, texts, whole)] if numbers["rows"] else None,
        tag(
            "details",
            tag("summary", "False alarms: examples that share wording with an item, and are no leak"),
            _leaks(wording, texts, whole),
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


def _first_of_each_item(leaks: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first leak of each benchmark item."""
    return list({_item_of(leak): leak for leak in reversed([*leaks])}.values())[::-1]


def _item_of(leak: Mapping[str, Any]) -> tuple[str, int]:
    return leak["benchmark"], leak["position"]


def _leaks(
    leaks: Sequence[Mapping[str, Any]],
    texts: Mapping[str, Mapping[str, Any]],
    items: Mapping[tuple[str, int], str],
) -> Markup:
    if not leaks:
        return tag("p", "Nothing.", class_="fine")
    return tag("ul", [_leak(leak, texts.get(leak["id"]), items) for leak in leaks], class_="evidence")


def _leak(leak: Mapping[str, Any], example: Mapping[str, Any] | None, items: Mapping[tuple[str, int], str]) -> Markup:
    item = _item_of(leak)
    name = "{}/{}".format(*item)
    shares = " · is " if leak["tier"] == "exact" else f" · shares “{leak['shared']}” with "
    texts = (
        [example["question"] or "", *(segment["text"] or "" for segment in example["segments"] or [])]
        if example
        else []
    )
    return tag(
        "li",
        tag("p", tag("code", leak["id"]), shares, tag("code", name), class_="fine"),
        pair(_holding(texts, leak["shared"]), items.get(item, leak["item"]), labels=("example", name)),
    )


def _holding(texts: Sequence[str], words: str) -> str:
    """The text that holds most of some words."""
    asked = set(words.split())
    return max(texts, key=lambda text: len(asked & set(re.findall(r"\w+", text.lower()))), default="")


_SHA = "SHA-256, first 16 of 64"


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
    inputs = [[file["path"], number(file["bytes"]), tag("code", file["sha256"][:16])] for file in about["inputs"]]
    benchmarks = [
        [benchmark["name"], number(benchmark["items"]), benchmark["licence"], tag("code", benchmark["sha256"][:16])]
        for benchmark in about["benchmarks"]
    ]
    shards = [
        [shard["path"], number(shard["rows"]), number(shard["bytes"]), tag("code", shard["sha256"][:16])]
        for shard in about["shards"]
    ]
    return section(
        "provenance",
        "Provenance",
        "What was read, by what code, and the hashes that bind this report to the data.",
        tag("dl", [join([tag("dt", name), tag("dd", value)]) for name, value in facts], class_="facts"),
        long_table("Read", ["File", "Bytes", _SHA], inputs, "file"),
        long_table("Benchmarks", ["Benchmark", "Items", "Licence", _SHA], benchmarks, "benchmark")
        if benchmarks
        else None,
        long_table("Shards", ["File", "Rows", "Bytes", _SHA], shards, "file"),
    )
