"""What a model is asked: the problems of a split of the data, and the items of benchmarks, in each format.

Benchmarks are read by the verb `mathmill benchmarks` in a process of its own: catalogue and readers are curation's, and
the two rooms meet on disk alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np

from schemas.benchmark import BenchmarkSource, read_items
from schemas.config import Benchmark, Evaluate
from schemas.exits import ExitCode, RunFailedError, UserError
from schemas.place import located
from schemas.problem import Format, SegmentKind
from schemas.split import Split
from schemas.verb_process import run_verb
from schemas.wording import amount, shortened
from training import shards
from training.shards import Example, Examples


@dataclass(frozen=True, slots=True)
class Item:
    """A problem that is asked in one format.

    Attributes:
        example: the problem; its instruction is what the evaluation asks for.
        reference: the answer that it is judged by.
    """

    example: Example
    reference: str
    topic: str | None = None
    difficulty: str | None = None


@dataclass(frozen=True, slots=True)
class Suite:
    """Items that have figures of their own: a split of the data, or a benchmark.

    Attributes:
        name: the split, or the benchmark.
        mark: tells whether it is the same again: the fingerprint of the data, or the hash of the files.
        source: where a benchmark comes from; None for a split.
        rounding: whether a rounded answer counts.
        notes: what is to be known before the first token.
    """

    name: str
    items: dict[Format, list[Item]]
    mark: str
    source: BenchmarkSource | None = None
    rounding: Literal["places", "never"] = "places"
    notes: tuple[str, ...] = field(default=())


def split_suite(folder: Path, settings: Evaluate, *, draft: bool) -> Suite:
    """The problems of a split that are asked, one solution of each, in the order of the data.

    Raises:
        UserError: not a judged data set, or no problem with an answer.
    """
    examples = shards.open(folder, split=Split(settings.split), draft=draft)
    items = {form: chosen for form in settings.formats if (chosen := _of_split(examples, form, settings))}
    if not items:
        raise UserError(f"{located(folder)}: its {settings.split} split has no problems with an answer to evaluate on")
    return Suite(settings.split, items, examples.fingerprints[0], rounding=examples.rounding)


def benchmark_suites(path: Path, settings: Evaluate) -> list[Suite]:
    """The items of benchmarks that are asked, each in every format.

    Args:
        path: what `fetch_items` wrote.
        settings: the table `evaluate`.

    Raises:
        UserError: the judge can read none of a benchmark's answers.
    """
    table, sources = read_items(path)
    rows = table.to_pylist()
    return [_of_benchmark(source, [r for r in rows if r["benchmark"] == source.name], settings) for source in sources]


def fetch_items(benchmarks: Sequence[str | Benchmark], path: Path) -> None:
    """Has the items of benchmarks read and written to `path`.

    Raises:
        UserError: a benchmark that is not known, cannot be read or has no answers.
        RunFailedError: it ran and failed.
    """
    tables = [b if isinstance(b, str) else b.model_dump(mode="json", exclude_unset=True) for b in benchmarks]
    config = {"evaluate": {"benchmarks": tables}}
    code, message = run_verb("benchmarks", "--output", str(path.resolve()), config=config)
    if code != ExitCode.DONE:
        raise (UserError if code == ExitCode.COULD_NOT_START else RunFailedError)(message)


def reference_of(example: Example) -> str | None:
    """The reference answer: the row's own, else the final answer of its human solution."""
    from validation.answers import extract

    if example.answer is not None:
        return example.answer
    text = "\n".join(segment.text for segment in example.segments if segment.kind is SegmentKind.TEXT)
    return extract(text, example.language).answer if text else None


def _of_split(examples: Examples, form: Format, settings: Evaluate) -> list[Item]:
    """As many problems as `limit` says that have an answer; read are those that the keyed hash takes."""
    firsts: dict[str, tuple[int, str | None, str | None]] = {}
    for start, batch in examples.scan("problem_id", "format", "topic", "difficulty"):
        columns = (batch.column(name).to_pylist() for name in ("problem_id", "format", "topic", "difficulty"))
        for place, (problem, its_form, topic, difficulty) in enumerate(zip(*columns, strict=True)):
            if its_form == form:
                level = None if difficulty is None else str(difficulty)
                firsts.setdefault(problem, (start + place, topic, level))
    order = sorted(firsts, key=lambda problem: _rank(problem, settings.seed))
    found: dict[int, Item] = {}
    for problem in order:
        if settings.limit is not None and len(found) == settings.limit:
            break
        index, topic, level = firsts[problem]
        (example,) = examples.take(np.array([index]))
        if (reference := reference_of(example)) is not None:
            found[index] = Item(_worded(example, settings), reference, topic, level)
    return [found[index] for index in sorted(found)]


def _of_benchmark(source: BenchmarkSource, rows: Sequence[dict[str, object]], settings: Evaluate) -> Suite:
    from validation.answers import is_readable

    answered = [row for row in rows if row["answer"]]
    unread = [row for row in answered if not is_readable(str(row["answer"]), str(row["language"]))]
    if len(unread) == len(answered):
        raise UserError(
            f"benchmark {source.name}: the judge can read none of its {amount(len(answered), 'answer')}, such as "
            f"{shortened(str(answered[0]['answer']), 60)!r}; name the field that holds them with `answer:`"
        )
    items = {form: _chosen(list(_asked(source, answered, form, settings)), settings) for form in settings.formats}
    return Suite(source.name, items, source.sha256, source, notes=tuple(_notes(source, rows, answered, unread)))


def _notes(
    source: BenchmarkSource,
    rows: Sequence[dict[str, object]],
    answered: Sequence[dict[str, object]],
    unread: Sequence[dict[str, object]],
) -> Iterator[str]:
    if len(answered) < len(rows):
        without = len(rows) - len(answered)
        yield f"{source.name}: {without:,} of {amount(len(rows), 'item')} without an answer, not asked"
    if unread:
        worst = ", ".join(repr(shortened(str(row["answer"]), 40)) for row in unread[:3])
        yield (
            f"{source.name}: the judge cannot read {amount(len(unread), 'answer')} of {len(answered):,} ({worst}): "
            "only the same text will count as right"
        )


def _asked(
    source: BenchmarkSource, rows: Sequence[dict[str, object]], form: Format, settings: Evaluate
) -> Iterator[Item]:
    for row in rows:
        identity = f"{source.name}-{row['position']}"
        example = Example(
            id=identity,
            problem_id=identity,
            question=str(row["question"]),
            format=form,
            segments=(),
            answer=str(row["answer"]),
            language=str(row["language"]),
            source=source.name,
            instruction=settings.prompts.get(form, {}).get(str(row["language"])),
        )
        topic, difficulty = (None if row[name] is None else str(row[name]) for name in ("topic", "difficulty"))
        yield Item(example, str(row["answer"]), topic, difficulty)


def _worded(example: Example, settings: Evaluate) -> Example:
    wording = settings.prompts.get(example.format, {}).get(example.language)
    return replace(example, instruction=wording) if wording else example


def _chosen(items: Sequence[Item], settings: Evaluate) -> list[Item]:
    """As many as `limit` says, in their order. The keyed hash is of the problem: formats are asked the same ones."""
    ranks = sorted(range(len(items)), key=lambda i: _rank(items[i].example.problem_id, settings.seed))
    return [items[i] for i in sorted(ranks[: settings.limit])]


def _rank(problem_id: str, seed: int) -> bytes:
    return blake2b(f"evaluate:{seed}:{problem_id}".encode(), digest_size=8).digest()
