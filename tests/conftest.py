import os
import sys
import uuid
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from validation.programs.zygote import take_signals_back

if TYPE_CHECKING:
    from tests.store_server import StoreServer
    from tests.validation.dataset.report.browser import Page

REPOSITORY = Path(__file__).resolve().parent.parent

# The same examples on every run, whatever the machine's speed: a change is judged by what it did, not by luck.
# `make test-all` explores new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
if not os.environ.get("MATHMILL_EXPLORE"):
    settings.load_profile("repeatable")


def pytest_configure() -> None:
    """Lets the processes of tests end at signals also where the suite was started to ignore them."""
    take_signals_back()


@pytest.fixture(scope="session", autouse=True)
def _stages_inspected_once() -> Iterator[None]:
    """Beam inspects a stage eight times a run, to the same end: more than a third of what a run of few rows costs."""
    userstate = sys.modules.get("apache_beam.transforms.userstate")
    if userstate is None:
        yield
        return
    inspected = weakref.WeakKeyDictionary[Any, Any]()
    inspect = userstate.get_dofn_specs

    def inspect_once(stage: object) -> object:
        if stage not in inspected:
            inspected[stage] = inspect(stage)
        return inspected[stage]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(userstate, "get_dofn_specs", inspect_once)
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The pack of real rows: $MATHMILL_DATA, else shared/data beside the repository."""
    folder = Path(os.environ.get("MATHMILL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "cot" / "gsm8k_train.jsonl").is_file():
        pytest.skip(f"REAL DATA MISSING: no rows at {folder}; set MATHMILL_DATA to run the tests on real facts")
    return folder


@pytest.fixture(scope="session")
def _store_server() -> Iterator["StoreServer"]:
    pytest.importorskip("moto", reason="NO S3 STORE: install moto[server] (the extra `dev`) to run these tests")
    from tests.store_server import StoreServer  # deferred: most tests need no store

    server = StoreServer()
    yield server
    server.stop()


@pytest.fixture
def store(_store_server: "StoreServer", monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator["StoreServer"]:
    """A sound S3 store where the libraries look for one; what is fetched from it is cached for this test alone."""
    for name, value in (("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"), ("ENDPOINT_URL", _store_server.url)):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield _store_server
    _store_server.heal()


@pytest.fixture
def bucket(store: "StoreServer") -> str:
    """The URL of an empty bucket."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    store.make_bucket(name)
    return f"s3://{name}"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Page"]:
    """A tab of a real browser; tests that take it bear the mark `NEEDS_BROWSER`."""
    from tests.validation.dataset.report.browser import browser  # deferred: most tests need no browser

    with browser(tmp_path_factory.mktemp("profile")) as page:
        yield page
