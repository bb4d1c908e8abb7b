"""Figures of an evaluation: pass@1, pass@k, maj@k, with intervals; what went wrong, by kind, topic and level.

P problems, K samples of each.
"""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from training.results import FormatResult, Interval, SliceResult

RESAMPLES = 10_000
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """One answer, as the figures need it.

    Attributes:
        outcome: as `judge.Judgement` has it.
    """

    answer: str | None
    outcome: str
    ended: bool
    tokens: int
    tool_calls: int

    @property
    def passed(self) -> bool:
        """Only what was shown to be equal passes."""
        return self.outcome == "equal"


@dataclass(frozen=True, slots=True)
class Scored:
    """One problem and the verdicts on its samples, in their order.

    Attributes:
        majority: the answer that most samples agree on is right; None where nobody counted votes.
    """

    id: str
    topic: str | None
    difficulty: str | None
    verdicts: tuple[Verdict, ...]
    majority: bool | None = None

    @property
    def share(self) -> float:
        """Share of its samples that pass."""
        return sum(verdict.passed for verdict in self.verdicts) / len(self.verdicts)


def figures(problems: Sequence[Scored], *, seed: int, contamination: str | None = None) -> FormatResult:
    """All figures of one format.

    Args:
        problems: at least one.
        seed: of the bootstrap.
        contamination: what is known of the model and the benchmark; None for a split of the data.
    """
    verdicts = [verdict for problem in problems for verdict in problem.verdicts]
    samples = max(len(problem.verdicts) for problem in problems)
    shares = np.array([problem.share for problem in problems])
    low, high = interval(shares, seed=seed) if samples > 1 else wilson(int(shares.sum()), len(shares))
    majority = [float(problem.majority) for problem in problems if problem.majority is not None]
    return FormatResult(
        n=len(problems),
        passed=sum(verdict.passed for verdict in verdicts),
        pass_at_1=float(shares.mean()),
        low=low,
        high=high,
        unjudged=sum(verdict.outcome == "unknown" for verdict in verdicts),
        samples=samples,
        pass_at_k=_pass_at_k(problems, samples, seed),
        maj_at_k=_share(np.array(majority), seed) if samples > 1 and majority else None,
        termination=float(np.mean([verdict.ended for verdict in verdicts])),
        tokens=float(np.mean([verdict.tokens for verdict in verdicts])),
        tool_calls=float(np.mean([verdict.tool_calls for verdict in verdicts])),
        errors=dict(Counter(verdict.outcome for verdict in verdicts if not verdict.passed).most_common()),
        topics=_slices(problems, [problem.topic for problem in problems]),
        levels=_slices(problems, [problem.difficulty for problem in problems]),
        contamination=contamination,
    )


def wilson(passed: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): honest for few problems and near 0 and 1."""
    z = 1.959963984540054
    share, square = passed / n, z * z / n
    centre = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / n + square / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def interval(values: NDArray[np.float64], *, seed: int) -> tuple[float, float]:
    """95 % interval of a mean over problems: percentiles of the bootstrap (Efron 1979), problems drawn anew.

    Where all problems score 0, or all 1, no draw differs and nothing would be learnt from it: Wilson's interval stands.
    """
    if len(values) and values.min() == values.max() and values[0] in (0.0, 1.0):
        return wilson(int(values.sum()), len(values))
    random = np.random.default_rng(seed)
    means = np.concatenate(
        [values[random.integers(0, len(values), (_CHUNK, len(values)))].mean(1) for _ in range(RESAMPLES // _CHUNK)]
    )
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def difference(mine: dict[str, float], other: dict[str, float], *, seed: int) -> Interval | None:
    """The paired difference of two evaluations, over the problems of both.

    Args:
        mine: the share of samples that pass, by problem.
        other: the same of the evaluation to compare with.
        seed: of the bootstrap.
    """
    shared = sorted(mine.keys() & other.keys())
    if not shared:
        return None
    apart = np.array([mine[identity] - other[identity] for identity in shared])
    if not apart.any():
        return Interval(0.0, 0.0, 0.0, len(shared))
    return Interval(float(apart.mean()), *interval(apart, seed=seed), len(shared))


def pass_at(n: int, c: int, k: int) -> float:
    """The unbiased estimate of pass@k from n samples of which c pass: 1 - C(n-c, k) / C(n, k) (2107.03374, eq. 1)."""
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def majority(answers: Sequence[str | None], same: Callable[[str, str], bool]) -> list[int]:
    """The samples of the answer that most agree on, the first of them first; none when none has an answer.

    Args:
        answers: of the samples, in their order; of groups of the same size the earlier wins.
        same: whether two answers are the same value.
    """
    groups: list[list[int]] = []
    ask = cache(same)
    for place, answer in enumerate(answers):
        if answer is None:
            continue
        home = next((group for group in groups if ask(str(answers[group[0]]), answer)), None)
        if home is None:
            groups.append([place])
        else:
            home.append(place)
    return max(groups, key=len) if groups else []


def _pass_at_k(problems: Sequence[Scored], samples: int, seed: int) -> dict[str, Interval]:
    if samples == 1:
        return {}
    sizes = sorted({1 << power for power in range(1, samples.bit_length()) if 1 << power < samples} | {samples})
    found = {}
    for k in sizes:
        counts = [(len(p.verdicts), sum(v.passed for v in p.verdicts)) for p in problems if len(p.verdicts) >= k]
        found[str(k)] = _share(np.array([pass_at(n, c, k) for n, c in counts]), seed)
    return found


def _share(values: NDArray[np.float64], seed: int) -> Interval:
    return Interval(float(values.mean()), *interval(values, seed=seed), len(values))


def _slices(problems: Sequence[Scored], labels: Iterable[Hashable | None]) -> dict[str, SliceResult]:
    shares: dict[str, list[float]] = {}
    for problem, label in zip(problems, labels, strict=True):
        if label is not None:
            shares.setdefault(str(label), []).append(problem.share)
    return {name: SliceResult(len(found), float(np.mean(found))) for name, found in sorted(shares.items())}
