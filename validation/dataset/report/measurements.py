"""report.json: every number of the report, from the judgement, in plain JSON. The page shows these and no others."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from schemas.reason import Outcome, Stage, meaning_of
from validation.dataset.annotators import annotators
from validation.dataset.facts import concentration, quantile
from validation.dataset.gate import Judgement
from validation.dataset.ledger_reader import LEAKS
from validation.dataset.recheck.contamination import TIERS


def measurements(judgement: Judgement) -> dict[str, Any]:
    """Collects the numbers of the report."""
    findings, manifest, ledger = judgement.findings, judgement.manifest, judgement.ledger
    facts = findings.facts
    return {
        "verdict": judgement.verdict.model_dump(mode="json"),
        "counts": manifest.counts.model_dump(),
        "funnel": funnel(judgement),
        "reasons": reasons(judgement),
        "formats": {name: line.model_dump() for name, line in manifest.formats.items()},
        "sources": {name: line.model_dump() for name, line in manifest.sources.items()},
        "splits": manifest.splits,
        "rows": facts.rows,
        "categories": {name: dict(sorted(counts.items())) for name, counts in sorted(facts.counts.items())},
        "crosses": {
            name: {value: dict(sorted(counts.items())) for value, counts in sorted(table.items())}
            for name, table in sorted(facts.crosses.items())
        },
        "shares": {name: shares(groups) for name, groups in sorted(facts.weigh.items())},
        "lengths": {
            name: {
                "bins": {str(at): count for at, count in sorted(bins.items())},
                "p05": round(quantile(bins, 0.05)),
                "p50": round(quantile(bins, 0.5)),
                "p95": round(quantile(bins, 0.95)),
            }
            for name, bins in sorted(facts.lengths.items())
        },
        "characters": facts.characters,
        "supervised_characters": facts.supervised,
        "shortest_supervised": facts.shortest,
        "longest_supervised": facts.longest,
        "concentration": concentrations(judgement),
        "facts": judgement.facts,
        "contamination": contamination(judgement),
        "near_duplicates": [pair._asdict() for pair in judgement.alike[:50]],
        "drift": judgement.drift,
        "foreign": judgement.foreign,
        "context": judgement.context,
        "rechecks": {
            "answers": dict(sorted(Counter(answer.outcome for answer in judgement.answers).items())),
            "programs": dict(sorted(Counter(program.outcome for program in judgement.programs).items())),
        },
        "ledger": [
            dict(zip(("source", "format", "outcome", "stage", "reason"), key, strict=True)) | {"candidates": count}
            for key, count in sorted(ledger.ended.items())
        ],
        "quality": {
            name: {
                "rows": spread.rows,
                "total": spread.total,
                "positive": spread.positive,
                "worst": [{"value": value, "id": id_} for value, id_ in spread.worst],
            }
            for name, spread in facts.quality.items()
        },
        "annotators": annotators(judgement.folder),
        "labels": manifest.labels,
        "licences": dict(sorted(facts.counts.get("licence", Counter()).items())),
        "provenance": provenance(judgement),
    }


def funnel(judgement: Judgement) -> list[dict[str, Any]]:
    """Candidates that are still there after each stage; the last number is what was kept."""
    ledger, left = judgement.ledger, sum(judgement.ledger.ended.values())
    steps = []
    for stage in Stage:
        removed = ledger.count(stage=stage, outcome=Outcome.REMOVED)
        quarantined = ledger.count(stage=stage, outcome=Outcome.QUARANTINED)
        left -= removed + quarantined
        if removed or quarantined or stage.value in judgement.manifest.skipped:
            steps.append(
                {
                    "stage": stage.value,
                    "removed": removed,
                    "quarantined": quarantined,
                    "left": left,
                    "reasons": dict(ledger.by("reason", stage=stage).most_common()),
                    "skipped": stage.value in judgement.manifest.skipped,
                }
            )
    return steps


def reasons(judgement: Judgement) -> list[dict[str, Any]]:
    """Every reason that took a candidate, the most frequent first, with its rule and a few examples."""
    ledger = judgement.ledger
    lost: Counter[str] = Counter()
    outcomes: defaultdict[str, set[str]] = defaultdict(set)
    for (_, _, outcome, _, reason), count in ledger.ended.items():
        if outcome != Outcome.KEPT:
            lost[reason] += count
            outcomes[reason].add(outcome)
    return [
        {
            "reason": reason,
            "meaning": meaning_of(reason),
            "outcome": " or ".join(sorted(outcomes[reason])),
            "candidates": count,
            "sources": dict(_without(ledger, reason)),
            "examples": ledger.examples.get(reason, []),
        }
        for reason, count in sorted(lost.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _without(ledger: Any, reason: str) -> Counter[str]:  # noqa: ANN401  the ledger of the judgement
    counts: Counter[str] = Counter()
    for (source, _, outcome, _, its_reason), count in ledger.ended.items():
        if its_reason == reason and outcome != Outcome.KEPT:
            counts[source] += count
    return counts


def shares(groups: Mapping[str, list[float]]) -> dict[str, dict[str, float]]:
    """Shares of rows, of supervised characters, and of the objective J, in which each row weighs its sampling rate."""
    rows, characters, weight = (sum(group[at] for group in groups.values()) or 1.0 for at in range(3))
    return {
        name: {
            "rows": group[0],
            "share_of_rows": group[0] / rows,
            "share_of_characters": group[1] / characters,
            "share_of_j": group[2] / weight,
        }
        for name, group in sorted(groups.items(), key=lambda pair: -pair[1][0])
    }


def concentrations(judgement: Judgement) -> dict[str, dict[str, float]]:
    """How many distinct problems, templates and texts there are, and how much the largest holds."""
    names = ("problems", "templates", "texts")
    groups = {name: concentration(judgement.findings.hashes(name)) for name in names}
    return {
        name: {"distinct": measured.distinct, "largest": measured.largest, "share": measured.share}
        for name, measured in groups.items()
    }


def contamination(judgement: Judgement) -> dict[str, Any]:
    """Leaks by benchmark and tier: what curation took out, and what the independent search still found."""
    benchmarks = judgement.manifest.benchmarks
    return {
        "items": {record.name: record.items for record in benchmarks},
        "licences": {record.name: record.licence for record in benchmarks},
        "removed": {reason: judgement.ledger.count(reason=reason) for reason in LEAKS},
        "by_benchmark": {
            record.name: {
                **{reason: judgement.ledger.leaks[record.name, reason] for reason in (*LEAKS, "kept")},
                **{f"still_{tier}": judgement.findings.leaked[record.name, tier] for tier in TIERS},
            }
            for record in benchmarks
        },
        "leaks_found": [leak._asdict() for leak in judgement.findings.leaks[:50]],
    }


def provenance(judgement: Judgement) -> dict[str, Any]:
    """What was read, by what code, and what binds this report to the data."""
    manifest, verdict = judgement.manifest, judgement.verdict
    return {
        "fingerprint": manifest.fingerprint,
        "manifest_sha256": verdict.manifest_sha256,
        "suite_sha256": verdict.suite_sha256,
        "judge_version": verdict.judge_version,
        "schema_version": manifest.schema_version,
        "code_version": manifest.code_version,
        "isolation": manifest.isolation,
        "skipped": manifest.skipped,
        "seed": manifest.config.get("seed"),
        "inputs": [file.model_dump() for file in manifest.inputs],
        "benchmarks": [benchmark.model_dump() for benchmark in manifest.benchmarks],
        "shards": [shard.model_dump() for shard in manifest.shards],
        "licence": manifest.licence,
    }
