"""What looks at a row's text, stage by stage: in curate, validate, the report, what people see, and evaluate."""

import io
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any

import orjson
import pyarrow as pa

from pipelines.cli.export import export_row
from pipelines.engine.candidates import UNDERSTOOD
from pipelines.review.causes import group_of
from pipelines.sources.adapters.registry import ADAPTERS
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.contacts import without_contacts
from pipelines.sources.files.documents import read_document
from pipelines.sources.files.lines import read_lines
from pipelines.sources.files.records import Kind, Record
from pipelines.sources.files.tables import read_separated
from pipelines.sources.render import render_parts
from pipelines.stages.balance.coverage import vectors_of
from pipelines.stages.decontaminate.leaks import BenchmarkIndex, check
from pipelines.stages.duplicates.agreement import Member, disagreements
from pipelines.stages.duplicates.collapse import keys_of
from pipelines.stages.duplicates.identity import content_keys
from pipelines.stages.duplicates.near import near_keys
from pipelines.stages.screen.checks import screen
from pipelines.stages.verify.ruling import verify
from pipelines.text.quality import quality_facts
from schemas.benchmark import BENCHMARK_SCHEMA
from schemas.config import Decontaminate, ProgramLimits, Screen, Source, Verify
from schemas.example import EXAMPLE_SCHEMA
from schemas.problem import Format, Segment, SegmentKind
from schemas.transcript import is_faithful, parse_response
from schemas.wording import visible
from training.judge import judge
from training.shards import Example
from validation.answers import check_arithmetic, compare, extract, extract_reference, reaches
from validation.dataset.facts import measure
from validation.dataset.frame import flatten
from validation.dataset.hashes import hash_texts, single_spaced, without_space
from validation.dataset.latex import is_balanced_latex
from validation.dataset.recheck.answers import final_answer
from validation.dataset.recheck.contamination import BenchmarkIndex as StoredItems
from validation.dataset.recheck.contamination import Item, numbers_of, words_of
from validation.dataset.recheck.duplicates import shingles_of
from validation.dataset.report.beside import pair
from validation.dataset.report.mathml import rich_text
from validation.dataset.report.samples import highlighted, render_example
from validation.dataset.suite import build_suite
from validation.dataset.tallies import SuiteRunner
from validation.programs import Level, Pool
from validation.programs.preload import is_light
from validation.programs.purity import may_vary

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


