"""What `train`, `evaluate` and `prove` tell their callers: plain records, no torch behind them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SliceMetrics:
    """One slice (a format, a source, a topic) of a step. Slices are additive: `objective_share` sums to the step's J.

    Attributes:
        objective_share: the slice's summand of J.
        objective: mean over the slice's examples of (1/|o|) sum_t log pi(o_t).
    """

    examples: int
    supervised_tokens: int
    objective_share: float
    objective: float
    token_accuracy: float


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """One optimizer step, or one measurement on heldout examples.

    Attributes:
        step: 1-based number of the step that was just done; 0 before the first.
        steps: how many the run will have.
        epoch: 0-based epoch that the step's examples came from.
        objective: J_SFT over the step's examples, nats per token, <= 0; higher is better.
        token_loss: mean negative log-likelihood over the step's supervised tokens.
        token_accuracy: share of supervised tokens that greedy decoding would have written.
        gradient_norm: before clipping.
        seconds: wall clock of the step, data wait included.
        data_seconds: of which waiting for data.
        memory_mb: most memory so far, MiB: of the device, or of the process on a CPU.
        mfu: model FLOPs per second over the peak of all devices (training.flops); None where no peak is known.
        heldout: this is a measurement on the heldout split, no step was taken.
        pass_at_1: by format, where an evaluation was due; its problems and answers lie in RUN/evaluations.
    """

    step: int
    steps: int
    epoch: int
    objective: float
    token_loss: float
    token_accuracy: float
    examples: int
    tokens: int
    supervised_tokens: int
    learning_rate: float = 0.0
    gradient_norm: float = 0.0
    seconds: float = 0.0
    data_seconds: float = 0.0
    memory_mb: float = 0.0
    mfu: float | None = None
    heldout: bool = False
    formats: dict[str, SliceMetrics] = field(default_factory=dict)
    sources: dict[str, SliceMetrics] = field(default_factory=dict)
    topics: dict[str, SliceMetrics] = field(default_factory=dict)
    pass_at_1: dict[str, float] = field(default_factory=dict)

    @property
    def data_share(self) -> float:
        """Share of the step's time that was spent waiting for data."""
        return self.data_seconds / self.seconds if self.seconds else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens of the step, prompts included, per second of wall clock."""
        return self.tokens / self.seconds if self.seconds else 0.0

    @property
    def supervised_tokens_per_second(self) -> float:
        """Tokens that bear loss per second of wall clock."""
        return self.supervised_tokens / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class MixtureLine:
    """What one format or source weighs in an epoch: shares of rows, of tokens, and of J."""

    kind: str
    name: str
    examples: int
    row_share: float
    token_share: float
    objective_share: float


@dataclass(frozen=True, slots=True)
class Mixture:
    """What the mixture means before step 1.

    Attributes:
        shortest: supervised tokens of the shortest example.
        longest: of the longest.
        measured: how many examples tokens were measured on, a sample by weight; None: on all of them.
    """

    lines: tuple[MixtureLine, ...]
    shortest: int
    longest: int
    dropped: dict[str, int]
    measured: int | None = None

    @property
    def outweighs(self) -> float:
        """How many times a token of the shortest example weighs one of the longest under J_SFT."""
        return self.longest / self.shortest


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What is about to happen, told before step 1.

    Attributes:
        tokens: of all examples that enter; about, where only a sample was measured.
        heldout: examples that J is measured on.
        workers: threads that encode ahead.
        notes: how the model is run: what is slower than it could be, and what is off.
    """

    model: str
    objective: str
    parameters: int
    vocabulary: int
    device: str
    dtype: str
    world: int
    examples: int
    tokens: int
    heldout: int
    steps: int
    resumed_at: int
    mixture: Mixture
    workers: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended.

    Attributes:
        began: J of the run's first step, by whichever call it was taken; None on ranks that write nothing.
        first: the first step taken by this call; None when nothing was left to do.
        heldout: the last measurement of J on the heldout split; None without heldout examples.
        model: the exported Hugging Face folder.
        initial: the folder of the untrained model, for pass@1 before; None when training began from a given model.
    """

    output: Path
    model: Path
    initial: Path | None
    steps: int
    seconds: float
    began: float | None
    first: StepMetrics | None
    last: StepMetrics | None
    heldout: StepMetrics | None


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval, by bootstrap over problems."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class SliceResult:
    """pass@1 of the problems of one topic or level."""

    n: int
    pass_at_1: float


@dataclass(frozen=True, slots=True)
class FormatResult:
    """What came of one format.

    Attributes:
        n: problems.
        passed: answers that are right, over all samples.
        low: of the 95 % interval of pass@1: Wilson's with one sample a problem, else by bootstrap over problems.
        unjudged: answers whose comparison ended `unknown`; they count as not passed.
        samples: answers to each problem.
        pass_at_k: by k, the unbiased estimate; empty with one sample.
        maj_at_k: the answer that most samples agree on, by value; None with one sample.
        termination: share of answers that stopped of their own accord.
        tokens: mean over answers, tool outputs not counted.
        tool_calls: mean over answers.
        errors: answers that did not pass, by kind.
        topics: pass@1 by topic, where problems have one.
        levels: pass@1 by level, where problems have one.
        contamination: none | unknown | contaminated; None for a split of the data.
    """

    n: int
    passed: int
    pass_at_1: float
    low: float
    high: float
    unjudged: int = 0
    samples: int = 1
    pass_at_k: dict[str, Interval] = field(default_factory=dict)
    maj_at_k: Interval | None = None
    termination: float = 1.0
    tokens: float = 0.0
    tool_calls: float = 0.0
    errors: dict[str, int] = field(default_factory=dict)
    topics: dict[str, SliceResult] = field(default_factory=dict)
    levels: dict[str, SliceResult] = field(default_factory=dict)
    contamination: str | None = None


@dataclass(frozen=True, slots=True)
class EvalResult:
    """The outcome of an evaluation.

    Attributes:
        formats: one line per format of the split of the data; empty where only benchmarks were asked.
        seconds: of the call that ended it.
        benchmarks: by benchmark, one line per format.
        against: where there is another evaluation: by suite and format, how far apart they are on the same problems.
    """

    model: str
    output: Path
    formats: dict[str, FormatResult]
    seconds: float
    benchmarks: dict[str, dict[str, FormatResult]] = field(default_factory=dict)
    against: dict[str, dict[str, Interval]] = field(default_factory=dict)

    def difference(self, suite: str | None, form: str) -> Interval | None:
        """How far apart the two evaluations are in a format of a benchmark, or of the split (None)."""
        if suite is not None:
            return self.against.get(suite, {}).get(form)
        splits = [formats for name, formats in self.against.items() if name not in self.benchmarks]
        return next((formats[form] for formats in splits if form in formats), None)

    def lines(self) -> Iterator[tuple[str | None, str, FormatResult]]:
        """Every benchmark, format and its figures; those of the split first, under no benchmark's name."""
        yield from ((None, form, line) for form, line in self.formats.items())
        for name, formats in self.benchmarks.items():
            yield from ((name, form, line) for form, line in formats.items())


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What came of sampling.

    Attributes:
        answers: that the model wrote.
        accepted: by the judge.
        rows: of MORE.jsonl: accepted and new.
        suspects: problems whose reference is in doubt.
    """

    output: Path
    problems: int
    answers: int
    accepted: int
    rows: int
    suspects: int
    queue: Path


@dataclass(frozen=True, slots=True)
class ProofLine:
    """One thing that was proven or not. A control is right when it is caught."""

    name: str
    passed: bool
    detail: str


def control(name: str, caught: bool, measured: str = "") -> ProofLine:
    """What a proof says of something wrong on purpose.

    Args:
        name: what is wrong.
        caught: whether the proof told it apart.
        measured: by how much.
    """
    verdict = "caught" if caught else "NOT caught, so the proof proves nothing"
    return ProofLine(f"control: {name}", caught, f"{measured}: {verdict}" if measured else verdict)
