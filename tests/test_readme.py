"""The README is the product's face: short, true, and one with what stands behind it."""

import json
import tomllib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mathmill.__main__ import VERBS
from schemas.manifest import CODE_VERSION

REPOSITORY = Path(__file__).resolve().parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
MOST_BYTES = 10_000


def test_it_is_read_in_a_few_minutes():
    assert len(README.encode()) <= MOST_BYTES


def test_the_version_is_one():
    packaged = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    assert packaged == CODE_VERSION


def test_the_newest_version_has_its_place_among_the_changes():
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {CODE_VERSION}\n" in changes


def test_the_licence_that_the_package_names_stands_beside_it_to_the_letter():
    named = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["license"]
    published = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"  # the standard text
    assert (named, sha256((REPOSITORY / "LICENSE").read_bytes()).hexdigest()) == ("Apache-2.0", published)


def test_every_verb_is_shown():
    commands = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    for verb in VERBS:
        assert f"mathmill {verb}" in commands, verb


def test_the_config_of_the_first_steps_is_the_example():
    assert (REPOSITORY / "examples" / "chats.yaml").read_text(encoding="utf-8") in README


def measured(name: str) -> dict[str, Any]:
    return json.loads((REPOSITORY / "benchmarks" / "results" / f"{name}.json").read_text())


def _judged(name: str) -> str:
    kinds = measured("judge")[name].values()
    return " / ".join(f"{sum(kind[key] for kind in kinds):,}" for key in ("wrong_accepts", "wrong_rejects", "unknown"))


def _seconds(beside: str, label: str) -> str:
    costs = {cost["label"]: cost["cpu_s"] for cost in measured(f"identity_beside_{beside}")["costs"]}
    return f"{costs[label]:.0f}"


def compared() -> list[tuple[str, str]]:
    """What README should say of us and of the other, by row of its comparison, from the results."""
    near, again = measured("identity_beside_datatrove"), measured("identity_beside_data_juicer")
    peer, juicer = near["peer math"], again["peer default"]
    return [
        (f"{near['precision']}", f"{peer['precision']}"),
        (f"{near['variants_removed']}", f"{peer['variants_removed']:,}"),
        (_seconds("datatrove", "curate"), _seconds("datatrove", "peer math")),
        (f"{again['precision']}", f"{juicer['precision']:.3f}"),
        (f"{again['recall']['exact']:.2%}".replace("%", " %"), f"{juicer['recall']['exact']:.2%}".replace("%", " %")),
        (_seconds("data_juicer", "curate"), _seconds("data_juicer", "peer default")),
        (_judged("ours"), _judged("math_verify")),
        (f"{measured('train_trl')['cases'][0]['ours_over_trl']:.2f} times", "1"),
    ]


@pytest.mark.parametrize("ours_and_theirs", compared(), ids=lambda pair: " beside ".join(pair))
def test_the_comparison_says_what_was_measured(ours_and_theirs: tuple[str, str]):
    ours, theirs = ours_and_theirs
    assert f"| {ours} | {theirs} |" in README


def test_the_public_data_gave_what_was_measured():
    result = measured("curate")
    counts = {name: f"{number:,}" for name, number in result["counts"].items()}
    (cost,) = result["costs"]
    sum_of_rows = (
        "{rows} rows gave {candidates} candidates = {kept} kept + {removed} removed + {quarantined} quarantined"
    )
    assert sum_of_rows.format(**counts) in README
    assert f"takes {cost['wall_s']:.0f} s and {cost['peak_mb']:.0f} MB" in README
