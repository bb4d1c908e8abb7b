r"""What a crafted row costs: the worst milliseconds per KB of each stage, and how the cost grows when the text doubles.

Every unit is a piece of what some pattern or scanner looks for. It is repeated, nested and nearly finished; the texts
that cost most, or more than in proportion, at two small sizes are then doubled up to 1 MB. The bar is 2.3: nothing may
take more than 2.3 times as long for twice the text.

    python -m benchmarks.linear                      all stages
    python -m benchmarks.linear --stage rich_text    those whose name holds the word
"""

import argparse
import gc
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from types import FrameType

import orjson
import pyarrow as pa

from benchmarks.measuring import record
from pipelines.engine.candidates import UNDERSTOOD
from pipelines.sources.adapters.registry import ADAPTERS
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.files.records import Record
from pipelines.sources.render import render_parts
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from pipelines.stages.duplicates.collapse import keys_of
from pipelines.stages.duplicates.identity import content_keys
from pipelines.stages.duplicates.near import near_keys
from pipelines.stages.screen.checks import screen
from pipelines.text.quality import quality_facts
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Decontaminate, Screen, Source
from schemas.problem import Format, Segment, SegmentKind
from schemas.transcript import is_faithful, parse_response
from validation.answers import check_arithmetic, compare, extract, extract_reference, reaches
from validation.dataset.hashes import hash_texts, single_spaced, without_space
from validation.dataset.latex import is_balanced_latex
from validation.dataset.recheck.answers import final_answer
from validation.dataset.report.mathml import rich_text

BAR = 2.3
LOOK_AT = (4 << 10, 16 << 10)  # characters of the two looks that choose what is doubled
LARGEST = 1 << 20
CHOSEN = 4  # texts of a stage that are doubled up to the largest size
CAP_S = 4.0  # CPU seconds after which a text is called endless
LEAST_S = 0.01  # below it a time is noise
DOUBLINGS, REPEATS = 3, 3

UNITS = (
    *"a1({[$|!^_~&%.,-=<>*/\\'\";:?#@`一½②éا🙂",
    *("\n", " ", "\t", "\r", "\r\n", "\u00a0", "\u3000", "\u2028", "\x85", "e\u0301", "\u0301", "\ufdfa", "\u202e"),
    *("12 ", "1+", "1+1=2 ", "1 + 1 = 2\n", "= ", "1=", "x=", "1,", "1,000,", "1 000 ", "0.1", "1e9", "2^", "10^9^"),
    *("$$", "$1$ ", "$5 ", "\\$", "\\(", "\\)", "\\[", "\\]", "\\{", "\\\\", "\\,", "\\;", "\\!", "\\quad "),
    *("\\boxed{", "\\boxed{1}", "\\frac", "\\frac{", "\\frac{1}{2}", "\\dfrac12", "\\sqrt{", "\\left(", "\\text{"),
    *("\\text{a", "\\mathrm{a}", "\\mathbf{", "\\overline{3}", "^{\\circ}", "^{", "_{", "}{", "){", "}}", "))", "]]"),
    *("\\begin{a}", "\\begin{align}", "\\begin{array}", "\\end{a}", "\\end{align*}", "1 & 2 \\\\ ", "|---", "\\\\ &"),
    *("```", "```\n", "```python\n", "```output\n", "```py\nx\n", "\n```output\nx\n```\n", "``` \n", "```x"),
    *("<think>", "</think>", "<think>\n", "<llm-code>", "<llm-code-output>", "<tool_call>", "<|code|>", "<|text|>"),
    *("<|execution|>", "<|endofblock|>", "<<", ">>", "<<1", "<<1+1=2>>", "<<1+1=2>>2\n", "<a ", "<svg", "<img "),
    *("![a](", "[asy]", "[/asy]", "[asy]x[/asy]", "![", "http://", "https://a.", "https://a.png ", "**", "**a", "__"),
    *("#### ", "#### 5\n", "####", "answer is ", "The answer is 5. ", "Final Answer: ", "Step 1: ", "Therefore, "),
    *("So ", "Answer:", "answer:\n", "the answer", "is the answer ", "= \\boxed{", "A) 1 B) 2 ", "(A) ", "a or b "),
    *("as shown in ", "shown in the figure ", "figure ", "prove that ", "one hundred ", "twenty-one ", "and ", "half "),
    *("hundred ", "百万", "千", "two thirds ", "12:30 ", "May 5th ", "5 km/h ", "kg ", "per ", "the ", "a b c d e f "),
    *("def f():\n", "import os\n", "print(1)\n", "x+", "x*", "(x+1)", "(x+1)^", "x^2+", "C(", "5!", "\\binom{9}{4}"),
    *("0.(3)", "\\cdot", "\\times", "\\pm", "1\\pm", "\\le", "x<", "(1,", "(1,2),", "[1,2]\\cup", "\\cup", "{1,"),
    *("{1},", "\\sin", "\\log_", "\\pi+", "1. ", "- a\n", "| a | b |\n", "a.\n\n", '{"a":', '"a",', "&amp;", "&#x0;"),
    *("</", "]]>"),
)  # fmt: skip

