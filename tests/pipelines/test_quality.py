import pyarrow as pa

from pipelines.candidate import CANDIDATE_SCHEMA
from pipelines.quality import quality_facts
from schemas.example import QUALITY


def test_facts_are_counted_per_candidate():
    rows = [
        {
            "question": "Wie viele Äpfel?",
            "segments": [
                {"kind": "think", "text": "a = b"},
                {"kind": "text", "text": "1+1 = 2\n\nx = y = 3"},
                {"kind": "code", "text": "x = 1\n\nprint(x)"},
                {"kind": "output", "text": "1\n2"},
                {"kind": "text", "text": "Ende ≈"},
            ],
        },
        {"question": None, "segments": None},
        {"question": "", "segments": []},
        {"question": "12", "segments": [{"kind": "text", "text": "5"}]},
    ]
    names = ["question", "segments"]
    schema = pa.schema([CANDIDATE_SCHEMA.field(name) for name in names])
    batch = pa.RecordBatch.from_pylist(rows, schema=schema)
    facts = quality_facts(batch)
    assert facts.type == QUALITY
    assert facts.to_pylist() == [
        {"question_chars": 16, "solution_chars": 47, "steps": 4, "equations": 4, "code_lines": 2},
        {"question_chars": 0, "solution_chars": 0, "steps": 0, "equations": 0, "code_lines": 0},
        {"question_chars": 0, "solution_chars": 0, "steps": 0, "equations": 0, "code_lines": 0},
        {"question_chars": 2, "solution_chars": 1, "steps": 1, "equations": 0, "code_lines": 0},
    ]
    assert quality_facts(batch.slice(3)).to_pylist() == facts.to_pylist()[3:]
    assert len(quality_facts(batch.slice(0, 0))) == 0
