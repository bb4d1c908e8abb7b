"""README.md of a data set: what libraries read in its header, and people below."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.output.data_card import dataset_card
from schemas.example import EXAMPLE_SCHEMA
from schemas.manifest import Manifest, read_manifest


@pytest.fixture
def manifest(tiny_data: Path) -> Manifest:
    return read_manifest(tiny_data)


def header_of(card: str) -> dict[str, Any]:
    _, header, _ = card.split("---\n", 2)
    found = yaml.safe_load(header)
    assert isinstance(found, dict)
    return found


def cells(card: str, first: str) -> list[str]:
    """The cells of the line of a table that begins with a word."""
    (line,) = [line for line in card.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_card_that_is_published_is_made_of_the_manifest_alone(tiny_data: Path, manifest: Manifest) -> None:
    assert (tiny_data / "README.md").read_text(encoding="utf-8") == dataset_card(manifest)


def test_the_header_names_the_splits_that_have_examples_and_their_files(manifest: Manifest) -> None:
    header = header_of(dataset_card(manifest))
    files = [{"split": split, "path": f"shards/{split}-*.arrow"} for split in ("train", "heldout")]
    assert header["configs"] == [{"config_name": "default", "data_files": files}]
    assert header["license_name"] == manifest.licence
    one = manifest.model_copy(update={"splits": {"train": 3, "heldout": 0}})
    assert [file["split"] for file in header_of(dataset_card(one))["configs"][0]["data_files"]] == ["train"]


def test_a_licence_that_yaml_would_read_as_something_else_stays_text(manifest: Manifest) -> None:
    for licence in ("no", "1.0", "a: b", "- x", "MIT AND CC-BY-4.0", "Lizenz für Schulen"):
        card = dataset_card(manifest.model_copy(update={"licence": licence}))
        assert header_of(card)["license_name"] == licence


def test_the_tables_hold_the_manifests_counts(manifest: Manifest) -> None:
    card = dataset_card(manifest)
    counts = manifest.counts
    assert f"{counts.rows} rows gave {counts.candidates} candidates = {counts.kept} kept" in card
    for name, line in [*manifest.formats.items(), *manifest.sources.items()]:
        assert cells(card, name) == [name, *(str(number) for number in line.model_dump().values())]
    for reason, number in manifest.rejected_by_reason.items():
        assert cells(card, reason)[:2] == [reason, str(number)]
    assert len({*manifest.removed_by_reason} & {*manifest.quarantined_by_reason}) == 0


def test_every_column_is_explained_with_the_fields_inside(manifest: Manifest) -> None:
    card = dataset_card(manifest).partition("| column | type | meaning |")[2]
    for field in EXAMPLE_SCHEMA:
        name, kind, *meaning = cells(card, field.name)
        assert (name, bool("".join(meaning))) == (field.name, True)
        assert kind in ("struct", str(field.type))
    assert cells(card, "quality.steps")[:2] == ["quality.steps", "int32"]


LABELS = {"column": "topic", "taxonomy": "math", "language": "en", "method": "a linear model", "rows": 1200}


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (
            {"macro_f1": 0.789, "predicted": 1500},
            "1,500 predicted; a linear model, fitted on 1,200 labelled rows, macro-F1 0.79 on held-out rows.",
        ),
        (
            {"macro_f1": 0.2, "predicted": 0},
            "none predicted; a linear model, fitted on 1,200 labelled rows, macro-F1 0.20",
        ),
        ({"macro_f1": None, "predicted": 0}, "fitted on 1,200 labelled rows, too few rows to measure."),
    ],
)
def test_how_labels_were_predicted_is_told(manifest: Manifest, measured: dict[str, Any], said: str) -> None:
    card = dataset_card(manifest.model_copy(update={"labels": [LABELS | measured]}))
    (line,) = [line for line in card.splitlines() if line.startswith("Missing topic (math, en): ")]
    assert said in line
    assert "Missing topic" not in dataset_card(manifest.model_copy(update={"labels": []}))


def test_a_draft_says_so_before_anything_else(manifest: Manifest) -> None:
    assert "DRAFT" not in dataset_card(manifest)
    body = dataset_card(manifest.model_copy(update={"draft": True})).split("---\n", 2)[2]
    assert body.index("**DRAFT**") < body.index("rows gave")
