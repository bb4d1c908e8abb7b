"""Texts as arrays: words, tokens, numerals, key forms, sets of hashes; no room of pipelines is imported here."""
