import os
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# The same examples on every run, whatever the machine's speed: a change is judged by what it did, not by luck.
# `make test-all` explores new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
if not os.environ.get("MATHMILL_EXPLORE"):
    settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The pack of real rows: $MATHMILL_DATA, else shared/data beside the repository."""
    folder = Path(os.environ.get("MATHMILL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "cot" / "gsm8k_train.jsonl").is_file():
        pytest.skip(f"REAL DATA MISSING: no rows at {folder}; set MATHMILL_DATA to run the tests on real facts")
    return folder
