"""The gate's verdict and the check that training makes before it reads a row.

The verdict binds the manifest's and every shard's hash, the suite and the judge's version: whatever changes after
judgement is no longer judged. Keys that a later version added are passed over.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.exits import RunFailedError, UserError
from schemas.manifest import MANIFEST, Manifest, read_manifest, require_whole, sha256_of

VERDICT = "quality/verdict.json"


class Status(StrEnum):
    """How the gate, or one of its checks, ended. What could not be checked never counts as passed."""

    PASSED = "passed"
    FAILED = "failed"
    WARNING = "warning"
    NOT_CHECKED = "not_checked"


class Severity(StrEnum):
    """A critical check that fails closes the gate; a warning shows."""

    CRITICAL = "critical"
    WARNING = "warning"


class Check(BaseModel):
    """One thing that the gate looked at.

    Attributes:
        group: files | schema | suite | facts | recheck.
        checked: how many rows or files were looked at; 0 means that nothing was.
        unexpected: how many of them broke the rule.
        ids: up to 20 example ids that break it.
        cause: why nothing could be looked at, alike in all checks that lack the same; None where something was.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    group: str
    status: Status
    severity: Severity
    detail: str
    checked: int = 0
    unexpected: int = 0
    ids: list[str] = []
    cause: str | None = None


class Verdict(BaseModel):
    """The contents of quality/verdict.json.

    Attributes:
        status: passed or failed.
        tables: the hashes of the files beside it by which readers find and check single rows (schemas/block_table), by
            name; none in data that an earlier version judged, and where shards could not be read.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Status
    draft: bool
    schema_version: str
    judge_version: str
    suite_sha256: str
    manifest_sha256: str
    shards: dict[str, str]
    checks: list[Check]
    tables: dict[str, str] = {}

    def to_json(self) -> str:
        """The bytes of verdict.json."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n"


def require_passed(folder: Path, *, draft: bool = False) -> Manifest:
    """Returns the manifest of data that may be trained on: judged, passed, and unchanged since, byte by byte.

    Args:
        folder: the data set.
        draft: accept data without a passed verdict; changed bytes are refused all the same.

    Raises:
        UserError: no verdict, or a failed one.
        RunFailedError: bytes that do not match the verdict, named.
    """
    manifest, verdict = require_judged(folder, draft=draft)
    if verdict is None:
        require_whole(folder, manifest, "shards/")
    else:
        require_unchanged(folder, manifest, verdict)
    return manifest


def require_judged(folder: Path, *, draft: bool = False) -> tuple[Manifest, Verdict | None]:
    """Returns manifest and verdict of data that was judged and passed; shards are not read.

    Args:
        folder: the data set.
        draft: accept data without a passed verdict; where there is none, it is None.

    Raises:
        UserError: not a data set, no verdict, or a failed one.
    """
    manifest, verdict = read_manifest(folder), _read_verdict(folder)
    if verdict is None:
        if draft:
            return manifest, None
        raise UserError(f"{folder}: never judged: no {VERDICT}; run `mathmill validate {folder}`")
    if verdict.status is not Status.PASSED and not draft:
        failed = [check.name for check in verdict.checks if check.status is Status.FAILED]
        raise UserError(
            f"{folder}: the verdict is {verdict.status}: {', '.join(failed[:3]) or 'see report'}; "
            f"look at {folder}/quality/report/index.html, mend the data, run `mathmill validate {folder}`"
        )
    return manifest, verdict


def require_unchanged(folder: Path, manifest: Manifest, verdict: Verdict) -> None:
    """Compares manifest and shards on disk with what the verdict judged.

    Raises:
        RunFailedError: naming the first thing that differs.
    """
    for shard in judged_shards(folder, manifest, verdict):
        shard.require_unchanged()


@dataclass(frozen=True, slots=True)
class JudgedShard:
    """A shard on disk, and the hash of the bytes that were judged."""

    folder: Path
    path: str
    sha256: str

    def require_unchanged(self) -> None:
        """Reads the file and compares.

        Raises:
            RunFailedError: its bytes are others.
        """
        if sha256_of(self.folder / self.path) != self.sha256:
            raise RunFailedError(
                f"{self.folder / self.path}: bytes changed since they were judged; run `mathmill validate "
                f"{self.folder}` again"
            )


def judged_shards(folder: Path, manifest: Manifest, verdict: Verdict) -> list[JudgedShard]:
    """Compares the manifest and the names of the shards with the verdict, and returns what is left to compare.

    Raises:
        RunFailedError: naming the first thing that differs.
    """
    again = f"run `mathmill validate {folder}` again"
    if sha256_of(folder / MANIFEST) != verdict.manifest_sha256:
        raise RunFailedError(f"{folder / MANIFEST}: changed since it was judged; {again}")
    on_disk = {f"shards/{path.name}" for path in (folder / "shards").glob("*.arrow")}
    if difference := on_disk ^ set(verdict.shards):
        name = sorted(difference)[0]
        what = "was never judged" if name in on_disk else "is missing"
        raise RunFailedError(f"{folder / name}: {what}; {again}")
    assert {shard.path for shard in manifest.shards} == set(verdict.shards), (
        manifest.shards,
        verdict.shards,
    )
    return [JudgedShard(folder, path, expected) for path, expected in sorted(verdict.shards.items())]


def _read_verdict(folder: Path) -> Verdict | None:
    path = folder / VERDICT
    if not path.is_file():
        return None
    try:
        return Verdict.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise UserError(
            f"{path}: not a verdict ({error.errors()[0]['msg']}); run `mathmill validate {folder}`"
        ) from error
