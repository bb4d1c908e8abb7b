"""The command that applies decisions to the data set that they are about."""

import os
import shlex
from pathlib import Path

import orjson

from pipelines.engine.store import WORK
from pipelines.engine.workfolder import CONFIG_FILE
from pipelines.output.delivery import made_in
from schemas.copies import copied
from schemas.manifest import read_manifest
from schemas.place import Location, as_text
from schemas.reviews import Reviews


def applying(data: Location, decisions: Path) -> str:
    """The command, to be pasted where this program runs: beside the reviews that the data set has already.

    Args:
        data: the data set.
        decisions: a file of them.
    """
    named = made_in(data) / WORK / CONFIG_FILE
    config = os.path.relpath(named.read_text("utf-8")) if named.is_file() else "CONFIG"
    with copied(data) as folder:
        manifest = read_manifest(folder)
    known = [
        entry if isinstance(entry, str) else manifest.setting(Reviews, entry).model_dump(exclude_defaults=True)
        for entry in manifest.config.get("reviews", ())
    ]
    stands = any(isinstance(entry, str) and Path(entry).absolute() == decisions.absolute() for entry in known)
    reviews = orjson.dumps([*known, *([] if stands else [_shortest(decisions)])]).decode()
    words = ("mathmill", "curate", config, "--output", as_text(data), "--set", f"curate.reviews={reviews}")
    return shlex.join(words)


def _shortest(path: Path) -> str:
    """A path as people would type it: from here, where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
