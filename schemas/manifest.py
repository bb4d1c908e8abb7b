"""manifest.json: what a data set holds, written last. Readers trust it and its hashes, never a glob.

No time, host, output path or runner flag stands in it: equal inputs give equal bytes, but for `isolation` and
`packages`. Keys of a later version with the same major number are carried along, since its seal covers them.
"""

import json
from collections import Counter
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.evolution import is_later
from schemas.example import SCHEMA_VERSION
from schemas.exits import UserError
from schemas.reason import Outcome

MANIFEST = "manifest.json"
Setting = TypeVar("Setting", bound=BaseModel)
CODE_VERSION = "0.9.0"  # of mathmill, as pyproject.toml has it


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class InputFile(_Record):
    """A file that was read. `path` is as the config names it."""

    path: str
    bytes: int
    sha256: str


class BenchmarkRecord(_Record):
    """A benchmark that was checked against."""

    name: str
    items: int
    sha256: str
    licence: str | None


class Counts(_Record):
    """The sum that adds up: candidates = kept + removed + quarantined."""

    rows: int
    candidates: int
    kept: int
    removed: int
    quarantined: int


class FormatCounts(_Record):
    """One line of the funnel, by format or by source."""

    candidates: int
    kept: int
    removed: int
    quarantined: int

    def plus(self, outcome: str, number: int) -> "FormatCounts":
        """Returns the counts with `number` more candidates of an outcome."""
        fields = self.model_dump()
        fields["candidates"] += number
        fields[Outcome(outcome).value] += number
        return FormatCounts(**fields)


class ShardRecord(_Record):
    """One Arrow IPC stream file of examples."""

    path: str
    split: str
    rows: int
    bytes: int
    sha256: str


class FileRecord(_Record):
    """One file beside the shards."""

    path: str
    rows: int
    bytes: int
    sha256: str


class Manifest(_Record):
    """The contents of manifest.json, in the order in which they are written."""

    schema_version: str
    code_version: str
    draft: bool
    config: dict[str, Any]
    skipped: list[str]
    isolation: str | None
    inputs: list[InputFile]
    benchmarks: list[BenchmarkRecord]
    counts: Counts
    removed_by_reason: dict[str, int]
    quarantined_by_reason: dict[str, int]
    formats: dict[str, FormatCounts]
    sources: dict[str, FormatCounts]
    splits: dict[str, int]
    licence: str
    dropped: dict[str, dict[str, int]] = {}
    """rows by source and what its adapter left out of them"""
    labels: list[dict[str, Any]] = []
    quotas: list[dict[str, Any]]
    rules: dict[str, str] = {}
    """the rules of `curate.rules` by name, with the hash of the source that ran (`schemas.own_sources`)"""
    packages: dict[str, str] = {}
    """versions of Python and of the packages that programs saw; empty when none was run"""
    shards: list[ShardRecord]
    ledger: list[FileRecord]
    others: list[FileRecord] = []
    """the items of the benchmarks, the rejected records and the reviews, which may be taken away before data are passed
    on"""
    lineage: list[str]
    fingerprint: str

    @property
    def later(self) -> bool:
        """Whether a later mathmill made it: one that may have keys and reason codes that this one does not know."""
        return is_later(self.schema_version, SCHEMA_VERSION)

    @property
    def rejected_by_reason(self) -> Counter[str]:
        """Candidates by reason, the most frequent first, whether removed or quarantined: a policy may ask for both."""
        both = Counter(self.removed_by_reason) + Counter(self.quarantined_by_reason)
        return Counter(dict(sorted(both.items(), key=lambda entry: (-entry[1], entry[0]))))

    @property
    def rounding(self) -> Literal["places", "never"]:
        """Whether a rounded answer counts, as `verify.rounding` had it; data of before has no such key."""
        verify = self.config.get("verify")
        return "never" if isinstance(verify, dict) and verify.get("rounding") == "never" else "places"

    @property
    def source_tables(self) -> list[dict[str, Any]]:
        """The tables of its sources; none of what somebody wrote in their place."""
        tables = self.config.get("sources")
        return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []

    def setting(self, table: type[Setting], value: object) -> Setting:
        """Returns a part of its config, checked; of later data keys that this version does not know are left out.

        Raises:
            UserError: it is none that a run could have had.
        """
        try:
            return table.model_validate(value, extra="ignore" if self.later else None)
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"]))
            raise UserError(
                f"{MANIFEST}: its config has a table {table.__name__} with {where}: {problem['msg']}"
            ) from error

    def sealed(self) -> "Manifest":
        """Returns the manifest with its fingerprint: the hash of everything else in it."""
        return self.model_copy(update={"fingerprint": self.computed_fingerprint()})

    def computed_fingerprint(self) -> str:
        """The hash that `fingerprint` must hold: of the manifest's other keys as canonical JSON."""
        rest = {name: value for name, value in self._written().items() if name != "fingerprint"}
        return sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def to_json(self) -> str:
        """The bytes of manifest.json."""
        return json.dumps(self._written(), indent=1, ensure_ascii=False) + "\n"

    def _written(self) -> dict[str, Any]:
        """The keys that stand in the file: an earlier version's lacks those that came later, and keeps its seal."""
        return self.model_dump(mode="json", exclude_unset=True)


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifest of a data set.

    Raises:
        UserError: the folder is not a data set, or its manifest cannot be read by this version.
    """
    path = folder / MANIFEST
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; expected a data set made by `mathmill curate`")
    if not path.is_file():
        raise UserError(
            f"{folder}: not a data set: it has no {MANIFEST}; make one with `mathmill curate CONFIG --output {folder}`"
        )
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        version = str(raw["schema_version"])
        json.dumps(raw, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: not a manifest ({error}); run `mathmill curate` again") from error
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise UserError(
            f"{path}: schema_version {version} cannot be read; this mathmill reads {SCHEMA_VERSION.split('.')[0]}.x"
        )
    try:
        return Manifest.model_validate(raw, extra=None if is_later(version, SCHEMA_VERSION) else "forbid")
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise UserError(f"{path}: {where}: {problem['msg']}; the manifest was edited or cut short") from error


def require_whole(folder: Path, manifest: Manifest, *parts: str) -> None:
    """Compares the manifest with its seal, and files of its data set with the hashes that it names.

    Args:
        folder: the data set.
        manifest: of it.
        parts: what is compared: folders with a slash at their end, or files. What may be taken away may be missing.

    Raises:
        UserError: naming the first file whose bytes are others, or that is missing.
    """
    again = "bring back the file as it was, or make the data again with `mathmill curate`"
    if manifest.fingerprint != manifest.computed_fingerprint():
        raise UserError(f"{folder / MANIFEST}: damaged: its fingerprint is not that of its contents; {again}")
    others = [record for record in manifest.others if (folder / record.path).exists()]
    records: list[ShardRecord | FileRecord] = [*manifest.shards, *manifest.ledger, *others]
    for record in records:
        path = folder / record.path
        if not record.path.startswith(parts):
            continue
        if not path.is_file():
            raise UserError(f"{path}: is missing, and the manifest names it; {again}")
        if sha256_of(path) != record.sha256:
            raise UserError(f"{path}: bytes changed since the manifest was written; {again}")


def sha256_of(path: Path) -> str:
    """Hashes a file's bytes."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
