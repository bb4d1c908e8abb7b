"""SHARDS -> CHECKPOINTS, and evaluation of them. The only importer of torch and transformers."""
