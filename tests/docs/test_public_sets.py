"""Each line of docs/public-sets.md reads a row in the shape of its set; the rows are written here, and say one sum."""

import json

import pytest
import yaml

from pipelines.sources.adapters.registry import ADAPTERS, check_fields, check_sources, named_fields
from pipelines.sources.files.records import Record
from schemas.config import Source
from tests.docs.reading import REPOSITORY, read_document

(_CONFIG,) = read_document((REPOSITORY / "docs/public-sets.md").read_text("utf-8")).blocks
SOURCES = {row["name"]: Source.model_validate(row) for row in yaml.safe_load(_CONFIG.text)["curate"]["sources"]}

ASKED, TOLD = "How many are 3 and 4 pens?", "3 + 4 = 7, so the answer is \\boxed{7}."
THOUGHT = f"<think>Count them.</think>{TOLD}"
OPTIONS = [[{"aoVal": "A", "content": "6 "}], [{"aoVal": "B", "content": "7 "}]]
RECORDS = {
    "deepmath": {
        "question": ASKED,
        "final_answer": "7",
        "difficulty": 4.5,
        "topic": "Mathematics -> Arithmetic",
        "r1_solution_1": TOLD,
        "r1_solution_2": "",
    },
    "openmathreasoning": {
        "problem": ASKED,
        "generated_solution": THOUGHT,
        "expected_answer": "7",
        "inference_mode": "cot",
    },
    "olympiadbench": {"question": ASKED, "solution": [TOLD], "final_answer": ["7"], "context": None},
    "naturalreasoning": {
        "question": ASKED,
        "reference_answer": "7",
        "responses": [{"response_model": "m", "response": TOLD}],
    },
    "verl": {
        "prompt": [{"role": "user", "content": ASKED}],
        "reward_model": {"style": "rule", "ground_truth": "7"},
        "extra_info": {"question": ASKED, "answer": TOLD},
    },
    "lm_eval": {"doc_id": 0, "doc": {"question": ASKED}, "target": "7", "resps": [[TOLD]]},
    "s1k": {
        "question": ASKED,
        "solution": "7",
        "deepseek_thinking_trajectory": "Count them.",
        "deepseek_attempt": TOLD,
    },
    "processbench": {"problem": ASKED, "steps": ["3 + 4 = 7, so", "the answer is \\boxed{7}."], "label": -1},
    "steps": {"question": ASKED, "answer": 7, "steps": [{"step": 1, "text": "3 + 4 = 7."}, {"step": 2, "text": TOLD}]},
    "alpaca": {"instruction": ASKED, "input": "", "output": TOLD},
    "tabmwp": {
        "question": ASKED,
        "table": "pens | 3\npens | 4",
        "choices": None,
        "solution": TOLD,
        "answer": "7",
        "grade": 2,
    },
    "mathqa": {"Problem": ASKED, "Rationale": '" 3 + 4 = 7 . answer : b "', "options": "a ) 6 , b ) 7", "correct": "b"},
    "tal_scq5k": {
        "problem": ASKED,
        "answer_option_list": OPTIONS,
        "answer_analysis": ["3 + 4 = 7. $$B$$"],
        "answer_value": "B",
    },
    "gaokao": {"question": ASKED, "analysis": TOLD, "answer": ["B"], "score": 5},
    "lila": {"Input": ASKED, "Output Program": ["print(3 + 4)"], "Output Answer": ["7"]},
    "openthoughts": {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": THOUGHT}]},
    "am_r1": {
        "messages": [
            {"role": "user", "content": ASKED, "info": {"reference_answer": "7"}},
            {"role": "assistant", "content": THOUGHT, "info": {"reference_answer": None}},
        ]
    },
    "nemotron": {
        "messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": TOLD}],
        "metadata": json.dumps({"expected_answer": "7"}),
    },
    "llama_nemotron": {
        "input": [{"role": "user", "content": ASKED}],
        "output": THOUGHT,
        "system_prompt": "detailed thinking on",
    },
    "vertex": {
        "contents": [{"role": "user", "parts": [{"text": ASKED}]}, {"role": "model", "parts": [{"text": TOLD}]}]
    },
    "label_studio": {
        "data": {"problem": ASKED, "solution": TOLD},
        "annotations": [{"completed_by": 1, "result": [{"type": "choices", "value": {"choices": ["accept"]}}]}],
    },
    "argilla": {
        "fields": {"instruction": ASKED, "response": TOLD},
        "responses": {"quality": [{"value": "accept", "user_id": "ann"}]},
    },
}
THINKING = ("openmathreasoning", "s1k", "openthoughts", "am_r1", "llama_nemotron")
KINDS = {"lila": ["code"]} | {name: ["think", "text"] for name in THINKING}
REFERENCES = {"gaokao": "B", "tal_scq5k": "B", "mathqa": "b"} | dict.fromkeys(
    ("processbench", "alpaca", "openthoughts", "llama_nemotron", "vertex", "label_studio", "argilla")
)


def test_every_line_has_a_row_and_is_accepted():
    assert list(RECORDS) == list(SOURCES)
    check_sources(SOURCES.values())


@pytest.mark.parametrize("name", SOURCES)
def test_a_line_reads_a_row_of_its_set(name):
    source, record = SOURCES[name], RECORDS[name]
    check_fields(name, named_fields(source), [Record(0, "", record)])
    problem = ADAPTERS[source.adapter].read(record, source)
    (solution,) = problem.solutions
    kinds = [str(segment.kind) for segment in solution.segments]
    assert kinds == KINDS.get(name, ["text"])
    assert ASKED in problem.question
    assert problem.answer == REFERENCES.get(name, "7")
    assert ("print(3 + 4)" if name == "lila" else "3 + 4 = 7") in solution.segments[-1].text
    assert (problem.selection.decision is not None) == (name in ("label_studio", "argilla"))
