"""No record, however strange, may end a run: an adapter returns a problem or says why not."""

import json
import re
from contextlib import suppress

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.sources.adapters.registry import ADAPTERS, Unreadable
from pipelines.sources.files.scan import Record
from pipelines.sources.render import render_parts
from pipelines.stages.screen.checks import screen
from schemas.config import Screen, Source
from schemas.problem import Problem

TEXTS = st.sampled_from(
    [
        "",
        " ",
        "5",
        "1,200",
        "accepted",
        "What is 1 + 1?",
        "It is \\boxed{2}.",
        "open \\boxed{",
        "1+1 = <<1+1=2>>2\n#### 2",
        "<<1/0=1>>\n#### 1",
        "<<((((1=1>>1 #### 1",
        "x=2(1/0)",
        "A)5",
        "```python\nprint(1)\n```\n```output\n1\n```\nSo 1.",
        "<think>",
        "# Answer\n\n5",
        "def solution():\n    return 1",
        "ans = 1",
        "user",
        "assistant",
        "tool",
        "text",
        "code",
        '{"code": 5}',
        "\x00\r\u2028\u202e结",
    ]
)
FIELDS = re.findall(
    r"\w+",
    "question answer problem solution level type subject messages conversations role from content value "
    "tool_calls function arguments code gt input target Body Question Equation Answer options rationale "
    "correct original_text equation ans grade golden 0 1 query response instruction output source "
    "generated_solution expected_answer generations is_reasoning_complete generated passage label steps "
    "completions chosen_completion human_completion finish_reason ground_truth text rating debug_result "
    "ground_truth_answer decision votes reasoning_content problem_type",
)
SCALARS = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
    max_leaves=12,
)
RECORDS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=12)
NAMES = {
    "decision": "decision",
    "votes": "votes",
    "answer": "answer",
    "difficulty": "level",
    "annotator": "label.steps",
}


def source(adapter: str) -> Source:
    derive = ["pot", "tir"] if ADAPTERS[adapter].annotated else []
    settings = {"name": "strange", "path": "x", "adapter": adapter, "licence": "MIT", "derive": derive}
    return Source.model_validate({**settings, "format": "tir", "columns": NAMES})


@pytest.mark.parametrize("adapter", ADAPTERS)
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.data())
def test_adapters_return_a_problem_or_say_why_not(adapter, data):
    record = data.draw(RECORDS)
    with suppress(Unreadable):
        problem = ADAPTERS[adapter].read(record, source(adapter))
        assert isinstance(problem, Problem)
        assert isinstance(problem.question, str)
        assert problem.answer is None or isinstance(problem.answer, str)


def shaped(adapter: str) -> st.SearchStrategy[dict]:
    """Records with every field that the adapter needs, each holding a text or something strange."""
    turns = st.lists(st.fixed_dictionaries({"role": TEXTS, "content": TEXTS | VALUES}), max_size=4)
    fields = dict.fromkeys(FIELDS, TEXTS) | {"messages": turns, "debug_result": turns, "question": TEXTS}
    fields |= {"generations": st.lists(TEXTS, max_size=2), "options": st.lists(TEXTS, max_size=2)}
    if adapter == "tora":
        fields |= {"code": st.lists(TEXTS, max_size=2)}
    if adapter == "prm800k":
        step = st.fixed_dictionaries({"completions": VALUES, "chosen_completion": VALUES, "human_completion": VALUES})
        fields |= {
            "question": st.fixed_dictionaries({"problem": TEXTS, "ground_truth_answer": TEXTS}),
            "label": st.fixed_dictionaries({"steps": st.lists(step, max_size=2), "finish_reason": TEXTS}),
        }
    return st.fixed_dictionaries(fields)


@pytest.mark.parametrize("adapter", ADAPTERS)
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.data())
def test_whatever_is_read_can_be_rendered_and_screened(adapter, data):
    record = data.draw(shaped(adapter))
    raw = json.dumps(record)
    parts = list(render_parts([Record(0, raw, record)], source(adapter)))
    for part, _ in parts:
        part.validate(full=True)
        assert len(screen(part, Screen())) == part.num_rows >= 1
