"""What a record means: one module a kind of source, one row each in `registry`."""
