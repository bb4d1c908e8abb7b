"""prove: every line holds on a sound set-up, and red lines end with exit 1."""

import io

import numpy as np
import pytest
from rich.console import Console

from schemas.config import Config
from schemas.exits import RunFailedError, UserError
from tests.training.models import small_run, tiny_model
from training import shards
from training.chat import ChatLayout
from training.console import show_proof
from training.encode import Encoded
from training.encoder import Encoder
from training.fresh import fit_tokenizer
from training.masks import prove_masks
from training.memory import free_bytes, require_memory
from training.probe import choose_forward
from training.prove import prove
from training.prove_forward import fault_in_float64, prove_windows
from training.results import ProofLine


@pytest.mark.parametrize(("rows", "dtype"), [(3, "float32"), (8, "float32"), (8, "bfloat16")])
def test_every_line_of_a_sound_setup_holds(data, rows, dtype):
    lines = list(prove(small_run(dtype=dtype), [data], rows=rows))
    assert [line.name for line in lines if not line.passed] == []
    assert [line.name for line in lines] == [
        "prompt",
        "mask",
        "stop token",
        "layout",
        "control: another layout",
        "control: another stop token",
        "isolation",
        "windows",
        "dropout",
        "control: dropout 0.1",
        "weights",
        "J and gradient",
        "any packing",
        "any ranks",
        "control: token mean",
        "control: mean of means",
        "control: naive concatenation",
        dtype,
    ]
    assert next(line for line in lines if line.name == "stop token").detail.endswith("in 48 of 48 rows")


# Its windows are cut into buffers when it is built, so none can be taken away to show what that would do.
GPT_NEO = {
    "window_size": 16,
    "num_layers": 2,
    "attention_types": [[["global", "local"], 1]],
    "max_position_embeddings": 64,
}


@pytest.mark.parametrize(
    ("kind", "changes", "looks"),
    [
        ("qwen2_moe", {"sliding_window": 16, "use_sliding_window": False}, False),
        ("qwen2", {"sliding_window": 16, "use_sliding_window": True, "max_window_layers": 9}, False),
        ("qwen2", {"sliding_window": 16, "use_sliding_window": True, "max_window_layers": 1}, True),
        ("mistral", {"sliding_window": 16}, True),
        ("gpt_neo", GPT_NEO, False),
    ],
)
def test_a_window_in_a_config_is_only_a_control_where_a_layer_looks_through_it(kind, changes, looks):
    model = tiny_model(kind, **({"max_position_embeddings": 30} | changes)).double()
    forward = choose_forward(model, name=kind, longest=60)
    lines = list(prove_windows(model, forward, 60))
    assert [line.name for line in lines] == ["windows", *["control: windows ignored"] * looks]
    assert all(line.passed for line in lines), lines


def test_a_model_whose_code_insists_on_float32_cannot_be_proven_and_says_why():
    model = tiny_model("llama").double()
    assert fault_in_float64(model) is None
    model.model.norm.register_forward_hook(lambda _module, _inputs, output: output.float())
    assert "dtype" in fault_in_float64(model)


def test_dft_is_proven_by_its_own_formula(data):
    lines = list(prove(small_run(objective="dft"), [data], rows=3))
    assert [line.name for line in lines if not line.passed] == []
    assert "dft" in [line.name for line in lines]


@pytest.fixture(scope="module")
def masked(data):
    """A data set, its layout and its encoding."""
    train, examples = small_run().train, shards.open(data)
    layout = ChatLayout(fit_tokenizer(examples, train.model, context=train.context))
    return train, examples, layout, Encoder(examples, layout, supervise_think=True)(np.arange(len(examples)))


def first_of_prompt(_tokens, supervised, _start, _stop):
    supervised[0] = 1


def stop_token(_tokens, supervised, _start, stop):
    supervised[stop - 1] = 0


def tool_output(_tokens, supervised, start, stop):
    supervised[start + supervised[start:stop].argmax() : stop] = 1


def prompt_token(tokens, _supervised, start, _stop):
    tokens[start + 1] += 1


@pytest.mark.parametrize(
    ("spoil", "red"),
    [
        (None, []),
        (first_of_prompt, ["prompt", "mask"]),
        (stop_token, ["stop token"]),
        (tool_output, ["mask"]),
        (prompt_token, ["prompt", "layout"]),
    ],
    ids=["sound", "loss on the prompt", "none on the stop token", "loss on a tool's output", "another prompt"],
)
def test_each_way_to_spoil_a_mask_turns_its_line_red(masked, spoil, red):
    train, examples, layout, encoded = masked
    tokens, supervised = encoded.tokens.copy(), encoded.supervised.copy()
    row = 2 if spoil is tool_output else 0
    if spoil:
        spoil(tokens, supervised, int(encoded.offsets[row]), int(encoded.offsets[row + 1]))
    lines = list(prove_masks(train, examples, Encoded(tokens, supervised, encoded.offsets), layout))
    assert [line.name for line in lines if not line.passed] == red
    mask = next(line for line in lines if line.name == "mask")
    assert (examples.ids()[row] in mask.detail) == ("mask" in red)


def test_what_does_not_fit_into_memory_is_refused_with_the_bytes():
    require_memory("a model", 1_000, 1_000)
    with pytest.raises(UserError, match=r"a model: float64 needs 12,345,678 bytes of memory and 1,000 are free"):
        require_memory("a model", 12_345_678, 1_000)
    assert 2**20 < free_bytes() < 2**50


def test_file_pages_that_a_container_caches_are_free(tmp_path):
    for name, text in {"max": "1000000", "current": "950000", "stat": "anon 50000\ninactive_file 899000\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert free_bytes(tmp_path) == 949_000
    (tmp_path / "memory.stat").write_text("anon 950000\ninactive_file 0\n")
    assert free_bytes(tmp_path) == 50_000


def test_a_red_line_is_shown_and_ends_the_proof_with_exit_1():
    told = io.StringIO()
    lines = [ProofLine("mask", False, "in 3 of 4 rows [loss] lies elsewhere"), ProofLine("weights", True, "1")]
    with pytest.raises(RunFailedError, match="out of bounds: mask"):
        show_proof(iter(lines), Console(file=told, width=200))
    assert "✗ mask" in told.getvalue()
    assert "[loss]" in told.getvalue()
    assert "✓ weights" in told.getvalue()


def test_a_config_without_a_train_table_is_refused(data):
    with pytest.raises(UserError, match="the config has no table `train:`"):
        next(prove(Config(), [data]))
