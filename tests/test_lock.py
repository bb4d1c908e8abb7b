"""The lock file says what is installed: it follows the project, every file has its hash, and torch stands apart."""

import re
import tomllib
from pathlib import Path

import pytest

from benchmarks.lock import (
    CONSTRAINTS,
    EXTRA,
    LOCK,
    PROJECT,
    REPOSITORY,
    asked_for,
    header_of,
    requirements_in,
    without_torch,
)

_REQUIREMENT = re.compile(
    r"([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==(\S+)(?: ; ([^\\]+))? \\\n((?:    --hash=\S+(?: \\\n|\Z))+)"
)


@pytest.fixture(scope="module")
def lock() -> str:
    return (REPOSITORY / LOCK).read_text(encoding="utf-8")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def versions_in(lock: str) -> dict[str, str]:
    found = (_REQUIREMENT.fullmatch(requirement) for requirement in requirements_in(lock))
    return {plain(match[1]): match[2] for match in found if match}


def pins() -> dict[str, str]:
    lines = (REPOSITORY / CONSTRAINTS).read_text(encoding="utf-8").splitlines()
    return {plain(name): version for name, equals, version in (line.partition("==") for line in lines) if equals}


def test_the_lock_was_made_of_what_the_project_asks_for(lock: str) -> None:
    assert lock.partition("\n")[0] == header_of(asked_for()), "make lock"


def test_another_dependency_or_pin_makes_a_lock_stale_and_another_rule_of_the_linter_does_not(tmp_path: Path) -> None:
    project, constraints = ((REPOSITORY / name).read_text(encoding="utf-8") for name in (PROJECT, CONSTRAINTS))

    def digest(project: str, constraints: str) -> str:
        (tmp_path / PROJECT).write_text(project, encoding="utf-8")
        (tmp_path / CONSTRAINTS).write_text(constraints, encoding="utf-8")
        return asked_for(tmp_path)

    assert digest(project, constraints) == asked_for()
    assert digest(project.replace("line-length = 120", "line-length = 100"), f"# new\n{constraints}") == asked_for()
    assert digest(project.replace('"rich>=13.9"', '"rich>=14"'), constraints) != asked_for()
    assert digest(project, constraints.replace("rich==", "rich==9")) != asked_for()


def test_every_package_of_the_lock_has_a_version_and_hashes(lock: str) -> None:
    unread = [requirement for requirement in requirements_in(lock) if not _REQUIREMENT.fullmatch(requirement)]
    assert unread == []
    assert _REQUIREMENT.fullmatch("rich==15.0.0") is None


def test_the_lock_holds_the_pinned_versions_of_all_that_the_project_asks_for(lock: str) -> None:
    locked, pinned = versions_in(lock), pins()
    assert {name: locked[name] for name in locked.keys() & pinned.keys()} == {
        name: pinned[name] for name in locked.keys() & pinned.keys()
    }
    assert asked_by(EXTRA) - locked.keys() == {"torch"}


def asked_by(extra: str) -> set[str]:
    """The packages that the project and an extra of it ask for by name."""
    project = tomllib.loads((REPOSITORY / PROJECT).read_text(encoding="utf-8"))["project"]
    names, waiting = set(), [*project["dependencies"], f"mathmill[{extra}]"]
    while waiting:
        requirement = waiting.pop()
        if own := re.fullmatch(r"mathmill\[(.+)\]", requirement):
            waiting += [each for name in own[1].split(",") for each in project["optional-dependencies"][name]]
        else:
            names.add(plain(re.split(r"[\[<>=!~ ;]", requirement)[0]))
    return names


def test_torch_and_the_builds_that_it_brings_are_left_out() -> None:
    made = "rich==15.0.0 \\\n    --hash=sha256:aa\ntorch==2.13.0 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    more = "nvidia-nvtx==13.0 ; os_name == 'posix' \\\n    --hash=sha256:dd\ntorchmetrics==1 \\\n    --hash=sha256:ee\n"
    left = "rich==15.0.0 \\\n    --hash=sha256:aa\ntorchmetrics==1 \\\n    --hash=sha256:ee\n"
    assert without_torch(f"# made by uv\n{made}{more}") == left
