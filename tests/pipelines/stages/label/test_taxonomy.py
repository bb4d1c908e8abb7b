from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.sources.adapters.registry import ADAPTERS
from pipelines.stages.label.taxonomy import Taxonomy, Topic, taxonomies_of
from schemas.config import Source
from schemas.exits import UserError


def source(**fields: Any) -> Source:
    return Source.model_validate({"name": "s", "path": "x", "adapter": "columns", "licence": "MIT", **fields})


def own(folder: Path, topics: dict[str, Any], **more: Any) -> str:
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({"own": {"topics": topics, **more}}), encoding="utf-8")
    return str(path)


def test_the_built_in_taxonomies_know_labels_of_data_sets_in_both_languages() -> None:
    found = taxonomies_of([source(name="a", adapter="math"), source(name="b", adapter="math23k")], None)
    assert (found["a"].name, found["b"].name) == ("math", "k12")
    assert found["a"].topic_of("Counting & Probability") == "counting_and_probability"
    assert found["b"].topic_of("鸡兔同笼") == "chickens_and_rabbits"
    assert found["b"].topic_of("common-division") == "division"
    assert found["b"].topic_of("astronomy") is None
    assert found["b"].depth("primes") == 2


def test_a_source_has_the_taxonomy_that_it_names_or_none() -> None:
    sources = [source(name="a", taxonomy="k12"), source(name="b"), source(name="c", adapter="math", taxonomy="none")]
    assert {name: one.name for name, one in taxonomies_of(sources, None).items()} == {"a": "k12"}


def test_a_taxonomy_of_ones_own_stands_beside_the_built_in_ones(tmp_path: Path) -> None:
    path = own(tmp_path, {"knots": {"names": ["Knots"]}}, adapters=["columns"])
    found = taxonomies_of([source(name="a"), source(name="b", adapter="math")], path)
    assert (found["a"].topic_of("knots"), found["b"].name) == ("knots", "math")


def test_a_list_of_adapters_of_ones_own_stands_before_what_an_adapter_says(tmp_path: Path) -> None:
    path = own(tmp_path, {"knots": {"names": ["Knots"]}}, adapters=["math"])
    found = taxonomies_of([source(name="a", adapter="math"), source(name="b", adapter="tora")], path)
    assert (found["a"].name, found["b"].name) == ("own", "math")


def test_every_adapters_taxonomy_is_there() -> None:
    sources = [source(name=name, adapter=name) for name in ADAPTERS]
    found = {name: taxonomy.name for name, taxonomy in taxonomies_of(sources, None).items()}
    assert found == {name: adapter.taxonomy for name, adapter in ADAPTERS.items() if adapter.taxonomy}
    assert (found["prm800k"], found["cmath"], "columns" in found) == ("math", "k12", False)


def test_topics_with_few_rows_count_as_the_wider_topic() -> None:
    topics = {"a": Topic(names=["A"]), "b": Topic(names=["B"], within="a"), "c": Topic(names=["C"], within="b")}
    taxonomy = Taxonomy("t", topics)
    assert taxonomy.widen(["c", "c", "b", "a"], least=3) == ["b", "b", "b", "a"]
    assert taxonomy.widen(["c", "c", "b", "a"], least=4) == ["a", "a", "a", "a"]
    assert taxonomy.widen(["c", "c", "b", "a"], least=1) == ["c", "c", "b", "a"]


@pytest.mark.parametrize(
    ("topics", "telling"),
    [
        ({"a": {"names": ["A"], "within": "b"}, "b": {"names": ["B"], "within": "a"}}, "a cycle: a within b within a"),
        ({"a": {"names": ["A"], "within": "a"}}, "a cycle: a within a"),
        ({"a": {"names": ["A"], "within": "z"}}, "a is within z, which is no topic"),
        ({"a": {"names": ["X"]}, "b": {"names": ["x"]}}, "'x' names both a and b"),
        ({"a": {"names": []}}, "own.topics.a.names"),
        ({}, "own.topics"),
        ({"a": {"name": "A"}}, "own.topics.a"),
    ],
)
def test_a_broken_taxonomy_is_refused_in_one_line(tmp_path: Path, topics: dict[str, Any], telling: str) -> None:
    with pytest.raises(UserError) as told:
        taxonomies_of([source()], own(tmp_path, topics))
    assert telling in str(told.value)
    assert "\n" not in str(told.value)


def test_a_taxonomy_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="no taxonomy 'k13'; did you mean k12"):
        taxonomies_of([source(taxonomy="k13")], None)
