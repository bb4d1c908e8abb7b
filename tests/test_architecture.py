"""Who may import whom: the floors of the house, held by a walk over the syntax trees."""

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.house import PACKAGES, REPOSITORY, arrows, circles, imports_of, module_named, modules, room_of

MOST_LINES = 500
MOST_LINES_OF_THE_ORDER = 200  # of pipelines/curate.py: the order of the stages and nothing else
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "base", "misc"}
BELOW = ("pipelines/engine", "pipelines/text")  # what every other room of pipelines may stand on
LOOKS = ("validation.dataset.report", "validation.dataset.annotators")
"""what the pages of reviews and answers take from the report: how an example looks, and how agreement is measured"""
MAY_IMPORT = {
    "pipelines/text": (),
    "pipelines/engine": (),
    "pipelines/sources": BELOW,
    "pipelines/output": BELOW,
    "pipelines/review": (*BELOW, "pipelines/sources", "pipelines/output"),
    "pipelines/stages": (*BELOW, "pipelines/sources"),
}
"""the rooms of pipelines that a room may import beside itself; those that are not listed may import any"""


def below(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def broken_rules(where: str, imported: str) -> Iterator[str]:
    """The rules that an import breaks; `where` is the importing file's path below the repository."""
    room = where.split("/")[0]
    floors = {
        "schemas": ("mathmill", "validation", "pipelines", "training", "demo"),
        "validation": ("mathmill", "pipelines", "training", "demo"),
        "pipelines": ("mathmill", "training", "demo"),
        "training": ("mathmill", "pipelines", "demo"),
        "demo": ("mathmill",),
    }
    if below(imported, *floors.get(room, ())):
        yield f"{room} stands below or beside {imported.split('.')[0]}"
    if below(imported, "apache_beam") and room != "pipelines":
        yield "apache_beam only in pipelines"
    if below(imported, "torch", "transformers", "safetensors", "accelerate") and room != "training":
        yield "torch and transformers only in training"
    if below(imported, "great_expectations") and not where.startswith("validation/dataset/"):
        yield "great_expectations only in validation/dataset"
    if below(imported, "validation.dataset") and not (
        where in {"pipelines/validate.py", "pipelines/inspecting.py"}
        or where.startswith("validation/dataset/")
        or (
            where.startswith(("pipelines/review/", "training/answers_page.py", "training/curves_page.py"))
            and below(imported, *LOOKS)
        )
    ):
        yield "validation.dataset is imported by validate and its inspection alone; by pages for how a row looks"
    if below(imported, "starlette", "uvicorn") and not where.startswith("pipelines/review/"):
        yield "starlette and uvicorn only in pipelines/review"
    if room == "mathmill" and imported.split(".")[0] not in {"mathmill", *sys.stdlib_module_names}:
        yield "mathmill imports the standard library; rooms by name, when one is used"
    if room == "schemas" and not _light(where, imported):
        yield "schemas imports the standard library, pyarrow, pydantic and yaml"
    yield from _rules_of_pipelines(where, imported)


def _rules_of_pipelines(where: str, imported: str) -> Iterator[str]:
    mine, target = room_of(Path(where)), _room_of_import(imported)
    allowed = MAY_IMPORT.get("pipelines/stages" if mine.startswith("pipelines/stages/") else mine)
    if allowed is not None and target not in (None, mine, *allowed):
        yield f"{mine} may import {', '.join(allowed) or 'no other room'} of pipelines, not {target}"
    if target == "pipelines/__main__":
        yield "pipelines/__main__ is imported by nobody"


def _room_of_import(imported: str) -> str | None:
    """The room of pipelines that an import leads to; None for one that leads elsewhere, or to a package alone."""
    parts = imported.split(".")
    depth = 3 if parts[1:2] == ["stages"] else 2
    return "/".join(parts[:depth]) if parts[0] == "pipelines" and len(parts) >= depth else None


def _light(where: str, imported: str) -> bool:
    top = imported.split(".")[0]
    known = sys.stdlib_module_names | {"schemas", "pyarrow", "pydantic", "yaml"}
    return top in known or (top, where) in {("typer", "schemas/exits.py"), ("fsspec", "schemas/stores.py")}


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_imports_only_what_its_room_may(module: Path) -> None:
    imported = imports_of((REPOSITORY / module).read_text(encoding="utf-8"))
    assert [(name, rule) for name in imported for rule in broken_rules(str(module), name)] == []


def test_no_room_reaches_itself_through_others() -> None:
    assert circles(arrows()) == []
    assert circles({("a", "b"): 1, ("b", "c"): 1, ("c", "a"): 1}) == ["a", "b", "c"]


def test_an_arrow_leads_from_the_importing_room_to_the_imported() -> None:
    assert arrows()["pipelines/curate", "pipelines/engine"] == 1
    assert module_named("pipelines.engine.store.Store") is None  # a name in a module, seen as its module beside
    assert module_named("pipelines.engine.store") == Path("pipelines/engine/store.py")


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("pipelines/x.py", "import training.train"),
        ("training/x.py", "from pipelines import curate"),
        ("training/x.py", "import apache_beam as beam"),
        ("validation/x.py", "def f():\n    import torch.nn"),
        ("demo/x.py", "import torch"),
        ("demo/x.py", "from apache_beam import Create"),
        ("pipelines/x.py", "from transformers import AutoModel"),
        ("pipelines/x.py", "import great_expectations"),
        ("validation/answers/x.py", "import great_expectations.core"),
        ("pipelines/curate.py", "from validation.dataset import judge"),
        ("training/x.py", "from validation import dataset"),
        ("schemas/x.py", "import numpy"),
        ("schemas/config.py", "import typer"),
        ("schemas/place.py", "import fsspec"),
        ("schemas/x.py", "from validation.answers import compare"),
        ("pipelines/text/x.py", "from pipelines.engine.store import Store"),
        ("pipelines/engine/x.py", "from pipelines.text import words"),
        ("pipelines/sources/files/x.py", "from pipelines.output.write import Written"),
        ("pipelines/output/x.py", "from pipelines.stages.verify.stage import VerifyParts"),
        ("pipelines/stages/screen/x.py", "from pipelines.stages.select.criteria import select"),
        ("pipelines/stages/screen/x.py", "def f():\n    import pipelines.curate"),
        ("pipelines/cli/x.py", "from pipelines.__main__ import app"),
        ("pipelines/review/x.py", "from pipelines.cli.trace import print_trace"),
        ("pipelines/review/x.py", "from validation.dataset.gate import judge"),
        ("pipelines/cli/x.py", "from validation.dataset.report.samples import solution"),
        ("pipelines/cli/x.py", "def f():\n    import uvicorn"),
        ("mathmill/x.py", "from schemas.exits import UserError"),
        ("demo/x.py", "import mathmill"),
    ],
)
def test_the_rules_catch_what_they_forbid(where: str, source: str) -> None:
    assert [rule for one in imports_of(source) for rule in broken_rules(where, one)]


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("demo/x.py", "from training.train import train\nfrom pipelines.curate import curate"),
        ("pipelines/validate.py", "from validation.dataset import judge\nimport apache_beam"),
        ("training/x.py", "import torch\nfrom validation.answers import compare\nimport numpy"),
        ("schemas/exits.py", "def f():\n    import typer"),
        ("schemas/stores.py", "def f():\n    import fsspec"),
        ("schemas/x.py", "import json, pyarrow.compute"),
        ("pipelines/text/x.py", "from pipelines.text.words import Words"),
        ("pipelines/stages/screen/x.py", "from pipelines.sources.adapters.fields import find"),
        ("pipelines/stages/screen/x.py", "from pipelines.stages.screen.structure import check_order"),
        ("pipelines/curate.py", "from pipelines.stages import screen\nfrom pipelines.output.write import write_file"),
        ("pipelines/review/x.py", "from validation.dataset.report.samples import solution\nimport uvicorn"),
        ("mathmill/x.py", "import ast\nfrom mathmill.rooms import claim"),
    ],
)
def test_the_rules_let_pass_what_they_allow(where: str, source: str) -> None:
    assert [rule for one in imports_of(source) for rule in broken_rules(where, one)] == []


