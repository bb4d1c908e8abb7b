"""Pages that come from the code say what the code says."""

import re
from pathlib import Path

import pytest

from docs.pages import DOCUMENTS, generated
from docs.rooms import BEGIN, END, packages, purpose_of, with_rooms
from docs.tables import table
from schemas.config import Config
from schemas.reason import RULES
from tests.docs.reading import REPOSITORY


@pytest.mark.parametrize("name", generated())
def test_a_generated_page_is_fresh(name: str):
    assert (DOCUMENTS / name).read_text(encoding="utf-8") == generated()[name], "stale: run `python -m docs`"


def test_every_key_of_every_table_stands_on_the_page():
    page = (DOCUMENTS / "config.md").read_text(encoding="utf-8")
    schema = Config.model_json_schema()
    for model in [schema, *schema["$defs"].values()]:
        for key in model.get("properties", {}):
            assert f"| `{key}` |" in page, key


@pytest.mark.parametrize(
    "row",
    [
        "| `heldout` | number, at least 0, below 1 | `0.02` | expected share of templates in the heldout split |",
        "| `limit` | number, 0 to 1 | `0.5` | share of a source's candidates that one reason may take |",
        r"| `outputs` | `keep` \| `check` \| `regenerate` | `check` |",
        "| `model` | text or [table](#trainmodel) | *required* |",
        "| `kv_heads` | whole number, at least 1; or null | `null` |",
        "| `gsm8k` | Reads a row of openai/grade-school-math: question, answer. |",
        "| `betas` | list of 2: number, number | `[0.9, 0.95]` |",
    ],
)
def test_type_range_and_default_are_those_of_the_model(row: str):
    assert row in generated()["config.md"]


def test_every_reason_stands_in_the_table_with_its_stage_and_outcome():
    page = (DOCUMENTS / "reasons.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \|", page, re.MULTILINE)
    assert rows == [(reason.value, rule.stage.value, rule.outcome.value) for reason, rule in RULES.items()]


def test_the_rooms_are_the_packages_of_the_repository():
    names = [package.relative_to(REPOSITORY).as_posix() for package in packages(REPOSITORY)]
    assert {"schemas", "validation", "validation/programs", "pipelines", "training", "demo"} <= set(names)
    assert not any(name.startswith(("tests", ".")) for name in names)


def test_a_new_room_changes_the_page_and_needs_a_docstring(tmp_path: Path):
    (tmp_path / "cellar").mkdir()
    docstring = tmp_path / "cellar" / "__init__.py"
    docstring.write_text('"""What lies\nbelow.\n\nMore of it."""\n')
    page = with_rooms(f"before\n{BEGIN}\nold\n{END}\nafter\n", tmp_path)
    assert "| [cellar](../cellar/__init__.py) | What lies below. |" in page
    assert "old" not in page
    assert (page.startswith("before\n"), page.endswith("\nafter\n")) == (True, True)
    docstring.write_text("")
    with pytest.raises(ValueError, match="has no docstring"):
        purpose_of(tmp_path / "cellar")


def test_a_cell_holds_bars_line_ends_and_tags_as_text():
    assert table(("a",), [("x | y\nz <b> `<c>`",)]) == "| a |\n| --- |\n| x \\| y z &lt;b> `<c>` |"
