"""The bytes: is each file there, with the size and the hash that the manifest claims, and nothing beside them?"""

from collections.abc import Callable, Sequence
from pathlib import Path

from schemas.manifest import FileRecord, Manifest, ShardRecord, sha256_of
from schemas.verdict import Check
from schemas.wording import amount
from validation.dataset.check import check_of


def check_files(
    folder: Path, manifest: Manifest, *, on_file: Callable[[str], None]
) -> tuple[list[Check], dict[str, str]]:
    """Compares the files of a data set with its manifest.

    Args:
        folder: the data set.
        manifest: what it claims.
        on_file: told the name of each file before it is hashed.

    Returns:
        The checks, and the hash of each shard on disk that the manifest names.
    """
    shard_check, hashes = _hashed("shards_unchanged", folder, manifest.shards, on_file)
    ledger_check, _ = _hashed("ledger_unchanged", folder, manifest.ledger, on_file)
    checks = [
        _sealed(manifest),
        _complete("shards_complete", folder, "shards", [record.path for record in manifest.shards]),
        shard_check,
        _complete("ledger_complete", folder, "ledger", [record.path for record in manifest.ledger]),
        ledger_check,
    ]
    if others := [record for record in manifest.others if (folder / record.path).exists()]:
        checks.append(_hashed("others_unchanged", folder, others, on_file)[0])
    return checks, hashes


def _sealed(manifest: Manifest) -> Check:
    good = manifest.fingerprint == manifest.computed_fingerprint()
    problems = [] if good else ["its fingerprint is not that of its contents: it was edited after it was written"]
    return check_of(
        "manifest_sealed", "files", "the manifest's fingerprint is that of its contents", problems, checked=1
    )


def _complete(name: str, folder: Path, below: str, claimed: Sequence[str]) -> Check:
    on_disk = {f"{below}/{path.name}" for path in (folder / below).iterdir()} if (folder / below).is_dir() else set()
    problems = [f"{path} is missing" for path in sorted(set(claimed) - on_disk)]
    problems += [f"{path} is not in the manifest" for path in sorted(on_disk - set(claimed))]
    problems += [
        f"{path} stands twice in the manifest" for path in sorted({path for path in claimed if claimed.count(path) > 1})
    ]
    if not claimed:
        problems.append(f"the manifest names no {below}")
    return check_of(
        name,
        "files",
        f"{amount(len(claimed), 'file')}, as the manifest says",
        problems,
        checked=len(on_disk | set(claimed)),
    )


def _hashed(
    name: str, folder: Path, records: Sequence[ShardRecord] | Sequence[FileRecord], on_file: Callable[[str], None]
) -> tuple[Check, dict[str, str]]:
    problems, hashes = [], {}
    for record in records:
        path = folder / record.path
        if not path.is_file():
            problems.append(f"{record.path} is missing")
            continue
        on_file(record.path)
        hashes[record.path] = sha256_of(path)
        size = path.stat().st_size
        if size != record.bytes:
            problems.append(f"{record.path} has {size:,} bytes, the manifest says {record.bytes:,}")
        elif hashes[record.path] != record.sha256:
            problems.append(f"{record.path}: bytes changed since the manifest was written")
    return check_of(
        name, "files", "every file has the size and the hash of the manifest", problems, checked=len(hashes)
    ), hashes
