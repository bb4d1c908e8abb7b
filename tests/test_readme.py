"""The README is the product's face: what it lists must exist, and what exists must be listed."""

import re
import tomllib
from hashlib import sha256
from pathlib import Path

from mathmill import VERBS
from schemas.manifest import CODE_VERSION
from schemas.reason import RULES

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_every_reason_stands_in_the_table_with_its_stage_and_outcome():
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \|", README, re.MULTILINE)
    assert rows == [(reason.value, rule.stage.value, rule.outcome.value) for reason, rule in RULES.items()]


def test_the_version_is_one():
    packaged = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert packaged == CODE_VERSION


def test_the_licence_that_the_package_names_stands_beside_it_to_the_letter():
    named = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["license"]
    published = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # the standard text
    assert (named, sha256((REPOSITORY / "LICENSE").read_bytes()).hexdigest()) == ("Apache-2.0", published)


def test_every_verb_is_shown():
    for verb in VERBS:
        assert f"mathmill {verb}" in README, verb
