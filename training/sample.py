"""More data from a model: several answers to each problem of the train split, kept where they are right and new.

    MORE.jsonl            accepted solutions, a source for `mathmill curate` (`adapter: samples`)
    MORE.suspects.jsonl   problems whose answers agree with each other and not with the reference: a file of reviews
    MORE.work/            the evaluation that they come from; a killed run goes on

What is new is curation's word: the accepted ones go through `mathmill curate --against DATA`, in a process of its own,
and what it keeps is what is neither an exact nor a near-duplicate of the data or of one another.
"""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from schemas.config import Evaluate
from schemas.copies import copied
from schemas.exits import ExitCode, RunFailedError, UserError
from schemas.files import write_text
from schemas.manifest import read_manifest
from schemas.place import on_this_machine
from schemas.reason import Reason
from schemas.verb_process import run_verb
from schemas.wording import amount
from training.asking import Suite, split_suite
from training.evaluate import evaluate_suites
from training.generations import Row, agreed, by_problem, read_evaluation, share_of
from training.results import SampleResult

WITNESSES = 2
"""answers that must agree against a reference, as in curation"""


def sample(
    settings: Evaluate,
    model: Path | str,
    data: Path,
    output: Path,
    *,
    name: str | None = None,
    draft: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> SampleResult:
    """Samples solutions of the problems of a data set.

    Args:
        settings: the table `evaluate`; `samples` is how many of each problem and format.
        model: as `evaluate` takes it.
        data: a judged data set; its train split is asked.
        output: MORE.jsonl.
        name: how the author is called, `model:NAME`; None takes the model's last part.
        draft: accept data without a passed verdict.
        on_progress: called with (answers so far, answers in all).

    Raises:
        UserError: no data, no model, an output that holds something else.
        RunFailedError: curation failed, or an endpoint went away.
    """
    output = on_this_machine(output, "--output")
    if output.suffix != ".jsonl":
        raise UserError(f"--output {output}: a file of JSON lines, such as MORE.jsonl")
    work, queue = output.with_suffix(".work"), output.with_suffix(".suspects.jsonl")
    suite = split_suite(data, settings, draft=draft)
    evaluate_suites([suite], settings, model, work, on_progress=on_progress)
    answers = read_evaluation(work).rows
    author = f"model:{name or Path(str(model)).name}"
    accepted = list(_accepted(answers, suite, {"author": author, "model": str(model), "data": suite.mark}))
    new = _new(accepted, data, work)
    suspects = list(_suspects(answers, author))
    write_text(output, _lines(new))
    write_text(queue, _lines(suspects))
    problems = len({row["problem_id"] for row in answers})
    return SampleResult(output, problems, len(answers), len(accepted), len(new), len(suspects), queue)


def _accepted(answers: Sequence[Row], suite: Suite, provenance: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Accepted answers as rows of a source, in the order of the data; the solve rate is over all formats."""
    systems = {item.example.problem_id: item.example.system for items in suite.items.values() for item in items}
    for problem, rows in by_problem(answers).items():
        rate = share_of(rows)
        for row in rows:
            if row["passed"] and row["ended"]:
                yield {
                    "question": row["question"],
                    "solution": row["response"],
                    "format": row["format"],
                    "answer": row["reference"],
                    "language": row["language"],
                    "topic": row["topic"],
                    "difficulty": row["difficulty"],
                    "system": systems[problem],
                    "solve_rate": round(rate, 6),
                    "samples": len(rows),
                    "sample": row["sample"],
                    "problem_id": problem,
                    **provenance,
                }


def _new(accepted: Sequence[dict[str, Any]], data: Path, work: Path) -> list[dict[str, Any]]:
    """Those that curation keeps beside the data that is there."""
    if not accepted:
        return []
    with tempfile.TemporaryDirectory(prefix="curated-", dir=work) as folder, copied(data) as earlier:
        rows, curated = (Path(folder).resolve() / part for part in ("rows.jsonl", "DATA"))
        rows.write_text(_lines(accepted), encoding="utf-8")
        config = _curation(rows, read_manifest(earlier).licence)
        places = ("--output", str(curated), "--against", str(Path(data).resolve()))
        code, message = run_verb("curate", *places, "--draft", config=config)
        if code not in (ExitCode.DONE, ExitCode.FAILED) or not (curated / "manifest.json").is_file():
            raise RunFailedError(f"curating the samples failed: {message}")
        kept = sorted(place for shard in read_manifest(curated).shards for place in _places(curated / shard.path))
    return [accepted[place] for place in kept]


def _lines(rows: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _curation(rows: Path, licence: str) -> dict[str, Any]:
    source = {"name": "samples", "path": str(rows), "adapter": "samples", "licence": licence}
    skip = ["select", "decontaminate", "label", "balance"]  # the data went through them with these very questions
    return {"curate": {"sources": [source], "skip": skip, "heldout": 0, "wipeout": {"limit": 1}}}


def _places(shard: Path) -> Iterable[int]:
    with pa.ipc.open_stream(str(shard)) as reader:
        return reader.read_all()["source_row"].to_pylist()


def _suspects(answers: Sequence[Row], author: str) -> Iterator[dict[str, Any]]:
    """Problems where most answers agree on one that is not the reference, as the review queue has it."""
    for rows in by_problem(answers).values():
        ordered = sorted(rows, key=lambda row: (row["format"], row["sample"]))
        voters = agreed(ordered)
        votes = len(voters)
        if votes < WITNESSES or 2 * votes <= len(ordered) or voters[0]["outcome"] != "not_equal":
            continue
        common = voters[0]
        detail = f"{votes} of {amount(len(ordered), 'answer')} of {author} end in {common['answer']:.60}"
        yield {
            "row_id": str(common["id"]).split("-")[0],
            "decision": None,
            "reviewer": None,
            "group": str(Reason.SUSPECT_GOLD),
            "id": common["id"],
            "format": common["format"],
            "reason": str(Reason.SUSPECT_GOLD),
            "detail": f"{detail}, the reference is {common['reference']:.60}",
            "record": {"question": common["question"], "answer": common["reference"], "solution": common["response"]},
        }
