"""A config of some thousand weights for every type in transformers' causal-LM mapping: one rule, some exceptions.

The rule: every number of a default config whose name is known is replaced by a small one, windows and RoPE lengths by
ones that rows exceed. What cannot be built so has a line of its own in `EXCEPTIONS`.
"""

import inspect
from typing import Any

from transformers.models.auto.configuration_auto import CONFIG_MAPPING

VOCABULARY = 320
WINDOW = 48

_SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "d_model": 32,
    "n_embd": 32,
    "dim": 32,
    "embedding_size": 32,
    "word_embed_proj_dim": 32,
    "intermediate_size": 48,
    "intermediate_size_mlp": 48,
    "ffn_dim": 48,
    "n_inner": 48,
    "d_inner": 48,
    "d_ff": 48,
    "decoder_ffn_dim": 48,
    "encoder_ffn_dim": 48,
    "ffn_hidden_size": 48,
    "feed_forward_size": 48,
    "moe_intermediate_size": 16,
    "expert_ffn_hidden_size": 16,
    "shared_expert_intermediate_size": 16,
    "shared_intermediate_size": 16,
    "moe_shared_expert_intermediate_size": 16,
    "num_hidden_layers": 2,
    "n_layer": 2,
    "n_layers": 2,
    "num_layers": 2,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "num_decoder_layers": 2,
    "num_attention_heads": 4,
    "n_head": 4,
    "n_heads": 4,
    "num_heads": 4,
    "attention_heads": 4,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_kv_heads": 2,
    "multi_query_group_num": 2,
    "head_dim": 8,
    "global_head_dim": 8,
    "kv_channels": 8,
    "rotary_dim": 4,
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "moe_num_experts": 4,
    "num_experts_per_tok": 2,
    "num_experts_per_token": 2,
    "moe_k": 2,
    "moe_topk": 2,
    "moe_top_k": 2,
    "top_k_experts": 2,
    "n_shared_experts": 1,
    "num_shared_experts": 1,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 8,
    "qk_rope_head_dim": 4,
    "qk_head_dim": 12,
    "v_head_dim": 8,
    "sliding_window": WINDOW,
    "attention_chunk_size": WINDOW,
    "window_size": WINDOW,
    "attention_window_size": WINDOW,
    "max_position_embeddings": 1024,
    "n_positions": 1024,
    "max_seq_len": 1024,
    "max_sequence_length": 1024,
    "state_size": 8,
    "ssm_state_size": 8,
    "mamba_d_state": 8,
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_n_groups": 1,
    "mamba_num_heads": 8,
    "mamba_head_dim": 8,
    "mamba_d_ssm": 64,
    "mamba_chunk_size": 16,
    "mamba_dt_rank": 4,
    "chunk_size": 16,
    "n_groups": 1,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "lru_width": 32,
    "block_size": 16,
    "vocab_size_per_layer_input": VOCABULARY,
    "hidden_size_per_layer_input": 8,
    "laurel_rank": 4,
    "altup_num_inputs": 2,
    "query_pre_attn_scalar": 8,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
"""small numbers by the names that configs give them"""

EXCEPTIONS: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1]},
    "bloom": {"n_layer": 2, "n_head": 4},
    "deepseek_v2": {"topk_method": "greedy", "num_experts_per_tok": 2, "n_routed_experts": 4},
    "dots1": {"head_dim": 8, "n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2},
    "dots3_note_text": {"num_key_value_heads": 4},
    "gemma3n_text": {
        "num_kv_shared_layers": 0,
        "layer_types": ["sliding_attention", "full_attention"],
        "activation_sparsity_pattern": [0.0, 0.0],
        "intermediate_size": 48,
    },
    "gemma4_text": {"num_kv_shared_layers": 0},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {"layer_types": ["mamba", "attention"]},
    "hunyuan_v1_dense": {"head_dim": 8},
    "hunyuan_v1_moe": {"head_dim": 8},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "use_mamba_kernels": False},
    "kimi_linear": {"linear_head_dim": 8, "linear_num_heads": 2},
    "lfm2": {"layer_types": ["conv", "full_attention"], "block_ff_dim": 48},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "mamba2": {"num_heads": 8, "head_dim": 8},
    "ministral": {"head_dim": 8},
    "minimax": {"layer_types": ["linear_attention", "full_attention"]},
    "nemotron": {"num_key_value_heads": 2},
    "nemotron_h": {"layers_block_type": ["mamba", "attention"], "num_hidden_layers": 2},
    "recurrent_gemma": {"num_hidden_layers": 3},
    "zamba2": {"num_hidden_layers": 2, "layers_block_type": ["mamba", "hybrid"], "hybrid_layer_ids": [1]},
    "xmod": {"languages": ["en_XX"], "default_language": "en_XX"},
    "zaya": {"num_experts_per_tok": 1},
    "zamba": {"num_hidden_layers": 2, "layers_block_type": ["mamba", "hybrid"], "attn_layer_period": 2},
    "rembert": {"input_embedding_size": 32, "output_embedding_size": 32},
    "reformer": {"axial_pos_embds_dim": [16, 16], "axial_pos_shape": [32, 32]},
}
"""what types need beside the rule"""


def tiny_config(kind: str) -> Any:  # noqa: ANN401  a config of transformers
    """The tiny config of a type; raises whatever its type raises where there is none."""
    made = CONFIG_MAPPING[kind]
    return made(**(_small(made, made().to_dict()) | EXCEPTIONS.get(kind, {})))


def _small(made: Any, defaults: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """The rule: small numbers for what a config has, and for the configs inside it."""
    names = set(defaults) | set(inspect.signature(made.__init__).parameters) | set(made.attribute_map)
    names |= set(getattr(made, "__dataclass_fields__", ()))
    chosen = {name: size for name, size in _SMALL.items() if name in names and defaults.get(name, 0) is not None}
    if "is_decoder" in names:
        chosen["is_decoder"] = True  # else the type is an encoder, and refused as one
    if "initializer_range" in names:
        chosen["initializer_range"] = 0.08
    if "qk_rope_head_dim" in chosen:  # latent attention: keys of every head, and a width that follows from others
        chosen["num_key_value_heads"] = 4
        chosen.pop("head_dim", None)
    layers = next((chosen[name] for name in ("num_hidden_layers", "n_layer", "num_layers") if name in chosen), 2)
    for name in ("layer_types", "layers_block_type", "mlp_layer_types"):
        if isinstance(kinds := defaults.get(name), list) and kinds:
            distinct = list(dict.fromkeys(kinds))
            chosen[name] = [distinct[n % len(distinct)] for n in range(layers)]
    for name, inner in made.sub_configs.items():
        table = defaults.get(name)
        if not isinstance(table, dict):
            continue
        if inner.__name__ == "AutoConfig" and table.get("model_type") in CONFIG_MAPPING:
            kind = table["model_type"]
            chosen[name] = {"model_type": kind} | _small(CONFIG_MAPPING[kind], table)
        elif hasattr(inner, "attribute_map"):
            chosen[name] = _small(inner, table)
    return chosen
