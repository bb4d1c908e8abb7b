"""The judge beside math-verify alone, in one process and on one labelled set.

    python -m benchmarks.judge --data DATA [--per-kind 200] [--no-math-verify]

Counts wrong accepts, wrong rejects and unknowns by kind, and pairs per CPU second of this process, ours as the median
of several rounds that remember nothing of each other, since neighbours change what a CPU second is worth. The pairs
are made by rule (`judge_pairs`); `by hand` are the pairs of the tests, written to be misjudged. Where math-verify
reads nothing at all, it counts as unknown.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.judge_pairs import Pair, labelled_pairs
from benchmarks.measuring import record
from validation.answers import Relation, close_symbolic, compare, notation
from validation.answers.questions import read_question
from validation.answers.reading import read_value


@dataclass
class Score:
    """Counts for one kind of pairs; CPU seconds of this process."""

    pairs: int = 0
    wrong_accepts: int = 0
    wrong_rejects: int = 0
    unknown: int = 0
    seconds: float = 0.0
    examples: list[str] = field(default_factory=list)

    def add(self, pair: Pair, verdict: bool | None, shown: int) -> None:
        """Counts one verdict; None is unknown."""
        self.pairs += 1
        wrong = None
        if verdict is None:
            self.unknown += 1
            wrong = "unknown"
        elif verdict and not pair.same:
            self.wrong_accepts += 1
            wrong = "accepted"
        elif not verdict and pair.same:
            self.wrong_rejects += 1
            wrong = "rejected"
        if wrong and len(self.examples) < shown:
            self.examples.append(f"{wrong}: {pair.gold!r} / {pair.answer!r}")

    def table(self) -> dict[str, object]:
        """Returns the counts for the report."""
        return {
            "pairs": self.pairs,
            "wrong_accepts": self.wrong_accepts,
            "wrong_rejects": self.wrong_rejects,
            "unknown": self.unknown,
            "pairs_per_cpu_second": round(self.pairs / self.seconds) if self.seconds else None,
            "examples": self.examples,
        }


def _score(pairs: list[Pair], judge: Callable[[Pair], bool | None], shown: int) -> dict[str, Score]:
    scores: dict[str, Score] = {}
    for pair in pairs:
        score = scores.setdefault(pair.kind, Score())
        start = time.process_time()
        verdict = judge(pair)
        score.seconds += time.process_time() - start
        score.add(pair, verdict, shown)
    return scores


def _median_seconds(pairs: list[Pair], rounds: int) -> dict[str, float]:
    """Returns the CPU seconds that each kind takes us in the median round."""
    kinds = {pair.kind: [other for other in pairs if other.kind == pair.kind] for pair in pairs}
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for remembered in (read_value, notation.read, read_question):
            remembered.cache_clear()
        for kind, of_kind in kinds.items():
            start = time.process_time()
            for pair in of_kind:
                _ours(pair)
            seconds[kind].append(time.process_time() - start)
    return {kind: median(taken) for kind, taken in seconds.items()}


def _ours(pair: Pair) -> bool | None:
    outcome = compare(pair.gold, pair.answer, pair.question, pair.language).outcome
    return None if outcome is Relation.UNKNOWN else outcome is Relation.EQUAL


def _math_verify() -> Callable[[Pair], bool | None]:
    import logging

    from math_verify import parse, verify

    logging.disable(logging.CRITICAL)

    def read(text: str) -> list[object]:
        return list(parse(text if "$" in text else f"${text}$"))

    def judge(pair: Pair) -> bool | None:
        gold, answer = read(pair.gold), read(pair.answer)
        return bool(verify(gold, answer)) if gold and answer else None

    return judge


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the pack of real rows")
    parser.add_argument("--per-kind", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--examples", type=int, default=3, help="wrong verdicts shown for each kind")
    parser.add_argument("--rounds", type=int, default=9, help="of our own, for the time that they take")
    parser.add_argument("--no-math-verify", action="store_true")
    options = parser.parse_args()
    pairs = labelled_pairs(options.data, options.per_kind, options.seed)
    judges: dict[str, Callable[[Pair], bool | None]] = {"ours": _ours}
    if not options.no_math_verify:
        judges["math_verify"] = _math_verify()
    report: dict[str, object] = {"per_kind": options.per_kind, "seed": options.seed}
    for name, judge in judges.items():
        scores = _score(pairs, judge, options.examples)
        if name == "ours":
            for kind, seconds in _median_seconds(pairs, options.rounds).items():
                scores[kind].seconds = seconds
        report[name] = {kind: score.table() for kind, score in scores.items()}
    close_symbolic()
    if options.no_math_verify:
        print(json.dumps(report, indent=1, ensure_ascii=False))
    else:
        record("judge", report, [])


if __name__ == "__main__":
    main()
