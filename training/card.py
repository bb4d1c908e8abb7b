"""The model card: what this model was trained on and for, with the figures of the run."""

import json
from pathlib import Path

from training.results import StepMetrics
from training.runfile import RUN


def write_card(folder: Path, run: Path, last: StepMetrics | None, held: StepMetrics | None) -> None:
    """Writes README.md with the YAML header of a model card, and run.json beside it."""
    text = (run / RUN).read_text(encoding="utf-8")
    facts = json.loads(text)
    base = facts["train"]["model"]
    header = ["---", "library_name: transformers", "pipeline_tag: text-generation"]
    if isinstance(base, str) and not Path(base).exists():
        header.append(f"base_model: {base}")
    lines = [*header, "tags: [mathematics, sft, mathmill]", "---", "", "# A model trained by mathmill", ""]
    if facts["draft"]:
        lines += ["DRAFT: trained on data without a passed verdict.", ""]
    lines += [
        f"- started from: {base if isinstance(base, str) else 'random weights'}",
        f"- objective: {facts['objective']}; {facts['output_length']}",
        *(f"- data: {record['path']}, fingerprint {record['fingerprint']}" for record in facts["data"]),
    ]
    if last:
        lines.append(f"- J over the examples of the last step ({last.step}): {last.objective:.4f} nats per token")
    if held:
        lines.append(f"- J on {held.examples} heldout examples: {held.objective:.4f} nats per token")
    lines += ["", "Everything that went into it stands in run.json.", ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")
    (folder / RUN).write_text(text, encoding="utf-8")
