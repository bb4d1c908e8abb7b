"""The probe: each architecture runs in the fastest way that is exact, and what has none is refused in one line."""

import pytest
import torch
import transformers

from schemas.exits import UserError
from tests.training.models import VOCABULARY, by_transformers, distance, random_rows, small_model, summed, tiny_model
from training import attention, probe
from training.forward import arrange
from training.heads import Formula
from training.probe import boundaries_of, choose_forward, probe_lengths

EXPERTS = {"num_local_experts": 4, "num_experts_per_tok": 2}
DYNAMIC = {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0}
LONG = {
    "rope_type": "longrope",
    "rope_theta": 1e4,
    "short_factor": [1.0] * 4,
    "long_factor": [3.0] * 4,
    "original_max_position_embeddings": 40,
}
ALONE_LENGTHS = [70, 30, 12, 55]

PACKED = {
    "a window": ("mistral", {"sliding_window": 16}),
    "experts": ("mixtral", {**EXPERTS, "sliding_window": None}),
    "capped scores": ("gemma2", {"query_pre_attn_scalar": 8, "sliding_window": 16}),
    "a factor": ("granite", {"logits_scaling": 8.0}),
    "sinks": ("gpt_oss", {**EXPERTS, "sliding_window": 16}),
    "a bias": ("phi", {}),
}
ALONE = {
    "dynamic RoPE": ("llama", {"rope_parameters": DYNAMIC, "max_position_embeddings": 40}),
    "long RoPE": (
        "phi3",
        {"rope_parameters": LONG, "original_max_position_embeddings": 40, "max_position_embeddings": 2048},
    ),
    "a recurrence": ("mamba", {"state_size": 4}),
    "ALiBi": ("bloom", {"n_layer": 2, "n_head": 4}),
}


def by_us(model, forward, rows):
    arrange(model, forward)
    return summed(model, rows, forward=forward, capacity=400)


@pytest.mark.parametrize("name", [*PACKED, *ALONE])
def test_each_architecture_is_exact_beyond_its_windows_and_lengths(name):
    kind, changes = (PACKED | ALONE)[name]
    model = tiny_model(kind, **changes)
    weights = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    forward = choose_forward(model, name=name, longest=max(ALONE_LENGTHS))
    assert forward.packed == (name in PACKED)
    assert forward.checked == "float64"
    assert all(torch.equal(tensor, weights[key]) for key, tensor in model.state_dict().items())
    if hasattr(model, "set_experts_implementation") and hasattr(model.config, "_experts_implementation"):
        model.set_experts_implementation("eager")
    model, rows = model.double(), random_rows(ALONE_LENGTHS)
    model.set_attn_implementation("eager" if kind in ("gemma2", "gpt_oss", "mamba") else "sdpa")
    objective, gradient = by_transformers(model, rows)
    found, ours = by_us(model, forward, rows)
    assert found == pytest.approx(objective, abs=1e-7)
    assert distance(ours, gradient) < 1e-6


@pytest.mark.parametrize(
    ("kind", "changes", "formula"),
    [
        ("gemma2", {"query_pre_attn_scalar": 8, "initializer_range": 0.001}, Formula(cap=30.0)),
        ("granite", {"logits_scaling": 8.0}, Formula(factor=0.125)),
        ("cohere", {"logit_scale": 0.0625}, Formula(factor=0.0625)),
        ("llama", {}, Formula()),
    ],
)
def test_what_stands_behind_the_head_is_found_however_small_the_scores(kind, changes, formula):
    assert choose_forward(tiny_model(kind, **changes), name=kind).formula == formula


def test_scores_of_no_known_formula_are_the_models_own():
    model = tiny_model("llama")
    model.lm_head = torch.nn.Sequential(torch.nn.Linear(32, VOCABULARY, bias=False), torch.nn.Tanh())
    forward = choose_forward(model, name="a llama")
    assert (forward.packed, forward.formula) == (True, None)
    assert "no known formula" in forward.why[0]
    rows = random_rows([9, 14])
    model.set_attn_implementation("sdpa")
    objective, gradient = by_transformers(model.double(), rows)
    found, ours = by_us(model, forward, rows)
    assert found == pytest.approx(objective, abs=1e-12)
    assert distance(ours, gradient) < 1e-12


def test_what_speaks_against_packing_stands_first_whatever_speaks_against_the_formula(monkeypatch):
    monkeypatch.setitem(probe._TOLERANCE, torch.bfloat16, -1.0)
    model = tiny_model("llama")
    model.lm_head = torch.nn.Sequential(torch.nn.Linear(32, VOCABULARY, bias=False), torch.nn.Tanh())
    forward = choose_forward(model, name="a llama", half=True)
    assert (forward.packed, forward.formula) == (False, None)
    assert forward.why[0].startswith("in bfloat16 ")
    assert "no known formula" in forward.why[-1]


def test_learned_positions_are_a_boundary_whatever_the_config_calls_them():
    sizes = {"vocab_size": 60, "d_model": 16, "decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 16}
    sizes |= dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), 1)
    config = transformers.WhisperConfig(**sizes, encoder_layers=1, encoder_attention_heads=2, max_target_positions=93)
    assert 93 in boundaries_of(transformers.WhisperForCausalLM(config))