def in_program(look: Callable[[pa.RecordBatch], object], text: str) -> object:
    """Looks at a part whose dialogue holds the text as a program, an output and words."""
    text = text[: len(text) // 4]
    dialogue = f"{text}\n```python\n{text}\n```\n```output\n{text}\n```\n{text}"
    return look(rendered(QUESTION, dialogue, "5", "tir"))


def in_answer(look: Callable[[pa.RecordBatch], object], text: str) -> object:
    """Looks at a part whose reference is the text."""
    return look(rendered(QUESTION, SOLUTION, text))


def screened(batch: pa.RecordBatch) -> object:
    return screen(batch.select(UNDERSTOOD), settings=Screen(max_chars=1 << 24))


def _checked(batch: pa.RecordBatch) -> object:
    return check(batch.select(UNDERSTOOD), _INDEX, Decontaminate())


def _hashed(text: str) -> object:
    texts = pa.chunked_array([pa.array([text])])
    return [hash_texts(texts, form=form) for form in (without_space, single_spaced)]


LOOKS: Mapping[str, Callable[[pa.RecordBatch], object]] = {
    "render": len,
    "screen": screened,
    "keys": keys_of,
    "contents": content_keys,
    "near": near_keys,
    "decontaminate": _checked,
    "quality": quality_facts,
}


def judged(text: str, *, question: str = QUESTION, answer: str = "5", end: str = "", form: str = "cot") -> object:
    """The verdicts on a candidate; its programs run behind walls and are no cost of this process."""
    batch = rendered(question, text + end, answer, form)
    settings = Verify(trim=True, unstated="append", limits=ProgramLimits(cpu_s=0.1, wall_s=2))
    return list(verify(batch, [0], settings=settings, pool=_pool()))


@cache
def _pool() -> Pool:
    return Pool(Level.SECCOMP, 1)


def _agreeing(text: str) -> object:
    answers = ("5", text, f"{text}1")
    members = [Member(f"{at}-cot", str(at), at, "cot", answer, answer) for at, answer in enumerate(answers)]
    return disagreements(members)


def row_of(text: str) -> dict[str, Any]:
    """An example of a shard whose texts are the text."""
    segments = [{"kind": kind.value, "text": text} for kind in (SegmentKind.TEXT, SegmentKind.CODE, SegmentKind.OUTPUT)]
    named = {"question": text, "segments": segments, "answer": text, "topic": text, "selection": {"annotator": text}}
    known = {"id": "r-cot", "format": "tir", "language": "en", "source_row": 0, "weight": 1.0, "derived": False}
    nothing = {field.name: None if field.nullable else "x" for field in EXAMPLE_SCHEMA}
    return nothing | {"verification": {"verdict": "equal"}, "quality": {}} | known | named


def _flat(text: str) -> pa.Table:
    return flatten(pa.Table.from_pylist([row_of(text)], schema=EXAMPLE_SCHEMA))


@cache
def _suite() -> SuiteRunner:
    return SuiteRunner(build_suite().rows)


@cache
def _stored_items() -> StoredItems:
    items = ((row["question"], row["position"]) for row in _ITEMS.to_pylist())
    return StoredItems([Item("b", at, text, tuple(words_of(text)), numbers_of(text)) for text, at in items])


def _indexed(text: str) -> object:
    """A benchmark whose item is the text: benchmarks are other people's too."""
    item = {"benchmark": "b", "position": 0, "question": text, "answer": text, "variants": "report", "language": "en"}
    return BenchmarkIndex.build(pa.Table.from_pylist([item], schema=BENCHMARK_SCHEMA))


def _asked(text: str) -> Example:
    return Example("r-cot", "p", text, Format.COT, (), "5", "en", "x")


def _shown(text: str) -> object:
    return render_example(row_of(text[:6_001]), why="random"), pair(text, f"{text} 1")


def _file_of(kind: Kind, text: str) -> object:
    """A file of each kind that holds the text as it is, and as a value."""
    value = orjson.dumps({"q": text})
    if kind is Kind.JSONL:
        return list(read_lines(io.BytesIO(value + b"\n" + text.encode()), end=None, first_row=0))
    if kind is Kind.JSON:
        return list(read_document(io.BytesIO(b"[" + value + b"," + text.encode()), first_row=0))
    return list(read_separated(io.StringIO(f"q,s\n{text},x\n"), kind, first_row=0))


CURATE: Mapping[str, Callable[[str], object]] = {
    **{f"{name} question": partial(in_question, look) for name, look in LOOKS.items()},
    **{f"{name} solution": partial(in_solution, look) for name, look in LOOKS.items()},
    **{f"{name} program": partial(in_program, look) for name, look in LOOKS.items()},
    **{f"{name} answer": partial(in_answer, look) for name, look in LOOKS.items()},
    **{f"adapter {name}": partial(read_by, name, row) for name, row in ROWS.items()},
    "file JSONL": partial(_file_of, Kind.JSONL),
    "file JSON": partial(_file_of, Kind.JSON),
    "file CSV": partial(_file_of, Kind.CSV),
    "contacts": without_contacts,
    "benchmark item": _indexed,
    "verify solution": judged,
    "verify solution, marked": partial(judged, end="\nThe answer is \\boxed{5}."),
    "verify solution, stated": partial(judged, end="\nSo there are 5 of them."),
    "verify question": lambda text: judged(SOLUTION, question=text),
    "verify reference": lambda text: judged(SOLUTION, answer=text),
    "verify dialogue": partial(judged, form="tir"),
    "verify program": partial(judged, form="pot"),
    "agree": _agreeing,
    "cover": lambda text: vectors_of([QUESTION, text]),
    "parse_segments cot": partial(parse_segments, format=Format.COT),
    "parse_segments pot": partial(parse_segments, format=Format.POT),
    "is_faithful": lambda text: is_faithful([Segment(SegmentKind.TEXT, text), Segment(SegmentKind.CODE, text)]),
    "extract": extract,
    "extract zh": partial(extract, language="zh"),
    "extract_reference": extract_reference,
    "check_arithmetic": check_arithmetic,
    "annotations": lambda text: check_arithmetic("so", (text,)),
    "reaches": lambda text: reaches(text, "42", "How many cents?", annotations=("1+1=2",)),
    "compare": lambda text: compare("5", text[:9_999], question=text),
    "compare alike": lambda text: compare(text, f"{text}1"),
    "is_light": is_light,
    "may_vary": may_vary,
}
VALIDATE: Mapping[str, Callable[[str], object]] = {
    "gate suite": lambda text: _suite().run(_flat(text)),
    "gate facts": lambda text: measure(_flat(text)),
    "gate leaks": lambda text: _stored_items().search(_flat(text)),
    "gate item": lambda text: (words_of(text), numbers_of(text)),
    "gate shingles": shingles_of,
    "gate latex": is_balanced_latex,
    "gate hashes": _hashed,
    "gate answer": lambda text: final_answer("cot", [{"kind": "text", "text": text}]),
}
SHOWN: Mapping[str, Callable[[str], object]] = {
    "report example": _shown,
    "report program": lambda text: highlighted(text[:6_000]),
    "rich_text": rich_text,
    "visible": visible,
    "queue": lambda text: group_of({"reason": "no_answer", "detail": text}),
    "export": lambda text: export_row(row_of(text), "messages"),
}
EVALUATE: Mapping[str, Callable[[str], object]] = {
    "parse_response": parse_response,
    "evaluate answer": lambda text: judge(_asked(QUESTION), "5", text, ProgramLimits()),
    "evaluate question": lambda text: judge(_asked(text), "5", SOLUTION, ProgramLimits()),
}
STAGES: Mapping[str, Callable[[str], object]] = {**CURATE, **VALIDATE, **SHOWN, **EVALUATE}
