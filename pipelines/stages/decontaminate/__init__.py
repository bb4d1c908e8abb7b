"""Leaks of benchmarks, in question or solution."""
