"""Caps and quotas: how many examples may share a template, a problem, a source, an author or a condition."""
