from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.review.opened import OpenedData, opened_data
from tests.pipelines.review.reviewing import questionable_data

ROWS = 24


@pytest.fixture(scope="session")
def questionable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of which 24 rows are quarantined and nine are kept. Read only."""
    return questionable_data(tmp_path_factory.mktemp("questionable"), ROWS)


@pytest.fixture
def opened(questionable: Path) -> Iterator[OpenedData]:
    with opened_data(questionable) as data:
        yield data