def test_typer_is_deferred_in_the_contract() -> None:
    tree = ast.parse((REPOSITORY / "schemas/exits.py").read_text(encoding="utf-8"))
    top = [name for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for name in imports_of(ast.unparse(node))]  # fmt: skip  # noqa: E501
    assert not [name for name in top if below(name, "typer")]


@pytest.mark.parametrize("room", ["mathmill", "schemas", "validation", "pipelines", "demo"])
def test_packages_are_imported_from_this_repository(room: str) -> None:
    module = importlib.import_module(room)
    assert module.__file__ == str(REPOSITORY / room / "__init__.py")


@pytest.mark.parametrize("module", modules(), ids=str)
def test_a_module_has_a_name_that_says_something_and_a_readable_length(module: Path) -> None:
    assert module.stem not in NAMES_THAT_SAY_NOTHING
    lines = (REPOSITORY / module).read_text(encoding="utf-8").splitlines()
    most = MOST_LINES_OF_THE_ORDER if module == Path("pipelines/curate.py") else MOST_LINES
    assert len(lines) <= most, f"{module}: {len(lines)} lines"


def unpackaged(patterns: dict[str, list[str]]) -> list[str]:
    """Files of the rooms that are neither code nor among the package data of an installed mathmill."""
    files = {path for room in PACKAGES for path in (REPOSITORY / room).rglob("*.*") if path.is_file()}
    files -= {path for path in files if path.suffix == ".py" or "__pycache__" in path.parts}
    for room, globs in patterns.items():
        files -= {path for pattern in globs for path in (REPOSITORY / room).glob(pattern)}
    return sorted(str(path.relative_to(REPOSITORY)) for path in files)


def test_an_installed_mathmill_has_every_file() -> None:
    setup = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert unpackaged(setup["package-data"]) == []
    assert "demo/demo.yaml" in unpackaged({})


@pytest.mark.parametrize("extra", ["curation", "training"])
def test_whoever_judges_installs_what_the_judge_needs(extra: str) -> None:
    """Without math-verify the remainder would be unknown without a word, and pass@1 too low."""
    listed = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    assert {"math-verify", "sympy"} <= {re.split(r"[\[<>=]", requirement)[0] for requirement in listed}


def test_tests_are_no_package() -> None:
    assert list((REPOSITORY / "tests").rglob("__init__.py")) == []
