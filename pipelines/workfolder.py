"""The work folder of a data set belongs to one run: the same sources, so that continuing never mixes two."""

import json
import shutil
from pathlib import Path

from pipelines.store import WORK, write_text
from schemas.config import Curate
from schemas.exits import UserError

_CLAIM = "run.json"


def claim(output: Path, settings: Curate, *, overwrite: bool) -> Path:
    """Returns the work folder of a run, made or found.

    A folder that holds the same sources is continued: what was read, tagged and judged is not done again.

    Args:
        output: the data set.
        settings: the table `curate`.
        overwrite: start over, whatever the folder holds, as long as mathmill made it.

    Raises:
        UserError: the folder holds another run, or files that mathmill did not make.
    """
    work = output / WORK
    ours = {"sources": [[source.name, source.path] for source in settings.sources]}
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: is a file; --output names a folder")
    claimed = _read_claim(work / _CLAIM)
    foreign = claimed is None and output.exists() and any(output.iterdir())
    if foreign and not (output / "manifest.json").is_file():
        raise UserError(f"{output}: holds files that mathmill did not make; choose an empty folder")
    if overwrite:
        shutil.rmtree(work, ignore_errors=True)
    elif claimed is not None and claimed != ours:
        raise UserError(
            f"{output}: holds another run, of {_names(claimed)}; choose another folder, or start over with --overwrite"
        )
    elif foreign:
        raise UserError(f"{output}: holds a finished data set without its work folder; start over with --overwrite")
    write_text(work / _CLAIM, json.dumps(ours))
    return work


def _read_claim(path: Path) -> dict[str, list[list[str]]] | None:
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict), found
    return found


def _names(claimed: dict[str, list[list[str]]]) -> str:
    return ", ".join(f"{name} ({path})" for name, path in claimed["sources"])
