"""What docs/own-rules.md shows is what stands in examples/, and prints what stands there."""

import shlex
import shutil
from dataclasses import fields
from pathlib import Path

from schemas.own_rules import Candidate
from tests.docs.reading import REPOSITORY, read_document
from tests.docs.test_first_steps import run, shows, steps

PAGE = (REPOSITORY / "docs" / "own-rules.md").read_text(encoding="utf-8")


def test_the_page_shows_the_examples() -> None:
    shown = {block.language: block.text.rstrip() for block in read_document(PAGE).blocks}
    for language, name in (("python", "own_rules.py"), ("yaml", "own_rules.yaml")):
        assert shown[language] == (REPOSITORY / "examples" / name).read_text(encoding="utf-8").rstrip()


def test_the_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    (console,) = (block.lines for block in read_document(PAGE).blocks if block.language == "console")
    for command, shown in steps(console):
        _, *arguments = shlex.split(command)
        assert shows(run(["-m", "mathmill", *arguments], tmp_path), shown)


def test_every_field_of_a_candidate_is_told_of() -> None:
    assert [given.name for given in fields(Candidate) if f"`{given.name}`" not in PAGE] == []
