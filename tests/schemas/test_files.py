from pathlib import Path

import pytest

from schemas.files import as_paths


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ("DATA", [Path("DATA")]),
        (Path("DATA"), [Path("DATA")]),
        (["a", Path("b")], [Path("a"), Path("b")]),
        ((), []),
    ],
)
def test_one_place_or_several_are_paths(given, paths):
    assert as_paths(given) == paths
