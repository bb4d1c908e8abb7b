"""The quality report: one self-contained page that needs no network and no script, and every number as JSON."""
