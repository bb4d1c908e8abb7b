"""Answers compared, programs run in isolation."""
