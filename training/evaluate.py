"""pass@1 by format, with the same judge that curated the data.

EVAL/results.json             one line per format, with its 95 % Wilson interval, and what was evaluated
EVAL/generations/*.arrow      every problem, answer and judgement
EVAL/index.html               the same, to read
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from schemas.config import Config, Evaluate
from schemas.exits import RunFailedError, UserError
from schemas.files import write_text
from schemas.place import located, on_this_machine
from schemas.problem import Format
from schemas.split import Split
from training import shards
from training.answers_page import write_page
from training.chat import ChatLayout
from training.checkpoint import damaged_file
from training.generate import Answer, Writer
from training.judge import judge, reference_of
from training.mistakes import RESULTS, evaluated_data
from training.model import load_model, load_tokenizer
from training.results import EvalResult, FormatResult
from training.runfile import RUN, code_version
from training.shards import Example, Examples
from training.world import device_of

GENERATIONS = pa.schema(
    [
        ("id", pa.string()),
        ("format", pa.string()),
        ("question", pa.string()),
        ("reference", pa.string()),
        ("response", pa.string()),
        ("answer", pa.string()),
        ("outcome", pa.string()),
        ("detail", pa.string()),
        ("passed", pa.bool_()),
        ("ended", pa.bool_()),
        ("tokens", pa.int32()),
        ("tool_calls", pa.int32()),
    ]
)


def evaluate(
    config: Config,
    model: Path | str,
    output: str | Path,
    *,
    data: str | Path | None = None,
    draft: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> EvalResult:
    """Asks a model the problems of a split, greedily, and judges its answers.

    Args:
        config: `evaluate` is used.
        model: RUN, RUN/checkpoints/step-*, or a Hugging Face folder or name.
        output: the EVAL folder.
        data: a judged data set; None takes `evaluate.data`.
        draft: accept data without a passed verdict.
        on_progress: called with (problems done, problems in all).

    Raises:
        UserError: no data, no model, no problems, or a folder that holds another evaluation.
    """
    settings, output, began = config.evaluate, on_this_machine(output, "--output"), time.monotonic()
    folder = evaluated_data(config, data, output)
    examples, problems = problems_of(folder, settings, draft=draft)
    source = _model_folder(model)
    writer = _writer(source, settings)
    progress = _Progress(on_progress, sum(map(len, problems.values())))
    (output / "generations").mkdir(parents=True, exist_ok=True)
    results, tables = {}, []
    for form, chosen in problems.items():
        answers, responses = _answer(writer, form, chosen, settings, progress)
        table = _judge_all(chosen, answers, responses, settings, examples.rounding)
        _write_arrow(output / "generations" / f"{form}.arrow", table)
        results[str(form)] = _result(table)
        tables.append(table)
    result = EvalResult(str(model), output, results, time.monotonic() - began)
    write_page(output / "index.html", result, pa.concat_tables(tables))
    _write_results(output, result, settings, examples.fingerprints[0])
    return result


def problems_of(
    folder: Path, settings: Evaluate, *, draft: bool
) -> tuple[Examples, dict[Format, list[tuple[Example, str]]]]:
    """The examples of a split, and by format those that are asked, with their reference answers.

    Raises:
        UserError: not a judged data set, or no problem with an answer.
    """
    examples = shards.open(folder, split=Split(settings.split), draft=draft)
    problems = {form: chosen for form in settings.formats if (chosen := _choose(examples, form, settings))}
    if not problems:
        raise UserError(f"{located(folder)}: its {settings.split} split has no problems with an answer to evaluate on")
    return examples, problems


class _Progress:
    def __init__(self, listener: Callable[[int, int], None] | None, total: int) -> None:
        self._listener, self._total, self._done = listener, total, 0

    def add(self, count: int) -> None:
        self._done += count
        if self._listener:
            self._listener(self._done, self._total)


def _model_folder(model: Path | str) -> Path | str:
    """RUN -> RUN/model; a checkpoint -> its model; anything else is a Hugging Face folder or name."""
    folder = on_this_machine(model, "--model")
    if (folder / "state.json").is_file():
        if (damaged := damaged_file(folder)) is not None:
            raise RunFailedError(f"{folder}: {damaged} is damaged; evaluate another checkpoint")
        return folder / "model"
    if (folder / RUN).is_file() and not (folder / "config.json").is_file():
        if not (folder / "model").is_dir():
            raise UserError(f"{folder}: a run without a model yet; finish it with `mathmill train ... --resume`")
        return folder / "model"
    if folder.parent.name == "checkpoints" and not folder.is_dir():
        raise UserError(f"{folder}: no such checkpoint; look into {folder.parent}")
    return model


def _choose(examples: Examples, form: Format, settings: Evaluate) -> list[tuple[Example, str]]:
    """Problems of a format with their reference answers, one solution of each, in the order of the data.

    The keyed hash is of the problem, so formats are compared on the same problems.
    """
    firsts: dict[str, Example] = {}
    for example in examples.rows(0, len(examples)):
        if example.format is form:
            firsts.setdefault(example.problem_id, example)
    asked = [(example, gold) for example in firsts.values() if (gold := reference_of(example)) is not None]
    ranks = sorted(range(len(asked)), key=lambda i: _rank(asked[i][0].problem_id, settings.seed))
    return [asked[i] for i in sorted(ranks[: settings.limit])]


def _rank(problem_id: str, seed: int) -> bytes:
    return blake2b(f"evaluate:{seed}:{problem_id}".encode(), digest_size=8).digest()


def _writer(source: Path | str, settings: Evaluate) -> Writer:
    layout = ChatLayout(load_tokenizer(source, option="--model"))
    model = load_model(source, option="--model").to(device_of(settings.device)).eval()
    if model.device.type == "cuda":
        model = model.bfloat16()
    return Writer(model, layout, batch_size=settings.batch_size)


def _answer(
    writer: Writer, form: Format, chosen: Sequence[tuple[Example, str]], settings: Evaluate, progress: _Progress
) -> tuple[list[Answer], list[str]]:
    prompts = [writer.layout.prompt(example) for example, _ in chosen]
    if form is Format.TIR:
        answers = writer.converse(
            prompts,
            max_new_tokens=settings.max_new_tokens,
            max_tool_calls=settings.max_tool_calls,
            limits=settings.limits,
            on_done=progress.add,
        )
    else:
        answers = writer.answer(prompts, max_new_tokens=settings.max_new_tokens, on_done=progress.add)
    return answers, [writer.layout.response(answer.tokens) for answer in answers]


def _judge_all(
    chosen: Sequence[tuple[Example, str]],
    answers: Sequence[Answer],
    responses: Sequence[str],
    settings: Evaluate,
    rounding: Literal["places", "never"],
) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for (example, reference), answer, response in zip(chosen, answers, responses, strict=True):
        judged = judge(example, reference, response, settings.limits, rounding=rounding)
        rows.append(
            {
                "id": example.id,
                "format": str(example.format),
                "question": example.question,
                "reference": reference,
                "response": response,
                "answer": judged.answer,
                "outcome": judged.outcome,
                "detail": judged.detail,
                "passed": judged.passed,
                "ended": answer.ended,
                "tokens": answer.written,
                "tool_calls": answer.tool_calls,
            }
        )
    return pa.Table.from_pylist(rows, GENERATIONS)


def wilson(passed: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927): honest for few problems and near 0 and 1."""
    z = 1.959963984540054
    share, square = passed / n, z * z / n
    centre = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / n + square / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def _result(table: pa.Table) -> FormatResult:
    passed = sum(table["passed"].to_pylist())
    low, high = wilson(passed, table.num_rows)
    unjudged = table["outcome"].to_pylist().count("unknown")
    return FormatResult(table.num_rows, passed, passed / table.num_rows, low, high, unjudged)


def _write_arrow(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


def _write_results(output: Path, result: EvalResult, settings: Evaluate, fingerprint: str) -> None:
    record = {
        "model": result.model,
        "data": fingerprint,
        "code_version": code_version(),
        "evaluate": settings.model_dump(mode="json"),
        "formats": {name: asdict(line) for name, line in result.formats.items()},
        "seconds": round(result.seconds, 2),
    }
    write_text(output / RESULTS, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
