import pytest

from pipelines.sources.catalogue import catalogue, resolve
from schemas.config import Benchmark
from schemas.exits import UserError


def test_every_public_benchmark_has_a_name():
    assert {"gsm8k", "math", "math500", "aime24", "aime25", "amc23", "minerva", "olympiadbench"} <= set(catalogue())
    assert {"svamp", "aqua", "mgsm", "cmath"} <= set(catalogue())


def test_a_name_resolves_to_a_pinned_table():
    assert resolve("gsm8k").question == "question"
    assert resolve("gsm8k").path.endswith("revision=e53f048856ff4f594e959d75785d2c2d37b678ee")


def test_a_table_is_its_own_answer():
    own = Benchmark(name="mine", path="items.jsonl")
    assert resolve(own) is own


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UserError, match=r"no benchmark is called 'gsm8'; did you mean gsm8k\?"):
        resolve("gsm8")
