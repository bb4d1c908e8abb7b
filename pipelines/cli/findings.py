"""What in a finished run would surprise its owner: a few facts from the ledger, each with the command that shows it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.engine.rejection import REMARKS
from pipelines.output.reader import counted
from schemas.ledger import LedgerRule
from schemas.manifest import Manifest
from schemas.problem import Format
from schemas.reason import CRASHES, Reason, Stage, is_own
from schemas.wording import amount


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact worth a look.

    Attributes:
        ids: a few candidates that show it, for `mathmill trace`.
    """

    text: str
    reason: str
    number: int
    ids: tuple[str, ...]


# What candidates do that nobody expects of data that people chose, most surprising first: labels, leaks, then noise.
_SURPRISES: tuple[tuple[Reason, str], ...] = (
    (Reason.SUSPECT_GOLD, "have solutions that agree with each other and not with the reference"),
    (Reason.ANSWER_CONFLICT, "ask a question that stands elsewhere with another answer"),
    (Reason.BENCHMARK_EXACT, "are the text of {partner}, formatting aside"),
    (Reason.ANSWER_MISMATCH, "end in another answer than their reference"),
    (Reason.OUTPUT_MISMATCH, "record a tool output that their own code does not print"),
    (Reason.RATIONALE_MISMATCH, "reach a final answer that no step of theirs arrives at"),
    (Reason.ARITHMETIC_ERROR, "hold a calculation that is wrong"),
    (Reason.BENCHMARK_NGRAM, "share ten words in a row and the numbers with an item of {partner}"),
    (Reason.BENCHMARK_PARAPHRASE, "are an item of {partner} in other words"),
    (Reason.PROGRAM_FORBIDDEN, "hold a program that tried what the isolation forbids"),
    (Reason.CONTROL_CHARACTERS, "hold control characters: most often a backslash lost in a JSON string"),
    (Reason.NEAR_DUPLICATE, "say the same as a kept one in nearly the same words"),
    (Reason.EXACT_DUPLICATE, "repeat a kept one, formatting aside"),
    (Reason.UNSTATED_ANSWER, "do not state the reference that came with them"),
    (Reason.AMBIGUOUS_ANSWER, "give several final answers that differ"),
    (Reason.PROGRAM_TIMEOUT, "hold a program that does not end in time"),
    (Reason.PROGRAM_ERROR, "hold a program that fails"),
    (Reason.DEGENERATE, "say one thing again and again"),
    (Reason.TEMPLATE_TOKENS, "hold marks of a chat template"),
    (Reason.PLACEHOLDER, "hold a placeholder"),
    (Reason.GARBLED_TEXT, "hold characters that are lost or of another encoding"),
    (Reason.NO_OPTIONS, "answer with the letter of an option that is not there"),
    (Reason.ANSWER_ONLY, "are nothing but their answer"),
    (Reason.NO_MATHEMATICS, "hold no mathematics"),
    (Reason.REFERS_ELSEWHERE, "take their data from a problem that does not stand with them"),
    (Reason.TRUNCATED, "break off before the end"),
    (Reason.NEEDS_FIGURE, "ask about a picture that is not there"),
    (Reason.BAD_LATEX, "hold LaTeX that does not balance"),
    (Reason.NO_ANSWER, "give no final answer"),
    (Reason.MISSING_FIELD, "lack a field that their adapter needs"),
    (Reason.UNSUPPORTED, "are of a shape that their adapter does not read"),
    (Reason.PARSE_ERROR, "are no record"),
    (Reason.BAD_ENCODING, "hold bytes that are no UTF-8"),
    (Reason.BAD_SEGMENTS, "hold code, outputs and words in an order that no dialogue has"),
    (Reason.ANSWER_UNKNOWN, "end in an answer that could not be compared with their reference"),
    (Reason.FORMAT_DISAGREEMENT, "end in another answer than the same row in another format"),
    (Reason.PROGRAM_NEEDS_PACKAGE, "hold a program that imports a package which programs do not see"),
    (Reason.PROGRAM_NONDETERMINISTIC, "hold a program that gives another result each time"),
    (Reason.PROGRAM_MEMORY, "hold a program that asks for too much memory"),
    (Reason.PROGRAM_OUTPUT_LIMIT, "hold a program that prints too much"),
    (Reason.BENCHMARK_VARIANT, "are an item of {partner} with other numbers"),
    (Reason.LOW_AGREEMENT, "have too few votes, or votes that differ"),
    (Reason.NOT_SELECTED, "are rejected by people, or accepted by nobody"),
    (Reason.PROOF_ONLY, "ask for a proof"),
    (Reason.WRONG_LANGUAGE, "are not in the language that their source names"),
    (Reason.TOO_SHORT, "are shorter than curate.screen.min_chars"),
    (Reason.TOO_LONG, "are longer than curate.screen.max_chars"),
    (Reason.TOO_COSTLY, "take more comparisons to judge than their length allows"),
    (Reason.FORBIDDEN_LICENCE, "come under a licence that is not allowed"),
    (Reason.DUPLICATE_OF_EARLIER, "stand in the earlier data already"),
    (Reason.TEMPLATE_CAP, "ask what too many others ask with other numbers"),
    (Reason.SOLUTION_CAP, "solve what enough others solve"),
    (Reason.OVER_QUOTA, "came when their quota was full"),
)
_SINGULAR = {"have": "has", "are": "is", "reach": "reaches", "came": "came", "do": "does"}
_OF_ONE = {"their": "its", "theirs": "its own", "them": "it"}


