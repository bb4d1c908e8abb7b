"""What is made here arrives in a store whole, in an order that no reader can misread, and over nothing of others."""

import shutil
from pathlib import Path

import pytest

from pipelines.engine.workfolder import claim
from pipelines.output.delivery import delivered, made_in, refuse_other_data, staging_of
from schemas.config import Curate
from schemas.copies import SHARDS, copied
from schemas.exits import RunFailedError, UserError
from schemas.lease import LEASES, leased
from schemas.manifest import MANIFEST
from schemas.place import Place
from schemas.verdict import VERDICT
from tests.store_server import StoreServer, forbidden, put
from tests.tiny import config_of, source

DATA = Path(__file__).parents[2] / "fixtures" / "data-1.1.0"
FILES = {str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file()}


def run_of(path: str = "a.jsonl") -> Curate:
    table = config_of(source(Path(path))).curate
    assert table is not None
    return table


def make(place: Place, settings: Curate, *, overwrite: bool = False, other: bool = False) -> None:
    """A run that makes the data set of the fixtures, or one whose manifest is another."""
    with delivered(place, settings, overwrite=overwrite) as folder:
        with claim(folder, settings, overwrite=overwrite) as work:
            (work / "parts").mkdir(exist_ok=True)
        for name in FILES:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(DATA / name, folder / name)
        if other:
            (folder / MANIFEST).write_bytes((DATA / MANIFEST).read_bytes() + b"\n")


def data_in(place: Place) -> set[str]:
    return {name for name in place.files() if not name.startswith(".")}


def test_data_arrives_whole_the_manifest_last(bucket: str, store: StoreServer) -> None:
    place = Place(f"{bucket}/data")
    store.requests.clear()
    make(place, run_of())
    assert data_in(place) == FILES
    written = [line.rpartition("/data/")[2] for line in store.requests if line.startswith("PUT") and "/data/" in line]
    assert [name for name in written if not name.startswith(".")][-1] == MANIFEST
    with copied(place.url, SHARDS) as folder:
        assert (folder / MANIFEST).read_bytes() == (DATA / MANIFEST).read_bytes()
    assert not any(name.startswith((LEASES, ".work")) for name in place.files())


def test_a_run_over_an_old_one_takes_verdict_and_manifest_away_first(bucket: str, store: StoreServer) -> None:
    place = Place(f"{bucket}/data")
    make(place, run_of())
    (place / "quality/report/index.html").write(b"old")
    (place / "shards/train-00001-of-00002.arrow").write(b"old")
    store.requests.clear()
    make(place, run_of(), other=True)
    gone = [
        line.rpartition("/data/")[2] for line in store.requests if line.startswith("DELETE") and "/.lease" not in line
    ]
    assert gone[:2] == [VERDICT, MANIFEST]
    first_written = next(line for line in store.requests if line.startswith("PUT") and "shards/" in line)
    assert store.requests.index(first_written) > store.requests.index(f"DELETE /{bucket[5:]}/data/{MANIFEST}")
    assert data_in(place) == FILES


def test_a_run_that_makes_the_same_data_again_leaves_what_was_judged(bucket: str) -> None:
    place = Place(f"{bucket}/data")
    make(place, run_of())
    (place / "quality/report/index.html").write(b"report")
    (place / "shards/train-00001-of-00002.arrow").write(b"old")
    make(place, run_of())
    assert data_in(place) == FILES | {"quality/report/index.html"}
    make(place, run_of(), other=True)
    assert data_in(place) == FILES


def test_a_run_that_fails_here_changes_nothing_there(bucket: str) -> None:
    place = Place(f"{bucket}/data")
    make(place, run_of())
    before = place.files()
    with (
        pytest.raises(UserError, match=f"^{place}/x: no such thing"),
        delivered(place, run_of(), overwrite=False) as folder,
    ):
        raise UserError(f"{folder}/x: no such thing")
    assert place.files() == before


def test_a_store_that_fails_while_data_is_sent_holds_no_data_set_and_the_same_run_mends_it(
    bucket: str, store: StoreServer
) -> None:
    place = Place(f"{bucket}/data")
    make(place, run_of())
    store.fail("PUT", "ledger/", forbidden, times=99)
    with pytest.raises(RunFailedError, match=f"^{place}: .*no data set until the same command is run again"):
        make(place, run_of())
    assert MANIFEST not in place.files()
    with pytest.raises(UserError, match="not a data set"):
        copied(place.url).__enter__()
    store.heal()
    make(place, run_of())
    assert data_in(place) == FILES


def test_only_one_run_writes_to_a_place(bucket: str) -> None:
    place = Place(f"{bucket}/data")
    with leased(place), pytest.raises(UserError, match=f"^{place}: another `mathmill curate` is writing there"):
        make(place, run_of())
    make(place, run_of())


def test_what_others_made_is_not_written_over(bucket: str) -> None:
    place = Place(f"{bucket}/data")
    (place / "thesis.tex").write(b"years of work")
    for overwrite in (False, True):
        with pytest.raises(UserError, match=f"^{place}: holds files that mathmill did not make"):
            make(place, run_of(), overwrite=overwrite)
    assert place.files() == {"thesis.tex": 13}


def test_another_run_is_written_over_when_that_is_asked_for(bucket: str) -> None:
    place = Place(f"{bucket}/data")
    make(place, run_of("a.jsonl"))
    other = run_of("b.jsonl")
    with pytest.raises(UserError, match=rf"^{place}: holds another run, of school \(a.jsonl\)"):
        refuse_other_data(place, other, overwrite=False)
    make(place, other, overwrite=True)
    refuse_other_data(place, other, overwrite=False)


def test_data_that_another_machine_made_is_not_continued(bucket: str) -> None:
    place = Place(f"{bucket}/data")
    make(place, run_of())
    shutil.rmtree(staging_of(place))
    with pytest.raises(UserError, match=f"^{place}: holds a data set whose work is not on this machine"):
        refuse_other_data(place, run_of(), overwrite=False)
    copy = put(DATA, f"{bucket}/copy")
    with pytest.raises(UserError, match=f"^{copy}: holds a data set whose work is not on this machine"):
        refuse_other_data(copy, run_of(), overwrite=False)
    refuse_other_data(copy, run_of(), overwrite=True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://no-such-bucket/data", "s3://no-such-bucket/data cannot be reached: .*NO_SUCH_BUCKET"),
        ("https://host/data", "https://host/data: https:// can only be read"),
        ("nosuch://host/data", "nosuch://host/data: nosuch:// can only be read"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_made(
    store: StoreServer, url: str, words: str
) -> None:
    with pytest.raises(UserError, match=f"^{words}"):
        refuse_other_data(Place(url), run_of(), overwrite=False)
    assert not staging_of(Place(url)).exists()


def test_without_permission_nothing_is_made(bucket: str, store: StoreServer) -> None:
    store.fail("POST", LEASES, forbidden, times=99)
    place = Place(f"{bucket}/data")
    with pytest.raises(UserError, match=f"^{place} cannot be reached: .*ACCESS_DENIED"):
        make(place, run_of())
    assert not staging_of(place).exists()


def test_a_folder_here_is_where_data_is_made(tmp_path: Path, store: StoreServer) -> None:
    assert made_in(tmp_path) == tmp_path
    assert made_in("s3://k:s@b/data") == made_in("s3://b/data") == staging_of(Place("s3://b/data"))
