"""Raw rows -> shards, and the judge over shards at scale. The only importer of apache_beam."""

import logging


def _is_ours_to_hear(record: logging.LogRecord) -> bool:
    """Beam's import says through the root logger that a client of a cloud that nobody here uses is missing."""
    return not str(record.msg).startswith("apitools not found")


logging.getLogger().addFilter(_is_ours_to_hear)
