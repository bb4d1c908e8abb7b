"""A module's test is found where the module's path says, and a file name means one thing in the house."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.house import REPOSITORY, modules

EVERYWHERE = {"__init__.py", "__main__.py", "stage.py"}  # each stage room has its stage.py
UNMIRRORED = {
    "pipelines/curate.py",  # tests/pipelines/test_stages.py, tests/pipelines/whole
    "pipelines/passes.py",  # tests/pipelines/test_stages.py, tests/pipelines/whole
    "pipelines/engine/rejection.py",  # two records without a function
}
"""modules without a test module of their own, and what reaches them"""


def without_mirror(paths: Iterable[Path]) -> set[str]:
    """The modules of pipelines that have no test module in the mirrored place."""
    own = (path for path in paths if path.parts[0] == "pipelines" and path.name not in ("__init__.py", "__main__.py"))
    return {str(path) for path in own if not (REPOSITORY / "tests" / path.parent / f"test_{path.name}").is_file()}


def test_every_module_of_pipelines_has_its_test_where_its_path_says() -> None:
    assert without_mirror(modules()) == UNMIRRORED
    assert without_mirror([Path("pipelines/engine/unheard_of.py")]) == {"pipelines/engine/unheard_of.py"}


def repeated_names(paths: Iterable[Path]) -> list[str]:
    """File names that stand twice."""
    counts = Counter(path.name for path in paths if path.name not in EVERYWHERE)
    return sorted(name for name, number in counts.items() if number > 1)


def test_a_file_name_stands_once() -> None:
    assert repeated_names(modules()) == []
    assert repeated_names([Path("a/x.py"), Path("b/x.py"), Path("a/stage.py"), Path("b/stage.py")]) == ["x.py"]
