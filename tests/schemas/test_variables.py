"""What the environment gave a config is used by value and recorded by name."""

import pytest

from schemas.exits import UserError
from schemas.variables import Variables


@pytest.fixture
def variables(monkeypatch):
    monkeypatch.setenv("STORE", "https://host/key=s3cret")
    variables = Variables()
    node = {"sources": [{"path": "${STORE}/rows", "seed": 3}, "plain"]}
    assert variables.expand(node) == {"sources": [{"path": "https://host/key=s3cret/rows", "seed": 3}, "plain"]}
    return variables


@pytest.mark.parametrize(
    ("place", "recorded"),
    [
        ("https://host/key=s3cret/rows", "${STORE}/rows"),
        ("https://host/key=s3cret/rows/a.jsonl", "${STORE}/rows/a.jsonl"),
        ("https://host/key=s3cret/rows2", "https://host/key=s3cret/rows2"),
        ("plain", "plain"),
    ],
)
def test_a_place_is_recorded_as_the_file_has_it(variables, place, recorded):
    assert variables.hide(place) == recorded


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(UserError, match="NO_SUCH_VARIABLE is not set"):
        Variables().expand(["${NO_SUCH_VARIABLE}"])
