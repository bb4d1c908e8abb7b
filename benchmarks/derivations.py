"""Programs and dialogues derived from GSM8K's calculator annotations: how good their names are, and twenty to read.

    python -m benchmarks.derivations --data DATA [--page docs/derivations.md]

The rows on the page are drawn by hash among those that fit on a screen, not picked.
"""

import argparse
import ast
import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from benchmarks.measuring import record
from pipelines.sources.adapters.gsm8k import read_gsm8k
from schemas.config import Source
from schemas.problem import Format, Problem, SegmentKind
from schemas.transcript import transcribe

_SHOWN = 20
_MOST_LINES = 6  # lines of a solution that is shown
_NUMBERED = re.compile(r"step_\d+")
_HEAD = """# What a human's solution implies

Twenty rows of GSM8K's train split (openai/grade-school-math, MIT licence, copyright 2021 OpenAI), drawn by hash among
those of at most {lines} lines: the solution as a person wrote it, and the program and the dialogue that mathmill
derives from its calculator annotations. Of {rows:,} rows {derived:,} ({share:.1%}) have a derivation; {named:.1%} of
the {names:,} variables are named from the words of the solution, the others by their step.

Made by `python -m benchmarks.derivations --data DATA --page docs/derivations.md`.
"""


def problems(data: Path) -> Iterator[Problem]:
    """GSM8K's train rows with their derivations."""
    path = data / "cot" / "gsm8k_train.jsonl"
    fields = {"name": "gsm8k", "path": str(path), "adapter": "gsm8k", "licence": "MIT", "derive": ["pot", "tir"]}
    source = Source.model_validate(fields)
    for line in path.read_text(encoding="utf-8").splitlines():
        yield read_gsm8k(json.loads(line), source)


def names_of(problem: Problem) -> list[str]:
    """The variables of a row's program."""
    code = next(solution.segments[0].text for solution in problem.solutions if solution.format is Format.POT)
    assigned = (node for node in ast.parse(code).body if isinstance(node, ast.Assign))
    return [target.id for node in assigned for target in node.targets if isinstance(target, ast.Name)]


def page(rows: list[Problem], head: str) -> str:
    """The page: each row's three formats side by side."""
    short = [problem for problem in rows if _text(problem).count("\n") < _MOST_LINES]
    short.sort(key=lambda problem: blake2b(problem.question.encode()).digest())
    return "\n".join([head, *(_row(number, problem) for number, problem in enumerate(short[:_SHOWN], start=1))])


def _text(problem: Problem) -> str:
    return problem.solutions[0].segments[0].text


def _row(number: int, problem: Problem) -> str:
    cells = []
    for solution in problem.solutions:
        text = transcribe(solution.segments).response
        language = "python" if solution.segments[0].kind is SegmentKind.CODE else "text"
        plain = solution.segments[0].text if language == "python" else text
        cells.append(f"<td valign=top>\n\n````{language}\n{plain}\n````\n\n</td>")
    heads = "".join(f"<th>{solution.format.upper()}</th>" for solution in problem.solutions)
    question = " ".join(problem.question.split())
    return f"## {number}\n\n> {question}\n\n<table><tr>{heads}</tr><tr>\n{''.join(cells)}\n</tr></table>\n"


def main() -> None:
    """Measures all rows and writes the page when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    rows = list(problems(arguments.data))
    derived = [problem for problem in rows if len(problem.solutions) > 1]
    names = [name for problem in derived for name in names_of(problem)]
    named = sum(_NUMBERED.fullmatch(name) is None for name in names) / len(names)
    counts = {"rows": len(rows), "derived": len(derived), "names": len(names), "named": named}
    record("derivations", {**counts, "named": round(named, 4)}, [])
    if arguments.page is not None:
        head = _HEAD.format(**counts, share=len(derived) / len(rows), lines=_MOST_LINES)
        arguments.page.write_text(page(derived, head), encoding="utf-8")


if __name__ == "__main__":
    main()
