"""Data sets in a store: fetched once, checked against the manifest, and named in errors as the user named them."""

import json
from pathlib import Path

import pytest

from schemas.copies import LEDGER, REJECTED, SHARDS, copied, copied_whole
from schemas.exits import RunFailedError, UserError
from schemas.manifest import MANIFEST, read_manifest
from schemas.place import Place
from schemas.verdict import VERDICT
from tests.store_server import StoreServer, cut_short, forbidden, put

DATA = Path(__file__).parent.parent / "fixtures" / "data-1.1.0"
FILES = sorted(str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file())
SHARD = next(name for name in FILES if name.startswith(SHARDS))


@pytest.fixture
def place(bucket: str) -> Place:
    """The data set of the fixtures, in a store."""
    return put(DATA, f"{bucket}/data")


def files_of(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_folder_here_is_given_as_it_is(tmp_path: Path) -> None:
    with copied(tmp_path, SHARDS) as folder, copied_whole(tmp_path) as whole:
        assert folder == whole == tmp_path


def test_a_copy_has_what_is_read_and_nothing_else(place: Place) -> None:
    with copied(place.url, SHARDS) as folder:
        wanted = [name for name in FILES if name.startswith(SHARDS) or name in (MANIFEST, VERDICT)]
        assert files_of(folder) == wanted
        assert (folder / SHARD).read_bytes() == (DATA / SHARD).read_bytes()
        assert read_manifest(folder) == read_manifest(DATA)
    with copied(Path(place.url), LEDGER, REJECTED) as more:
        assert more == folder
        assert all((more / name).is_file() for name in FILES if name.startswith((LEDGER, REJECTED)))


def test_the_same_data_is_fetched_once(place: Place, store: StoreServer) -> None:
    with copied(place.url, SHARDS):
        pass
    store.requests.clear()
    with copied(place.url, SHARDS):
        pass
    assert [line for line in store.requests if SHARDS in line] == []
    assert any(line.endswith(MANIFEST) for line in store.requests)


def test_a_verdict_that_is_gone_or_new_is_seen(place: Place) -> None:
    (place / VERDICT).write(b"first")
    with copied(place.url) as folder:
        assert (folder / VERDICT).read_bytes() == b"first"
    (place / VERDICT).remove()
    with copied(place.url) as folder:
        assert not (folder / VERDICT).exists()


def test_what_is_no_data_set_is_told_by_its_url(bucket: str, store: StoreServer) -> None:
    with pytest.raises(UserError, match=f"^{bucket}/nothing: not a data set: it has no manifest.json"):
        copied(f"{bucket}/nothing").__enter__()
    with pytest.raises(UserError, match=r"^s3://no-such-bucket/data: not a data set"):
        copied("s3://no-such-bucket/data").__enter__()
    store.fail("GET", MANIFEST, forbidden, times=9)
    store.fail("HEAD", MANIFEST, forbidden, times=9)
    with pytest.raises(UserError, match=f"^{bucket}/secret cannot be reached: .*ACCESS_DENIED"):
        copied(f"{bucket}/secret").__enter__()


def test_a_manifest_of_the_future_is_told_by_its_url(place: Place) -> None:
    (place / MANIFEST).write(json.dumps({"schema_version": "9.0.0"}).encode())
    with pytest.raises(UserError, match=f"^{place}/{MANIFEST}: schema_version 9.0.0 cannot be read"):
        copied(place.url).__enter__()


def test_an_object_that_vanished_is_missed(place: Place) -> None:
    (place / SHARD).remove()
    with pytest.raises(RunFailedError, match=f"^{place}/{SHARD}: is missing, and the manifest names it"):
        copied(place.url, SHARDS).__enter__()


def test_other_bytes_than_the_manifest_names_are_refused_and_not_kept(place: Place) -> None:
    (place / SHARD).write(b"x" + (DATA / SHARD).read_bytes()[1:])
    with pytest.raises(RunFailedError, match=f"^{place}/{SHARD}: its bytes are not those"):
        copied(place.url, SHARDS).__enter__()
    (place / SHARD).send(DATA / SHARD)
    with copied(place.url, SHARDS) as folder:
        assert (folder / SHARD).read_bytes() == (DATA / SHARD).read_bytes()


def test_a_shard_that_arrives_in_halves_is_whole(place: Place, store: StoreServer) -> None:
    store.fail("GET", SHARD, cut_short)
    with copied(place.url, SHARDS) as folder:
        assert (folder / SHARD).read_bytes() == (DATA / SHARD).read_bytes()


def test_a_manifest_cannot_name_a_file_outside_its_folder(place: Place, tmp_path: Path) -> None:
    table = json.loads((DATA / MANIFEST).read_text(encoding="utf-8"))
    table["shards"][0]["path"] = f"{SHARDS}../../../outside.arrow"
    (place / MANIFEST).write(json.dumps(table).encode())
    with pytest.raises(RunFailedError, match="names a file outside its folder"):
        copied(place.url, SHARDS).__enter__()
    assert list(tmp_path.rglob("outside.arrow")) == []


def test_the_judge_sees_what_lies_there_now(place: Place) -> None:
    with copied(place.url, SHARDS):
        pass
    (place / SHARD).write(b"broken")
    (place / "shards/stray.arrow").write(b"stray")
    (place / ".work/parts/x").write(b"")
    (place / VERDICT).write(b"old")
    with copied_whole(place.url) as folder:
        assert (folder / SHARD).read_bytes() == b"broken"
        expected = {*FILES, "shards/stray.arrow"} - {name for name in FILES if name.startswith("quality/")}
        assert set(files_of(folder)) == expected
    assert not folder.exists()
