"""Decided candidates -> a data set on disk, and a data set read back."""
