"""What is exported, loaded into real TRL: tokens and masks beside our own, one by one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from transformers import PreTrainedTokenizerBase

from pipelines.cli.export import export_data
from pipelines.curate import curate
from schemas.config import FreshModel
from schemas.problem import Format
from tests.tiny import config_of, marbles, source, write_rows
from training import shards
from training.chat import ChatLayout
from training.encode import encode
from training.fresh import fit_tokenizer

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning")
trl = pytest.importorskip("trl", reason="NO TRL: install trl to hold the export against the trainer that reads it")

# Lays out calls and tools as schemas/transcript does; what stands between the generation marks bears loss.
TEMPLATE = """
{%- for m in messages -%}
{%- if m.role == 'assistant' -%}
{{- '' if loop.index0 and messages[loop.index0 - 1].role == 'tool' else '<|im_start|>assistant\n' -}}
{%- generation -%}
{{- m.content -}}
{%- for call in m.tool_calls or [] -%}
{{- '\n' if m.content else '' -}}
{{- '```python\n' + call.function.arguments.code + '\n```\n```output\n' -}}
{%- endfor -%}
{{- '' if m.tool_calls else '<|im_end|>' -}}
{%- endgeneration -%}
{%- elif m.role == 'tool' -%}{{- m.content + '\n```\n' -}}
{%- else -%}{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' -}}
{%- endif -%}
{%- endfor -%}
{{- '<|im_start|>assistant\n' if add_generation_prompt else '' -}}
"""


def chats() -> Iterator[dict[str, Any]]:
    """Chains of thought under a system turn."""
    for n in range(4):
        yield {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": f"What is {n} plus 15?"},
                {"role": "assistant", "reasoning": f"I add {n} and 15.", "content": f"It is \\boxed{{{n + 15}}}."},
            ]
        }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trl")
    school = source(write_rows(folder / "school.jsonl", marbles(4)), derive=["pot", "tir"])
    panel = source(write_rows(folder / "chats.jsonl", list(chats())), "panel", adapter="messages")
    curate(config_of(school, panel, heldout=0.0), folder / "data")
    return folder / "data"


@pytest.fixture(scope="module")
def tokenizer(data: Path) -> PreTrainedTokenizerBase:
    fitted = fit_tokenizer(shards.open(data, draft=True), FreshModel(vocabulary=400), context=256)
    return type(fitted)(
        tokenizer_object=fitted.backend_tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        chat_template=TEMPLATE,
    )


def prepared(
    rows: datasets.Dataset, tokenizer: PreTrainedTokenizerBase, folder: Path, **settings: Any
) -> datasets.Dataset:
    """The rows as TRL's own trainer prepares them."""
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    arguments = trl.SFTConfig(
        output_dir=str(folder), max_length=None, report_to=[], use_cpu=True, bf16=False, **settings
    )
    trainer = trl.SFTTrainer(
        model=LlamaForCausalLM(shape), args=arguments, train_dataset=rows, processing_class=tokenizer
    )
    return trainer.train_dataset


def loaded(data: Path, folder: Path, *, to: str, file_format: str) -> datasets.Dataset:
    ((path, _),) = export_data(data, to=to, file_format=file_format, output=folder / "out", draft=True)
    loader = "json" if file_format == "jsonl" else file_format
    return datasets.load_dataset(loader, data_files=str(path), split="train", cache_dir=str(folder / "cache"))


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_trl_learns_from_the_tokens_that_we_learn_from(
    file_format: str, data: Path, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    rows = loaded(data, tmp_path, to="messages", file_format=file_format)
    found = prepared(rows, tokenizer, tmp_path, assistant_only_loss=True)
    examples = shards.open(data, draft=True)
    ours = encode(examples.rows(0, len(examples)), ChatLayout(tokenizer), supervise_think=True)
    assert set(rows["format"]) == set(Format)
    assert rows["id"] == examples.ids()
    for form, row, own in zip(rows["format"], found, ours, strict=True):
        assert row["input_ids"] == own.tokens.tolist(), form
        assert learned(row) == own.supervised.tolist(), form
    whole = [learned(row) for row in prepared(rows, tokenizer, tmp_path, assistant_only_loss=False)]
    assert whole != [own.supervised.tolist() for own in ours]  # the control


def learned(row: dict[str, Any]) -> list[int]:
    """Which tokens of a row of TRL bear loss."""
    labels = row.get("labels") or row["input_ids"]
    return [int(label != -100) for label in labels]


def test_trl_reads_prompt_and_completion(data: Path, tokenizer: PreTrainedTokenizerBase, tmp_path: Path) -> None:
    rows = loaded(data, tmp_path, to="prompt_completion", file_format="jsonl")
    found = prepared(rows, tokenizer, tmp_path)
    assert len(found) == len(rows)
    for row, given in zip(found, rows, strict=True):
        tokens = [token for token, flag in zip(row["input_ids"], learned(row), strict=True) if flag]
        assert tokenizer.decode(tokens, skip_special_tokens=True) == given["completion"]
