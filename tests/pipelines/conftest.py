from pathlib import Path

import pytest

from pipelines.curate import curate
from tests.tiny import the_config


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set of `tests.tiny.the_config`, curated once a session; its rows stand beside it. Read only."""
    folder = tmp_path_factory.mktemp("tiny")
    curate(the_config(folder), folder / "data")
    return folder / "data"
