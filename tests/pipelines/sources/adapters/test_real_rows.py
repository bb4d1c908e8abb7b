"""Published files, read whole: how many solutions they hold, how many rows are refused and which are malformed."""

from collections import Counter

import pytest

from pipelines.sources.adapters.registry import ADAPTERS, Unreadable, has_header
from pipelines.sources.adapters.segments import parse_segments
from pipelines.sources.files.scan import read_records, scan
from pipelines.stages.screen.structure import check_structure
from schemas.transcript import is_faithful, transcribe
from tests.pipelines.sources.adapters.rows import source

REAL = {
    ("cot/gsm8k_train.jsonl", "gsm8k"): (7473, 0, {}),
    ("eval/gsm8k_test_socratic.jsonl", "gsm8k"): (1319, 0, {}),
    ("cot/math_train_3000_solutions.jsonl", "math"): (3000, 0, {}),
    ("tir/tora70b_gsm8k_test_outputs.jsonl", "tora"): (1319, 0, {"a program without its output after it": 1}),
    ("tir/tora_corpus_examples.jsonl", "tora"): (30, 0, {}),
    ("tir/mathcoder_L7b_math_test_correct.jsonl", "mathcoder"): (
        1179,
        0,
        {"nothing after the last output": 4, "```python opens or closes a block that has no other end": 1},
    ),
    ("tir/mathcoder_L70b_gsm8k_test_wrong.jsonl", "mathcoder"): (200, 0, {"nothing after the last output": 5}),
    ("pot/pot_codex_gsm8k_fewshot.jsonl", "pot"): (1318, 2, {}),
    ("pot/pot_codex_gsm8k_zeroshot.jsonl", "pot"): (1317, 0, {}),
    ("pot/pot_codex_svamp_fewshot.jsonl", "pot"): (999, 3, {}),
    ("pot/pot_codex_aqua_fewshot.jsonl", "pot"): (253, 1, {}),
    ("pot/gsm_hard_pal_programs.jsonl", "pal"): (1319, 0, {}),
    ("misc/svamp.json", "svamp"): (1000, 0, {}),
    ("misc/aqua_dev.jsonl", "aqua"): (254, 0, {}),
    ("misc/aqua_test.jsonl", "aqua"): (254, 0, {}),
    ("misc/openmathinstruct2_sample.jsonl", "openmathinstruct"): (100, 0, {}),
    ("multiling/math23k_test.json", "math23k"): (1000, 0, {}),
    ("human/prm800k_phase1_train_example.json", "prm800k"): (3, 0, {}),
}


@pytest.mark.parametrize(("name", "adapter"), REAL)
def test_real_rows_are_read(real_data, name, adapter):
    real = source(adapter)
    solutions, refused, wrong = 0, 0, Counter[str]()
    for file in scan(str(real_data / name)):
        for split in file.splits:
            for record in read_records(split):
                assert record.value is not None
                try:
                    problem = ADAPTERS[adapter].read(record.value, real)
                except Unreadable:
                    refused += 1
                    continue
                for solution in problem.solutions:
                    solutions += 1
                    wrong[check_structure(solution.format, solution.segments) or "well formed"] += 1
                    if check_structure(solution.format, solution.segments) is None:
                        laid_out_again = transcribe(solution.segments).response
                        assert is_faithful(solution.segments), solution
                        assert parse_segments(laid_out_again, solution.format) == solution.segments
    del wrong["well formed"]
    assert (solutions, refused, dict(wrong)) == REAL[name, adapter]


ANSWERS_ONLY = {
    ("multiling/cmath_test.jsonl", "cmath", "zh"): (1098, "18", 1),
    ("multiling/mgsm_de.tsv", "mgsm", "de"): (250, "18", None),
    ("multiling/mgsm_en.tsv", "mgsm", "en"): (250, "18", None),
    ("multiling/mgsm_es.tsv", "mgsm", "es"): (250, "18", None),
    ("multiling/mgsm_fr.tsv", "mgsm", "fr"): (250, "18", None),
    ("multiling/mgsm_ja.tsv", "mgsm", "ja"): (250, "18", None),
    ("multiling/mgsm_zh.tsv", "mgsm", "zh"): (250, "18", None),
}


@pytest.mark.parametrize(("name", "adapter", "language"), ANSWERS_ONLY)
def test_real_rows_without_solutions_are_read(real_data, name, adapter, language):
    real = source(adapter, language=language)
    problems = [
        ADAPTERS[adapter].read(record.value, real)
        for file in scan(str(real_data / name), header=has_header([], adapter))
        for split in file.splits
        for record in read_records(split)
        if record.value is not None
    ]
    assert all(row.question and row.answer and row.independent and not row.solutions for row in problems)
    assert {row.language for row in problems} == {language}
    assert (len(problems), problems[0].answer, problems[0].difficulty) == ANSWERS_ONLY[name, adapter, language]
