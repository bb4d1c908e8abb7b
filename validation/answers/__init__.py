"""Is this answer that answer?

extract       the final answer of a solution: boxes, and the endings of every language;  stated: where no marker is
compare       gold and answer -> equal | not_equal | unknown
arithmetic, equations: the calculations written in a solution, checked exactly;  reached: whether its answer is theirs
spelling, reprs, reading, digits, lettered, spoken, units, moments, regions, ratios, chains: how an answer is read
questions, choices: what a question asks for
notation, algebra, powers, functions: closed forms, exactly;  families: values that repeat with a whole number
printed, scalars, kinds, groups, curves: how values are compared
symbolic, symbolic_child: what is left to math-verify;  growth: what it is not asked, since it would never end
"""

from validation.answers.arithmetic import Calculation, calculate, check_annotations, strip_annotations
from validation.answers.compare import compare, compare_exactly, is_readable
from validation.answers.equations import Arithmetic, check_arithmetic
from validation.answers.extract import Extraction, extract, extract_reference
from validation.answers.outcome import Comparison, Relation
from validation.answers.reached import reaches
from validation.answers.symbolic import close_symbolic

__all__ = [
    "Arithmetic",
    "Calculation",
    "Comparison",
    "Extraction",
    "Relation",
    "calculate",
    "check_annotations",
    "check_arithmetic",
    "close_symbolic",
    "compare",
    "compare_exactly",
    "extract",
    "extract_reference",
    "is_readable",
    "reaches",
    "strip_annotations",
]
