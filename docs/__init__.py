"""The documents, and the small program that writes what in them comes from the code: `python -m docs`.

config_page   every key of CONFIG.yaml, from the models in schemas
reasons_page  every reason code, from its table in schemas
rooms         every package by the first words of its docstring, inside architecture.md
pages         which document each of them belongs to

The other documents are written by hand.
"""