def findings(manifest: Manifest, ledger: pa.Table, *, most: int = 3) -> list[Finding]:
    """What is worth a look after a run, at most `most`: the reason that took most, then the most surprising ones."""
    counts = manifest.rejected_by_reason
    known: list[tuple[str, str]] = [(reason, text) for reason, text in _SURPRISES if counts[reason]]
    surprises = [*known, *((code, f"are stopped by a rule of your own, {code}") for code in counts if is_own(code))]
    largest = max((counts[reason] for reason, _ in surprises), default=0)
    surprises.sort(key=lambda surprise: counts[surprise[0]] < largest)
    return [_finding(reason, text, counts[reason], ledger) for reason, text in surprises[:most]]


def _finding(reason: str, text: str, number: int, ledger: pa.Table) -> Finding:
    rows = ledger.filter(pc.equal(ledger.column("reason"), reason))
    verb, _, rest = text.format(partner=_benchmarks_of(rows)).partition(" ")
    if number == 1:
        verb = _SINGULAR.get(verb, f"{verb}s")
        rest = re.sub(r"\b(?:their|theirs|them)\b", lambda word: _OF_ONE[word[0]], rest)
    sentence = f"{amount(number, 'candidate')} {verb} {rest}"
    return Finding(sentence, reason, number, tuple(rows.column("id").slice(0, 3).to_pylist()))


def _benchmarks_of(rows: pa.Table) -> str:
    """The benchmarks that rows lost to, the one with the most first."""
    names = {name: number for name, number in counted(rows, "benchmark").items() if name is not None}
    found = sorted(names, key=lambda name: (-names[name], name))
    return f"{', '.join(found[:-1])} or {found[-1]}" if len(found) > 1 else found[0] if found else "a benchmark"


_LEAKS = (Reason.BENCHMARK_EXACT, Reason.BENCHMARK_NGRAM, Reason.BENCHMARK_PARAPHRASE)


def remarks(manifest: Manifest, ledger: pa.Table) -> list[str]:
    """What else a run has to report: leaks and variants of its benchmarks, what nobody looked for, what has no program.

    Args:
        manifest: of the run.
        ledger: its columns source, format, reason and rule; all of it, or its groups (`read_alike`).
    """
    noted = counted(ledger.filter(pc.is_null(ledger.column("reason"))), "rule")
    lost = manifest.rejected_by_reason
    lines = []
    if crashes := sum(lost[reason] for reason in CRASHES):
        lines.append(
            f"{amount(crashes, 'candidate')} made a stage or the judge itself fail; quarantined, and no verdict on "
            "them: `detail` in the ledger names stage, exception and place, --strict stops at the first"
        )
    if manifest.benchmarks:
        leaks = sum(lost[reason] for reason in _LEAKS)
        variants = lost[Reason.BENCHMARK_VARIANT] + noted[LedgerRule.VARIANT_REPORTED]
        names = ", ".join(benchmark.name for benchmark in manifest.benchmarks)
        items = sum(benchmark.items for benchmark in manifest.benchmarks)
        lines.append(f"{amount(leaks, 'leak')}, {amount(variants, 'variant')} of {items:,} benchmark items ({names})")
    elif Stage.DECONTAMINATE not in manifest.skipped:
        lines.append("no benchmark was named, so no leak was looked for (curate.benchmarks: [gsm8k, math])")
    lines.extend(_underived(manifest, ledger))
    lines.extend(_left_out(manifest))
    if crowded := noted[LedgerRule.CROWDED]:
        from pipelines.stages.duplicates.near import GROUP_CAP  # deferred: with it come pandas, which no reader needs

        lines.append(f"{amount(crowded, 'kept candidate')} {REMARKS[LedgerRule.CROWDED]} (GROUP_CAP = {GROUP_CAP})")
    return lines


def _left_out(manifest: Manifest) -> Iterator[str]:
    """What the adapters left out of the rows that they read."""
    for source, kinds in manifest.dropped.items():
        counts = ", ".join(f"{kind} ({amount(number, 'row')})" for kind, number in kinds.items())
        yield f"{source}: left out of what was read: {counts}"


def _underived(manifest: Manifest, ledger: pa.Table) -> Iterator[str]:
    """Rows whose annotations make no program: they lack candidates that the config asked for."""
    for source in manifest.config["sources"]:
        found = counted(ledger.filter(pc.equal(ledger.column("source"), source["name"])), "format")
        missing = {str(format): found[Format.COT] - found[format] for format in source.get("derive", ())}
        for number in sorted(set(missing.values()) - {0}):
            formats = " and ".join(format for format, lacking in missing.items() if lacking == number)
            why = "for want of annotations that lead to the answer"
            yield f"{source['name']}: {amount(number, 'row')} without {formats}, {why}"
