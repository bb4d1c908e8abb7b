"""Which key of a config decides about a reason: what a person reads beside a reason that takes much."""

from collections.abc import Iterable
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.output.reader import counted
from schemas.policy import choices
from schemas.reason import Reason, is_own

EXAMPLES = 3
_KEYS = MappingProxyType(
    {
        Reason.PARSE_ERROR: "`path` of the source: another file, or the right kind of file",
        Reason.BAD_ENCODING: "`path` of the source: the file is not UTF-8",
        Reason.MISSING_FIELD: "`columns` of the source, or another `adapter`",
        Reason.UNSUPPORTED: "`adapter` and `columns` of the source",
        Reason.NOT_SELECTED: "curate.select.require_review, and `columns.decision` of the source",
        Reason.LOW_AGREEMENT: "curate.select.min_votes and min_agreement",
        Reason.BAD_SEGMENTS: "`format` of the source",
        Reason.TOO_SHORT: "curate.screen.min_chars",
        Reason.TOO_LONG: "curate.screen.max_chars",
        Reason.FORBIDDEN_LICENCE: "curate.screen.allowed_licences",
        Reason.WRONG_LANGUAGE: "`language` of the source",
        Reason.BENCHMARK_EXACT: "curate.benchmarks",
        Reason.BENCHMARK_NGRAM: "curate.decontaminate.ngram",
        Reason.BENCHMARK_PARAPHRASE: "curate.benchmarks",
        Reason.BENCHMARK_VARIANT: "`variants` of the benchmark",
        Reason.NO_ANSWER: "`columns.answer` of the source, which names the reference",
        Reason.UNSTATED_ANSWER: "curate.verify.unstated: keep or append",
        Reason.AMBIGUOUS_ANSWER: "`columns.answer` of the source, which names the reference",
        Reason.ANSWER_MISMATCH: "`columns.answer` of the source, which names the reference",
        Reason.ANSWER_UNKNOWN: "curate.verify.rounding, and `columns.answer` of the source",
        Reason.PROGRAM_TIMEOUT: "curate.verify.limits.cpu_s",
        Reason.PROGRAM_MEMORY: "curate.verify.limits.memory_mb",
        Reason.PROGRAM_OUTPUT_LIMIT: "curate.verify.limits.output_kb",
        Reason.OUTPUT_MISMATCH: "curate.verify.outputs: keep or regenerate",
        Reason.NEAR_DUPLICATE: "curate.identify.threshold",
        Reason.TEMPLATE_CAP: "curate.balance.caps.template",
        Reason.SOLUTION_CAP: "curate.balance.caps.problem",
        Reason.OVER_QUOTA: "curate.balance.quotas",
    }
)


def key_of(code: str) -> str:
    """The key that decides about a reason, empty where none does: what is broken is mended in the source."""
    allowed = choices(code)
    policy = f"curate.policy.{code}: {' | '.join(allowed)}" if allowed else ""
    key = "curate.rules" if is_own(code) else _KEYS[Reason(code)] if code in _KEYS else ""
    return "; ".join(filter(None, (key, policy)))


def reasons_with_examples(ledger: pa.Table) -> list[tuple[str, int, list[str]]]:
    """Each reason of a ledger with how many fell to it and the first rows that did, as SOURCE:ROW; the greatest first.

    Args:
        ledger: its columns source, row and reason; all of it, or its groups (`read_alike`).
    """
    fallen = ledger.filter(pc.is_valid(ledger.column("reason")))
    found = []
    for reason, number in sorted(counted(fallen, "reason").items(), key=lambda count: (-count[1], str(count[0]))):
        rows = fallen.filter(pc.equal(fallen.column("reason"), reason)).select(["source", "row"])
        found.append((str(reason), number, _first(rows.to_pylist())))
    return found


def _first(rows: Iterable[dict[str, object]]) -> list[str]:
    names = dict.fromkeys(f"{row['source']}:{row['row']}" for row in rows)
    return list(names)[:EXAMPLES]
