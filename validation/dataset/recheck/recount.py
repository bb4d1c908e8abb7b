"""The sums counted again: shards, ledger and manifest must tell one story, number by number."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from schemas.manifest import FormatCounts, Manifest
from schemas.reason import CRASHES, Outcome, Stage
from schemas.split import Split
from schemas.verdict import Check, Severity, Status
from schemas.wording import amount
from validation.dataset.check import MAX_IDS, check_of
from validation.dataset.hashes import distinct, hash_texts, without_space
from validation.dataset.ledger_reader import Ledger
from validation.dataset.shard import Findings
from validation.dataset.streams import read_chunks

MAX_CRASHES = 0.001
"""share of the candidates that may have made a stage or the judge itself fail: the gate's promise, not a measurement"""

_OUTCOMES = (Outcome.KEPT, Outcome.REMOVED, Outcome.QUARANTINED)


def recount(folder: Path, manifest: Manifest, findings: Findings, ledger: Ledger) -> list[Check]:
    """Counts everything again that the manifest claims."""
    return [
        _sum_adds_up(manifest, ledger),
        _ledger_readable(ledger),
        _reasons(manifest, ledger),
        _few_crashes(ledger),
        _lines("formats_agree", "format", manifest.formats, ledger),
        _lines("sources_agree", "source", manifest.sources, ledger),
        _shards_hold_what_is_claimed(manifest, findings),
        *(_with_ids(compared, folder, findings.read) for compared in _compared(manifest, findings, ledger)),
        _placed(findings),
        _skipped(manifest),
    ]


class _Compared(NamedTuple):
    """A check on hashes: the column of the shards that was hashed, and the hashes that break the rule."""

    check: Check
    column: str
    hashes: np.ndarray


def _compared(manifest: Manifest, findings: Findings, ledger: Ledger) -> list[_Compared]:
    return [
        _ledger_and_shards(findings, ledger),
        _unique("ids_unique", "example", findings.hashes("ids")),
        _unique("ledger_ids_unique", "candidate", ledger.hashes("candidates")),
        _disjoint("splits_disjoint_by_problem", "problem_id", findings),
        _by_question(manifest, _disjoint("splits_disjoint_by_question", "question", findings)),
        _disjoint("splits_disjoint_by_template", "template_id", findings),
    ]


def _with_ids(compared: _Compared, folder: Path, shards: Sequence[str]) -> Check:
    """Names the examples behind hashes that break a rule: only then are shards read again."""
    check, column, hashes = compared
    if not len(hashes):
        return check
    ids: list[str] = []
    form = without_space if column == "question" else None
    for path in shards:
        for rows in read_chunks(folder / path):
            ids += rows["id"].filter(pa.array(np.isin(hash_texts(rows[column], form=form), hashes))).to_pylist()
        if len(ids) >= MAX_IDS:
            break
    return check.model_copy(update={"ids": [str(id_) for id_ in ids[:MAX_IDS]]})


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
    good = f"{candidates:,} candidates = " + " + ".join(
        f"{counted[outcome]:,} {outcome.value}" for outcome in _OUTCOMES
    )
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
    return check_of("reasons_agree", "recheck", good, problems, checked=sum(ledger.ended.values()))


def _few_crashes(ledger: Ledger) -> Check:
    """Our own failures on rows: few are bad luck, more would drop a kind of row that nobody decided to drop."""
    counts = ledger.by("reason")
    crashes = {reason.value: counts[reason] for reason in sorted(CRASHES) if counts[reason]}
    candidates, number = sum(ledger.ended.values()), sum(crashes.values())
    counted = ", ".join(f"{amount(count, 'candidate')} with {reason}" for reason, count in crashes.items())
    problems = [f"{counted}, of {candidates:,}"] if number > MAX_CRASHES * candidates else []
    limit = f"at most {MAX_CRASHES:.1%} of the candidates made a stage or the judge itself fail"
    unexpected = number if problems else 0
    good = f"{limit}: {counted or 'none'}"
    return check_of("few_crashes", "recheck", good, problems, checked=candidates, unexpected=unexpected)


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


def _ledger_and_shards(findings: Findings, ledger: Ledger) -> _Compared:
    in_shards, in_ledger = distinct(findings.hashes("ids")), distinct(ledger.hashes("kept"))
    extra, lost = (np.setdiff1d(*pair, assume_unique=True) for pair in ((in_shards, in_ledger), (in_ledger, in_shards)))
    problems = []
    if len(extra):
        problems.append(f"{amount(len(extra), 'example')} in the shards that the ledger does not call kept")
    if len(lost):
        problems.append(f"{amount(len(lost), 'candidate')} in no shard that the ledger calls kept")
    good = "the shards hold exactly the candidates that the ledger calls kept"
    check = check_of("ledger_agrees_with_shards", "recheck", good, problems, checked=len(in_shards))
    return _Compared(check, "id", extra)


def _unique(name: str, noun: str, hashes: np.ndarray) -> _Compared:
    values, numbers = np.unique(hashes, return_counts=True)
    repeated = len(hashes) - len(values)
    problems = [f"{repeated:,} of {len(hashes):,} {noun} ids stand more than once"] if repeated else []
    good = f"every {noun} id stands once, over all files"
    return _Compared(check_of(name, "recheck", good, problems, checked=len(hashes)), "id", values[numbers > 1])


def _placed(findings: Findings) -> Check:
    wrong = findings.misplaced
    problems = (
        [f"{amount(wrong.unexpected, 'example')} whose split is not that of their shard"] if wrong.unexpected else []
    )
    good = "every example's split is that of its shard"
    return check_of("splits_as_filed", "recheck", good, problems, checked=wrong.rows, ids=list(wrong.ids))


def _disjoint(name: str, column: str, findings: Findings) -> _Compared:
    noun = column.removesuffix("_id")
    hashes, heldout = findings.hashes(f"{noun}s"), findings.hashes("heldout")
    in_train, in_heldout = distinct(hashes[~heldout]), distinct(hashes[heldout])
    both = np.intersect1d(in_train, in_heldout, assume_unique=True)
    stand = f"{noun}s stand" if len(both) > 1 else f"{noun} stands"
    problems = [f"{len(both):,} {stand} in train and in heldout"] if len(both) else []
    good, checked = f"no {noun} stands in both splits", len(in_train) + len(in_heldout) - len(both)
    return _Compared(check_of(name, "recheck", good, problems, checked=checked), column, both)


def _by_question(manifest: Manifest, compared: _Compared) -> _Compared:
    """By the text itself, whatever the ids say. Where curation told no problems apart it shows, and closes nothing."""
    check = compared.check
    if check.status is Status.FAILED and Stage.IDENTIFY in manifest.skipped:
        check = check.model_copy(update={"status": Status.WARNING, "severity": Severity.WARNING})
    return compared._replace(check=check)


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
