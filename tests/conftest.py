import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The pack of real rows: $MATHMILL_DATA, else shared/data beside the repository."""
    folder = Path(os.environ.get("MATHMILL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "cot" / "gsm8k_train.jsonl").is_file():
        pytest.skip(f"REAL DATA MISSING: no rows at {folder}; set MATHMILL_DATA to run the tests on real facts")
    return folder
