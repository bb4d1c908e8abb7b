"""A model asked named benchmarks and a split of the data, judged by the same judge that curated the data.

EVAL/results.json             figures by format and benchmark, with their intervals, and what was asked of whom
EVAL/generations/*.arrow      every problem, answer and judgement
EVAL/index.html               the same, to read

A killed evaluation goes on where it stopped when the same command is given again.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from schemas.config import Config, Evaluate
from schemas.place import on_this_machine, public_name
from training.answers_page import write_page
from training.asking import Suite, benchmark_suites, fetch_items, split_suite
from training.backend import Backend, Key, Query, Response
from training.exposure import Contamination, require_clean
from training.generation_log import ITEMS_MARK, Journal, open_journal, read_asked
from training.generations import (
    Other,
    Row,
    apart,
    by_place,
    read_evaluation,
    result_of,
    write_generations,
    write_record,
)
from training.in_process import InProcess, model_folder, weights_mark
from training.judge import Judgement, judge_response
from training.mistakes import RESULTS, evaluated_data
from training.results import EvalResult, FormatResult, Interval
from training.runfile import code_version
from training.sealed import checksum
from training.served import Served, is_url

ITEMS = "benchmarks.arrow"
_JUDGES = 8  # answers judged at once: their programs wait for a core, and the judge for them


def evaluate(
    config: Config,
    model: Path | str,
    output: str | Path,
    *,
    data: str | Path | None = None,
    draft: bool = False,
    allow_contaminated: bool = False,
    against: Path | None = None,
    on_note: Callable[[str], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> EvalResult:
    """Asks a model the problems of a split and of benchmarks, and judges its answers.

    Args:
        config: `evaluate` is used.
        model: RUN, RUN/checkpoints/step-*, a Hugging Face folder or name, or the URL of a served model.
        output: the EVAL folder; one that holds the same evaluation goes on.
        data: a judged data set; None takes `evaluate.data`. With benchmarks there may be none.
        draft: accept data without a passed verdict.
        allow_contaminated: ask benchmarks that the model has seen, and mark the figures.
        against: the EVAL of another model, to be compared with problem by problem.
        on_note: called with what is to be known before the first token.
        on_progress: called with (answers so far, answers in all).

    Raises:
        UserError: nothing to ask or to be asked, a benchmark that the model has seen, or another evaluation's folder.
        RunFailedError: an endpoint that went away; what was answered is kept.
    """
    settings, output = config.evaluate, on_this_machine(output, "--output")
    suites = suites_of(settings, evaluated_data(config, data), output, draft=draft)
    return evaluate_suites(
        suites,
        settings,
        model,
        output,
        allow_contaminated=allow_contaminated,
        against=against,
        on_note=on_note,
        on_progress=on_progress,
    )


def suites_of(settings: Evaluate, folder: Path | None, output: Path, *, draft: bool) -> list[Suite]:
    """What is asked: the split of the data, if any, and the benchmarks, whose items are read once for a folder.

    Raises:
        UserError: as `evaluate`.
    """
    suites = [split_suite(folder, settings, draft=draft)] if folder is not None else []
    if settings.benchmarks:
        if not _holds_items(output):
            fetch_items(settings.benchmarks, output / ITEMS)
        suites += benchmark_suites(output / ITEMS, settings)
    return suites


def _holds_items(output: Path) -> bool:
    """Whether a folder has the items of benchmarks as its evaluation read them; another's, given up, do not count."""
    asked = read_asked(output)
    if asked is None or not (output / ITEMS).is_file():
        return False
    return asked.get(ITEMS_MARK) in (None, checksum(output / ITEMS))  # evaluations of before had no such key