QUESTION, SOLUTION = "What is 2+3, told in words?", "We add 2+3=5. The answer is \\boxed{5}."
_ITEMS = pa.Table.from_pylist(
    [
        {
            "benchmark": "b",
            "position": at,
            "question": question,
            "answer": "41",
            "variants": "quarantine",
            "language": "en",
        }
        for at, question in enumerate(
            (
                "A farmer has 17 red hens and 24 brown hens in the yard behind the old barn. How many hens are there?",
                "Let $f(x)=x^2+3x-1$. Find the sum of all solutions of $f(x)=0$ that lie in $[-5,5]$.",
                "What is 2+3?",
            )
        )
    ],
    schema=BENCHMARK_SCHEMA,
)
_INDEX = BenchmarkIndex.build(_ITEMS)


def rendered(question: str, solution: str, answer: str, form: str = "cot") -> pa.RecordBatch:
    """A part of one row."""
    names = {"question": "q", "solution": "s", "answer": "a"}
    source = Source.model_validate(
        {"name": "x", "path": "x", "adapter": "columns", "licence": "MIT", "format": form, "columns": names}
    )
    row = {"q": question, "s": solution, "a": answer}
    ((batch, _),) = render_parts([Record(0, orjson.dumps(row).decode(), row)], source)
    return batch


def read_by(adapter: str, row: Callable[[str], dict[str, object]], text: str) -> object:
    """A part of one row of a kind of source."""
    derive = ["pot", "tir"] if ADAPTERS[adapter].annotated else []
    source = Source.model_validate(
        {"name": "x", "path": "x", "adapter": adapter, "licence": "MIT", "derive": derive, "format": None}
    )
    record = row(text)
    return list(render_parts([Record(0, orjson.dumps(record).decode(), record)], source))


ROWS: Mapping[str, Callable[[str], dict[str, object]]] = {
    "gsm8k": lambda text: {"question": QUESTION, "answer": f"{text}\n#### 5"},
    "math": lambda text: {"problem": QUESTION, "solution": text, "level": "Level 1", "type": "Algebra"},
    "math23k": lambda text: {"original_text": QUESTION, "equation": f"x={text}", "ans": "5"},
    "messages": lambda text: {"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": text}]},
    "metamath": lambda text: {"query": QUESTION, "response": text, "type": "x"},
    "mathinstruct": lambda text: {"instruction": text, "output": text, "source": "x"},
    "aqua": lambda text: {"question": QUESTION, "options": ["A)1", "B)2"], "rationale": text, "correct": "A"},
    "svamp": lambda text: {"Body": "q", "Question": "q", "Equation": text, "Answer": 5.0},
    "pot": lambda text: {"question": QUESTION, "program": text, "answer": "5"},
}


def in_question(look: Callable[[pa.RecordBatch], object], text: str) -> object:
    """Looks at a part whose question is the text."""
    return look(rendered(text, SOLUTION, "5"))


def in_solution(look: Callable[[pa.RecordBatch], object], text: str) -> object:
    """Looks at a part whose solution is the text."""
    return look(rendered(QUESTION, text, "5"))


def _screened(batch: pa.RecordBatch) -> object:
    return screen(batch.select(UNDERSTOOD), settings=Screen(max_chars=1 << 24))


def _checked(batch: pa.RecordBatch) -> object:
    return check(batch.select(UNDERSTOOD), _INDEX, Decontaminate())


def _hashed(text: str) -> object:
    texts = pa.chunked_array([pa.array([text])])
    return [hash_texts(texts, form=form) for form in (without_space, single_spaced)]


LOOKS: Mapping[str, Callable[[pa.RecordBatch], object]] = {
    "render": len,
    "screen": _screened,
    "keys": keys_of,
    "contents": content_keys,
    "near": near_keys,
    "decontaminate": _checked,
    "quality": quality_facts,
}
STAGES: Mapping[str, Callable[[str], object]] = {
    **{f"{name} question": partial(in_question, look) for name, look in LOOKS.items()},
    **{f"{name} solution": partial(in_solution, look) for name, look in LOOKS.items()},
    **{f"adapter {name}": partial(read_by, name, row) for name, row in ROWS.items()},
    "parse_segments cot": partial(parse_segments, format=Format.COT),
    "parse_segments pot": partial(parse_segments, format=Format.POT),
    "parse_response": parse_response,
    "is_faithful": lambda text: is_faithful([Segment(SegmentKind.TEXT, text), Segment(SegmentKind.CODE, text)]),
    "extract": extract,
    "extract_reference": extract_reference,
    "check_arithmetic": check_arithmetic,
    "reaches": lambda text: reaches(text, "42", ("1+1=2",)),
    "compare": lambda text: compare("5", text[:9_999], question=text),
    "rich_text": rich_text,
    "gate latex": is_balanced_latex,
    "gate hashes": _hashed,
    "gate answer": lambda text: final_answer("cot", [{"kind": "text", "text": text}]),
}


