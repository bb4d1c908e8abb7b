"""The model card: what this model was trained on and for, with the figures of the run."""

import json
from dataclasses import replace
from pathlib import Path

from schemas.problem import Format
from schemas.transcript import OUTPUT_FENCE
from training.chat import ChatLayout
from training.results import StepMetrics
from training.runfile import RUN
from training.shards import Examples


def write_card(
    folder: Path,
    run: Path,
    layout: ChatLayout,
    examples: Examples,
    last: StepMetrics | None,
    heldout: StepMetrics | None,
) -> None:
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
    if heldout:
        lines.append(f"- J on {heldout.examples} heldout examples: {heldout.objective:.4f} nats per token")
    lines += ["", *_asking(layout, examples), "Everything that went into it stands in run.json.", ""]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")
    (folder / RUN).write_text(text, encoding="utf-8")


def _asking(layout: ChatLayout, examples: Examples) -> list[str]:
    """What stood before the responses that the model learned, to the letter, as in one example of each format."""
    first = {example.format: example for example in examples.take(examples.first_of_each("format"))}
    lines = ["## How to ask it", "", f"It learned to end with `{layout.stop_token}`, and to answer prompts like these."]
    for form, example in first.items():
        lines += [
            "",
            f"{form}:",
            "",
            "~~~~",
            layout.uncut(layout.prompt(replace(example, question="{question}"))),
            "~~~~",
        ]
    if Format.TIR in first:
        fence = OUTPUT_FENCE.strip()
        lines += ["", f"What stands behind a line `` {fence} `` is not the model's: stop, run its program, go on."]
    return [*lines, ""]
