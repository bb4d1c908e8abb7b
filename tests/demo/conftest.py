from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo_yaml() -> Path:
    return Path(__file__).resolve().parent.parent.parent / "demo" / "demo.yaml"