def shapes(unit: str) -> Mapping[str, Callable[[int], str]]:
    """Texts of about a number of characters that hold a unit again and again."""

    def times(size: int) -> int:
        return max(1, size // len(unit))

    return {
        "repeated": lambda size: unit * times(size),
        "between words": lambda size: "so x" + unit * times(size) + "y is it.",
        "nested": lambda size: unit * (times(size) // 2) + "1" + "})]$" * (size // 8),
        "nearly": lambda size: (unit + " x ") * (size // (len(unit) + 3)) + unit[:-1],
        "lines": lambda size: (unit + "\n") * (size // (len(unit) + 1)),
    }


@dataclass(frozen=True, slots=True)
class Growth:
    """How the cost of a text grows in a stage.

    Attributes:
        ms_per_kb: at the largest size that was measured.
        ratio: of one doubling, the mean over the last `DOUBLINGS` of them; 0 where times were never more than noise.
        size: the largest size measured; its CPU seconds.
    """

    stage: str
    unit: str
    shape: str
    ms_per_kb: float
    ratio: float
    size: int
    seconds: float


class _EndlessError(BaseException):
    """A text took longer than `CAP_S`."""


def cpu_seconds(look: Callable[[str], object], text: str) -> float:
    """The CPU seconds of a look at a text, at most `CAP_S`; a look that raises has looked."""
    started = time.process_time()
    signal.setitimer(signal.ITIMER_VIRTUAL, CAP_S)
    try:
        with suppress(Exception):
            look(text)
    except _EndlessError:
        return CAP_S
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return time.process_time() - started


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _EndlessError


def suspects(stage: str) -> list[tuple[str, str]]:
    """The units and shapes that cost most at the second look, and those whose cost grew most from the first."""
    small, large = LOOK_AT
    found: list[tuple[float, float, str, str]] = []
    for unit in UNITS:
        for shape, text in shapes(unit).items():
            first, second = (cpu_seconds(STAGES[stage], text(size)) for size in (small, large))
            found.append((second, second / max(first, 0.001), unit, shape))
    dearest = sorted(found, reverse=True)[:CHOSEN]
    growing = sorted(found, key=lambda one: (-one[1], one[2:]))[:CHOSEN]
    return list(dict.fromkeys((unit, shape) for _, _, unit, shape in (*dearest, *growing)))


def growth(stage: str, unit: str, shape: str) -> Growth:
    """Doubles a text until it is 1 MB or costs more than half of `CAP_S`."""
    size, costs = LOOK_AT[0], list[float]()
    while True:
        text = shapes(unit)[shape](size)
        costs.append(min(cpu_seconds(STAGES[stage], text) for _ in range(REPEATS)))
        if costs[-1] > CAP_S / 2 or size >= LARGEST:
            break
        size *= 2
    told = [seconds for seconds in costs if seconds > LEAST_S][-DOUBLINGS - 1 :]
    ratio = (told[-1] / told[0]) ** (1 / (len(told) - 1)) if len(told) > 1 else 0.0
    return Growth(stage, unit, shape, 1000 * costs[-1] / (size / 1024), round(ratio, 2), size, round(costs[-1], 3))


def stages_named(word: str) -> Iterator[str]:
    """The stages whose name holds a word."""
    return (name for name in STAGES if word in name)


def main() -> int:
    """Prints and keeps the worst of each stage; 1 when something grows faster than the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stage", default="", help="only stages whose name holds this")
    word = parser.parse_args().stage
    signal.signal(signal.SIGVTALRM, _stop)
    gc.disable()  # as reading does: its passes over what stands elsewhere are no cost of a text
    worst: list[Growth] = []
    print(f"{'stage':24}{'ms/KB':>9}{'ratio':>8}  unit, shape, size")
    for stage in stages_named(word):
        grown = [growth(stage, unit, shape) for unit, shape in suspects(stage)]
        for one in {max(grown, key=lambda one: one.ms_per_kb), max(grown, key=lambda one: one.ratio)}:
            worst.append(one)
            where = f"{one.unit!r} {one.shape}, {one.size >> 10} KB in {one.seconds} s"
            print(f"{stage:24}{one.ms_per_kb:9.3f}{one.ratio:8.2f}  {where}", flush=True)
    record("linear", {"bar": BAR, "worst": [asdict(one) for one in worst]}, ())
    return int(any(one.ratio > BAR for one in worst))


if __name__ == "__main__":
    sys.exit(main())
