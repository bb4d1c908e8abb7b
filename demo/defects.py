"""Every defect that is planted into the demo's sources, by the reason that the line must give."""

from collections.abc import Callable, Iterator
from functools import partial

from demo import defects_judging as judging
from demo import defects_reading as reading
from demo import defects_sameness as sameness
from demo.record_shapes import Drafts, Planted
from demo.template import Draft
from schemas.reason import Reason

EACH = 14
"""planted cases of every defect"""

Plant = Callable[[Drafts, int], list[Planted]]


def plants(exam: list[Draft]) -> dict[Reason, Plant]:
    """The functions that plant a case of each defect.

    Args:
        exam: the benchmark's items, which leaks copy.
    """
    return {
        Reason.PARSE_ERROR: reading.parse_error,
        Reason.BAD_ENCODING: reading.bad_encoding,
        Reason.MISSING_FIELD: reading.missing_field,
        Reason.UNSUPPORTED: reading.unsupported,
        Reason.CONTROL_CHARACTERS: reading.control_characters,
        Reason.NOT_SELECTED: reading.not_selected,
        Reason.LOW_AGREEMENT: reading.low_agreement,
        Reason.BAD_SEGMENTS: reading.bad_segments,
        Reason.BAD_LATEX: reading.bad_latex,
        Reason.TOO_SHORT: reading.too_short,
        Reason.TOO_LONG: reading.too_long,
        Reason.TRUNCATED: reading.truncated,
        Reason.NEEDS_FIGURE: reading.needs_figure,
        Reason.PROOF_ONLY: reading.proof_only,
        Reason.WRONG_LANGUAGE: reading.wrong_language,
        Reason.FORBIDDEN_LICENCE: reading.forbidden_licence,
        Reason.BENCHMARK_EXACT: partial(sameness.benchmark_exact, exam=exam),
        Reason.BENCHMARK_NGRAM: partial(sameness.benchmark_ngram, exam=exam),
        Reason.BENCHMARK_PARAPHRASE: partial(sameness.benchmark_paraphrase, exam=exam),
        Reason.EXACT_DUPLICATE: sameness.exact_duplicate,
        Reason.NEAR_DUPLICATE: sameness.near_duplicate,
        Reason.SUSPECT_GOLD: sameness.suspect_gold,
        Reason.UNSTATED_ANSWER: judging.unstated_answer,
        Reason.AMBIGUOUS_ANSWER: judging.ambiguous_answer,
        Reason.ANSWER_MISMATCH: judging.answer_mismatch,
        Reason.PROGRAM_ERROR: judging.program_error,
        Reason.PROGRAM_TIMEOUT: judging.program_timeout,
        Reason.PROGRAM_MEMORY: judging.program_memory,
        Reason.PROGRAM_OUTPUT_LIMIT: judging.program_output_limit,
        Reason.PROGRAM_FORBIDDEN: judging.program_forbidden,
        Reason.OUTPUT_MISMATCH: judging.output_mismatch,
        Reason.ANSWER_CONFLICT: sameness.answer_conflict,
        Reason.RATIONALE_MISMATCH: judging.rationale_mismatch,
        Reason.ARITHMETIC_ERROR: judging.arithmetic_error,
        Reason.PROGRAM_NONDETERMINISTIC: judging.program_nondeterministic,
    }


def planted(drafts: Drafts, exam: list[Draft], *, each: int = EACH) -> Iterator[Planted]:
    """Yields the planted rows: `each` cases of every defect with their near misses."""
    for plant in plants(exam).values():
        for i in range(each):
            yield from plant(drafts, i)