def test_a_model_that_changes_itself_by_what_it_sees_is_refused():
    changes = {"is_decoder": True, "attention_type": "block_sparse"}
    with pytest.raises(UserError, match=r"^a bird: running it changed its .*attention_type from 'block_sparse' to 'or"):
        choose_forward(tiny_model("big_bird", **changes), name="a bird")
    full = tiny_model("big_bird", **(changes | {"attention_type": "original_full"}))
    assert choose_forward(full, name="a bird").checked == "float64"


class OneWay(torch.autograd.Function):
    @staticmethod
    def forward(_context, states):
        return states.clone()

    @staticmethod
    def backward(_context, _gradient):
        raise NotImplementedError("no kernel for the way back")


def test_a_model_without_a_gradient_is_refused_before_step_1():
    model = tiny_model("llama")
    model.model.norm.register_forward_hook(lambda _module, _inputs, output: OneWay.apply(output))
    with pytest.raises(UserError, match=r"^a llama: its gradient cannot be computed: NotImplementedError: no kernel"):
        choose_forward(model, name="a llama")
    other = tiny_model("llama")
    choose_forward(other, name="a llama")
    assert all(parameter.grad is None for parameter in other.parameters())


def test_our_attention_packs_and_experts_differ_by_rounding_alone(monkeypatch):
    monkeypatch.setattr("training.probe._AFFORDABLE", {})
    for name in ("experts", "a window"):
        forward = choose_forward(tiny_model(PACKED[name][0], **PACKED[name][1]), name=name, longest=70)
        assert (forward.packed, forward.checked) == (True, "float32 rounding")


@pytest.mark.parametrize("leak", ["everything", "a trace"])
def test_attention_that_crosses_documents_is_found(monkeypatch, leak):
    true = attention.Documents

    def joined(lengths, device):
        return true([sum(lengths)] if leak == "everything" else [sum(lengths[:-1]), lengths[-1]], device)

    monkeypatch.setattr("training.probe.Documents", joined)
    forward = choose_forward(small_model("llama", dtype=torch.float32), name="a llama")
    assert not forward.packed
    assert "changing one document of a pack moved another's states" in forward.why[0]


def test_positions_that_do_not_restart_are_found():
    model = small_model("llama", dtype=torch.float32)
    turned = model.model.rotary_emb.forward
    model.model.rotary_emb.forward = lambda x, position_ids: turned(x, position_ids**2 % 13)
    assert choose_forward(model, name="a llama").packed  # the same wrong positions alone: it is how this model is made
    model.model.rotary_emb.forward = lambda x, position_ids: turned(x, torch.arange(x.shape[1])[None] ** 2 % 13)
    forward = choose_forward(model, name="a llama")
    assert not forward.packed
    assert "states differ between a pack and alone" in forward.why[0]


def test_a_model_that_sees_what_it_should_predict_is_refused():
    config = transformers.BertConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=1, num_attention_heads=4, intermediate_size=48
    )
    with pytest.raises(UserError, match="a bert: it is not causal: changing the last token"):
        choose_forward(transformers.BertLMHeadModel(config).eval(), name="a bert")


def test_fewer_learned_positions_than_the_longest_example_are_refused():
    config = transformers.GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=64)
    model = transformers.GPT2LMHeadModel(config)
    assert choose_forward(model, name="a gpt2", longest=64).packed
    with pytest.raises(UserError, match=r"it has learned 64 positions and an example has 65 tokens"):
        choose_forward(model, name="a gpt2", longest=65)


def test_the_probe_reaches_beyond_each_length_below_the_longest_example():
    config = transformers.MistralConfig(sliding_window=64, max_position_embeddings=4096)
    assert probe_lengths(config, 50) == (11, 7, 13)
    assert probe_lengths(config, 66) == (66, 7, 13)
    assert probe_lengths(config, 500) == (75, 7, 13)
    assert probe_lengths(config, 5000) == (4107, 7, 13)


def test_a_table_of_positions_that_keeps_rows_for_padding_ends_earlier():
    sizes = {"vocab_size": VOCABULARY, "hidden_size": 32, "ffn_dim": 48, "num_hidden_layers": 1}
    config = transformers.OPTConfig(**sizes, num_attention_heads=4, max_position_embeddings=64, word_embed_proj_dim=32)
    model = transformers.OPTForCausalLM(config)
    assert model.model.decoder.embed_positions.num_embeddings == 66
    choose_forward(model, name="an opt", longest=64)
    with pytest.raises(UserError, match="an opt: it does not run as transformers has it: IndexError"):
        choose_forward(model, name="an opt", longest=65)


def test_a_model_that_runs_on_no_pack_longer_than_its_buffers_runs_one_document_a_row():
    kinds = [[["global", "local"], 1]]
    sizes = {"hidden_size": 32, "num_layers": 2, "num_heads": 4, "max_position_embeddings": 64, "window_size": 16}
    model = transformers.GPTNeoForCausalLM(
        transformers.GPTNeoConfig(vocab_size=VOCABULARY, attention_types=kinds, **sizes)
    )
    forward = choose_forward(model, name="a gpt-neo", longest=40, capacity=200)
    assert not forward.packed
    assert "must match the size of tensor" in forward.why[0]
    assert choose_forward(model, name="a gpt-neo", longest=40, capacity=60).packed  # the control: packs that fit
