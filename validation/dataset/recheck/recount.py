"""The sums counted again: shards, ledger and manifest must tell one story, number by number."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from schemas.manifest import FormatCounts, Manifest
from schemas.reason import Outcome, Stage
from schemas.split import Split
from schemas.verdict import Check, Severity, Status
from validation.dataset.check import MAX_IDS, check_of
from validation.dataset.ledger import Ledger
from validation.dataset.shard import Findings, hash_questions, hash_texts

_OUTCOMES = (Outcome.KEPT, Outcome.REMOVED, Outcome.QUARANTINED)


def recount(folder: Path, manifest: Manifest, findings: Findings, ledger: Ledger) -> list[Check]:
    """Counts everything again that the manifest claims."""
    checks = [
        _sum_adds_up(manifest, ledger),
        _ledger_readable(ledger),
        _reasons(manifest, ledger),
        _lines("formats_agree", "format", manifest.formats, ledger),
        _lines("sources_agree", "source", manifest.sources, ledger),
        _shards_hold_what_is_claimed(manifest, findings),
        _ledger_and_shards(findings, ledger),
        _unique("ids_unique", "example", findings.hashes("ids")),
        _unique("ledger_ids_unique", "candidate", ledger.hashes("candidates")),
        _placed(findings),
        _disjoint("splits_disjoint_by_problem", "problem", findings.hashes("problems"), findings.hashes("heldout")),
        _disjoint_by_question(manifest, findings),
        _disjoint("splits_disjoint_by_template", "template", findings.hashes("templates"), findings.hashes("heldout")),
        _skipped(manifest),
    ]
    offending = {
        "ids_unique": ("id", _repeated(findings.hashes("ids"))),
        "splits_disjoint_by_problem": ("problem_id", _shared(findings, "problems")),
        "splits_disjoint_by_question": ("question", _shared(findings, "questions")),
        "splits_disjoint_by_template": ("template_id", _shared(findings, "templates")),
        "ledger_agrees_with_shards": ("id", np.setdiff1d(findings.hashes("ids"), ledger.hashes("kept"))),
    }
    return [_with_ids(check, folder, findings.read, *offending.get(check.name, ("id", _NONE))) for check in checks]


_NONE = np.zeros(0, np.uint64)


def _repeated(hashes: np.ndarray) -> np.ndarray:
    values, numbers = np.unique(hashes, return_counts=True)
    return values[numbers > 1]


def _shared(findings: Findings, name: str) -> np.ndarray:
    hashes, heldout = findings.hashes(name), findings.hashes("heldout")
    return np.intersect1d(hashes[heldout], hashes[~heldout])


def _with_ids(check: Check, folder: Path, shards: Sequence[str], column: str, hashes: np.ndarray) -> Check:
    """Names the examples behind hashes that break a rule: only then are shards read again."""
    if check.status is Status.PASSED or not len(hashes):
        return check
    ids: list[str] = []
    hash_column = hash_questions if column == "question" else hash_texts
    for path in shards:
        with pa.OSFile(str(folder / path), "rb") as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                hit = np.isin(hash_column(batch[column].to_pylist()), hashes)
                ids += batch["id"].filter(pa.array(hit)).to_pylist()
        if len(ids) >= MAX_IDS:
            break
    return check.model_copy(update={"ids": [str(one) for one in ids[:MAX_IDS]]})


def _sum_adds_up(manifest: Manifest, ledger: Ledger) -> Check:
    claimed = manifest.counts
    counted = {outcome: ledger.count(outcome=outcome) for outcome in _OUTCOMES}
    candidates, rows = sum(ledger.ended.values()), sum(ledger.rows.values())
    problems = []
    if claimed.candidates != claimed.kept + claimed.removed + claimed.quarantined:
        problems.append(
            f"the manifest's sum does not add up: {claimed.candidates:,} candidates, but "
            f"{claimed.kept:,} kept + {claimed.removed:,} removed + {claimed.quarantined:,} quarantined"
        )
    pairs = {"rows": (claimed.rows, rows), "candidates": (claimed.candidates, candidates)}
    pairs |= {outcome.value: (getattr(claimed, outcome.value), counted[outcome]) for outcome in _OUTCOMES}
    problems += _differences(pairs, "manifest", "ledger")
    good = f"{candidates:,} candidates = " + " + ".join(f"{counted[one]:,} {one.value}" for one in _OUTCOMES)
    return check_of("sum_adds_up", "recheck", good, problems, checked=candidates)


def _differences(pairs: Mapping[str, tuple[int, int]], first: str, second: str) -> list[str]:
    return [f"{name}: {first} {a:,}, {second} {b:,}" for name, (a, b) in pairs.items() if a != b]


def _ledger_readable(ledger: Ledger) -> Check:
    problems = [f"{path}: {why}" for path, why in sorted(ledger.unreadable.items())]
    if ledger.contradictions:
        problems.append(f"{len(ledger.contradictions)} or more candidates with an outcome that their reason denies")
    good = "every candidate has an outcome, and a known reason unless it was kept"
    checked = sum(ledger.ended.values())
    return check_of("ledger_consistent", "recheck", good, problems, checked=checked, ids=ledger.contradictions)


def _reasons(manifest: Manifest, ledger: Ledger) -> Check:
    problems = []
    for outcome, claimed in (
        (Outcome.REMOVED, manifest.removed_by_reason),
        (Outcome.QUARANTINED, manifest.quarantined_by_reason),
    ):
        counted = ledger.by("reason", outcome=outcome)
        pairs = {name: (claimed.get(name, 0), counted[name]) for name in sorted({*claimed, *counted})}
        problems += _differences(pairs, f"{outcome.value} by the manifest", "by the ledger")
    good = "removed and quarantined candidates by reason are those of the ledger"
    return check_of("reasons_agree", "recheck", good, problems, checked=len(manifest.removed_by_reason))


def _lines(name: str, column: str, claimed: Mapping[str, FormatCounts], ledger: Ledger) -> Check:
    """Compares lines of the funnel; candidates without a format may stand under any name that is no format."""
    counted = {outcome.value: ledger.by(column, outcome=outcome) for outcome in _OUTCOMES}
    known = {value for counts in counted.values() for value in counts if value}
    pairs: dict[str, tuple[int, int]] = {}
    for value in sorted(known | set(claimed)):
        in_ledger = value if value in known else ""
        for outcome, counts in counted.items():
            line = claimed.get(value)
            pairs[f"{value} {outcome}"] = (getattr(line, outcome) if line else 0, counts[in_ledger])
        if (line := claimed.get(value)) and line.candidates != line.kept + line.removed + line.quarantined:
            pairs[f"{value} sum"] = (line.candidates, line.kept + line.removed + line.quarantined)
    problems = _differences(pairs, "manifest", "ledger")
    return check_of(name, "recheck", f"candidates by {column} are those of the ledger", problems, checked=len(claimed))


def _shards_hold_what_is_claimed(manifest: Manifest, findings: Findings) -> Check:
    facts = findings.facts
    pairs = {"examples": (manifest.counts.kept, findings.rows)}
    claimed_rows: Counter[str] = Counter()
    for shard in manifest.shards:
        claimed_rows[shard.split] += shard.rows
    splits = facts.counts.get("split", Counter())
    for split in sorted({*manifest.splits, *splits, *claimed_rows, *Split}):
        pairs[f"{split} split"] = (manifest.splits.get(split, 0), splits[split])
        pairs[f"{split} shards"] = (claimed_rows[split], splits[split])
    for column, claimed in (("format", manifest.formats), ("source", manifest.sources)):
        counts = facts.counts.get(column, Counter())
        for value in sorted({*claimed, *counts}):
            pairs[f"{column} {value}"] = (claimed[value].kept if value in claimed else 0, counts[value])
    problems = _differences(pairs, "manifest", "shards")
    return check_of(
        "shards_hold_what_is_claimed",
        "recheck",
        "rows by shard, split, format and source agree",
        problems,
        checked=findings.rows,
    )


def _ledger_and_shards(findings: Findings, ledger: Ledger) -> Check:
    in_shards, in_ledger = np.unique(findings.hashes("ids")), np.unique(ledger.hashes("kept"))
    extra, lost = np.setdiff1d(in_shards, in_ledger), np.setdiff1d(in_ledger, in_shards)
    problems = []
    if len(extra):
        problems.append(f"{len(extra):,} examples in the shards that the ledger does not call kept")
    if len(lost):
        problems.append(f"{len(lost):,} candidates that the ledger calls kept are in no shard")
    good = "the shards hold exactly the candidates that the ledger calls kept"
    return check_of("ledger_agrees_with_shards", "recheck", good, problems, checked=len(in_shards))


def _unique(name: str, noun: str, hashes: np.ndarray) -> Check:
    repeated = len(hashes) - len(np.unique(hashes))
    problems = [f"{repeated:,} of {len(hashes):,} {noun} ids stand more than once"] if repeated else []
    return check_of(name, "recheck", f"every {noun} id stands once, over all files", problems, checked=len(hashes))


def _placed(findings: Findings) -> Check:
    wrong = findings.misplaced
    problems = [f"{wrong.unexpected:,} examples whose split is not that of their shard"] if wrong.unexpected else []
    good = "every example's split is that of its shard"
    return check_of("splits_as_filed", "recheck", good, problems, checked=wrong.rows, ids=list(wrong.ids))


def _disjoint(name: str, noun: str, hashes: np.ndarray, heldout: np.ndarray) -> Check:
    both = np.intersect1d(hashes[heldout], hashes[~heldout])
    problems = (
        [f"{len(both):,} {noun}{'s stand' if len(both) > 1 else ' stands'} in train and in heldout"]
        if len(both)
        else []
    )
    return check_of(name, "recheck", f"no {noun} stands in both splits", problems, checked=len(np.unique(hashes)))


def _disjoint_by_question(manifest: Manifest, findings: Findings) -> Check:
    """By the text itself, whatever the ids say. Where curation told no problems apart it shows, and closes nothing."""
    questions, heldout = findings.hashes("questions"), findings.hashes("heldout")
    check = _disjoint("splits_disjoint_by_question", "question", questions, heldout)
    if check.status is Status.FAILED and Stage.IDENTIFY in manifest.skipped:
        return check.model_copy(update={"status": Status.WARNING, "severity": Severity.WARNING})
    return check


def _skipped(manifest: Manifest) -> Check:
    """Stages that were left out are no lie, but what they promise was never done: it shows."""
    check = Check(
        name="no_stage_skipped",
        group="recheck",
        status=Status.PASSED,
        severity=Severity.WARNING,
        detail="curation left out no stage",
        checked=1,
    )
    if not manifest.skipped:
        return check
    detail = f"curation left out {', '.join(manifest.skipped)}: what these stages promise is not promised here"
    return check.model_copy(update={"status": Status.WARNING, "unexpected": len(manifest.skipped), "detail": detail})
