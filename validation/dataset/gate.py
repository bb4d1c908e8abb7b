"""The gate: every look at a data set in one order, and the verdict that binds it.

File hashes and counts, schema, nulls, the suite per shard, facts of the whole, independent re-checks. It fails closed:
what crashed, saw too few rows or looked at nothing critical does not pass. The verdict binds the hashes of manifest,
shards and suite and the judge's version; training refuses anything else.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.benchmark import BENCHMARKS
from schemas.config import ProgramLimits
from schemas.exits import one_line
from schemas.manifest import MANIFEST, Manifest, ShardRecord, read_manifest, sha256_of
from schemas.problem import Format
from schemas.reason import Stage
from schemas.requirements import Validate
from schemas.verdict import Check, Severity, Status, Verdict
from schemas.wording import amount
from validation.dataset.check import check_of
from validation.dataset.facts import FACT_NAMES, facts_table
from validation.dataset.frame import flatten
from validation.dataset.inventory import check_files
from validation.dataset.ledger_reader import Ledger, read_ledger
from validation.dataset.lengths import check_lengths
from validation.dataset.recheck.answers import Compared, check_answers, compare_answers
from validation.dataset.recheck.bounds import balance_of, check_bounds
from validation.dataset.recheck.contamination import check_contamination, read_items
from validation.dataset.recheck.duplicates import Pair, check_near_duplicates, find_near_duplicates
from validation.dataset.recheck.recount import recount
from validation.dataset.recheck.refused import check_refused, read_refused, run_refused
from validation.dataset.recheck.rerun import Ran, check_programs, run_programs
from validation.dataset.shard import Findings, Inspector, Settings
from validation.dataset.sources_of_rules import check_own_rules
from validation.dataset.streams import read_chunks
from validation.dataset.suite import Suite, build_suite
from validation.dataset.tallies import SuiteRunner, Tally, judge_rules, named_columns
from validation.programs import Level

JUDGE_VERSION = "1.0.0"

Carry = Callable[[Settings, Path, Sequence[ShardRecord]], Iterable[Findings]]
Progress = Callable[[str], None]


@dataclass(slots=True)
class Judgement:
    """The verdict with everything it was drawn from: what the report shows.

    Attributes:
        alike: near-duplicates that the re-check found.
        context: tokens that an example may have.
        drift: the comparison with a baseline (`drift.compare`), where one was asked for.
        foreign: mathmill did not make the data; the manifest was written to be able to look at it.
    """

    folder: Path
    manifest: Manifest
    suite: Suite
    verdict: Verdict
    findings: Findings
    ledger: Ledger
    facts: dict[str, object] = field(default_factory=dict)
    answers: list[Compared] = field(default_factory=list)
    programs: list[Ran] = field(default_factory=list)
    alike: list[Pair] = field(default_factory=list)
    context: int = 0
    drift: dict[str, Any] | None = None
    foreign: bool = False


def inspect_in_turn(settings: Settings, folder: Path, shards: Sequence[ShardRecord]) -> Iterable[Findings]:
    """Inspects shards one after the other in this process."""
    inspector = Inspector(settings)
    for shard in shards:
        yield inspector.inspect(folder, shard.path, shard.split)


def judge(
    folder: Path,
    config: Validate,
    *,
    draft: bool = False,
    carry: Carry = inspect_in_turn,
    on_progress: Progress | None = None,
) -> Judgement:
    """Judges a data set.

    Args:
        folder: the data set.
        config: the table `validate`.
        draft: stamp the verdict as one on a draft.
        carry: carries the inspection over shards.
        on_progress: told in words what is being looked at.

    Raises:
        UserError: not a data set, or an expectation that does not exist.
    """
    tell = on_progress or _say_nothing
    manifest = read_manifest(folder)
    suite = build_suite(
        skipped=manifest.skipped,
        own=config.expectations,
        min_heldout=config.min_heldout,
        fact_names=FACT_NAMES,
    )
    checks, hashes = check_files(folder, manifest, on_file=lambda path: tell(f"hashing {path}"))
    checks += check_own_rules(manifest, Path.cwd())
    findings = _look_at_shards(folder, manifest, config, suite, carry, tell)
    tell("reading the ledger")
    ledger = read_ledger(folder, [record.path for record in manifest.ledger], seed=config.seed, later=manifest.later)
    checks += _schema_checks(manifest, findings)
    tell("judging the suite")
    facts = _facts(findings)
    checks += _suite_checks(folder, manifest, suite, findings, facts)
    checks.append(
        check_lengths(findings.lengths, tokenizer=config.tokenizer, context=config.context, rows=findings.rows)
    )
    tell("counting again")
    checks += [*recount(folder, manifest, findings, ledger), *check_bounds(manifest, findings)]
    tell("answering a sample again")
    answers = compare_answers(findings.answers, rounding=manifest.rounding)
    tell("running a sample of programs again")
    limits, level = _limits(manifest), _level(manifest)
    ran = run_programs(findings.programs, limits, level, rounding=manifest.rounding)
    checks += _rechecks(folder, manifest, findings, answers, ran)
    refused = read_refused(folder, seed=config.seed)
    checks.append(check_refused(run_refused(refused, limits, level), sampled=len(refused)))
    tell("comparing a sample with every example")
    alike = find_near_duplicates(folder, findings.read, findings.answers)
    checks += [check_near_duplicates(alike, rows=findings.rows), _draft_check(manifest, draft)]
    verdict = _verdict(folder, manifest, suite, hashes, checks, draft=draft or manifest.draft)
    return Judgement(
        folder,
        manifest,
        suite,
        verdict,
        findings,
        ledger,
        facts=facts.to_pylist()[0],
        answers=answers,
        programs=[] if isinstance(ran, str) else ran,
        alike=alike.pairs,
        context=config.context,
    )


def _say_nothing(_: str) -> None:
    return


def _look_at_shards(
    folder: Path, manifest: Manifest, config: Validate, suite: Suite, carry: Carry, tell: Progress
) -> Findings:
    settings = Settings(
        suite=suite,
        schema_version=manifest.schema_version,
        sample=config.recheck.sample,
        seed=config.seed,
        benchmarks=folder / BENCHMARKS if _stored_items(folder)[0] else None,
        tokenizer=config.tokenizer,
        context=config.context,
        quotas=tuple(balance_of(manifest).quotas),
    )
    total = Findings()
    for number, found in enumerate(carry(settings, folder, manifest.shards), start=1):
        total.merge(found, sample=config.recheck.sample)
        tell(f"judged {number} of {len(manifest.shards)} shards, {total.rows:,} examples")
    total.read.sort()
    return total


def _schema_checks(manifest: Manifest, findings: Findings) -> list[Check]:
    shards = [record.path for record in manifest.shards]
    unread = [f"{path}: {findings.errors[path]}" for path in sorted(findings.errors)]
    unread += [f"{path}: nothing came back" for path in shards if path not in {*findings.read, *findings.errors}]
    differing = [f"{path}: {why}" for path, why in sorted(findings.schema.items())]
    checks = [
        check_of("shards_readable", "schema", "every shard was read to its end", unread, checked=len(shards)),
        check_of(
            "schema_equals_contract",
            "schema",
            "columns, types and version are the contract's",
            differing,
            checked=len(shards),
        ),
    ]
    checks.append(_all_judged(findings))
    empty = {name: tally for name, tally in findings.nulls.items() if tally.unexpected}
    problems = [f"{name} is null in {tally.unexpected:,} examples" for name, tally in sorted(empty.items())]
    if not findings.rows:
        problems.append("no example was looked at")
    ids = sorted({id_ for tally in empty.values() for id_ in tally.ids})
    good = f"no null in the {len(findings.nulls)} required columns"
    return [*checks, check_of("required_values_present", "schema", good, problems, checked=findings.rows, ids=ids)]


def _all_judged(findings: Findings) -> Check:
    crashes = [f"{id_}: {how}" for id_, how in sorted(findings.crashes.items())]
    good = "no example made the judge itself fail"
    looked_at = findings.rows + len(crashes)
    return check_of("examples_judged", "schema", good, crashes, checked=looked_at, ids=sorted(findings.crashes))


def _facts(findings: Findings) -> pa.Table:
    return facts_table(
        findings.facts,
        problems=findings.hashes("problems"),
        templates=findings.hashes("templates"),
        texts=findings.hashes("texts"),
    )


def _suite_checks(folder: Path, manifest: Manifest, suite: Suite, findings: Findings, facts: pa.Table) -> list[Check]:
    """Row rules from the sum over shards, whole-column rules over all shards, fact rules on the table of facts."""
    runner = SuiteRunner([*suite.rows, *suite.facts])
    fact_names = {rule.name for rule in suite.facts}
    whole = {name for name in runner.whole if name not in fact_names}
    row_rules = [rule for rule in suite.rows if rule.name not in whole]
    whole_rules = [rule for rule in suite.rows if rule.name in whole]
    expected = max(manifest.counts.kept, sum(record.rows for record in manifest.shards))
    checks = judge_rules(row_rules, findings.tallies, rows=expected)
    if whole_rules:
        columns = _columns(
            folder, findings.read, sorted({name for rule in whole_rules for name in named_columns(rule.kwargs)})
        )
        checks += judge_rules(whole_rules, SuiteRunner(whole_rules).run(columns), rows=expected)
    tallies: dict[str, Tally] = SuiteRunner(suite.facts).run(facts)
    values = facts.to_pylist()[0]
    return checks + judge_rules(suite.facts, tallies, rows=facts.num_rows, group="facts", facts=values)


def _columns(folder: Path, shards: Sequence[str], names: Sequence[str]) -> pa.Table:
    """A few columns of all shards: means and quantiles cannot be added up, so the whole column is looked at."""
    parts = []
    for path in shards:
        for rows in read_chunks(folder / path):
            flat = flatten(rows)
            parts.append(flat.select([name for name in names if name in flat.column_names]))
    return pa.concat_tables(parts) if parts else pa.table({})


def _limits(manifest: Manifest) -> ProgramLimits:
    """The limits that curation used: a re-check under others would judge something else."""
    verify = manifest.config.get("verify")
    if not isinstance(verify, dict) or "limits" not in verify:
        return ProgramLimits()
    return manifest.setting(ProgramLimits, verify["limits"])


def _level(manifest: Manifest) -> Level | None:
    """The level to run programs at: a weak one only where curation was asked for it, else the strongest here."""
    return Level.WEAK if manifest.isolation == Level.WEAK else None


def _rechecks(
    folder: Path, manifest: Manifest, findings: Findings, answers: Sequence[Compared], ran: Sequence[Ran] | str
) -> list[Check]:
    stored, unread = _stored_items(folder)
    claimed = {record.name: record.items for record in manifest.benchmarks}
    differing = [
        f"{name}: the manifest says {claimed.get(name, 0):,} items, {BENCHMARKS} holds {stored.get(name, 0):,}"
        for name in sorted({*claimed, *stored})
        if claimed.get(name, 0) != stored.get(name, 0) and not unread
    ]
    differing += [f"{BENCHMARKS}: cannot be read: {unread}"] if unread else []
    good = (
        f"{amount(sum(stored.values()), 'item')} of {amount(len(stored), 'benchmark')} stored with the data, "
        "as the manifest says"
    )
    items = check_of("benchmarks_stored", "recheck", good, differing, checked=sum(claimed.values()))
    formats = findings.facts.counts.get("format", Counter())
    with_programs = formats[Format.POT] + formats[Format.TIR]
    verified = Stage.VERIFY not in manifest.skipped
    return [
        items,
        *check_contamination(
            findings.leaks,
            findings.leaked,
            scanned=findings.scanned,
            rows=findings.rows,
            items=sum(stored.values()),
        ),
        check_answers(answers),
        check_programs(ran, with_programs=with_programs, verified=verified),
    ]


def _stored_items(folder: Path) -> tuple[dict[str, int], str]:
    """How many items of each benchmark are stored with the data, or why that cannot be read."""
    path = folder / BENCHMARKS
    if not path.exists():
        return {}, ""
    try:
        table = read_items(path)
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        return {}, one_line(str(error))
    names, numbers = np.unique(table["benchmark"].to_pylist(), return_counts=True)
    return dict(zip(names.tolist(), numbers.tolist(), strict=True)), ""


def _draft_check(manifest: Manifest, draft: bool) -> Check:
    status = Status.PASSED if not manifest.draft else Status.WARNING if draft else Status.FAILED
    detail = "the data set is not a draft"
    if manifest.draft:
        detail = (
            "curated with --draft: refusals were turned into warnings; curate again without it, or add --draft here"
        )
    return Check(
        name="not_a_draft",
        group="files",
        status=status,
        severity=Severity.CRITICAL,
        detail=detail,
        checked=1,
        unexpected=int(manifest.draft),
    )


def _verdict(
    folder: Path,
    manifest: Manifest,
    suite: Suite,
    hashes: dict[str, str],
    checks: Sequence[Check],
    *,
    draft: bool,
) -> Verdict:
    order = {"files": 0, "schema": 1, "suite": 2, "facts": 3, "recheck": 4}
    failed = any(check.status is Status.FAILED for check in checks)
    return Verdict(
        status=Status.FAILED if failed or not checks else Status.PASSED,
        draft=draft,
        schema_version=manifest.schema_version,
        judge_version=JUDGE_VERSION,
        suite_sha256=suite.sha256(),
        manifest_sha256=sha256_of(folder / MANIFEST),
        shards=hashes,
        checks=sorted(checks, key=lambda check: order[check.group]),
    )
