"""A data set in a training mixture."""

from typing import Annotated

from pydantic import Field, field_serializer

from schemas.place import public_name
from schemas.table import Table


class TrainData(Table):
    """A judged data set in a mixture."""

    path: str
    """a folder, or a URL (s3, gs, abfs, hdfs, hf, https)"""
    weight: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """an epoch has each of its examples that many times as often as its own weight says: 0.5 is every other one"""

    @field_serializer("path")
    def _without_credentials(self, path: str) -> str:
        """Whatever is written of a config is read by others: run.json, trackers."""
        return public_name(path)
