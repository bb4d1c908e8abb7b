"""The independent judge: what the manifest claims, counted, compared and run again by other code.

Simple on purpose: brute force and fresh processes instead of indexes and caches, so that a mistake in a stage and a
mistake here are unlikely to agree. What could not be checked says `not_checked`; it never counts as passed.
"""
