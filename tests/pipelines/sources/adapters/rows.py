"""Records read by an adapter, as its tests want them: the problem, the refusal, the segments laid out."""

import pytest

from pipelines.sources.adapters.registry import ADAPTERS, Unreadable
from schemas.config import Source
from schemas.problem import Problem
from schemas.reason import Reason


def source(adapter: str, **settings) -> Source:
    return Source.model_validate({"name": "mine", "path": "x", "adapter": adapter, "licence": "MIT", **settings})


def read(adapter: str, record: dict, **settings) -> Problem:
    return ADAPTERS[adapter].read(record, source(adapter, **settings))


def refusal(adapter: str, record: dict, **settings) -> tuple[Reason, str]:
    with pytest.raises(Unreadable) as caught:
        read(adapter, record, **settings)
    return caught.value.reason, caught.value.detail


def laid_out(problem: Problem, solution: int = 0) -> list[tuple[str, str]]:
    return [(segment.kind.value, segment.text) for segment in problem.solutions[solution].segments]
