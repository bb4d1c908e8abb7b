"""Names for what transformers hands around without types."""

from typing import Any, TypeAlias

Model: TypeAlias = Any
"""A causal language model: a torch module with `base_model` and `get_output_embeddings()`."""
Tokenizer: TypeAlias = Any
"""A fast tokenizer of transformers."""
