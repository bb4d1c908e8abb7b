"""The dataset card: README.md of a data set. Its YAML header makes `datasets.load_dataset(DATA)` find the splits.

Without the header the library takes one of the JSON files for a split (measured), so the card is part of the data.
"""

import pyarrow as pa
import yaml

from schemas.example import EXAMPLE_SCHEMA
from schemas.manifest import Manifest
from schemas.reason import meaning_of


def dataset_card(manifest: Manifest) -> str:
    """Writes the card of a data set from its manifest alone."""
    return "\n".join(["---", _header(manifest).rstrip(), "---", *_body(manifest), ""])


def _header(manifest: Manifest) -> str:
    splits = [split for split, rows in manifest.splits.items() if rows]
    header = {
        "pretty_name": "Curated mathematics problems",
        "task_categories": ["text-generation"],
        "tags": ["mathematics", "supervised-fine-tuning", *manifest.formats],
        "license": "other",
        "license_name": manifest.licence,
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"shards/{split}-*.arrow"} for split in splits],
            }
        ],
    }
    return yaml.safe_dump(header, sort_keys=False, allow_unicode=True)


def _body(manifest: Manifest) -> list[str]:
    counts = manifest.counts
    draft = ["", "> **DRAFT**: refusals were turned into warnings when this was made."] if manifest.draft else []
    return [
        "",
        "# Curated mathematics problems",
        *draft,
        "",
        f"{counts.rows:,} rows gave {counts.candidates:,} candidates = {counts.kept:,} kept + "
        f"{counts.removed:,} removed + {counts.quarantined:,} quarantined.",
        "",
        *_table("format", manifest.formats),
        "",
        *_table("source", manifest.sources),
        "",
        "| split | examples |",
        "|---|---:|",
        *(f"| {split} | {rows:,} |" for split, rows in manifest.splits.items()),
        "",
        "| reason | candidates | meaning |",
        "|---|---:|---|",
        *(
            f"| {reason} | {number:,} | {meaning_of(reason)} |"
            for reason, number in manifest.rejected_by_reason.items()
        ),
        "",
        *_labels(manifest),
        *_columns(),
        "",
        f"Licence: {manifest.licence}. Schema {manifest.schema_version}, fingerprint `{manifest.fingerprint}`.",
        "",
        "Made by mathmill. Why any row is missing: `mathmill trace DATA ID`, or `ledger/`.",
    ]


def _columns() -> list[str]:
    """What each column holds, fields of structs included."""
    lines = ["| column | type | meaning |", "|---|---|---|"]
    for field in EXAMPLE_SCHEMA:
        inner = list(field.type) if pa.types.is_struct(field.type) else []
        kind = "struct" if inner else field.type
        lines.append(f"| {field.name} | {kind} | {_meaning(field)} |")
        lines += [f"| {field.name}.{child.name} | {child.type} | {_meaning(child)} |" for child in inner]
    return lines


def _meaning(field: pa.Field) -> str:
    return field.metadata[b"doc"].decode().replace("|", "\\|")


def _labels(manifest: Manifest) -> list[str]:
    """How topics and difficulties that no source gives were predicted, or why they were not."""
    lines = []
    for model in manifest.labels:
        macro_f1 = model["macro_f1"]
        measured = "too few rows to measure" if macro_f1 is None else f"macro-F1 {macro_f1:.2f} on held-out rows"
        became = f"{model['predicted']:,} predicted" if model["predicted"] else "none predicted"
        lines.append(
            f"Missing {model['column']} ({model['taxonomy']}, {model['language']}): {became}; {model['method']}, "
            f"fitted on {model['rows']:,} labelled rows, {measured}."
        )
    return [*lines, ""] if lines else []


def _table(name: str, lines: object) -> list[str]:
    assert isinstance(lines, dict), lines
    return [
        f"| {name} | candidates | kept | removed | quarantined |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {key} | {counts.candidates:,} | {counts.kept:,} | {counts.removed:,} | {counts.quarantined:,} |"
            for key, counts in lines.items()
        ),
    ]