def evaluate_suites(
    suites: Sequence[Suite],
    settings: Evaluate,
    model: Path | str,
    output: Path,
    *,
    allow_contaminated: bool = False,
    against: Path | None = None,
    on_note: Callable[[str], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> EvalResult:
    """Asks a model what `suites_of` gave; the rest is as `evaluate` has it."""
    began = time.monotonic()
    source = model if is_url(model) else model_folder(model)
    other = read_evaluation(against) if against else None
    known = require_clean(source, suites, allow=allow_contaminated)
    for note in [note for suite in suites for note in suite.notes] + _contamination_notes(known):
        if on_note:
            on_note(note)
    queries = [
        Query(suite.name, item, sample)
        for suite in suites
        for items in suite.items.values()
        for item in items
        for sample in range(settings.samples)
    ]
    asks_benchmarks = any(suite.source is not None for suite in suites)
    items = {ITEMS_MARK: checksum(output / ITEMS)} if asks_benchmarks else {}
    with open_journal(output, _asked(suites, settings, model, source) | items) as journal:
        _answer_all(source, queries, suites, settings, journal, on_progress)
        rows = [journal.rows[query.key] for query in queries]
        places = by_place(rows)
        result = _result(suites, settings, places, model, output, known)
        compared = apart(rows, other.rows, seed=settings.seed) if other else {}
        result = replace(result, against=compared, seconds=time.monotonic() - began)
        _write(result, suites, settings, places, other)
    return result


def _answer_all(
    source: Path | str,
    queries: Sequence[Query],
    suites: Sequence[Suite],
    settings: Evaluate,
    journal: Journal,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Has every query answered that has no answer yet, judges what comes, and notes it down at once."""
    if all(query.key in journal.rows for query in queries):
        return
    roundings = {suite.name: suite.rounding for suite in suites}

    def judged(pair: tuple[Query, Response]) -> tuple[Key, dict[str, Any]]:
        query, response = pair
        judgement = judge_response(query.item, response, settings.limits, rounding=roundings[query.suite])
        return query.key, _row(query, response, judgement)

    with ThreadPoolExecutor(_JUDGES) as judges:
        for answered in _backend(source, settings).respond(queries, journal.rows.keys()):
            journal.add(judges.map(judged, answered))
            if on_progress:
                on_progress(len(journal.rows), len(queries))


def _backend(source: Path | str, settings: Evaluate) -> Backend:
    return Served(str(source), settings) if is_url(source) else InProcess(source, settings)


def _row(query: Query, response: Response, judgement: Judgement) -> dict[str, Any]:
    return {
        "suite": query.suite,
        "id": query.item.example.id,
        "problem_id": query.item.example.problem_id,
        "format": str(query.form),
        "sample": query.sample,
        "question": query.item.example.question,
        "reference": query.item.reference,
        "language": query.item.example.language,
        "topic": query.item.topic,
        "difficulty": query.item.difficulty,
        "response": response.text,
        "answer": judgement.answer,
        "outcome": judgement.outcome,
        "detail": judgement.detail,
        "passed": judgement.passed,
        "ended": response.ended,
        "tokens": response.tokens,
        "tool_calls": response.tool_calls,
    }


def _result(
    suites: Sequence[Suite],
    settings: Evaluate,
    places: Mapping[tuple[str, str], Sequence[Row]],
    model: Path | str,
    output: Path,
    known: Mapping[str, Contamination],
) -> EvalResult:
    formats: dict[str, FormatResult] = {}
    benchmarks: dict[str, dict[str, FormatResult]] = {}
    for suite in suites:
        found = formats if suite.source is None else benchmarks.setdefault(suite.name, {})
        for form in suite.items:
            rows = places[suite.name, str(form)]
            found[str(form)] = result_of(rows, seed=settings.seed, contamination=known.get(suite.name))
    return EvalResult(str(model), output, formats, 0.0, benchmarks)


def _asked(suites: Sequence[Suite], settings: Evaluate, model: Path | str, source: Path | str) -> dict[str, Any]:
    """All that answers depend on; how fast they are written is none of it."""
    what = _public_table(settings)
    for key in ("data", "device", "batch_size", "endpoint"):
        del what[key]
    return {
        "model": str(model),
        "weights": None if is_url(source) else weights_mark(Path(source)),
        "served": settings.endpoint.model_dump(include={"model", "tokenizer"}) if is_url(source) else None,
        "suites": {suite.name: suite.mark for suite in suites},
        "evaluate": what,
    }


def _public_table(settings: Evaluate) -> dict[str, Any]:
    """The table `evaluate` as files have it: without what opens the place of a benchmark."""
    table = settings.model_dump(mode="json")
    for benchmark in table["benchmarks"]:
        if isinstance(benchmark, dict):
            benchmark["path"] = public_name(benchmark["path"])
    return table


def _contamination_notes(known: Mapping[str, Contamination]) -> list[str]:
    words = {
        Contamination.CONTAMINATED: "the model may have been trained on it; every figure is marked",
        Contamination.UNKNOWN: "nobody can tell whether the model was trained on it; every figure is marked",
    }
    return [f"{name}: {words[contamination]}" for name, contamination in known.items() if contamination in words]


def _write(
    result: EvalResult,
    suites: Sequence[Suite],
    settings: Evaluate,
    places: Mapping[tuple[str, str], Sequence[Row]],
    other: Other | None,
) -> None:
    output = result.output
    for suite in suites:
        for form in suite.items:
            name = form if suite.source is None else f"{suite.name}-{form}"
            write_generations(output / "generations" / f"{name}.arrow", places[suite.name, str(form)])
    write_page(output / "index.html", result, [row for rows in places.values() for row in rows], other)
    record = {
        "model": result.model,
        "data": next((suite.mark for suite in suites if suite.source is None), None),
        "code_version": code_version(),
        "evaluate": _public_table(settings),
        "formats": {name: asdict(line) for name, line in result.formats.items()},
        "benchmarks": {
            name: {form: asdict(line) for form, line in formats.items()} for name, formats in result.benchmarks.items()
        },
        "sources": [asdict(suite.source) for suite in suites if suite.source is not None],
        "against": None if other is None else {"evaluation": str(other.folder), "differences": _plain(result.against)},
        "seconds": round(result.seconds, 2),
    }
    write_record(output / RESULTS, record)


def _plain(differences: dict[str, dict[str, Interval]]) -> dict[str, dict[str, Any]]:
    return {suite: {form: asdict(gap) for form, gap in forms.items()} for suite, forms in differences.items()}
