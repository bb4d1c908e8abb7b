"""Collapse and identify: exact duplicates, near-duplicates, problems, templates, answers that disagree."""
